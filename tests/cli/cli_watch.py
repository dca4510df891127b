# SPDX-License-Identifier: Apache-2.0
"""vernis watch: what comes to lie in a folder is protected, whole, once."""
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import clikit


class Watch(clikit.Case):
    def watch(self, *args):
        """Start it; its lines of JSON go to self.lines."""
        self.lines, self.notes = [], []
        process = subprocess.Popen(self.command('watch', *clikit.FAST, '--json', '--progress', 'none', *args), cwd=self.folder,
                                   env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.readers = [threading.Thread(target=lambda: self.lines.extend(map(json.loads, process.stdout))),
                        threading.Thread(target=lambda: self.notes.extend(line.decode() for line in process.stderr))]
        for reader in self.readers:
            reader.start()
        self.addCleanup(self.close, process)
        self.process = process
        self.wait(lambda: any('watching' in note for note in self.notes))

    def close(self, process):
        process.kill()
        process.wait()
        for reader in self.readers:
            reader.join()
        process.stdout.close()
        process.stderr.close()

    def end(self, status=0):
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(60), status, self.notes)
        for reader in self.readers:
            reader.join()

    def wait(self, condition):
        """A deadline far beyond what it takes: a test must not fail because a machine is slow."""
        deadline = time.monotonic() + 200
        while not condition():
            self.assertLess(time.monotonic(), deadline, f'{self.lines} {self.notes} {self.tree()}')
            self.assertIsNone(self.process.poll(), self.notes)
            time.sleep(0.05)

    def outcomes(self):
        return [(line['input'], line['status']) for line in list(self.lines)]

    def test_before_while_and_again(self):
        self.png('in/before.png')
        self.write('in/.hidden.png', b'no picture')
        self.write('in/notes.txt', b'no picture')
        self.watch('in', '--to', 'in/out', '-r')
        self.wait(lambda: self.outcomes() == [('in/before.png', 'ok')])

        # Written in two halves with a pause longer than any settling; then exported by way of another name.
        data = clikit.png_bytes(40, 32, 2)
        with open(self.folder / 'in/slow.png', 'wb') as file:
            file.write(data[:500])
            file.flush()
            time.sleep(1.5)
            self.assertEqual(len(self.lines), 1)
            file.write(data[500:])
        self.write('in/export.png.part', clikit.png_bytes(40, 32, 3))
        os.rename(self.folder / 'in/export.png.part', self.folder / 'in/ex port\n🎨.png')
        self.wait(lambda: len(self.lines) == 3)
        self.assertEqual(sorted(self.outcomes())[1:], [('in/ex port\n🎨.png', 'ok'), ('in/slow.png', 'ok')])

        # A folder made later, filled before and after it can be listened to, and one moved in.
        self.png('in/new/deep/a.png', seed=4)
        self.wait(lambda: len(self.lines) == 4)
        self.png('in/new/deep/b.png', seed=5)
        self.png('elsewhere/c.png', seed=6)
        os.rename(self.folder / 'elsewhere', self.folder / 'in/moved')
        self.wait(lambda: len(self.lines) == 6)

        # Exported once more: the same content is no news, other content is.
        os.utime(self.folder / 'in/slow.png')
        first = self.data('in/out/before.png')
        self.png('in/before.png', seed=7)
        self.wait(lambda: len(self.lines) == 7)
        self.assertEqual(self.outcomes()[6], ('in/before.png', 'ok'))
        self.assertNotEqual(self.data('in/out/before.png'), first)

        # What is broken is told once; what was protected elsewhere is not protected again.
        self.write('in/broken.png', data[:700])
        shutil.copy(self.folder / 'in/out/slow.png', self.folder / 'in/mine.png')
        self.wait(lambda: len(self.lines) == 9)
        self.assertEqual(sorted(self.outcomes()[7:]), [('in/broken.png', 'failed'), ('in/mine.png', 'skipped')])
        time.sleep(1.5)
        self.end(status=1)
        self.assertEqual(len(self.lines), 9, self.lines)
        wanted = ['before.png', 'ex port\n🎨.png', 'moved/c.png', 'new/deep/a.png', 'new/deep/b.png', 'slow.png']
        self.assertEqual([name for name in self.tree('in/out') if name.endswith('.png')], wanted)
        for name in wanted:
            self.assertTrue(clikit.is_whole(self.folder / 'in/out' / name))

        # The next run knows all of it.
        os.unlink(self.folder / 'in/broken.png')
        os.unlink(self.folder / 'in/mine.png')
        self.watch('in', '--to', 'in/out', '-r')
        self.png('in/zz.png', seed=8)
        self.wait(lambda: self.lines)
        self.assertEqual(self.outcomes(), [('in/zz.png', 'ok')])
        self.end()

    def test_two_pictures_for_one_name(self):
        self.png('in/a.png')
        self.watch('in', '--to', 'out', '--format', 'jpeg')
        self.wait(lambda: len(self.lines) == 1)
        first = self.data('out/a.jpg')
        self.jpeg('in/a.jpg')
        self.wait(lambda: len(self.lines) == 2)
        self.assertEqual(self.outcomes(), [('in/a.png', 'ok'), ('in/a.jpg', 'failed')])
        self.assertIn('in/a.png', self.lines[1]['error']['text'])
        self.assertEqual(self.data('out/a.jpg'), first)
        shutil.rmtree(self.folder / 'in')
        self.assertEqual(self.process.wait(60), 1)

    def test_usage(self):
        self.png('in/a.png')
        for args in (['in'], ['in', '--to', 'in'], ['in', '--to', 'in/a.png'], ['in/a.png', '--to', 'out'],
                     ['none', '--to', 'out'], ['in', 'in', '--to', 'out']):
            self.assertOneLine(self.vernis('watch', *args, status=2), 'watch')
        self.assertEqual(self.tree(), ['in/a.png'])


clikit.main()
