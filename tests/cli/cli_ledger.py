# SPDX-License-Identifier: Apache-2.0
"""The ledger command: list, export, check, find, merge, report, and what protect writes for them."""
import csv
import io
import os
import random
import sqlite3
import struct
import zlib

import clikit

LEDGER = '.config/data/vernis/ledger.sqlite'


def png_of(rows):
    raw = b''.join(b'\0' + bytes(value for pixel in row for value in pixel) for row in rows)
    head = struct.pack('>IIBBBBB', len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + clikit.png_chunk(b'IHDR', head) + clikit.png_chunk(b'IDAT', zlib.compress(raw)) +
            clikit.png_chunk(b'IEND', b''))


def patchwork_png(width, height, side=20):
    """Patches of random colours: something to see at every frequency that the fingerprint looks at."""
    draw = random.Random(5)
    patches = [[tuple(draw.randrange(256) for _ in range(3)) for _ in range(width // side)] for _ in range(height // side)]
    return png_of([[patches[y // side][x // side] for x in range(width)] for y in range(height)])


def png_rows(data):
    """The pixels of an RGB PNG of 8 bits, not interlaced, as rows of tuples (PNG, third edition, clause 9)."""
    width, height = clikit.png_size(data)
    at, packed = 8, b''
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if kind == b'IDAT' else b''
        at += 12 + length
    raw, stride, above, rows = zlib.decompress(packed), 3 * width, bytearray(3 * width), []
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, up, corner = (line[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
            guess = left + up - corner
            nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            line[i] = (line[i] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
        rows.append([tuple(line[i:i + 3]) for i in range(0, stride, 3)])
        above = line
    return rows


class Case(clikit.Case):
    def ledger(self, *args, **more):
        return self.vernis('ledger', *args, **more)

    def fill(self):
        """Two pictures done, one that cannot be."""
        self.png('in/a.png', 96, 64)
        self.png('in/b "1".png', 64, 96, seed=2)
        self.write('in/bad\n.png', b'x')
        self.protect('in', '-o', 'out', '--jobs', '1', status=1)


class Rows(Case):
    def test_list_and_export(self):
        self.fill()
        rows = self.ledger('list', '--json').lines
        self.assertEqual([row['status'] for row in rows], ['done', 'done', 'failed'])
        self.assertEqual(rows[0]['input'], os.path.realpath(self.folder / 'in/a.png'))
        self.assertEqual(rows[0]['output'], os.path.realpath(self.folder / 'out/a.png'))
        hashes = self.files()
        self.assertEqual((rows[0]['sha256_in'], rows[0]['sha256_out']), (hashes['in/a.png'], hashes['out/a.png']))
        self.assertEqual((rows[0]['width'], rows[0]['height'], rows[0]['steps']), (96, 64, 2))
        self.assertEqual(len(rows[0]['pdq']), 64)
        self.assertIn('steps=2', rows[0]['settings'])
        self.assertGreater(rows[0]['metrics']['visibility'], 0)
        self.assertIn('in/bad\n.png', rows[2]['input'])
        self.assertIn('bad', rows[2]['reason'])
        words = self.ledger('list').out.splitlines()
        self.assertEqual(len(words), 3)  # a newline in a name makes no line
        self.assertEqual(self.ledger('export').lines, rows)
        table = list(csv.DictReader(io.StringIO(self.ledger('export', '--csv').out)))
        self.assertEqual([row['status'] for row in table], ['done', 'done', 'failed'])
        self.assertTrue(table[1]['input'].endswith('/in/b "1".png'))
        self.assertEqual(table[0]['pdq'], rows[0]['pdq'])

    def test_the_failed_list_is_fed_back(self):
        self.fill()
        done = self.ledger('list', '--failed', '-0')
        self.assertEqual(done.raw, os.fsencode(os.path.realpath(self.folder / 'in')) + b'/bad\n.png\0')
        self.png('in/bad\n.png', seed=3)
        self.protect('--files-from', '-', '-o', 'out', '--resume', stdin=done.raw)
        self.assertEqual(self.ledger('list', '--failed', '-0').raw, b'')
        self.assertEqual([row['status'] for row in self.ledger('list', '--json').lines], ['done'] * 3)

    def test_where_it_is_kept(self):
        self.png('a.png')
        self.protect('a.png', '--ledger', 'none')
        self.protect('a.png', '-o', '-')
        self.assertFalse((self.folder / LEDGER).exists())
        self.assertOneLine(self.ledger('list', status=1), 'there is no ledger yet')
        self.protect('a.png', '--overwrite', '--ledger', 'mine.sqlite')
        self.assertEqual(len(self.ledger('list', '--ledger', 'mine.sqlite', '--json').lines), 1)
        self.assertFalse((self.folder / LEDGER).exists())
        self.protect('a.png', '--overwrite')
        self.assertEqual((self.folder / LEDGER).stat().st_mode & 0o777, 0o600)
        self.ledger('list', '--ledger', 'none', status=2)
        for args in (['lists'], ['find'], ['list', 'x'], ['report', 'a.html', 'b.html'], ['report', 'page.txt']):
            self.ledger(*args, status=2)

    def test_no_home(self):
        self.png('a.png')
        for name in ('XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'HOME'):
            self.env.pop(name, None)
        self.protect('a.png', '--overwrite', '--artist-key', 'key')
        self.assertOneLine(self.ledger('list', status=2), 'HOME')


class Check(Case):
    def test_files_that_moved(self):
        self.fill()
        done = self.ledger('check', '-q')
        self.assertEqual((done.out, done.err), ('', ''))
        (self.folder / 'in/a.png').unlink()
        self.assertIn('original missing', self.ledger('check').out)
        data = bytearray(self.data('out/a.png'))
        data[-20] ^= 1
        self.write('out/a.png', bytes(data))
        (self.folder / 'out/b "1".png').unlink()
        lines = self.ledger('check', '--json', status=1).lines
        self.assertEqual([(line['file'], line['status']) for line in lines],
                         [('output', 'changed'), ('original', 'missing'), ('output', 'missing')])

    def test_a_page_that_was_torn(self):
        self.fill()
        data = bytearray((self.folder / LEDGER).read_bytes())
        for at in range(len(data) - 4096, len(data), 50):
            data[at] ^= 0x55
        self.write('torn.sqlite', bytes(data))
        self.assertOneLine(self.ledger('check', '--ledger', 'torn.sqlite', status=1), 'torn.sqlite', 'damaged')
        self.write('short.sqlite', bytes(data[:3000]))
        for action in ('list', 'check', 'export'):
            self.assertOneLine(self.ledger(action, '--ledger', 'short.sqlite', status=1), 'short.sqlite')


class Find(Case):
    def test_found_lost_and_unreadable(self):
        self.fill()
        self.png('other.png', 96, 64, seed=77)
        done = self.ledger('find', 'out/a.png')
        self.assertIn('yours (the very file)', done.out)
        self.assertIn(os.path.realpath(self.folder / 'in/a.png'), done.out)
        self.assertOneLine(self.ledger('find', 'in/bad\n.png', status=1), 'bad?.png')
        with sqlite3.connect(self.folder / LEDGER) as db:
            db.execute('DELETE FROM work')
        db.close()
        self.assertIn('not known', self.ledger('find', 'out/a.png', status=3).out)
        self.assertEqual(self.ledger('find', '--json', 'out/a.png', status=3).only['matches'], [])

    def test_half_size_and_turned(self):
        self.write('large.png', patchwork_png(480, 320))
        self.png('small.png', 96, 64)
        self.protect('large.png', 'small.png', '--format', 'png')
        rows = png_rows(self.data('large.protected.png'))
        half = [[tuple(sum(rows[2 * y + j][2 * x + i][c] for i in (0, 1) for j in (0, 1)) // 4 for c in range(3))
                 for x in range(240)] for y in range(160)]
        turns = {'upright': half, 'mirrored': [row[::-1] for row in half],
                 'turned by 180 degrees': [row[::-1] for row in half[::-1]],
                 'turned by 90 degrees': [list(row) for row in zip(*half[::-1])]}
        for name, turned in turns.items():
            self.write('found.png', png_of(turned))
            match, = self.ledger('find', '--json', 'found.png').only['matches']
            self.assertEqual((match['match'], match['exact'], match['orientation']), ('yours', False, name))
            self.assertTrue(match['output'].endswith('/large.protected.png'))
            self.assertIn('bits differ', self.ledger('find', 'found.png').out)

    def test_other_colours_only_look_alike(self):
        self.write('mine.png', patchwork_png(240, 160))
        self.protect('mine.png', '--format', 'png')
        rows = png_rows(self.data('mine.protected.png'))
        shift = (51, -26, 0)  # red for green: of the same luma
        self.write('other.png', png_of([[tuple(min(255, max(0, value + by)) for value, by in zip(pixel, shift))
                                         for pixel in row] for row in rows]))
        match, = self.ledger('find', '--json', 'other.png', status=3).only['matches']
        self.assertEqual((match['match'], match['exact'], match['orientation']), ('alike', False, 'upright'))
        lines = self.ledger('find', 'other.png', status=3).out.splitlines()
        self.assertEqual(lines[0], 'other.png: not known')
        self.assertIn('looks alike', lines[1])
        self.assertIn('mine.protected.png', lines[1])
        self.assertNotIn('yours', lines[1])
        with sqlite3.connect(self.folder / LEDGER) as db:  # as a ledger of an earlier version has it
            db.execute('DELETE FROM thumbnail')
        db.close()
        match, = self.ledger('find', '--json', 'other.png').only['matches']
        self.assertEqual(match['match'], 'yours')

    def test_a_picture_that_has_been_replaced_is_still_found(self):
        self.png('a.png', 96, 64)
        self.protect('a.png')
        self.write('first.png', self.data('a.protected.png'))
        self.protect('a.png', '--overwrite', '--seed', '2')
        match = self.ledger('find', '--json', 'first.png').only['matches'][0]
        self.assertEqual((match['exact'], match['status']), (True, 'replaced'))
        self.assertEqual(len(self.ledger('list', '--json').lines), 2)


class Merge(Case):
    def test_two_shards_into_one(self):
        self.fill()
        for share in ('1', '2'):
            self.protect('in', '-o', 'shared', '--shard', share + '/2', '--ledger', f'{share}.sqlite', status=None)
        self.ledger('merge', '1.sqlite', '2.sqlite', '--ledger', 'all/one.sqlite')
        rows = self.ledger('list', '--json', '--ledger', 'all/one.sqlite').lines
        self.assertEqual(sorted(row['status'] for row in rows), ['done', 'done', 'failed'])
        again = self.ledger('merge', '1.sqlite', '2.sqlite', '--json', '--ledger', 'all/one.sqlite').lines
        self.assertEqual([line['added'] for line in again], [0, 0])
        self.assertOneLine(self.ledger('merge', 'in/a.png', '--ledger', 'all/one.sqlite', status=1), 'in/a.png')
        self.assertEqual(self.ledger('list', '--json', '--ledger', 'all/one.sqlite').lines, rows)
        self.protect('in', '-o', 'shared', '--resume', '--ledger', 'all/one.sqlite', status=1)
        self.assertEqual(len(self.ledger('list', '--json', '--ledger', 'all/one.sqlite').lines), 3)


class Report(Case):
    def test_a_page_of_what_is_done(self):
        self.fill()
        (self.folder / 'out/b "1".png').unlink()
        self.ledger('report', 'page.html', *clikit.SMALL, status=1)
        page = self.data('page.html').decode()
        self.assertIn('a.png', page)
        self.assertIn('data:image/', page)
        self.assertIn('b &quot;1&quot;.png', page)
        self.ledger('report', 'page.html', *clikit.SMALL, status=2)
        (self.folder / LEDGER).unlink()
        self.assertOneLine(self.ledger('report', 'new.html', status=1), 'no ledger')


if __name__ == '__main__':
    clikit.main()
