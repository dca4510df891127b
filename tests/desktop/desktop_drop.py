# SPDX-License-Identifier: Apache-2.0
"""The drop wrappers as a person meets them: installed, driven through their windows on a screen of their own, removed.

Run as `python3 desktop_drop.py VERNIS SOURCE_ROOT`. Skipped (77) without Xvfb, xdotool or zenity. With SHOTS=FOLDER in the
environment and ImageMagick there, each window is kept as a picture to look at.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'cli'))
import clikit  # noqa: E402

NAMES = ['a b.png', 'quo"te\'s & <b>.png', 'new\nline.png', '🎨.png', '-dash.png', 'back\\nslash%.png']


class Desktop(clikit.Case):
    def setUp(self):
        super().setUp()
        self.home = self.folder / "ho me $'x"
        self.data = self.home / '.local/share'
        (self.home / 'Desktop').mkdir(parents=True)
        tools = self.folder / 'tools'
        tools.mkdir()
        (tools / 'xdg-open').write_text(f'#!/bin/sh\nprintf %s "$1" >"{self.folder}/opened"\n')
        (tools / 'xdg-open').chmod(0o755)
        read, write = os.pipe()
        # A server that resets when its last client leaves turns away whoever comes meanwhile: -noreset.
        screen = subprocess.Popen(['Xvfb', '-displayfd', str(write), '-screen', '0', '800x500x24', '-nolisten', 'tcp',
                                   '-noreset'], pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(screen.wait)
        self.addCleanup(screen.terminate)
        os.close(write)
        with os.fdopen(read) as number:
            display = ':' + number.readline().strip()
        self.env = {key: value for key, value in self.env.items() if not key.startswith(('XDG_', 'WAYLAND', 'DBUS'))}
        self.env |= {'HOME': str(self.home), 'DISPLAY': display, 'GDK_BACKEND': 'x11', 'NO_AT_BRIDGE': '1',
                     'GSETTINGS_BACKEND': 'memory', 'GTK_THEME': 'Adwaita', 'PATH': f'{tools}:{os.environ["PATH"]}'}
        self.shots = 0

    def run_tool(self, *args, **more):
        return subprocess.run(args, env=self.env, capture_output=True, text=True, timeout=120, **more)

    def start(self, *args, **more):
        process = subprocess.Popen(args, env=self.env, **more)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def window(self, kind, process):
        """The window of `zenity --KIND`, with the keyboard's attention."""
        deadline = time.monotonic() + 400
        while time.monotonic() < deadline:
            self.assertIsNone(process.poll(), f'ended before its window "{kind}"')
            for window in self.run_tool('xdotool', 'search', '--onlyvisible', '--name', '^Vernis').stdout.split():
                pid = self.run_tool('xdotool', 'getwindowpid', window).stdout.strip()
                try:
                    words = pathlib.Path(f'/proc/{pid}/cmdline').read_text(encoding='utf-8').split('\0')
                except OSError:
                    continue
                if f'--{kind}' in words:
                    self.found = window
                    self.run_tool('xdotool', 'windowfocus', '--sync', window)
                    time.sleep(0.3)
                    self.shoot(kind)
                    return words
            time.sleep(0.1)
        self.fail(f'no window "{kind}"')

    def shoot(self, kind):
        if 'SHOTS' in os.environ and shutil.which('import'):
            self.shots += 1
            self.run_tool('import', '-window', 'root', f'{os.environ["SHOTS"]}/{self.shots}-{kind}.png')

    def keys(self, *keys):
        self.run_tool('xdotool', 'key', *keys)

    def click_last(self):
        """The button in the lower right corner."""
        lines = self.run_tool('xdotool', 'getwindowgeometry', '--shell', self.found).stdout.splitlines()
        at = {key: int(value) for key, value in (line.split('=') for line in lines)}
        self.run_tool('xdotool', 'mousemove', str(at['X'] + at['WIDTH'] - 40), str(at['Y'] + at['HEIGHT'] - 20), 'click', '1')

    def below_home(self):
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob('*'))

    def end(self, process, status):
        self.assertEqual(process.wait(200), status)

    def test_from_installing_to_removing(self):
        before = self.below_home()
        install = [str(clikit.ROOT / 'tools/install-desktop')]
        for _ in range(2):  # again is as good as once
            done = self.run_tool(*install, clikit.VERNIS)
            self.assertEqual(done.returncode, 0, done.stderr)
        script = str(self.data / 'nautilus/scripts/Protect with Vernis')
        if shutil.which('desktop-file-validate'):
            for path in [self.data / 'applications/vernis-drop.desktop', self.home / 'Desktop/vernis-drop.desktop']:
                checked = self.run_tool('desktop-file-validate', str(path))
                self.assertEqual((checked.returncode, checked.stdout), (0, ''))

        # The first run asks; here, by way of the icon's "Settings".
        asked = self.start(str(self.data / 'vernis/desktop/vernis-drop'), '--settings')
        self.window('forms', asked)
        self.run_tool('xdotool', 'type', 'Ada Painter')
        time.sleep(0.3)
        self.shoot('forms')
        self.click_last()
        self.end(asked, 0)
        kept = self.home / '.config/vernis/desktop'
        text = kept.read_text(encoding='utf-8')
        self.assertIn('creator = Ada Painter\n', text)
        self.assertIn('platform = anywhere\nresults = beside\n', text)
        for name, steps in (('quick', 1), ('slow', 5000)):
            preset = self.home / f'.config/vernis/presets/strength/{name}.json'
            preset.parent.mkdir(parents=True, exist_ok=True)
            preset.write_text(json.dumps({'name': name, 'visibility': 2.0, 'steps': steps, 'description': 'for a test',
                                          'source': 'a test'}))
        strength = next(line for line in text.splitlines() if line.startswith('strength'))
        kept.write_text(text.replace(strength, 'strength = quick'), encoding='utf-8')

        # All odd names at once, as Nautilus names them: relative to the folder shown.
        pictures = self.home / 'pictures'
        pictures.mkdir()
        for seed, name in enumerate(NAMES):
            (pictures / name).write_bytes(clikit.png_bytes(40, 32, seed))
        (pictures / 'broken & <i>.png').write_bytes(clikit.png_bytes(40, 32)[:400])
        (pictures / 'more').mkdir()
        (pictures / 'more/deep.jpg').write_bytes(clikit.jpeg_bytes(40, 32))
        dropped = self.start(script, *NAMES, 'broken & <i>.png', 'more', cwd=pictures)
        words = self.window('question', dropped)
        text = next(word for word in words if word.startswith('--text='))
        self.assertIn('7 pictures are protected.', text)
        self.assertIn('1 picture could not be protected.', text)
        self.assertIn('broken & <i>.png', text)
        self.keys('Return')
        self.end(dropped, 1)
        report = pathlib.Path((self.folder / 'opened').read_text(encoding='utf-8'))
        self.assertIn(b'<html', report.read_bytes()[:200])
        self.assertEqual(report.parent.stat().st_mode & 0o77, 0)
        for name in [*NAMES, 'more/deep.jpg']:
            result = (pictures / name).with_suffix('.protected' + pathlib.Path(name).suffix)
            self.assertTrue(clikit.is_whole(result), name)
        said = json.loads(self.run_tool(clikit.VERNIS, 'inspect', '--json', './-dash.protected.png', cwd=pictures).stdout)
        self.assertEqual((said['creator'], said['protected']), ('Ada Painter', True))

        # Dropped again, with a result among them: nothing is done twice. A whole name begins with a slash here.
        files = sorted(pictures.rglob('*.p*g'))
        contents = [path.read_bytes() for path in files]
        again = self.start(str(self.data / 'vernis/desktop/vernis-drop'), '--', str(pictures / 'a b.png'),
                           str(pictures / '🎨.protected.png'))
        text = next(word for word in self.window('info', again) if word.startswith('--text='))
        self.assertIn('No picture was protected.', text)
        self.assertIn('2 pictures were passed over.', text)
        self.assertIn('protected before', text)
        self.keys('Escape')
        self.end(again, 3)
        self.assertEqual(sorted(pictures.rglob('*.p*g')), files)
        self.assertEqual([path.read_bytes() for path in files], contents)

        # Cancelled in the middle of 500: nothing is half-written.
        kept.write_text(kept.read_text(encoding='utf-8').replace('strength = quick', 'strength = slow'), encoding='utf-8')
        many = self.home / ('many' + '-' * 200)
        many.mkdir()
        for i in range(500):
            (many / f'{i} ☃.png').write_bytes(clikit.png_bytes(24, 24, 1))
        there = sorted(many.iterdir())
        stopped = self.start(script, *[str(path) for path in there])
        self.window('progress', stopped)
        time.sleep(2)
        self.shoot('progress')
        self.keys('Escape')
        text = next(word for word in self.window('info', stopped) if word.startswith('--text='))
        self.assertIn('Stopped. Nothing is half-written', text)
        self.keys('Return')
        self.end(stopped, 130)
        self.assertEqual([path for path in sorted(many.iterdir()) if 'ledger' not in path.name], there)

        # Everything that was put in is taken out, and nothing else.
        shutil.rmtree(many)
        shutil.rmtree(pictures)
        shutil.rmtree(self.home / '.config')
        shutil.rmtree(self.data / 'vernis/reports')
        (self.data / 'vernis/ledger.sqlite').unlink(missing_ok=True)
        done = self.run_tool(*install, '--remove')
        self.assertEqual(done.returncode, 0, done.stderr)
        left = [path for path in self.below_home() if path not in before and not path.startswith('.cache')]
        self.assertEqual([path for path in left if 'vernis' in path.lower()], [])

    def test_what_was_changed_stays(self):
        install = [str(clikit.ROOT / 'tools/install-desktop')]
        self.run_tool(*install, clikit.VERNIS, check=True)
        action = self.data / 'nemo/actions/vernis.nemo_action'
        action.write_text('mine')
        done = self.run_tool(*install, '--remove')
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(action), done.stderr)
        self.assertEqual(action.read_text(), 'mine')
        done = self.run_tool(*install, clikit.VERNIS)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(action.read_text(), 'mine')


if not all(map(shutil.which, ('Xvfb', 'xdotool', 'zenity'))):
    print('Xvfb, xdotool or zenity is not there')
    sys.exit(77)
unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
