# SPDX-License-Identifier: Apache-2.0
"""Nothing of the clean picture is left in a protected file, wherever it lay in the input; and what a file declares about AI is
neither hidden nor contradicted. The inputs are laid out here by hand."""
import struct
import zlib

import clikit

# Stands for the clean picture in each hiding place: 200 bytes that no encoder makes by itself, and a small JPEG.
CLEAN = bytes((i * 89 + 41) & 0xFF for i in range(200)).replace(b'\xff', b'\xfe')
THUMBNAIL = clikit.jpeg_bytes(16, 16, 7)
SECRET = CLEAN + THUMBNAIL
SOURCES = 'http://cv.iptc.org/newscodes/digitalsourcetype/'
XMP_ID = b'http://ns.adobe.com/xap/1.0/\0'


def tiff(main=(), exif=(), gps=(), thumbnail=b''):
    """A little-endian TIFF stream. Each tag: (number, type, bytes)."""
    parts, tail = [], b''

    def directory(at, tags, following):
        nonlocal tail
        out, room = struct.pack('<H', len(tags)), at + 2 + 12 * len(tags) + 4
        values = b''
        for number, kind, value in sorted(tags):
            size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind]
            field = value.ljust(4, b'\0')
            if len(value) > 4:
                field = struct.pack('<I', room + len(values))
                values += value + b'\0' * (len(value) & 1)
            out += struct.pack('<HHI', number, kind, len(value) // size) + field
        return out + struct.pack('<I', following), values

    def sized(tags):
        return 2 + 12 * len(tags) + 4 + sum(len(v) + (len(v) & 1) for _, _, v in tags if len(v) > 4)
    main, at = list(main), 8
    pointers = [(number, tags) for number, tags in ((0x8769, exif), (0x8825, gps)) if tags]
    main += [(number, 4, b'\0' * 4) for number, _ in pointers]
    at += sized(main)
    for number, tags in pointers:
        main = [(n, k, struct.pack('<I', at) if n == number else v) for n, k, v in main]
        parts.append(b''.join(directory(at, list(tags), 0)))
        at += sized(list(tags))
    second = [(0x0103, 3, struct.pack('<H', 6)), (0x0201, 4, struct.pack('<I', at + 42)),
              (0x0202, 4, struct.pack('<I', len(thumbnail)))]
    if thumbnail:
        parts.append(b''.join(directory(at, second, 0)) + thumbnail)
    return b'II*\0' + struct.pack('<I', 8) + b''.join(directory(8, main, at if thumbnail else 0)) + b''.join(parts)


def xmp(inside, attributes=''):
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
            f'xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" '
            f'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {attributes}>{inside}</rdf:Description>'
            f'</rdf:RDF></x:xmpmeta>').encode()


def box(kind, body):
    return struct.pack('>I', 8 + len(body)) + kind + body


def c2pa_store(manifests):
    """JUMBF as C2PA has it: manifests with a thumbnail each, as embedded-file boxes."""
    def superbox(uuid, label, *children):
        about = uuid.ljust(16, b'\x11') + b'\x03' + label + b'\0'
        return box(b'jumb', box(b'jumd', about) + b''.join(children))
    made = [superbox(b'c2ma', b'urn:c2pa:%d' % i, superbox(b'c2as', b'c2pa.assertions', superbox(
        b'\x40\xcb\x0c\x32', b'c2pa.thumbnail.claim.jpeg', box(b'bfdb', b'\0image/jpeg\0'), box(b'bidb', SECRET))))
        for i in range(manifests)]
    return superbox(b'c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71', b'c2pa', *made)


def jpeg_with(*segments, after=b''):
    """(marker, body) behind SOI; bodies over a segment's size are not cut."""
    plain = clikit.jpeg_bytes(40, 32)
    return plain[:2] + b''.join(b'\xff' + bytes([m]) + struct.pack('>H', len(b) + 2) + b for m, b in segments) + \
        plain[2:] + after


def png_with(*chunks, after=b'', behind=()):
    """Chunks before the first IDAT, and `behind` it."""
    plain = clikit.png_bytes(40, 32)
    at, end = plain.index(b'IDAT') - 4, plain.index(b'IEND') - 4
    return (plain[:at] + b''.join(clikit.png_chunk(*c) for c in chunks) + plain[at:end] +
            b''.join(clikit.png_chunk(*c) for c in behind) + plain[end:] + after)


def webp_with(*chunks, after=b''):
    """Chunks behind the picture; the container's length is right."""
    body = (clikit.ROOT / 'tests/image/data/lossless.webp').read_bytes()[8:]
    body += b''.join(kind + struct.pack('<I', len(data)) + data + b'\0' * (len(data) & 1) for kind, data in chunks)
    return b'RIFF' + struct.pack('<I', len(body)) + body + after


CAMERA = tiff(main=[(0x010E, 2, b'd\0'), (0x8649, 1, SECRET)],
              exif=[(0x927C, 7, SECRET), (0xA431, 2, b'SERIAL-4711\0'), (0xA430, 2, b'OWNER-4711\0')],
              gps=[(1, 2, b'N\0\0\0'), (2, 5, struct.pack('<6I', 48, 1, 4711, 100, 0, 1)),
                   (3, 2, b'W\0\0\0'), (4, 5, struct.pack('<6I', 11, 1, 30, 1, 36, 1))], thumbnail=SECRET)
PICTURE_XMP = xmp('<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:image>' + SECRET.hex() +
                  '</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>')
PHOTOSHOP = b'Photoshop 3.0\0' + b''.join(
    b'8BIM' + struct.pack('>HHI', number, 0, len(SECRET)) + SECRET + b'\0' * (len(SECRET) & 1) for number in (0x0409, 0x040C))
JUMBF = c2pa_store(3)
SECRETS = [CLEAN, THUMBNAIL[2:200], SECRET.hex().encode(), b'4711']

PLACES = {  # facts/provenance.md 3.4, with the leak that `inspect` must name in the input
    'jpg EXIF': (jpeg_with((0xE1, b'Exif\0\0' + CAMERA)), ['EXIF thumbnail', "camera maker's note", 'Photoshop thumbnail',
                                                          'GPS position', 'serial number']),
    'jpg JFXX': (jpeg_with((0xE0, b'JFXX\0\x10' + SECRET)), ['JFIF extension thumbnail']),
    'jpg MPF': (jpeg_with((0xE2, b'MPF\0' + tiff([(0xB000, 7, b'0100')])), after=SECRET),
                ['second picture', 'bytes after the end']),
    'jpg after EOI': (jpeg_with(after=SECRET), ['bytes after the end']),
    'jpg Photoshop': (jpeg_with((0xED, PHOTOSHOP)), ['Photoshop thumbnail']),
    'jpg XMP': (jpeg_with((0xE1, XMP_ID + PICTURE_XMP)), ['picture inside XMP']),
    'jpg extended XMP': (jpeg_with((0xE1, b'http://ns.adobe.com/xmp/extension/\0' + b'A' * 32 + bytes(8) + SECRET)),
                         ['picture inside XMP']),
    'jpg C2PA': (jpeg_with((0xEB, b'JP\2\x11\0\0\0\1' + JUMBF)), ['C2PA thumbnail']),
    'jpg FlashPix': (jpeg_with((0xE2, b'FPXR\0\0' + SECRET)), ['FlashPix']),
    'jpg gain map': (jpeg_with((0xE2, b'urn:iso:std:iso:ts:21496:-1\0' + SECRET)), ['unknown private data']),
    'jpg unknown': (jpeg_with((0xE7, SECRET), (0xFE, SECRET)), ['unknown private data']),
    'png eXIf': (png_with((b'eXIf', CAMERA)), ['EXIF thumbnail', "camera maker's note", 'GPS position', 'serial number']),
    'png XMP': (png_with((b'iTXt', b'XML:com.adobe.xmp\0\0\0\0\0' + PICTURE_XMP)), ['picture inside XMP']),
    'png packed XMP': (png_with((b'iTXt', b'XML:com.adobe.xmp\0\1\0\0\0' + zlib.compress(PICTURE_XMP))),
                       ['picture inside XMP']),
    'png raw profile': (png_with((b'zTXt', b'Raw profile type exif\0\0' + zlib.compress(b'\nexif\n9\n' + SECRET)),
                                 (b'tEXt', b'Raw profile type APP1\0' + SECRET)), ['raw profile']),
    'png unknown': (png_with((b'prVt', SECRET), (b'tEXt', b'Comment\0' + SECRET)), ['unknown private data']),
    'png C2PA': (png_with((b'caBX', JUMBF)), ['C2PA thumbnail']),
    'png after IEND': (png_with(after=SECRET), ['bytes after the end']),
    'png APNG': (png_with((b'acTL', struct.pack('>II', 2, 0)),
                          (b'fcTL', struct.pack('>IIIIIHHBB', 0, 40, 32, 0, 0, 1, 9, 0, 0)),
                          behind=[(b'fcTL', struct.pack('>IIIIIHHBB', 1, 40, 32, 0, 0, 1, 9, 0, 0)),
                                  (b'fdAT', struct.pack('>I', 2) + SECRET)]), ['animation frames']),
    'webp EXIF': (webp_with((b'EXIF', CAMERA)), ['EXIF thumbnail', "camera maker's note", 'GPS position', 'serial number']),
    'webp XMP': (webp_with((b'XMP ', PICTURE_XMP)), ['picture inside XMP']),
    'webp C2PA': (webp_with((b'C2PA', JUMBF)), ['C2PA thumbnail']),
    'webp unknown': (webp_with((b'prVt', SECRET), (b'VP8L', SECRET)), ['unknown private data']),
    'webp after the end': (webp_with(after=SECRET), ['bytes after the end']),
}


class Leaks(clikit.Case):
    def test_ten_places(self):
        for place, (data, _) in PLACES.items():
            self.write(f'in/{place}.{place.split()[0]}', data)
        found = {line['input'][3:].rsplit('.', 1)[0]: line['leaks'] for line in self.vernis('inspect', '--json', 'in').lines}
        for place, (_, leaks) in PLACES.items():
            for leak in leaks:
                self.assertTrue([x for x in found[place] if leak in x], (place, leak, found[place]))
        self.protect('in', '-o', 'out', '--keep', 'all', '--steps', '1')  # the policy that keeps most
        written = self.vernis('inspect', '--json', 'out').lines
        self.assertEqual(len(written), len(PLACES))
        for line in written:
            self.assertEqual(line['leaks'], [], line['input'])
            for secret in SECRETS:
                self.assertNotIn(secret, self.data(line['input']), line['input'])


class Asked(clikit.Case):
    def test_place_and_numbers_stay_only_when_asked_for(self):
        for end, data in (('png', png_with((b'eXIf', CAMERA))), ('jpg', jpeg_with((0xE1, b'Exif\0\0' + CAMERA))),
                          ('webp', webp_with((b'EXIF', CAMERA)))):
            self.write(f'in/a.{end}', data)
        place, number = ('48,47.110000N', '11,30.600000W'), 'SERIAL-4711'
        gps, serial = ['GPS position'], ["owner's name or serial number of a camera or lens"]
        for args, keeps_place, keeps_number in ((['--keep', 'all'], False, False), (['--keep-location'], True, False),
                                                (['--keep-serials', '--keep', 'none'], False, True),
                                                (['--keep-location', '--keep-serials'], True, True)):
            self.protect('in', '-o', 'out', '--overwrite', '--steps', '1', *args)
            lines = self.vernis('inspect', '--json', 'out').lines
            self.assertEqual(len(lines), 3)
            for line in lines:
                self.assertEqual((line['latitude'], line['longitude']), place if keeps_place else (None, None))
                self.assertEqual(line['body_serial'], number if keeps_number else None)
                self.assertEqual(line['leaks'], gps * keeps_place + serial * keeps_number)
                for secret in (CLEAN, THUMBNAIL[2:200], b'OWNER-4711') + (() if keeps_number else (b'4711',)):
                    self.assertNotIn(secret, self.data(line['input']), line['input'])


class Label(clikit.Case):
    DECLARED = {
        'source type': (png_with((b'iTXt', b'XML:com.adobe.xmp\0\0\0\0\0' + xmp(
            '', f'Iptc4xmpExt:DigitalSourceType="{SOURCES}trainedAlgorithmicMedia"'))), 'trainedAlgorithmicMedia'),
        'creator tool': (png_with((b'iTXt', b'XML:com.adobe.xmp\0\0\0\0\0' + xmp('', 'xmp:CreatorTool="Midjourney"'))),
                         'names the generator Midjourney'),
        'parameters': (png_with((b'tEXt', b'parameters\0a cat\nSteps: 20')), 'Stable Diffusion web UI'),
        'UserComment': (png_with((b'eXIf', tiff(exif=[(0x9286, 7, b'UNICODE\0' +
                                                      'a cat\nSteps: 20, Sampler: Euler a'.encode('utf-16-be'))]))),
                        'EXIF UserComment'),
        'C2PA': (png_with((b'caBX', box(b'jumb', b'c2pa.actions.v2' + SOURCES.encode() + b'trainedAlgorithmicMedia'))),
                 'C2PA manifest'),
    }

    def test_what_declares_ai_is_said_and_never_called_human(self):
        for kind, (data, words) in self.DECLARED.items():
            with self.subTest(kind):
                self.write('a.png', data)
                self.assertIn(words, self.vernis('inspect', '--json', 'a.png').only['ai_label'])
                done = self.protect('a.png', '--source-type', 'human', '--json', status=1)
                self.assertIn(words, done.only['error']['text'])
                self.assertIn('--source-type', done.only['error']['text'])
                self.assertEqual(self.tree(), ['a.png'])
                done = self.protect('a.png', '--json').only
                self.assertTrue([x for x in done['warnings'] if words in x], done['warnings'])
                (self.folder / 'a.protected.png').unlink()

    def test_one_such_file_does_not_stop_the_others(self):
        self.write('in/a.png', self.DECLARED['source type'][0])
        self.png('in/b.png')
        for source in ('photo', 'scan'):
            self.protect('in/a.png', '--source-type', source, status=1)
        self.protect('in', '-o', 'out', '--source-type', 'human', status=1)
        self.assertEqual(self.tree('out'), ['b.png'])
        found = self.vernis('inspect', '--json', 'out/b.png').only
        self.assertEqual((found['source_type'], found['ai_label']), (SOURCES + 'digitalCreation', None))

    def test_a_true_label_is_not_laundered_away(self):
        trained, web = (SOURCES + 'trainedAlgorithmicMedia', None), (None, 'Stable Diffusion web UI')
        due = {'source type': trained, 'C2PA': trained, 'creator tool': (None, 'Midjourney'), 'parameters': web,
               'UserComment': web}
        for kind, (data, _) in self.DECLARED.items():
            self.write(f'in/{kind}.png', data)
        for keep in ('rights', 'none'):
            self.protect('in', '-o', keep, '--keep', keep, '--steps', '1')
            found = {line['input'].split('/')[1][:-4]: line for line in self.vernis('inspect', '--json', keep).lines}
            self.assertEqual({kind: (line['source_type'], line['ai_system']) for kind, line in found.items()}, due)
            self.assertTrue(all(line['ai_label'] for line in found.values()))

    def test_what_is_written_is_read_as_ai_by_nobody(self):
        self.png('in/a.png')
        self.jpeg('in/b.jpg')
        for source in ('human', 'scan', 'none'):
            self.protect('in', '-o', source, '--source-type', source, '--creator', 'A', '--data-mining', 'genai',
                         '--steps', '1')
            for line in self.vernis('inspect', '--json', source).lines:
                self.assertIsNone(line['ai_label'])
                data = self.data(line['input']).lower()
                for word in (b'algorithmic', b'diffusion', b'generated', b'creatortool', b'software'):
                    self.assertNotIn(word, data)


if __name__ == '__main__':
    clikit.main()
