# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of tests/fuzz/fuzz_meta.c: python3 tools/fuzz_meta_seeds.py META_TOOL (build/tests/meta/meta_tool).
The blocks are those of the samples that meta_tool writes, and of what exiftool makes of them."""
import pathlib
import subprocess
import sys
import tempfile

tool = sys.argv[1]
corpus = pathlib.Path(__file__).resolve().parent.parent / 'tests/fuzz/corpus/meta'
corpus.mkdir(parents=True, exist_ok=True)


def seed(name, kind, data):
    (corpus / name).write_bytes(bytes([kind]) + data)


def exiftool(*arguments):
    return subprocess.run(['exiftool', '-q', *map(str, arguments)], check=True, stdout=subprocess.PIPE).stdout


with tempfile.TemporaryDirectory() as name:
    room = pathlib.Path(name)
    subprocess.run([tool, 'write', room], check=True)
    jpeg = room / 'sample.jpg'
    seed('exif-own', 0, exiftool('-exif', '-b', jpeg))
    seed('xmp-own', 1, exiftool('-xmp', '-b', jpeg))
    exiftool('-overwrite_original', '-all=', jpeg)
    seed('jpeg', 6, jpeg.read_bytes())
    png = room / 'sample.png'
    exiftool('-overwrite_original', '-all=', png)
    seed('png', 5, png.read_bytes())
    webp = room / 'sample.webp'
    exiftool('-overwrite_original', '-all=', webp)
    seed('webp', 8, webp.read_bytes())
    exiftool('-overwrite_original', '-exifbyteorder=MM', '-EXIF:Artist=Émile; Zoé', '-EXIF:Copyright=c',
             '-GPSLatitude=48.1',
             '-EXIF:Software=Krita', '-XMP-dc:Creator=Ana', '-XMP-dc:Creator=Bo & Co', '-XMP-dc:Rights-fr=droits',
             '-XMP-dc:Rights=rights', '-XMP-plus:Licensor={LicensorName=L,LicensorURL=https://l.example/}',
             '-XMP-iptcCore:CreatorWorkURL=https://c.example/', '-XMP-xmp:CreatorTool=Midjourney',
             '-XMP-iptcExt:DigitalSourceType=http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia',
             '-codedcharacterset=UTF8', '-IPTC:By-line=Äna', '-IPTC:By-line=Bö', '-IPTC:CopyrightNotice=I',
             '-IPTC:Caption-Abstract=écrit', jpeg)
    exiftool('-overwrite_original', '-exifbyteorder=MM', '-UserComment=été, Steps: 20, Sampler: Euler', '-SerialNumber=1', png)
    seed('exif-comment', 0, exiftool('-exif', '-b', png))
    seed('exif-foreign', 0, exiftool('-exif', '-b', jpeg))
    seed('xmp-foreign', 1, exiftool('-xmp', '-b', jpeg))
    seed('iim', 2, exiftool('-iptc', '-b', jpeg))
    seed('xmp-attributes', 1,
         exiftool('-api', 'Compact=Shorthand,OneDesc', '-o', '-.xmp', '-tagsfromfile', jpeg, '-xmp:all', jpeg))
seed('xmp-doctype', 1, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
seed('c2pa', 3, b'\0\0\0\x40jumbjumdc2pa.thumbnail.claim http://cv.iptc.org/trainedAlgorithmicMedia\0')
seed('text', 4, b'Software\0NovelAI')
seed('own', 7, 'Zoé; B\0© <&>\0C\0http://l/\0\0'.encode())
