# SPDX-License-Identifier: Apache-2.0
"""For the black-box tests of the command: running it, and small pictures made by hand.

Each test file is run as `python3 FILE.py VERNIS SOURCE_ROOT`.
"""
import hashlib
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

VERNIS = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(os.path.abspath(sys.argv[2]))
# A surrogate of a few channels and two steps say nothing about protection, but take every path that the real ones take.
SMALL = ['--surrogate', str(ROOT / 'tests/nn/data/s8.safetensors')]
FAST = [*SMALL, '--steps', '2']
NOBODY = 65534


# Pictures

def png_chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png_bytes(width, height, seed=1, header=None):
    """An RGB PNG of soft colours and some noise. `header`: what IHDR claims instead of (width, height)."""
    draw = random.Random(seed)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            noise = draw.randrange(24)
            rows += bytes(((x * 5 + noise) % 256, (y * 3 + noise) % 256, (x + y + noise) % 256))
    w, h = header or (width, height)
    return (b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0)) +
            png_chunk(b'IDAT', zlib.compress(bytes(rows))) + png_chunk(b'IEND', b''))


def png_size(data):
    """(width, height) of a PNG whose every chunk is there with the right checksum and whose pixels are all there."""
    assert data[:8] == b'\x89PNG\r\n\x1a\n', data[:8]
    at, kind, pixels = 8, b'', b''
    while kind != b'IEND':
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert struct.unpack('>I', data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b'IHDR':
            size = struct.unpack('>II', body[:8])
        if kind == b'IDAT':
            pixels += body
        at += 12 + length
    assert at == len(data) and len(zlib.decompress(pixels)) >= size[1] * (1 + size[0] // 8)
    return size


class Bits:
    """Bits into JPEG's entropy-coded bytes (ITU-T T.81, F.1.2.3)."""

    def __init__(self):
        self.out, self.held, self.count = bytearray(), 0, 0

    def put(self, value, length):
        for i in range(length - 1, -1, -1):
            self.held = self.held << 1 | (value >> i & 1)
            self.count += 1
            if self.count == 8:
                self.out.append(self.held)
                if self.held == 0xFF:
                    self.out.append(0)
                self.held = self.count = 0

    def end(self):
        while self.count:
            self.put(1, 1)
        return bytes(self.out)


def jpeg_bytes(width, height, seed=1):
    """A grey baseline JPEG of flat 8x8 blocks. Twelve DC categories with codes of four bits; one AC code."""
    def segment(marker, body):
        return b'\xff' + bytes([marker]) + struct.pack('>H', len(body) + 2) + body
    draw, bits, last = random.Random(seed), Bits(), 0
    for _ in range((width + 7) // 8 * ((height + 7) // 8)):
        value = draw.randrange(-40, 40)  # with a quantiser of 16: grey 48 to 208
        difference, last = value - last, value
        category = abs(difference).bit_length()
        bits.put(category, 4)
        bits.put(difference if difference > 0 else difference + (1 << category) - 1, category)
        bits.put(0, 1)
    return (b'\xff\xd8' + segment(0xDB, b'\0' + b'\x10' * 64) +
            segment(0xC0, struct.pack('>BHHBBBB', 8, height, width, 1, 1, 0x11, 0)) +
            segment(0xC4, b'\0' + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))) +
            segment(0xC4, b'\x10' + bytes([1] + [0] * 15) + b'\0') +
            segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + bits.end() + b'\xff\xd9')


def is_whole(path):
    """Whether a PNG or JPEG on disk is complete."""
    data = pathlib.Path(path).read_bytes()
    if data[:2] == b'\xff\xd8':
        return data[-2:] == b'\xff\xd9'
    png_size(data)
    return True


# Running

class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode('utf-8', 'surrogateescape') if process.stdout is not None else ''
        self.err = process.stderr.decode('utf-8', 'surrogateescape') if process.stderr is not None else ''
        self.raw = process.stdout

    @property
    def lines(self):
        """stdout as JSON, a value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def only(self):
        assert len(self.lines) == 1, self.out
        return self.lines[0]


class Case(unittest.TestCase):
    """A test in an empty folder of its own, with a configuration folder of its own."""
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='vernis-cli-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.config = self.folder / '.config'
        # The same artist in every run: a pattern drawn anew each time misses a target of a tiny picture once in a while.
        self.write('.config/vernis/artist.key', b'5eed5eed5eed5eed\n').chmod(0o600)
        self.env = {**os.environ, 'XDG_CONFIG_HOME': str(self.config),
                    'XDG_DATA_HOME': str(self.config / 'data'), 'COLUMNS': '100', 'LC_ALL': 'C.UTF-8'}

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def png(self, name, width=40, height=32, seed=1):
        return self.write(name, png_bytes(width, height, seed))

    def jpeg(self, name, width=40, height=32, seed=1):
        return self.write(name, jpeg_bytes(width, height, seed))

    def command(self, *args):
        return [VERNIS, *[os.fsencode(a) for a in args]]

    def vernis(self, *args, status=0, stdin=b'', **more):
        more.setdefault('stdout', subprocess.PIPE)
        done = Result(subprocess.run(self.command(*args), cwd=self.folder, env=self.env, input=stdin,
                                     stderr=subprocess.PIPE, timeout=250, **more))
        if status is not None:
            self.assertEqual(done.status, status, f'{args}: {done.out}{done.err}')
        return done

    def protect(self, *args, **more):
        return self.vernis('protect', *FAST, '-q', *args, **more)

    def tree(self, below='.'):
        """All files below a folder by relative name, hidden ones too; the configuration is not among them."""
        top = self.folder / below
        return sorted(str(p.relative_to(top)) for p in top.rglob('*')
                      if not p.is_dir() and self.config not in p.parents)

    def data(self, name):
        return (self.folder / name).read_bytes()

    def files(self):
        """Name to hash of the content of all files."""
        return {name: hashlib.sha256(self.data(name)).hexdigest() for name in self.tree()}

    def as_nobody(self):
        """Arguments to run as a user who may not do everything: root hands the folder over to `nobody`."""
        if os.geteuid():
            return {}
        for path in [self.folder, *self.folder.rglob('*')]:
            os.chown(path, NOBODY, NOBODY)
        try:
            subprocess.run([VERNIS, '--version'], user=NOBODY, stdout=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest('nobody cannot run the program where it lies')
        return {'user': NOBODY, 'group': NOBODY, 'extra_groups': []}

    def assertOneLine(self, done, *words):
        """stderr is one line, from vernis, with all of the words."""
        lines = done.err.splitlines()
        self.assertEqual(len(lines), 1, done.err)
        self.assertTrue(lines[0].startswith('vernis: '), done.err)
        for word in words:
            self.assertIn(word, lines[0])


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
