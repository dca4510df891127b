# SPDX-License-Identifier: Apache-2.0
"""Where outputs go and what is left alone: names, folders, collisions, existing files, what is done already."""
import os
import sqlite3

import clikit


class Names(clikit.Case):
    def test_beside_the_input(self):
        self.png('dir/a.b.png')
        self.jpeg('dir/c.JPEG')
        self.protect('dir/a.b.png', 'dir/c.JPEG')
        self.assertEqual(self.tree(), ['dir/a.b.png', 'dir/a.b.protected.png', 'dir/c.JPEG', 'dir/c.protected.JPEG'])

    def test_one_file_to_a_file_a_folder_or_a_new_folder(self):
        self.png('a.png')
        (self.folder / 'have').mkdir()
        self.protect('a.png', '-o', 'x.png')
        self.protect('a.png', '-o', 'have')
        self.protect('a.png', '-o', 'new/')
        self.protect('a.png', '-o', 'deep/er/y.png')
        self.assertEqual(self.tree(),
                         ['a.png', 'deep/er/y.png', 'have/a.png', 'new/a.png', 'x.png'])

    def test_several_to_a_folder_with_names_kept(self):
        self.png('a.png')
        self.jpeg('b.jpg')
        self.protect('a.png', 'b.jpg', '-o', 'out')
        self.assertEqual(self.tree('out'), ['a.png', 'b.jpg'])
        self.protect('a.png', 'b.jpg', '-o', 'png', '--format', 'png')
        self.assertEqual(self.tree('png'), ['a.png', 'b.png'])
        self.assertOneLine(self.protect('a.png', 'b.jpg', '-o', 'a.png', status=2), 'folder')
        self.protect('a.png', 'b.jpg', '-o', '-', status=2)

    def test_spaces_utf8_and_bytes_that_are_not(self):
        names = ['my art/été  1.png', 'my art/日本語/絵.png', os.fsdecode(b'my art/\xff\xfe.png'),
                 'my art/"quote\\.png']
        for name in names:
            self.png(name)
        done = self.vernis('protect', *clikit.FAST, '-r', 'my art', '-o', 'out folder', '--json')
        self.assertEqual(len(done.lines), 4)
        self.assertEqual(self.tree('out folder'), sorted([n[len('my art/'):] for n in names]))
        again = self.protect('-r', 'my art', '-o', 'out folder', '--resume', status=3)
        self.assertEqual(again.out, '')

    def test_a_name_cannot_forge_lines(self):
        self.write('bad\nvernis: all is well\x1b[2J.png', b'x')
        done = self.protect('bad\nvernis: all is well\x1b[2J.png', status=1)
        self.assertOneLine(done, 'bad?vernis')


class Folders(clikit.Case):
    def fill(self):
        for i, name in enumerate(['in/b.png', 'in/a.png', 'in/sub/c.png', 'in/sub/deep/d.png']):
            self.png(name, seed=i)
        self.png('in/old.protected.png')
        self.png('in/old_original.png')
        self.png('in/.hidden.png')
        self.png('in/.git/e.png')
        self.write('in/notes.txt', b'text')

    def test_without_r_only_the_folder_itself(self):
        self.fill()
        lines = self.protect('in', '-o', 'out', '--json', '--jobs', '1').lines
        self.assertEqual([line['input'] for line in lines], ['in/a.png', 'in/b.png'])
        self.assertEqual(self.tree('out'), ['a.png', 'b.png'])

    def test_r_mirrors_the_tree_in_a_stable_order(self):
        self.fill()
        lines = self.protect('-r', 'in/', '-o', 'out', '--json', '--jobs', '1').lines
        self.assertEqual([line['input'] for line in lines],
                         ['in/a.png', 'in/b.png', 'in/sub/c.png', 'in/sub/deep/d.png'])
        self.assertEqual(self.tree('out'), ['a.png', 'b.png', 'sub/c.png', 'sub/deep/d.png'])

    def test_r_beside_is_not_done_twice(self):
        self.fill()
        before = self.files()
        self.assertEqual(len(self.protect('-r', 'in', '--json').lines), 4)
        files = self.files()
        self.assertEqual(len(files), len(before) + 4)
        self.assertIn('in/sub/deep/d.protected.png', files)
        for name, data in before.items():
            self.assertEqual(files[name], data)
        self.assertEqual(len(self.protect('-r', 'in', '--json', '--skip-existing', status=3).lines), 4)

    def test_output_inside_the_input_is_not_walked(self):
        self.fill()
        self.protect('-r', 'in', '-o', 'in/zz')
        self.assertEqual(len(self.protect('-r', 'in', '-o', 'in/zz', '--json', '--skip-existing', status=3).lines), 4)

    def test_links_to_folders_are_not_followed(self):
        self.fill()
        (self.folder / 'in/sub/loop').symlink_to('..')
        (self.folder / 'in/link.png').symlink_to('a.png')
        (self.folder / 'in/dangling.png').symlink_to('nowhere')
        inputs = [line['input'] for line in self.protect('-r', 'in', '-o', 'out', '-n', '--json').lines]
        self.assertEqual(inputs, ['in/a.png', 'in/b.png', 'in/link.png', 'in/sub/c.png', 'in/sub/deep/d.png'])

    def test_kinds_that_are_not_handled_are_told(self):
        self.fill()
        self.write('in/modern.avif', b'RIFF')
        done = self.vernis('protect', '-n', 'in')
        self.assertIn('in/modern.avif', done.err)
        self.assertNotIn('notes.txt', done.err)

    def test_an_empty_folder_is_nothing_to_do(self):
        (self.folder / 'none').mkdir()
        self.assertOneLine(self.protect('none', status=3), 'no pictures')

    def test_exclude(self):
        self.fill()
        def inputs(*globs):
            args = [arg for glob in globs for arg in ('--exclude', glob)]
            return [line['input'] for line in self.protect('-n', '-r', 'in', '-o', 'out', '--json', *args).lines]
        self.assertEqual(inputs('[ab].png'), ['in/sub/c.png', 'in/sub/deep/d.png'])
        self.assertEqual(inputs('sub'), ['in/a.png', 'in/b.png'])
        self.assertEqual(inputs('sub/deep/*', 'a*'), ['in/b.png', 'in/sub/c.png'])
        self.protect('-n', 'in/a.png', '--exclude', '*.png', status=3)

    def test_files_from(self):
        self.fill()
        listed = 'in/b.png\r\n\nin/sub\nin/a.png'
        self.write('list', listed.encode())
        with_nul = listed.replace('\r\n', '\0').replace('\n', '\0')
        for name, stdin in (('list', ''), ('-', listed), ('-', with_nul)):
            lines = self.protect('-n', '--json', '-o', 'out', '--files-from', name, stdin=stdin.encode()).lines
            self.assertEqual([line['output'] for line in lines], ['out/b.png', 'out/c.png', 'out/a.png'])
        self.assertOneLine(self.protect('--files-from', 'missing', status=2), 'missing')
        self.protect('--files-from', '-', '-', status=2)
        self.protect('--files-from', '-', stdin=b'', status=3)


class Again(clikit.Case):
    """What carries the mark of a protection is not protected a second time, whatever it is called."""

    def test_a_protected_picture_is_skipped_and_says_why(self):
        self.png('a.png')
        self.jpeg('b.jpg')
        self.png('c.png', seed=3)
        self.protect('a.png', '-o', 'out/first.png')
        self.protect('b.jpg', '-o', 'out/second.jpg')
        self.protect('b.jpg', '--format', 'webp', '--data-mining', 'none', '-o', 'out/third.webp')
        before = self.files()
        for name in ('out/first.png', 'out/second.jpg', 'out/third.webp'):
            done = self.vernis('protect', *clikit.FAST, name, '--json', '--progress', 'none', status=3)
            self.assertEqual(done.only['status'], 'skipped')
            self.assertOneLine(done, name, 'skipped', 'protected before', '--again')
            self.assertEqual(self.vernis('inspect', '--json', name).only['protected'], True)
        self.assertEqual(self.vernis('inspect', '--json', 'a.png').only['protected'], False)
        self.assertEqual(self.files(), before)
        mixed = self.protect('out/first.png', 'c.png', '-o', 'more', '--json')
        self.assertEqual([line['status'] for line in mixed.lines], ['skipped', 'ok'])
        self.assertFalse((self.folder / 'more/first.png').exists())

    def test_unless_it_is_asked_for(self):
        self.png('a.png')
        self.protect('a.png')
        self.protect('a.protected.png', '--again')
        self.assertTrue(clikit.is_whole(self.folder / 'a.protected.protected.png'))


class NeverOverwritten(clikit.Case):
    def test_the_input_by_any_name(self):
        self.png('a.png')
        self.png('b.png', seed=2)
        (self.folder / 'soft.png').symlink_to('a.png')
        os.link(self.folder / 'a.png', self.folder / 'hard.png')
        before = self.files()
        for output in ('a.png', './a.png', str(self.folder / 'a.png'), f'../{self.folder.name}/a.png', 'soft.png',
                       'hard.png', '.'):
            for more in ([], ['--overwrite'], ['--resume']):
                self.assertOneLine(self.protect('a.png', '-o', output, *more, status=2), 'a.png', 'never overwritten')
        self.protect('a.png', 'b.png', '-o', '.', '--overwrite', status=2)
        self.assertEqual(self.files(), before)

    def test_another_input(self):
        self.png('a.png')
        self.png('out/a.png', seed=2)
        before = self.files()
        self.assertOneLine(self.protect('a.png', 'out/a.png', '-o', 'out', '--overwrite', status=2), 'out/a.png')
        self.assertEqual(self.files(), before)

    def test_collisions_are_found_before_anything_is_done(self):
        self.png('x/a.png')
        self.png('y/a.png')
        self.jpeg('y/b.jpg')
        self.png('y/b.png')
        before = self.files()
        self.assertOneLine(self.protect('x/a.png', 'y/a.png', '-o', 'out', status=2), 'x/a.png', 'y/a.png', 'out/a.png')
        self.protect('-r', 'x', 'y', '-o', 'out', status=2)
        self.protect('y/b.jpg', 'y/b.png', '--format', 'png', status=2)
        self.assertEqual(self.files(), before)
        self.assertFalse((self.folder / 'out').exists())

    def test_the_same_input_twice_is_done_once(self):
        self.png('a.png')
        statuses = [line['status'] for line in self.protect('--json', 'a.png', './a.png').lines]
        self.assertEqual(sorted(statuses), ['ok', 'skipped'])

    def test_existing_outputs(self):
        self.png('a.png')
        self.write('a.protected.png', b'mine')
        self.assertOneLine(self.protect('a.png', status=1), 'a.png', 'exists', '--overwrite')
        self.assertEqual(self.data('a.protected.png'), b'mine')
        line = self.protect('--json', '--skip-existing', 'a.png', status=3).only
        self.assertEqual((line['input'], line['status']), ('a.png', 'skipped'))
        self.assertEqual(self.data('a.protected.png'), b'mine')
        self.png('b.png')
        self.protect('--skip-existing', 'a.png', 'b.png')
        self.protect('--overwrite', 'a.png')
        self.assertTrue(clikit.is_whole(self.folder / 'a.protected.png'))
        self.protect('--overwrite', '--skip-existing', 'a.png', status=2)


class InPlace(clikit.Case):
    def test_keeps_the_original(self):
        self.png('dir/a.png')
        picture = self.files()['dir/a.png']
        line = self.protect('--json', '--in-place', 'dir/a.png').only
        self.assertEqual(line['output'], 'dir/a.png')
        files = self.files()
        self.assertEqual(sorted(files), ['dir/a.png', 'dir/a_original.png'])
        self.assertEqual(files['dir/a_original.png'], picture)
        self.assertNotEqual(files['dir/a.png'], picture)
        self.assertEqual(clikit.png_size(self.data('dir/a.png')), (40, 32))
        self.assertOneLine(self.protect('--in-place', 'dir/a.png', status=1), 'dir/a.png', 'a_original.png')
        self.protect('--in-place', '--overwrite', 'dir/a.png', status=1)
        self.protect('--in-place', '--skip-existing', 'dir', status=3)
        self.assertEqual(self.files(), files)

    def test_other_format(self):
        self.jpeg('a.jpg')
        picture = self.files()['a.jpg']
        self.protect('--in-place', '--format', 'png', 'a.jpg')
        files = self.files()
        self.assertEqual(sorted(files), ['a.png', 'a_original.jpg'])
        self.assertEqual(files['a_original.jpg'], picture)
        self.assertEqual(clikit.png_size(self.data('a.png')), (40, 32))

    def test_a_failure_changes_nothing(self):
        self.write('a.png', clikit.png_bytes(40, 32)[:300])
        before = self.files()
        self.protect('--in-place', 'a.png', status=1)
        self.assertEqual(self.files(), before)
        self.protect('--in-place', '-o', 'x.png', 'a.png', status=2)

    def test_resume(self):
        self.png('d/a.png')
        self.png('d/b.png', seed=2)
        self.protect('--in-place', '--resume', 'd')
        files = self.files()
        self.protect('--in-place', '--resume', 'd', status=3)
        self.assertEqual(self.files(), files)


class InPlaceKilled(clikit.Case):
    """Between the moment when the picture is in its place and the one when it is noted."""
    LEDGER = '.config/data/vernis/ledger.sqlite'

    def forget_end(self):
        """Leave the ledger's rows as they were when the work began."""
        with sqlite3.connect(self.folder / self.LEDGER) as db:
            db.execute("UPDATE work SET state = 1, time = '2020-01-01T00:00:00Z', input = replace(input, '_original', ''),"
                       "sha256_in = '', sha256_out = '', pdq = NULL, quality = 0, width = 0, height = 0, bytes_in = 0, bytes_out = 0")
            db.execute('DELETE FROM thumbnail')
        db.close()

    def row(self):
        row, = self.vernis('ledger', 'list', '--json').lines
        return row

    def check(self, name, *more):
        self.protect('--in-place', *more, name)
        files, before = self.files(), self.row()
        self.forget_end()
        self.protect('--in-place', '--resume', '.', *more, status=3)
        after = self.row()
        self.assertEqual(self.files(), files)
        self.assertEqual(after['status'], 'done')
        for key in ('input', 'output', 'sha256_in', 'sha256_out', 'pdq', 'pdq_quality', 'width', 'height', 'bytes_in',
                    'bytes_out', 'recipe', 'settings', 'version'):
            self.assertEqual(after[key], before[key], key)
        self.vernis('ledger', 'check')
        with sqlite3.connect(self.folder / self.LEDGER) as db:
            self.assertEqual(db.execute('SELECT count(*) FROM work JOIN thumbnail USING (id)').fetchone(), (1,))
        db.close()

    def test_is_noted_when_it_is_resumed(self):
        self.png('a.png')
        self.check('a.png')

    def test_with_another_ending(self):
        self.jpeg('b.jpg')
        self.check('b.jpg', '--format', 'png')

    def test_but_not_what_is_not_protected(self):
        self.png('a.png')
        self.protect('--in-place', 'a.png')
        self.forget_end()
        self.png('a.png', seed=2)
        self.protect('--in-place', '--resume', '.', status=None)
        self.assertEqual(self.row()['status'], 'begun')

    def test_nor_what_was_protected_earlier(self):
        self.png('a.png')
        self.protect('--in-place', 'a.png')
        self.forget_end()
        os.utime(self.folder / 'a.png', (1e9, 1e9))
        self.protect('--in-place', '--resume', '.', status=None)
        self.assertEqual(self.row()['status'], 'begun')

    def test_what_is_refused_is_not_left_as_begun(self):
        self.png('a.png')
        self.protect('a.png', '-o', 'b.png', '--ledger', 'none')
        self.protect('--in-place', 'b.png', status=3)
        self.assertEqual(self.vernis('ledger', 'list', '--json').lines, [])


class DryRun(clikit.Case):
    def test_touches_nothing(self):
        self.png('in/a.png')
        self.jpeg('in/sub/b.jpg')
        self.write('in/bad.png', b'x')
        before = self.files()
        done = self.vernis('protect', '-n', '-r', 'in', '-o', 'out', status=1)
        self.assertEqual(len(done.out.splitlines()), 2)
        self.assertIn('in/a.png -> out/a.png  40x32', done.out)
        self.assertIn('in/bad.png', done.err)
        lines = self.vernis('protect', '-n', '-r', 'in', '-o', 'out', '--json', status=1).lines
        self.assertEqual([line['status'] for line in lines], ['planned', 'failed', 'planned'])
        self.assertGreater(lines[0]['seconds_estimated'], 0)
        self.vernis('protect', '-n', '--in-place', 'in/a.png')
        self.vernis('protect', '-n', 'in/a.png')
        self.assertEqual(self.files(), before)
        self.assertFalse((self.folder / 'out').exists())

    def test_refuses_what_the_run_would(self):
        self.png('a.png')
        self.protect('a.png', '-o', 'done.png')
        self.write('cut.png', clikit.png_bytes(40, 32)[:300])
        for args in (['done.png', 'a.png', 'cut.png'], ['--again', 'done.png']):
            args = [*clikit.FAST, '--json', '--progress', 'none', '--jobs', '1', '-o', 'out/', *args]
            status = 0 if '--again' in args else 1
            dry, real = self.vernis('protect', '-n', *args, status=status), self.vernis('protect', *args, status=status)
            self.assertEqual([line['status'].replace('planned', 'ok') for line in dry.lines],
                             [line['status'] for line in real.lines])
            if status:
                self.assertEqual([dry.lines[i] for i in (0, 2)], [real.lines[i] for i in (0, 2)])
        piped = self.vernis('protect', '-n', *clikit.FAST, '-', '-o', 'x.png', stdin=self.data('done.png'), status=3)
        self.assertIn('protected before', piped.err)


class Resume(clikit.Case):
    def statuses(self, *args, status=0):
        done = self.protect('-r', 'in', '-o', 'out', '--json', '--jobs', '1', *args, status=status)
        return [line['status'] for line in done.lines]

    def fill(self):
        self.png('in/a.png')
        self.png('in/sub/b.png', seed=2)

    def test_skips_what_is_done(self):
        self.fill()
        self.assertEqual(self.statuses(), ['ok', 'ok'])
        files = self.files()
        self.assertEqual(self.statuses('--resume', status=3), ['skipped', 'skipped'])
        self.assertEqual(self.files(), files)
        self.png('in/c.png', seed=3)
        self.assertEqual(self.statuses('--resume'), ['skipped', 'ok', 'skipped'])

    def test_does_again_what_has_changed(self):
        self.fill()
        self.statuses()
        self.png('in/a.png', seed=9, width=48)
        self.assertEqual(self.statuses('--resume'), ['ok', 'skipped'])
        self.assertEqual(clikit.png_size(self.data('out/a.png')), (48, 32))
        self.assertEqual(self.statuses('--resume', '--seed', '2'), ['ok', 'ok'])
        self.assertEqual(self.statuses('--resume', '--seed', '2', '--threads', '1', '-v', status=3), ['skipped'] * 2)
        (self.folder / 'out/a.png').unlink()
        self.assertEqual(self.statuses('--resume', '--seed', '2'), ['ok', 'skipped'])

    def test_does_not_touch_what_others_put_there(self):
        self.fill()
        self.write('out/a.png', b'mine')
        self.assertEqual(self.statuses('--resume', status=1), ['failed', 'ok'])
        self.assertEqual(self.data('out/a.png'), b'mine')

    def test_an_output_that_was_changed_since_is_not_replaced(self):
        self.fill()
        self.statuses()
        self.write('out/a.png', b'mine')
        self.assertEqual(self.statuses('--resume', '--seed', '2', status=1), ['failed', 'ok'])
        self.assertEqual(self.data('out/a.png'), b'mine')

    def test_a_damaged_ledger_is_told_and_left_alone(self):
        self.fill()
        self.statuses()
        ledger = self.config / 'data/vernis/ledger.sqlite'
        damaged = ledger.read_bytes()[:5000]
        ledger.write_bytes(damaged)
        done = self.protect('-r', 'in', '-o', 'again', '--resume', '--json')
        self.assertOneLine(done, str(ledger), 'damaged', 'not remembered')
        self.assertEqual([line['status'] for line in done.lines], ['ok', 'ok'])
        self.assertEqual(ledger.read_bytes(), damaged)

    def test_no_folder_is_left_where_nothing_was_done(self):
        self.write('in/bad.png', b'x')
        self.protect('in', '-o', 'out', status=1)
        self.assertFalse((self.folder / 'out').exists())


class Jobs(clikit.Case):
    def test_same_files_as_one_process(self):
        for i in range(5):
            self.png(f'in/{i}.png', seed=i)
        self.write('in/bad.png', b'x')
        self.protect('in', '-o', 'one', '--threads', '1', status=1)
        done = self.protect('in', '-o', 'three', '--jobs', '3', '--threads', '1', '--json', status=1)
        self.assertEqual(sorted(line['status'] for line in done.lines), ['failed'] + ['ok'] * 5)
        self.assertEqual(self.tree('one'), self.tree('three'))
        files = self.files()
        for i in range(5):
            self.assertEqual(files[f'one/{i}.png'], files[f'three/{i}.png'])
        self.assertEqual(len(self.protect('in', '-o', 'three', '--jobs', '3', '--threads', '1', '--json', '--resume',
                                          status=1).lines), 6)


if __name__ == '__main__':
    clikit.main()
