#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make tests/image/data/: small PNG, JPEG and WebP files of every kind, with the pixels they must decode to.

Needs Pillow, numpy, exiftool and libjpeg-turbo-progs (cjpeg, for arithmetic coding). PNG files are written here, chunk by
chunk, from known samples; JPEG and WebP files by Pillow and cjpeg. What must come out is what was put in (PNG, lossless
WebP), what Pillow decodes (JPEG, lossy WebP), or what Pillow's ImageCms or plain colorimetry in double precision say
(colour): never what Vernis makes of it.

Also copies some of them to tests/fuzz/corpus/, where the fuzz targets begin.

manifest.txt: name, width, height, colours, bits, alpha, CRC-32 of the upright pixels (16 bits: little-endian).
NAME.work: the pixels after conversion to the working space, raw, to be met within 2 of 255.
"""
import io
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps

TESTS = pathlib.Path(__file__).resolve().parent.parent / 'tests'
OUT = TESTS / 'image' / 'data'
# Copied to tests/fuzz/corpus/ as seeds of the fuzz targets.
SEEDS = {
    'png': ['grey2_trns', 'greya16_adam7', 'palette4_trns', 'rgb8', 'rgba16', 'orientation6', 'icc_grey', 'chrm_p3'],
    'webp': ['lossless', 'lossless_alpha', 'lossy', 'lossy_alpha', 'turned', 'tagged'],
    'jpeg': ['grey', 'ycc_420', 'ycc_progressive', 'ycc_restart', 'ycc_arithmetic', 'ycck', 'icc_cmyk', 'metadata'],
}
rng = np.random.default_rng(2026)
manifest = []


# ---- PNG (W3C PNG, third edition) ----
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def pack_row(row, depth):
    """Samples of one row, left to right, as bytes."""
    if depth == 16:
        return row.astype('>u2').tobytes()
    if depth == 8:
        return row.astype(np.uint8).tobytes()
    bits = ''.join(format(int(v), f'0{depth}b') for v in row.ravel())
    bits += '0' * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filter_rows(samples, depth):
    """(h, w, n) samples as filtered scanlines; the five filters take turns."""
    channels = samples.shape[2]
    step = max(1, channels * depth // 8)
    out, above = b'', None
    for y in range(samples.shape[0]):
        row = pack_row(samples[y].reshape(-1), depth)
        above = above if above is not None else bytes(len(row))
        kind = y % 5
        line = bytearray([kind])
        for i, value in enumerate(row):
            a = row[i - step] if i >= step else 0
            b, c = above[i], above[i - step] if i >= step else 0
            line.append((value - (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255)
        out += bytes(line)
        above = row
    return out


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, depth, colour_type, interlaced=False, before=b'', after=b''):
    h, w = samples.shape[:2]
    if interlaced:
        raw = b''
        for x0, y0, dx, dy in ADAM7:
            part = samples[y0::dy, x0::dx]
            if part.size:
                raw += filter_rows(part, depth)
    else:
        raw = filter_rows(samples, depth)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, depth, colour_type, 0, 0, interlaced)) +
            before + chunk(b'IDAT', zlib.compress(raw, 9)) + after + chunk(b'IEND', b''))


def keep(name, data, expected):
    """expected: (h, w, n) uint8 or uint16, n = 1, 2 (grey, alpha), 3, 4 (RGBA, or CMYK where the name says so)."""
    (OUT / name).write_bytes(data)
    h, w, n = expected.shape
    ink = n == 4 and ('cmyk' in name or 'ycck' in name)
    alpha = n in (2, 4) and not ink
    bits = expected.dtype.itemsize * 8
    crc = zlib.crc32(np.ascontiguousarray(expected.astype(expected.dtype.newbyteorder('<'))).tobytes())
    manifest.append(f'{name} {w} {h} {n - alpha} {bits} {int(alpha)} {crc:08x}')


def make_png():
    def samples(n, depth, h=9, w=11):
        return rng.integers(0, 1 << depth, (h, w, n)).astype(np.uint16)

    def grey_to_8(s, depth):
        return (s * (255 // ((1 << depth) - 1))).astype(np.uint8)

    def natural(s, depth):
        return s.astype(np.uint8) if depth == 8 else s

    for interlaced in (False, True):
        tail = '_adam7.png' if interlaced else '.png'
        for depth in (1, 2, 4):
            s = samples(1, depth)
            keep(f'grey{depth}{tail}', png(s, depth, 0, interlaced), grey_to_8(s, depth))
        for depth in (8, 16):
            for kind, colour_type, n in (('grey', 0, 1), ('rgb', 2, 3), ('greya', 4, 2), ('rgba', 6, 4)):
                s = samples(n, depth)
                keep(f'{kind}{depth}{tail}', png(s, depth, colour_type, interlaced), natural(s, depth))
        for depth in (1, 2, 4, 8):
            count = min(1 << depth, 100)
            palette = rng.integers(0, 256, (count, 3)).astype(np.uint8)
            alpha = rng.integers(0, 256, max(1, count * 2 // 3)).astype(np.uint8)
            s = samples(1, depth) % count
            plte = chunk(b'PLTE', palette.tobytes())
            rgb = palette[s[:, :, 0]]
            data = png(s, depth, 3, interlaced, plte)
            keep(f'palette{depth}{tail}', data, rgb)
            assert (np.array(Image.open(io.BytesIO(data)).convert('RGB')) == rgb).all()
            whole = np.concatenate([alpha, np.full(count - len(alpha), 255, np.uint8)])
            rgba = np.dstack([rgb, whole[s[:, :, 0]]])
            keep(f'palette{depth}_trns{tail}', png(s, depth, 3, interlaced, plte + chunk(b'tRNS', alpha.tobytes())), rgba)
    for depth in (2, 8, 16):
        s = samples(1, depth)
        clear = int(s[4, 5, 0])
        opaque = (1 << (16 if depth == 16 else 8)) - 1
        colour = grey_to_8(s, depth) if depth < 8 else natural(s, depth)
        alpha = np.where(s[:, :, 0] == clear, 0, opaque).astype(colour.dtype)
        keep(f'grey{depth}_trns.png', png(s, depth, 0, before=chunk(b'tRNS', struct.pack('>H', clear))),
             np.dstack([colour, alpha]))
    for depth in (8, 16):
        s = samples(3, depth)
        clear = s[4, 5]
        s[2, 3] = clear
        opaque = (1 << depth) - 1
        alpha = np.where((s == clear).all(axis=2), 0, opaque).astype(s.dtype)
        keep(f'rgb{depth}_trns.png', png(s, depth, 2, before=chunk(b'tRNS', struct.pack('>HHH', *map(int, clear)))),
             natural(np.dstack([s, alpha]), depth))
    s = rng.integers(0, 256, (1, 1, 3)).astype(np.uint16)
    keep('one_pixel.png', png(s, 8, 2), s.astype(np.uint8))
    s = np.resize(rng.integers(0, 256, (37, 1, 1)), (9999, 1, 1)).astype(np.uint16)
    keep('one_by_9999.png', png(s, 8, 0), s.astype(np.uint8))
    s = np.resize(rng.integers(0, 256, (1, 37, 1)), (1, 9999, 1)).astype(np.uint16)
    keep('9999_by_one.png', png(s, 8, 0), s.astype(np.uint8))
    s = samples(4, 8, 7, 7)
    keep('seven.png', png(s, 8, 6, True), s.astype(np.uint8))


# ---- JPEG ----
def picture(w=21, h=13):
    """Smooth colours with an edge and some grain, so that chroma and high frequencies are there."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    rgb = np.stack([120 + 100 * np.sin(x / 4), 128 + 90 * np.cos(y / 3 + x / 9), 40 + 180 * ((x + 2 * y) > w)], axis=2)
    return np.clip(rgb + rng.normal(0, 8, rgb.shape), 0, 255).astype(np.uint8)


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, 'jpeg', **options)
    return out.getvalue()


def decoded(data):
    """Pillow's pixels; its CMYK is 255 - what the file holds, as ours."""
    return np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))


def keep_jpeg(name, data):
    pixels = decoded(data)
    keep(name, data, pixels if pixels.ndim == 3 else pixels[:, :, None])


def exif_orientation(value):
    return b'Exif\0\0' + b'II*\0\x08\0\0\0' + struct.pack('<HHHIHHI', 1, 0x0112, 3, 1, value, 0, 0)


def make_jpeg():
    rgb = Image.fromarray(picture())
    for name, subsampling in (('444', 0), ('422', 1), ('420', 2)):
        keep_jpeg(f'ycc_{name}.jpg', jpeg(rgb, quality=90, subsampling=subsampling))
    keep_jpeg('ycc_progressive.jpg', jpeg(rgb, quality=80, progressive=True))
    keep_jpeg('grey.jpg', jpeg(rgb.convert('L'), quality=85))
    keep_jpeg('grey_progressive.jpg', jpeg(rgb.convert('L'), quality=85, progressive=True))
    keep_jpeg('one_pixel.jpg', jpeg(rgb.crop((0, 0, 1, 1)), quality=75))
    ramp = Image.fromarray((np.arange(9999) // 40 % 256).astype(np.uint8)[:, None])
    keep_jpeg('one_by_9999.jpg', jpeg(ramp, quality=50))
    keep_jpeg('seven.jpg', jpeg(rgb.crop((0, 0, 7, 7)), quality=75))
    for value in range(1, 9):
        keep_jpeg(f'orientation{value}.jpg', jpeg(rgb, quality=60, exif=exif_orientation(value)))
    s = rng.integers(0, 256, (5, 7, 4)).astype(np.uint8)
    keep('orientation6.png', png(s.astype(np.uint16), 8, 6, before=chunk(b'eXIf', exif_orientation(6)[6:])),
         np.ascontiguousarray(np.rot90(s, -1)))

    ink = Image.fromarray(rng.integers(0, 256, (4, 5, 4)).astype(np.uint8).repeat(4, 0).repeat(4, 1), 'CMYK')
    data = jpeg(ink, quality=90)
    keep_jpeg('cmyk.jpg', data)
    keep_jpeg('cmyk_progressive.jpg', jpeg(ink, quality=90, progressive=True))
    at = data.index(b'Adobe') + 11  # the marker's last byte: 0 is CMYK, 2 is YCCK
    assert data[at] == 0
    keep_jpeg('ycck.jpg', data[:at] + b'\x02' + data[at + 1:])

    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / 'in.ppm'
        rgb.save(source)
        for name, options in (('ycc_440', ['-sample', '1x2']), ('ycc_411', ['-sample', '4x1']),
                              ('ycc_restart', ['-restart', '1B']), ('rgb_444', ['-rgb']),
                              ('ycc_arithmetic', ['-arithmetic', '-sample', '2x2']),
                              ('ycc_arithmetic_progressive', ['-arithmetic', '-progressive'])):
            data = subprocess.run(['cjpeg', '-quality', '80', *options, str(source)], check=True,
                                  capture_output=True).stdout
            keep_jpeg(f'{name}.jpg', data)

        # A file as a camera and a photo manager leave it: thumbnail, position, XMP, IPTC, texts.
        meta = pathlib.Path(folder) / 'metadata.jpg'
        thumbnail = pathlib.Path(folder) / 'thumbnail.jpg'
        meta.write_bytes(jpeg(rgb, quality=70))
        thumbnail.write_bytes(jpeg(rgb.resize((8, 5)), quality=30))
        subprocess.run(['exiftool', '-q', '-overwrite_original', f'-ThumbnailImage<={thumbnail}',
                        '-GPSLatitude=48.1', '-GPSLatitudeRef=N', '-EXIF:Artist=Ada Painter', '-ColorSpace#=1',
                        '-XMP-dc:Creator=Ada Painter', '-XMP-dc:Rights=All rights', '-IPTC:By-line=Ada Painter',
                        '-Comment=a comment', str(meta)], check=True)
        keep_jpeg('metadata.jpg', meta.read_bytes())


def webp(image, **options):
    out = io.BytesIO()
    image.save(out, 'webp', method=4, **options)
    return out.getvalue()


def make_webp():
    """Comes last and begins its own random numbers, so that what else is made here stays the same."""
    global rng
    rng = np.random.default_rng(16383)
    rgb = picture()
    rgba = np.dstack([rgb, rng.integers(0, 256, rgb.shape[:2]).astype(np.uint8) // 64 * 85])
    exact = {'lossless': True, 'exact': True}
    keep('lossless.webp', webp(Image.fromarray(rgb), **exact), rgb)
    keep('lossless_alpha.webp', webp(Image.fromarray(rgba, 'RGBA'), **exact), rgba)
    keep('lossless_dot.webp', webp(Image.fromarray(rgb[:1, :1]), **exact), rgb[:1, :1])
    keep('lossless_wide.webp', webp(Image.fromarray(np.repeat(rgb[:1], 700, 1)), **exact), np.repeat(rgb[:1], 700, 1))
    four = rng.integers(0, 4, (9, 11)).astype(np.uint8)[:, :, None] * np.array([[[80, 40, 20]]], np.uint8)
    keep('lossless_palette.webp', webp(Image.fromarray(four), **exact), four)
    keep('turned.webp', webp(Image.fromarray(rgb), exif=exif_orientation(6), **exact), np.ascontiguousarray(np.rot90(rgb, -1)))
    for name, pixels in (('lossy', rgb), ('lossy_alpha', rgba)):
        data = webp(Image.fromarray(pixels), quality=80)
        keep(f'{name}.webp', data, decoded(data))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    with tempfile.TemporaryDirectory() as folder:
        meta, thumbnail = pathlib.Path(folder) / 'tagged.webp', pathlib.Path(folder) / 'thumbnail.jpg'
        meta.write_bytes(webp(Image.fromarray(rgb), icc_profile=profile, **exact))
        thumbnail.write_bytes(jpeg(Image.fromarray(rgb).resize((8, 5)), quality=30))
        subprocess.run(['exiftool', '-q', '-overwrite_original', '-EXIF:Artist=Ada Painter', '-XMP-dc:Rights=All rights',
                        '-GPSLatitude=48.1', '-GPSLatitudeRef=N', f'-ThumbnailImage<={thumbnail}', str(meta)], check=True)
        keep('tagged.webp', meta.read_bytes(), rgb)


# ---- colour ----
SRGB_XY = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
P3_XY = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
ADOBE_XY = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
D50 = np.array([0.9642, 1.0, 0.8249])


def rgb_to_xyz(xy):
    """Matrix from linear RGB to XYZ with Y of white 1, and white's XYZ."""
    white = np.array([xy[0] / xy[1], 1.0, (1 - xy[0] - xy[1]) / xy[1]])
    primaries = np.array([[xy[i], xy[i + 1], 1 - xy[i] - xy[i + 1]] for i in (2, 4, 6)]).T
    return primaries * np.linalg.solve(primaries, white), white


def srgb_encode(linear):
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def by_colorimetry(samples, top, gamma, xy):
    """Samples 0..top of a D65 space with that exponent as sRGB, same depth."""
    matrix = np.linalg.inv(rgb_to_xyz(SRGB_XY)[0]) @ rgb_to_xyz(xy)[0]
    linear = (samples / top) ** gamma
    if samples.shape[2] == 3:
        linear = linear @ matrix.T
    return np.rint(srgb_encode(linear) * top)


def icc(space, pcs, kind, tags):
    """An ICC.1:2001 profile of the given (signature, data) tags; equal data is stored once."""
    offset = 128 + 4 + 12 * len(tags)
    table, body, seen = struct.pack('>I', len(tags)), b'', {}
    for signature, data in tags:
        if data not in seen:
            seen[data] = offset + len(body)
            body += data + bytes(-len(data) % 4)
        table += signature + struct.pack('>II', seen[data], len(data))
    size = offset + len(body)
    header = struct.pack('>I4sI4s4s4s12s4s4sIIIQI3i4s', size, b'none', 0x02100000, kind, space, pcs, bytes(12), b'acsp',
                         bytes(4), 0, 0, 0, 0, 1, 63190, 65536, 54061, bytes(4))
    return header + bytes(128 - len(header)) + table + body


def xyz_tag(v):
    return b'XYZ \0\0\0\0' + struct.pack('>3i', *(round(float(c) * 65536) for c in v))


def gamma_tag(gamma):
    return b'curv\0\0\0\0' + struct.pack('>IH', 1, round(gamma * 256))


def desc_tag(text):
    return b'desc\0\0\0\0' + struct.pack('>I', len(text) + 1) + text.encode() + bytes(1 + 4 + 4 + 2 + 1 + 67)


def icc_rgb(name, gamma, xy):
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    matrix, white = rgb_to_xyz(xy)
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ D50) / (bradford @ white)) @ bradford
    columns = (adapt @ matrix).T
    return icc(b'RGB ', b'XYZ ', b'mntr',
               [(b'desc', desc_tag(name)), (b'wtpt', xyz_tag(D50))] +
               [(k, xyz_tag(c)) for k, c in zip((b'rXYZ', b'gXYZ', b'bXYZ'), columns)] +
               [(k, gamma_tag(gamma)) for k in (b'rTRC', b'gTRC', b'bTRC')])


def icc_grey(name, gamma):
    return icc(b'GRAY', b'XYZ ', b'mntr', [(b'desc', desc_tag(name)), (b'wtpt', xyz_tag(D50)), (b'kTRC', gamma_tag(gamma))])


def icc_cmyk(name):
    """Two grid points per ink; the corners are made-up but ordered printing colours, as Lab of ICC.1:2001 (16 bits)."""
    nodes = b''
    for i in range(16):
        c, m, y, k = (i >> 3 & 1, i >> 2 & 1, i >> 1 & 1, i & 1)
        lab = np.array([95 - 35 * c - 42 * m - 6 * y, -32 * c + 68 * m - 4 * y, -48 * c - 4 * m + 88 * y])
        lab = lab * (0.12 if k else 1) + (np.array([6, 0, 0]) if k else 0)
        nodes += struct.pack('>3H', round(max(lab[0], 0) * 652.8), *(round((v + 128) * 256) for v in lab[1:]))
    ramp = struct.pack('>2H', 0, 65535)
    lut = (b'mft2\0\0\0\0' + struct.pack('>4B', 4, 3, 2, 0) + struct.pack('>9i', 65536, 0, 0, 0, 65536, 0, 0, 0, 65536) +
           struct.pack('>2H', 2, 2) + ramp * 4 + nodes + ramp * 3)
    return icc(b'CMYK', b'Lab ', b'prtr', [(b'desc', desc_tag(name)), (b'wtpt', xyz_tag(D50)), (b'A2B0', lut)])


def iccp(profile):
    return chunk(b'iCCP', b'profile\0\0' + zlib.compress(profile, 9))


def through_pillow(image, profile):
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.array(ImageCms.profileToProfile(image, source, ImageCms.createProfile('sRGB'), renderingIntent=1,
                                              outputMode='RGB', flags=0x2000))  # black point compensation


def keep_work(name, data, stored, work):
    keep(name, data, stored)
    (OUT / f'{name}.work').write_bytes(np.ascontiguousarray(work.astype(stored.dtype.newbyteorder('<'))).tobytes())


def make_colour():
    rgb8 = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    rgb16 = rng.integers(0, 65536, (8, 8, 3)).astype(np.uint16)
    grey8 = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8, 1)
    adobe = icc_rgb('Adobe-like RGB', 563 / 256, ADOBE_XY)
    keep_work('icc_adobe8.png', png(rgb8.astype(np.uint16), 8, 2, before=iccp(adobe)), rgb8,
              through_pillow(Image.fromarray(rgb8), adobe))
    keep_work('icc_adobe16.png', png(rgb16, 16, 2, before=iccp(adobe)), rgb16,
              by_colorimetry(rgb16, 65535, 563 / 256, ADOBE_XY))
    keep_work('icc_grey.png', png(grey8.astype(np.uint16), 8, 0, before=iccp(icc_grey('Grey 1.8', 461 / 256))), grey8,
              by_colorimetry(grey8, 255, 461 / 256, SRGB_XY))
    rgba8 = np.dstack([rgb8, rng.integers(0, 256, (8, 8)).astype(np.uint8)])
    keep_work('icc_adobe_alpha.png', png(rgba8.astype(np.uint16), 8, 6, before=iccp(adobe)), rgba8,
              np.dstack([through_pillow(Image.fromarray(rgb8), adobe), rgba8[:, :, 3]]))
    data = jpeg(Image.fromarray(picture(16, 8)), quality=92, subsampling=0, icc_profile=adobe)
    keep_work('icc_adobe.jpg', data, decoded(data), through_pillow(Image.fromarray(decoded(data)), adobe))

    gamma = chunk(b'gAMA', struct.pack('>I', 100000))
    chroma = chunk(b'cHRM', struct.pack('>8I', *(round(v * 100000) for v in P3_XY)))
    keep_work('gama_linear8.png', png(rgb8.astype(np.uint16), 8, 2, before=gamma), rgb8,
              by_colorimetry(rgb8, 255, 1.0, SRGB_XY))
    keep_work('gama_linear_grey16.png', png(rgb16[:, :, :1], 16, 0, before=gamma), rgb16[:, :, :1],
              by_colorimetry(rgb16[:, :, :1], 65535, 1.0, SRGB_XY))
    keep_work('chrm_p3.png', png(rgb8.astype(np.uint16), 8, 2, before=chunk(b'gAMA', struct.pack('>I', 50000)) + chroma),
              rgb8, by_colorimetry(rgb8, 255, 2.0, P3_XY))
    keep_work('srgb_over_gama.png', png(rgb8.astype(np.uint16), 8, 2, before=chunk(b'sRGB', b'\0') + gamma), rgb8, rgb8)
    keep_work('gama_srgb_like.png', png(rgb8.astype(np.uint16), 8, 2, before=chunk(b'gAMA', struct.pack('>I', 45455))),
              rgb8, rgb8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    srgb = srgb[:24] + bytes(12) + srgb[36:]  # without the date it was made
    keep_work('icc_srgb.png', png(rgb8.astype(np.uint16), 8, 2, before=iccp(srgb)), rgb8, rgb8)
    keep_work('icc_misfit.png', png(rgb8.astype(np.uint16), 8, 2, before=iccp(icc_grey('Grey 1.8', 461 / 256))), rgb8,
              rgb8)

    ink = Image.fromarray(rng.integers(0, 256, (4, 4, 4)).astype(np.uint8).repeat(4, 0).repeat(4, 1), 'CMYK')
    press = icc_cmyk('Made-up press')
    data = jpeg(ink, quality=95, icc_profile=press)
    stored = Image.open(io.BytesIO(data))
    keep_work('icc_cmyk.jpg', data, np.array(stored), through_pillow(stored, press))
    data = jpeg(ink, quality=95)
    stored = Image.open(io.BytesIO(data))
    keep_work('plain_cmyk.jpg', data, np.array(stored), np.array(stored.convert('RGB')))


if __name__ == '__main__':
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    make_png()
    make_jpeg()
    make_colour()
    make_webp()
    for target, names in SEEDS.items():
        folder = TESTS / 'fuzz' / 'corpus' / target
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            file = f'{name}.{"jpg" if target == "jpeg" else target}'
            (folder / file).write_bytes((OUT / file).read_bytes())
    (OUT / 'manifest.txt').write_text('\n'.join(sorted(manifest)) + '\n')
    print(len(manifest), 'files,', sum(p.stat().st_size for p in OUT.iterdir()), 'bytes')
