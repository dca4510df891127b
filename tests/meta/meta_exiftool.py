# SPDX-License-Identifier: Apache-2.0
"""exiftool as an independent judge: it reads back what the writers wrote and finds nothing to warn about, and what it
writes itself the readers understand. Exit status 77 (skipped) where it is not installed. Argument: meta_tool."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOOL = sys.argv[1]
MINING = 'http://ns.useplus.org/ldf/vocab/'
problems = []


def expect(what, got, wanted):
    if got != wanted:
        problems.append(f'{what}: got {got!r}, wanted {wanted!r}')


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def exiftool(*arguments):
    return run('exiftool', '-config', '', '-q', *arguments)


def tags(*paths):
    """A dictionary of tags for each file."""
    return json.loads(exiftool('-json', '-G1', '-struct', '-a', '-validate', '-warning', '-all', *paths))


def found_in(kind, block, folder):
    path = folder / 'block'
    path.write_bytes(block)
    pairs = [line.split('=', 1) for line in run(TOOL, 'read', kind, path).decode().splitlines() if '=' in line]
    found = {}
    for key, value in pairs:
        found[key] = f'{found[key]}; {value}' if key in found else value
    return found


def check_sample(path, got):
    wanted = {
        'ExifTool:Validate': 'OK',
        'IFD0:Artist': 'Zoé Müller; 漢字 🎨',
        'IFD0:Copyright': '© 2025 Zoé <Müller> & "Söhne"',
        'IFD0:ImageDescription': '漢 a painting of\ta fox 🦊',
        'IFD0:Orientation': 'Horizontal (normal)',
        'IFD0:Software': 'Vernis',
        'XMP-dc:Creator': ['Zoé Müller', '漢字 🎨'],
        'XMP-dc:Rights': '© 2025 Zoé <Müller> & "Söhne"',
        'XMP-dc:Description': '漢 a painting of\ta fox 🦊',
        'XMP-xmpRights:Marked': True,
        'XMP-xmpRights:WebStatement': 'https://example.org/licence?a=1&b=2',
        'XMP-xmpRights:UsageTerms': 'No training.\nNo "mining" ]]> & no résumé.',
        'XMP-plus:OtherConstraints': 'No replicas, no <imitation> of style.',
        'XMP-plus:DataMining': MINING + 'DMI-PROHIBITED-SEECONSTRAINT',
        'XMP-plus:Licensor': [{'LicensorName': 'Atelier Müller & Söhne', 'LicensorEmail': 'licences@example.org',
                               'LicensorURL': 'https://example.org/buy?x=<1>'}],
        'XMP-photoshop:Credit': "Atelier 'M' & Co",
        'XMP-iptcCore:CreatorContactInfo': {'CiEmailWork': 'zoé@example.org', 'CiUrlWork': 'https://example.org/kontakt/é'},
        'XMP-iptcExt:DigitalSourceType': 'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation',
        'XMP-tdm:Reservation': 1,
    }
    if path.suffix == '.jpg':
        wanted |= {'IPTC:By-line': ['Zoé Müller', '漢字 🎨'], 'IPTC:CopyrightNotice': '© 2025 Zoé <Müller> & "Söhne"',
                   'IPTC:Credit': "Atelier 'M' & Co", 'IPTC:Caption-Abstract': '漢 a painting of\ta fox 🦊',
                   'IPTC:CodedCharacterSet': 'UTF8',
                   'Photoshop:IPTCDigest': got.get('File:CurrentIPTCDigest', 'none')}
    for key, value in wanted.items():
        expect(f'{path.name} {key}', got.get(key), value)
    expect(f'{path.name} warnings', [key for key in got if 'Warning' in key or 'Error' in key], [])
    extra = [key for key in got if key.startswith(('IFD1', 'GPS', 'ExifIFD', 'MakerNotes'))]
    expect(f'{path.name} unwanted EXIF', extra, [])
    expect(f'{path.name} IFD0', sum(key.startswith('IFD0:') for key in got), 9)


def check_located(path):
    got, = json.loads(exiftool('-json', '-G1', '-n', '-a', '-validate', '-warning', '-all', path))
    wanted = {'ExifTool:Validate': '0 0 0', 'GPS:GPSVersionID': '2 3 0 0', 'GPS:GPSLatitudeRef': 'S', 'GPS:GPSLongitudeRef': 'E',
              'XMP-exifEX:SerialNumber': 'B 12345', 'XMP-exifEX:LensSerialNumber': 'L 678'}
    for key, value in wanted.items():
        expect(f'{path.name} {key}', got.get(key), value)
    for key, value in (('GPSLatitude', 33.856784), ('GPSLongitude', 151.215297)):
        for group in ('GPS', 'XMP-exif'):
            degrees = got[f'{group}:{key}']
            expect(f'{path.name} {group}:{key}', round(abs(float(degrees)), 6), value)
    expect(f'{path.name} GPS tags', sum(key.startswith('GPS:') for key in got), 5)


def check_mining(folder):
    wanted = {'all': 'DMI-PROHIBITED', 'ai': 'DMI-PROHIBITED-AIMLTRAINING', 'genai': 'DMI-PROHIBITED-GENAIMLTRAINING',
              'allow': 'DMI-ALLOWED', 'none': None, 'default': 'DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING'}
    paths = sorted(folder.glob('mining-*.jpg'))
    expect('data-mining samples', len(paths), 15)
    for path, got in zip(paths, tags(*paths)):
        choice = path.stem[len('mining-'):]
        token = wanted.get(choice, choice)
        expect(f'{choice} value', got.get('XMP-plus:DataMining'), token and MINING + token)
        expect(f'{choice} reservation', got.get('XMP-tdm:Reservation'), 1 if token and 'PROHIBITED' in token else None)
        expect(f'{choice} valid', got['ExifTool:Validate'], 'OK')


def check_foreign(folder):
    """What exiftool writes: structures, language alternatives, big-endian EXIF, IIM."""
    path = folder / 'foreign.jpg'
    shutil.copy(folder / 'mining-none.jpg', path)
    exiftool('-all=', '-overwrite_original', path)
    exiftool('-overwrite_original', '-exifbyteorder=MM', '-charset', 'iptc=UTF8', '-codedcharacterset=UTF8',
             '-EXIF:Artist=Émile', '-EXIF:Copyright=© Émile', '-EXIF:ImageDescription=a 漢 picture',
             '-EXIF:Software=Krita 5',
             '-GPSLatitude=48.1', '-GPSLatitudeRef=N', '-GPSLongitude=11.5', '-GPSLongitudeRef=W',
             '-EXIF:SerialNumber=N 1',
             '-EXIF:LensSerialNumber=N 2', '-XMP-aux:SerialNumber=N 3', '-XMP-exif:GPSLatitude=-0.75',
             '-XMP-exif:GPSLongitude=179.5', '-XMP-iptcCore:CreatorWorkEmail=m@c.example',
             '-XMP-dc:Creator=Ana', '-XMP-dc:Creator=Bo & Co',
             '-XMP-dc:Rights=© Ana', '-XMP-dc:Rights-fr=droits', '-XMP-photoshop:Credit=Agence',
             '-XMP-xmpRights:WebStatement=https://a.example/?q=1&r=2', '-XMP-xmpRights:UsageTerms=ask <first>',
             '-XMP-plus:OtherConstraints=no replicas',
             '-XMP-plus:Licensor={LicensorName=L,LicensorURL=https://l.example/},'
             '{LicensorName=M,LicensorEmail=m@l.example}',
             '-XMP-iptcCore:CreatorWorkURL=https://c.example/',
             '-XMP-iptcExt:DigitalSourceType=http://cv.iptc.org/newscodes/digitalsourcetype/print',
             '-XMP-xmp:CreatorTool=Kritä', '-IPTC:By-line=Äna', '-IPTC:By-line=Bö', '-IPTC:CopyrightNotice=© I',
             '-IPTC:Credit=Crédit', '-IPTC:Caption-Abstract=écrit', path)
    xmp = found_in('xmp', exiftool('-xmp', '-b', path), folder)
    expect('foreign xmp', xmp, {
        'creator': 'Ana; Bo & Co', 'copyright': '© Ana', 'credit': 'Agence',
        'license_url': 'https://a.example/?q=1&r=2',
        'licensor_name': 'L', 'licensor_url': 'https://l.example/', 'contact_email': 'm@c.example',
        'contact_url': 'https://c.example/', 'usage_terms': 'ask <first>',
        'constraints': 'no replicas',
        'source_type': 'http://cv.iptc.org/newscodes/digitalsourcetype/print', 'software': 'Kritä',
        'latitude': '0,45.000000S', 'longitude': '179,30.000000E', 'body_serial': 'N 3', 'leak': "GPS position; owner's name or serial number of a camera or lens"})
    compact = exiftool('-api', 'Compact=Shorthand,OneDesc', '-o', '-.xmp', '-tagsfromfile', path, '-xmp:all', path)
    expect('foreign xmp, attributes', found_in('xmp', compact, folder), xmp)
    exif = exiftool('-exif', '-b', path)
    expect('big-endian', exif[:2], b'MM')
    expect('foreign exif', found_in('exif', exif, folder), {
        'creator': 'Émile', 'copyright': '© Émile', 'description': 'a 漢 picture', 'software': 'Krita 5',
        'latitude': '48,06.000000N', 'longitude': '11,30.000000W', 'body_serial': 'N 1', 'lens_serial': 'N 2'})
    expect('foreign iim', found_in('iptc', exiftool('-iptc', '-b', path), folder), {
        'creator': 'Äna; Bö', 'copyright': '© I', 'credit': 'Crédit', 'description': 'écrit'})


if not shutil.which('exiftool'):
    print('exiftool is not installed')
    sys.exit(77)
with tempfile.TemporaryDirectory(prefix='vernis exiftool ') as name:
    room = pathlib.Path(name)
    run(TOOL, 'write', room)
    files = [room / f'{kind}.{end}' for kind in ('sample', 'nothing') for end in ('png', 'jpg', 'webp')]
    everything = tags(*files)
    for file, got in zip(files[:3], everything[:3]):
        check_sample(file, got)
    for file, got in zip(files[3:], everything[3:]):
        expect(file.name, got['ExifTool:Validate'], 'OK')
        expect(file.name, [key for key in got if key.startswith('XMP')], [])
    for end in ('png', 'jpg', 'webp'):
        check_located(room / f'located.{end}')
    check_mining(room)
    check_foreign(room)
print('\n'.join(problems) or 'exiftool agrees')
sys.exit(1 if problems else 0)
