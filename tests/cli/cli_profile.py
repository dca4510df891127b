# SPDX-License-Identifier: Apache-2.0
"""The artist's profile: defaults for every run, lines that are wrong, and the questions that make one at a terminal."""
import os
import pty
import select
import shutil
import signal
import subprocess
import time

import clikit

PROFILE = """\ufeff# mine
creator = Ana Ã = B\r
  copyright=© Ana
usage-terms =
data-mining = genai
keep = none
"""


class Profile(clikit.Case):
    def setUp(self):
        super().setUp()
        self.path = self.config / 'vernis' / 'profile'
        self.png('a.png')

    def profile(self, text):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)

    def inspected(self, name='a.protected.png'):
        return self.vernis('inspect', '--json', name).only

    def test_values_are_written_and_the_command_line_wins(self):
        self.profile(PROFILE)
        self.protect('a.png', '--copyright', 'other')
        found = self.inspected()
        self.assertEqual(found['creator'], 'Ana Ã = B')
        self.assertEqual(found['copyright'], 'other')
        self.assertIsNone(found['usage_terms'])
        self.assertTrue(found['data_mining'].endswith('DMI-PROHIBITED-GENAIMLTRAINING'))

    def test_another_file_or_none(self):
        self.profile(PROFILE)
        self.write('other', b'creator = Someone Else')
        self.protect('a.png', '-o', 'b.png', '--profile', 'other')
        self.protect('a.png', '-o', 'c.png', '--profile', 'none')
        self.assertEqual(self.inspected('b.png')['creator'], 'Someone Else')
        self.assertIsNone(self.inspected('c.png')['creator'])
        done = self.protect('a.png', '--overwrite', '--profile', 'missing', status=1)
        self.assertOneLine(done, 'missing')

    def test_wrong_lines_are_named(self):
        for text, number, words in (('creator = A\n\n# x\nauthor = B\n', 4, ['"author"', 'license-url']),
                                    ('creator A', 1, ['name = value']),
                                    ('creator = A\ncreator = B', 2, ['line 1']),
                                    ('source-type = robot', 1, ['human|photo|scan|none']),
                                    ('\ndata-mining = some', 2, ['DMI-ALLOWED']),
                                    ('strength = strong', 1, ['"strength"']),
                                    (b'creator = A\0B', 1, ['NUL'])):
            with self.subTest(text):
                self.profile(text)
                self.assertOneLine(self.protect('a.png', status=2), str(self.path), f'line {number}: ', *words)
                self.assertEqual(self.tree(), ['a.png'])
        self.profile(b'creator = \xff')
        self.protect('a.png', status=1)
        self.profile(b'#' * 70000)
        self.assertOneLine(self.protect('a.png', status=1), str(self.path), '65536')

    def test_a_changed_profile_is_a_changed_setting(self):
        self.profile('creator = A')
        self.protect('-o', 'out', '.')
        self.protect('-o', 'out', '--resume', '.', status=3)
        self.profile('creator = B')
        self.protect('-o', 'out', '--resume', '.')
        self.assertEqual(self.inspected('out/a.png')['creator'], 'B')


class Offer(clikit.Case):
    """A person at a terminal is asked once; a script never."""

    def setUp(self):
        super().setUp()
        self.path = self.config / 'vernis' / 'profile'
        self.png('a.png')

    def talk(self, answers, *args, stdin=True):
        """Run on a terminal; type an answer whenever a question has come. @return exit status, what was shown"""
        ours, theirs = pty.openpty()
        with subprocess.Popen(self.command('protect', *clikit.FAST, *args, 'a.png'), cwd=self.folder, env=self.env,
                              stdin=theirs if stdin else subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=theirs, start_new_session=True) as process:
            os.close(theirs)
            shown, left, asked, end = b'', list(answers), 0, time.monotonic() + 120
            while time.monotonic() < end:
                if select.select([ours], [], [], 0.1)[0]:
                    try:
                        more = os.read(ours, 65536)
                    except OSError:
                        break
                    if not more:
                        break
                    shown += more
                if left and shown.count(b': ', asked) and shown.endswith(b': '):
                    asked = len(shown)
                    answer = left.pop(0)
                    if answer == signal.SIGINT:
                        process.send_signal(answer)
                    else:
                        os.write(ours, answer.encode())
            process.wait(timeout=120)
        os.close(ours)
        self.assertEqual(left, [])
        return process.returncode, shown.decode()

    def test_answers_become_the_profile(self):
        status, shown = self.talk(['Ana Ã\n', '\n', 'https://a.example/l\n', '\n', 'No training.\n', 'robot\n', 'human\n'])
        self.assertEqual(status, 0)
        self.assertIn('the profile is written', shown)
        self.assertIn('robot: must be one of', shown)
        lines = self.path.read_text().splitlines()
        self.assertIn('creator = Ana Ã', lines)
        self.assertIn(f'copyright = © {time.localtime().tm_year} Ana Ã', lines)
        self.assertIn('#contact-url =', lines)
        found = self.vernis('inspect', '--json', 'a.protected.png').only
        self.assertEqual((found['creator'], found['usage_terms'], found['license_url']),
                         ('Ana Ã', 'No training.', 'https://a.example/l'))
        self.assertTrue(found['source_type'].endswith('/digitalCreation'))
        status, shown = self.talk([], '--overwrite')
        self.assertEqual((status, 'profile' in shown), (0, False))

    def test_no_is_remembered(self):
        self.assertEqual(self.talk(['\n'])[0], 0)
        self.assertTrue(all(not line or line[0] == '#' for line in self.path.read_text().splitlines()))
        self.assertNotIn('profile', self.talk([], '--overwrite')[1])

    def test_end_of_input_goes_on_and_ctrl_c_stops(self):
        self.assertEqual(self.talk(['\x04'])[0], 0)
        self.assertTrue((self.folder / 'a.protected.png').exists())
        self.assertEqual(self.talk(['Ana\n', signal.SIGINT], '--overwrite')[0], 130)
        self.assertFalse(self.path.exists())

    def test_a_script_is_never_asked(self):
        self.assertNotIn('profile', self.talk([], stdin=False)[1])
        for option in ('-q', '--json', '--dry-run', '--profile=none'):
            self.assertNotIn('Your name', self.talk([], '--overwrite', option)[1])
        self.vernis('protect', *clikit.FAST, '--overwrite', 'a.png')
        self.assertFalse(self.path.exists())

    def test_a_folder_that_cannot_be_written_is_said(self):
        shutil.rmtree(self.config)
        self.config.write_bytes(b'')
        status, shown = self.talk(['Ana\n', '\n', '\n', '\n', '\n', '\n'])
        self.assertEqual(status, 0)
        self.assertIn(str(self.config), shown)


if __name__ == '__main__':
    clikit.main()
