# SPDX-License-Identifier: Apache-2.0
"""Bad input: one clear line naming file and reason, status 1, the others done, and no partial output left."""
import os
import resource
import shutil
import struct
import subprocess
import zlib

import clikit


class BadFiles(clikit.Case):
    def check(self, name, *reasons, **more):
        """`name` fails with a line that has one of the reasons, a good picture beside it is done, nothing else left."""
        self.png('good.png')
        shutil.rmtree(self.folder / 'out', ignore_errors=True)
        before = set(self.tree())
        done = self.protect('--json', name, 'good.png', '-o', 'out', status=1, **more)
        self.assertOneLine(done, name)
        if reasons:
            self.assertTrue(any(reason in done.err.lower() for reason in reasons), done.err)
        self.assertEqual([line['status'] for line in done.lines], ['failed', 'ok'])
        error = done.lines[0]['error']
        self.assertTrue(error['code'] and error['text'])
        self.assertEqual(set(self.tree()) - before, {'out/good.png'})

    def test_missing(self):
        self.check('none.png', 'no such file')

    def test_empty(self):
        self.write('empty.png', b'')
        self.check('empty.png', 'empty')

    def test_truncated_png(self):
        for part in (20, 60, 300):
            with self.subTest(part):
                self.write('cut.png', clikit.png_bytes(64, 64)[:part])
                self.check('cut.png')

    def test_truncated_png_at_the_end(self):
        self.write('cut.png', clikit.png_bytes(64, 64)[:-40])
        self.check('cut.png')

    def test_truncated_jpeg(self):
        self.write('cut.jpg', clikit.jpeg_bytes(256, 256)[:600])
        self.check('cut.jpg')

    def test_lies_about_its_size(self):
        self.write('lie.png', clikit.png_bytes(32, 32, header=(64, 640)))
        self.check('lie.png')

    def test_jpeg_that_lies_about_its_size(self):
        picture = bytearray(clikit.jpeg_bytes(32, 32))
        at = picture.index(b'\xff\xc0') + 5
        picture[at:at + 4] = struct.pack('>HH', 3200, 3200)
        self.write('lie.jpg', picture)
        self.check('lie.jpg')

    def test_wrong_extension(self):
        self.write('photo.png', clikit.jpeg_bytes(40, 32))
        self.check('photo.png', 'jpeg')

    def test_unsupported(self):
        self.write('new.gif', b'GIF89a' + bytes(20))
        self.check('new.gif', 'a gif file')
        self.write('note.txt', b'These are words and no picture at all.\n' * 10)
        self.check('note.txt')

    def test_folder_named_like_a_picture(self):
        (self.folder / 'dir.png').mkdir()
        self.png('good.png')
        self.protect('dir.png', 'good.png')  # an empty folder adds nothing
        self.assertEqual(self.tree(), ['good.png', 'good.protected.png'])

    def test_fifo(self):
        os.mkfifo(self.folder / 'pipe.png')
        self.check('pipe.png', 'not a regular file')

    def test_unreadable(self):
        self.png('secret.png').chmod(0)
        self.check('secret.png', 'permission', **self.as_nobody())

    def test_1x1_and_7x7(self):
        for size in (1, 7):
            with self.subTest(size):
                self.png('tiny.png', size, size)
                self.check('tiny.png', 'small')

    def test_1x9999(self):
        self.png('thin.png', 1, 9999)
        self.check('thin.png', 'small')

    def test_flat_and_small_ones_are_done(self):
        for width, height in ((128, 16), (8, 8), (9, 31)):
            self.png('flat.png', width, height)
            self.protect('flat.png', '--overwrite')
            self.assertEqual(clikit.png_size(self.data('flat.protected.png')), (width, height))

    def bomb(self, width, height):
        rows = zlib.compressobj(9)
        row = bytes(1 + width * 3)
        data = b''.join(rows.compress(row) for _ in range(min(height, 4000))) + rows.flush()
        header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
        return (b'\x89PNG\r\n\x1a\n' + clikit.png_chunk(b'IHDR', header) +
                clikit.png_chunk(b'IDAT', data) + clikit.png_chunk(b'IEND', b''))

    def test_decompression_bomb(self):
        self.write('bomb.png', self.bomb(60000, 60000))
        done = self.protect('bomb.png', status=1)
        self.assertOneLine(done, 'bomb.png')
        self.assertEqual(self.tree(), ['bomb.png'])

    def test_header_of_billions_of_pixels(self):
        self.write('vast.png', clikit.png_bytes(8, 8, header=(0x7FFFFFFF, 0x7FFFFFFF)))
        self.check('vast.png')

    def test_max_memory(self):
        self.png('big.png', 512, 512)
        done = self.protect('--max-memory', '16M', 'big.png', status=1)
        self.assertOneLine(done, 'big.png')
        self.assertEqual(self.tree(), ['big.png'])


class BadModels(clikit.Case):
    def check(self, name, data):
        self.png('a.png')
        self.write(name, data)
        before = self.tree()
        done = self.protect('--surrogate', name, 'a.png', '--json', status=1)
        self.assertOneLine(done, name)
        self.assertEqual(done.only['status'], 'failed')
        self.assertEqual(self.tree(), before)
        self.assertOneLine(self.vernis('models', name, status=1), name)
        self.assertOneLine(self.vernis('probe', '--surrogate', name, 'a.png', '--latent', 'z.npy', status=1), name)

    def test_not_one(self):
        self.check('noise.safetensors', b'this is not a model at all, but long enough to look at')

    def test_empty(self):
        self.check('none.safetensors', b'')

    def test_truncated(self):
        model = (clikit.ROOT / 'presets/models/vernis-a.safetensors').read_bytes()
        self.check('cut.safetensors', model[:len(model) // 2])

    def test_header_that_lies(self):
        self.check('lie.safetensors', struct.pack('<Q', 1 << 60) + b'{}')

    def test_of_another_kind(self):
        header = b'{"lm_head.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
        self.check('words.safetensors', struct.pack('<Q', len(header)) + header + bytes(16))

    def test_missing(self):
        self.png('a.png')
        self.assertOneLine(self.protect('--surrogate', 'none.safetensors', 'a.png', status=2), 'none.safetensors')


class BadPlaces(clikit.Case):
    def test_output_folder_is_a_file(self):
        self.png('a.png')
        self.write('file', b'x')
        self.assertOneLine(self.protect('a.png', '-o', 'file/x.png', status=1), 'a.png', 'file')
        self.assertEqual(self.tree(), ['a.png', 'file'])

    def test_output_is_a_folder_by_name(self):
        self.png('a.png')
        (self.folder / 'a.protected.png').mkdir()
        self.assertOneLine(self.protect('a.png', status=1), 'a.png', 'folder')

    def test_folder_that_cannot_be_written(self):
        self.png('in/a.png')
        (self.folder / 'in').chmod(0o555)
        self.assertOneLine(self.protect('in/a.png', status=1, **self.as_nobody()), 'in/a.png', 'Permission denied')
        self.assertEqual(self.tree(), ['in/a.png'])
        (self.folder / 'in').chmod(0o755)

    def test_proc_cannot_be_written(self):
        self.png('a.png')
        self.assertOneLine(self.protect('a.png', '-o', '/proc/vernis-test/x.png', status=1), 'a.png')

    def test_file_size_limit(self):
        self.png('a.png', 128, 128)
        self.png('small.png', 16, 16)
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))
        done = self.protect('a.png', 'small.png', '-o', 'out', status=1, preexec_fn=limit)
        self.assertIn('a.png', done.err)
        self.assertEqual(self.tree('out'), ['small.png'])
        self.protect('--in-place', 'a.png', status=1, preexec_fn=limit)
        self.assertEqual(self.tree(), ['a.png', 'out/small.png', 'small.png'])

    def test_no_space_left(self):
        disk = self.folder / 'disk'
        disk.mkdir()
        mount = ['mount', '-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', str(disk)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
            self.skipTest('cannot mount a small file system here')
        try:
            self.png('a.png', 128, 128)
            self.png('b.png', 16, 16)
            done = self.protect('--json', '--jobs', '1', 'a.png', 'b.png', '-o', 'disk', status=1)
            self.assertIn('a.png', done.err)
            self.assertIn('space', done.err)
            self.assertEqual([line['status'] for line in done.lines], ['failed', 'ok'])
            self.assertEqual(done.lines[0]['error']['code'], 'no-space')
            self.assertEqual(self.tree('disk'), ['b.png'])
        finally:
            subprocess.run(['umount', str(disk)], check=True)


if __name__ == '__main__':
    clikit.main()
