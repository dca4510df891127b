# SPDX-License-Identifier: Apache-2.0
"""Brushes, noise and file writers for draw_samples.py. Pictures are float arrays (H,W,3), sRGB 0..1, unless noted."""
import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw


def rgb(text):
    """'#rrggbb' as a float array (3)."""
    return np.array([int(text[i:i + 2], 16) for i in (1, 3, 5)], np.float64) / 255


def mix(a, b, t):
    """a where t is 0, b where t is 1; t of shape (H,W) is spread over colours."""
    t = np.asarray(t, np.float64)
    if t.ndim == 2:
        t = t[:, :, None]
    return a * (1 - t) + b * t


def smooth(edge0, edge1, x):
    """0 below edge0, 1 above edge1, a cubic between (edges may be in either order)."""
    t = np.clip((x - edge0) / (edge1 - edge0), 0, 1)
    return t * t * (3 - 2 * t)


def grid(width, height):
    """x and y of pixel centres, both (H,W)."""
    return np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)


def noise(rng, width, height, cell, octaves=5, gain=0.5, stretch=1.0):
    """Fractal value noise (H,W) in about -1..1. cell: pixels of the largest blotch; stretch: widths over heights."""
    total = np.zeros((height, width))
    weight = 1.0
    for _ in range(octaves):
        rows, columns = max(2, round(height / cell) + 2), max(2, round(width / (cell * stretch)) + 2)
        coarse = Image.fromarray(rng.uniform(-1, 1, (rows, columns)).astype(np.float32), 'F')
        total += weight * np.asarray(coarse.resize((width, height), Image.BICUBIC), np.float64)
        weight *= gain
        cell = max(cell / 2, 1)
    return total


def blur(picture, sigma):
    """Gaussian blur of (H,W) or (H,W,3), edges repeated."""
    radius = max(1, int(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(0, 0)] * picture.ndim
        pad[axis] = (radius, radius)
        padded = np.pad(picture, pad, mode='edge')
        length = picture.shape[axis]
        picture = sum(k * np.take(padded, np.arange(i, i + length), axis) for i, k in enumerate(kernel))
    return picture


def spline(points, closed=True, steps=24):
    """Catmull-Rom curve through the points, as a list of (x, y)."""
    p = np.array(points, np.float64)
    p = np.vstack([p[-1], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    curve = [0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3)
             for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:])]
    curve = np.vstack(curve if closed else curve + [p[-2:-1]])
    return [tuple(q) for q in curve]


class Canvas:
    """A PIL canvas drawn `over` times larger and shrunk when taken, with coordinates in final pixels."""

    def __init__(self, width, height, colour, mode='RGB', over=3):
        self.size, self.over = (width, height), over
        self.image = Image.new(mode, (width * over, height * over), colour)
        self.pen = ImageDraw.Draw(self.image)

    def shape(self, points, fill=None, line=None, width=0, curved=True):
        """A closed outline, smooth or straight, filled, then lined."""
        curve = spline(points) if curved else list(points)
        scaled = [(x * self.over, y * self.over) for x, y in curve]
        if fill is not None:
            self.pen.polygon(scaled, fill=fill)
        if line is not None:
            self.stroke(curve + curve[:1], line, width, width, curved=False)

    def disc(self, x, y, rx, ry=None, fill=None, line=None, width=0):
        angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        self.shape(list(zip(x + rx * np.cos(angle), y + (ry or rx) * np.sin(angle))), fill, line, width, curved=False)

    def stroke(self, points, colour, start, end, curved=True, middle=None):
        """A line whose width goes from start over middle to end."""
        curve = np.array(spline(points, closed=False) if curved and len(points) > 2 else points, np.float64)
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
        count = max(2, int(length[-1] * self.over / 1.5))
        at = np.linspace(0, length[-1], count)
        xs, ys = np.interp(at, length, curve[:, 0]), np.interp(at, length, curve[:, 1])
        t = at / max(length[-1], 1e-9)
        widths = np.interp(t, [0, 0.5, 1], [start, (start + end) / 2 if middle is None else middle, end])
        for x, y, w in zip(xs * self.over, ys * self.over, widths * self.over / 2):
            self.pen.ellipse((x - w, y - w, x + w, y + w), fill=colour)

    def take(self):
        return self.image.resize(self.size, Image.LANCZOS)


def to_image(picture, rng=None):
    """8-bit PIL image of a float picture; with rng, dithered by half a step so that gradients do not band."""
    scaled = np.clip(picture, 0, 1) * 255
    if rng is not None:
        scaled = scaled + rng.uniform(-0.5, 0.5, scaled.shape)
    return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8), 'RGB')


def from_image(image):
    return np.asarray(image.convert('RGB'), np.float64) / 255


def png_chunk(kind, body):
    return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))


def png16(picture):
    """A 16-bit RGB PNG tagged sRGB. Each row takes the filter with the smallest residues, as libpng does."""
    height, width = picture.shape[:2]
    raw = np.rint(np.clip(picture, 0, 1) * 65535).astype('>u2').tobytes()
    rows = np.frombuffer(raw, np.uint8).reshape(height, width * 6).astype(np.int16)
    above = np.zeros(width * 6, np.int16)
    out = []
    for row in rows:
        left = np.concatenate([np.zeros(6, np.int16), row[:-6]])
        corner = np.concatenate([np.zeros(6, np.int16), above[:-6]])
        guess = left + above - corner
        da, db, dc = abs(guess - left), abs(guess - above), abs(guess - corner)
        paeth = np.where((da <= db) & (da <= dc), left, np.where(db <= dc, above, corner))
        residues = [(row - other) & 255 for other in (0, left, above, (left + above) // 2, paeth)]
        best = min(range(5), key=lambda i: np.minimum(residues[i], 256 - residues[i]).sum())
        out.append(bytes([best]) + residues[best].astype(np.uint8).tobytes())
        above = row
    header = struct.pack('>IIBBBBB', width, height, 16, 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', header) + png_chunk(b'sRGB', b'\0') +
            png_chunk(b'IDAT', zlib.compress(b''.join(out), 9)) + png_chunk(b'IEND', b''))


def display_p3_profile():
    """An ICC version 4 matrix profile: the primaries of SMPTE EG 432-1 (P3), white D65, the sRGB curve (ICC.1:2010)."""
    def fixed(value):
        return struct.pack('>i', round(value * 65536))

    def xyz(values):
        return b'XYZ \0\0\0\0' + b''.join(map(fixed, values))

    def words(text):
        return b'mluc\0\0\0\0' + struct.pack('>II2s2sII', 1, 12, b'en', b'US', 2 * len(text),
                                             28) + text.encode('utf-16-be')

    # Columns are the primaries' XYZ, adapted from D65 to D50 with the Bradford matrix.
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    d50, d65 = np.array([0.9642, 1.0, 0.8249]), np.array([0.95047, 1.0, 1.08883])
    chromaticity = np.array([[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]])
    primaries = np.array([[x / y, 1, (1 - x - y) / y] for x, y in chromaticity]).T
    primaries = primaries * np.linalg.solve(primaries, d65)
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ d50) / (bradford @ d65)) @ bradford
    red, green, blue = (adapt @ primaries).T
    curve = b'para\0\0\0\0' + struct.pack('>HH', 3, 0) + b''.join(map(fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92,
                                                                                0.04045)))
    chad = b'sf32\0\0\0\0' + b''.join(fixed(value) for value in adapt.ravel())
    bodies = [(b'desc', words('P3 with the sRGB curve (Vernis samples)')), (b'cprt', words('CC0')), (b'wtpt', xyz(d50)),
              (b'rXYZ', xyz(red)), (b'gXYZ', xyz(green)), (b'bXYZ', xyz(blue)), (b'rTRC', curve), (b'chad', chad)]
    table, data, start = b'', b'', 128 + 4 + 12 * (len(bodies) + 2)
    for name, body in bodies:
        names = (b'rTRC', b'gTRC', b'bTRC') if name == b'rTRC' else (name,)
        table += b''.join(struct.pack('>4sII', each, start + len(data), len(body)) for each in names)
        data += body + b'\0' * (-len(body) % 4)
    header = struct.pack('>I4sI4s4s4s6H4s4sIIIQI', start + len(data), b'\0\0\0\0', 0x04000000, b'mntr', b'RGB ',
                         b'XYZ ',
                         2026, 1, 1, 0, 0, 0, b'acsp', b'\0\0\0\0', 0, 0, 0, 0, 0) + b''.join(map(fixed, d50))
    return header.ljust(128, b'\0') + struct.pack('>I', len(bodies) + 2) + table + data


def phone_exif(orientation, thumbnail):
    """An Exif block as phones write it: TIFF stream with IFD0 (orientation, names, date) and IFD1 (a JPEG preview)."""
    def ifd(entries, start, following):
        body, extra = b'', b''
        place = start + 2 + 12 * len(entries) + 4
        for tag, kind, value in entries:
            data = value.encode() + b'\0' if kind == 2 else struct.pack('<H2x' if kind == 3 else '<I', value)
            body += struct.pack('<HHI', tag, kind, len(data) if kind == 2 else 1)
            if len(data) <= 4:
                body += data.ljust(4, b'\0')
            else:
                body += struct.pack('<I', place + len(extra))
                extra += data + b'\0' * (len(data) % 2)
        follow = place + len(extra) if following else 0
        return struct.pack('<H', len(entries)) + body + struct.pack('<I', follow) + extra

    first = ifd([(0x010f, 2, 'Vernis'), (0x0110, 2, 'Drawn Phone 1'), (0x0112, 3, orientation),
                 (0x0132, 2, '2026:01:01 12:00:00'), (0x013b, 2, 'A. Sample')], 8, True)
    start = 8 + len(first)
    fields = [(0x0103, 3, 6), (0x0112, 3, orientation), (0x0201, 4, 0), (0x0202, 4, len(thumbnail))]
    fields[2] = (0x0201, 4, start + len(ifd(fields, start, False)))
    return b'Exif\0\0II*\0' + struct.pack('<I', 8) + first + ifd(fields, start, False) + thumbnail


def jpeg_bytes(image, quality, **more):
    out = io.BytesIO()
    image.save(out, 'JPEG', quality=quality, **more)
    return out.getvalue()
