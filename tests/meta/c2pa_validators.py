# SPDX-License-Identifier: Apache-2.0
"""Validators that share no code with Vernis on signed files, offline: the official one (c2pa-rs) and c2pa-ts must find what
Vernis signs trusted, and in every spoilt file the failure that the specification names; exiftool must read them cleanly.
Arguments: c2pa_tool, vernis, the source folder. `tools/setup --ci` installs the validators, of the versions in
tests/validators/package-lock.json, into build-validators/; without them, or without node, the test is skipped (77)."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOOL, VERNIS, ROOT = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
MODULES = ROOT / 'build-validators'
UNTRUSTED = 'signingCredential.untrusted'
TRUSTED_CODES = {'signingCredential.trusted', 'claimSignature.insideValidity', 'claimSignature.validated',
                 'assertion.dataHash.match'}
QUICK = ('--steps', '1', '--surrogate', ROOT / 'tests/nn/data/s8.safetensors')
problems = []


def expect(what, got, wanted):
    if got != wanted:
        problems.append(f'{what}: got {got!r}, wanted {wanted!r}')


def run(*command, **more):
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, **more).stdout.decode()


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)


def offline():
    """What to put before a command so that it has no network; nothing where that is not allowed."""
    command = ['unshare', '-rn']
    try:
        return command if subprocess.run([*command, 'true'], stderr=subprocess.DEVNULL).returncode == 0 else []
    except OSError:
        return []


def check(folder, files):
    """`files`: name to (root, failure or None)."""
    pairs = [word for name, (root, _) in files.items() for word in (name, root)]
    lines = run(*offline(), 'node', ROOT / 'tests/validators/check.mjs', MODULES, *pairs, cwd=folder).splitlines()
    said = {line['file']: line for line in map(json.loads, lines)}
    expect('files checked', sorted(said), sorted(files))
    for name, (_, failure) in files.items():
        trusted, untrusted, second = (said[name][key] for key in ('trusted', 'untrusted', 'second'))
        print(name, 'official:', trusted['state'], trusted.get('failure'), '| without the root:', untrusted['state'],
              untrusted.get('failure'), '| c2pa-ts:', second)
        if name.endswith('webp'):  # which c2pa-ts does not know
            expect(f'{name} c2pa-ts', second, None)
        elif 'redacted' in name:  # which c2pa-ts does not know
            expect(f'{name} c2pa-ts', set(second['failure']), {'assertion.missing', 'assertion.action.redactionMismatch'})
        else:
            expect(f'{name} c2pa-ts', (second['valid'], second['failure']), (not failure, [failure] if failure else []))
        if failure == 'assertion.missing':  # c2pa-rs reads no further then
            expect(f'{name} official', 'AssertionMissing' in trusted.get('text', ''), True)
            continue
        # c2pa-rs trusts no chain that has expired, whoever is at its end.
        wanted = [failure, UNTRUSTED] if failure == 'signingCredential.expired' else [failure]
        expect(f'{name} official', (trusted['state'], trusted['failure']),
               ('Invalid', wanted) if failure else ('Trusted', []))
        expect(f'{name} without its root', (untrusted['state'], untrusted['failure']),
               ('Invalid' if failure else 'Valid', sorted([UNTRUSTED] + ([failure] if failure else []))))
        if not failure:
            expect(f'{name} successes', TRUSTED_CODES - set(trusted['success']), set())
            expect(f'{name} hashed URIs', 'assertion.hashedURI.match' in trusted['success'], True)


def from_tool(folder):
    files = {}
    for line in run(TOOL, folder).splitlines():
        name, root, failure, state, *codes = line.split()
        files[name] = (root, None if failure == '-' else failure)
        expect(f'{name} own state', state, 'trusted' if failure == '-' else 'invalid')
        expect(f'{name} own codes', codes, [] if failure == '-' else [failure])
    expect('files of the tool', len(files), 30)
    return files


def inspect(path):
    return json.loads(run(VERNIS, 'inspect', '--json', path))


def protect(source, output, *extra):
    run(VERNIS, 'protect', '--again', source, '-o', output, '-q', *QUICK, '--creator', 'Ada Painter', *extra)
    own = inspect(output)
    expect(f'{output.name} inspect', (own['c2pa'], own['c2pa_manifest']['signer'], own['leaks']),
           ('trusted', 'Ada Painter', []))
    return {output.name: ('ada.pem', None)}


def from_command(folder):
    """What the command line makes of pictures, with an identity of its own."""
    os.environ['XDG_CONFIG_HOME'] = str(folder / 'config')
    run(VERNIS, 'identity', 'create', '--name', 'Ada Painter')
    shutil.copy(folder / 'config/vernis/identity/root.pem', folder / 'ada.pem')
    data = ROOT / 'tests/image/data'
    return {**protect(data / 'rgb8.png', folder / 'drawing.png', '--source-type', 'human'),
            **protect(data / 'ycc_444.jpg', folder / 'photo.jpg'),
            **protect(data / 'lossy_alpha.webp', folder / 'served.webp')}


def handed_on(folder, names):
    """Signed files copied under another name, protected again by the same artist, by another, and by one who does not sign."""
    files = {}
    for name in names:
        shutil.copy(folder / name, folder / f'renamed-{name}')
        files[f'renamed-{name}'] = ('ada.pem', None)
        files |= protect(folder / name, folder / f'again-{name}')
        expect(f'again-{name} history', inspect(folder / f'again-{name}')['c2pa_manifest']['manifests'], 2)
    os.environ['XDG_CONFIG_HOME'] = str(folder / 'other')
    for name in names:
        said = json.loads(run(VERNIS, 'protect', '--again', folder / name, '-o', folder / f'unsigned-{name}', '--json', '-q',
                              *QUICK))
        expect(f'unsigned-{name}', (said['metadata']['c2pa'], inspect(folder / f'unsigned-{name}')['c2pa']), ('none', 'none'))
        expect(f'unsigned-{name} warning', any('content credentials were dropped' in text for text in said['warnings']), True)
    run(VERNIS, 'identity', 'create', '--name', 'Bob')
    shutil.copy(folder / 'other/vernis/identity/root.pem', folder / 'bob.pem')
    for name in names:
        run(VERNIS, 'protect', '--again', folder / name, '-o', folder / f'others-{name}', '-q', *QUICK)
        own = inspect(folder / f'others-{name}')['c2pa_manifest']
        expect(f'others-{name} inspect', (own['signer'], own['failure'], own['manifests']), ('Bob', [], 2))
        files[f'others-{name}'] = ('bob.pem', None)
    os.environ['XDG_CONFIG_HOME'] = str(folder / 'config')
    return files


def from_official(folder):
    """What c2pa-rs signs with that identity we find valid, and its thumbnails; protect keeps the history and leaves
    nothing of them."""
    identity = folder / 'config/vernis/identity'
    source = ROOT / 'tests/image/data/ycc_444.jpg'
    run(*offline(), 'node', ROOT / 'tests/validators/sign.mjs', MODULES, identity / 'leaf.pem', identity / 'leaf.key', source,
        folder)
    files, clean = {}, source.read_bytes()
    part = clean[-len(clean) // 2:-10]  # of the coded picture, as it stands in a thumbnail
    for name, manifests in (('first.jpg', 1), ('second.jpg', 2)):
        own = inspect(folder / name)
        expect(f'{name} inspect', (own['c2pa'], own['c2pa_manifest']['failure'], own['c2pa_manifest']['manifests'],
                                   own['c2pa_manifest']['signer']), ('trusted', [], manifests, 'Ada Painter'))
        expect(f'{name} leaks', own['leaks'], ['C2PA thumbnail'])
        spoilt = bytearray((folder / name).read_bytes())
        expect(f'{name} thumbnail', spoilt.count(part), manifests + 1)
        spoilt[spoilt.rindex(b'\xff\xdb') + 9] ^= 1  # a step of the quantiser
        (folder / 'spoilt.jpg').write_bytes(spoilt)
        expect(f'{name} spoilt', [failure['code'] for failure in inspect(folder / 'spoilt.jpg')['c2pa_manifest']['failure']],
               ['assertion.dataHash.mismatch'])
        redacted = folder / f'redacted-{name}'
        files |= protect(folder / name, redacted)
        expect(f'{name} left', redacted.read_bytes().count(part), 0)
        expect(f'{name} history', inspect(redacted)['c2pa_manifest']['manifests'], manifests + 1)
    files |= protect(redacted, folder / 'again.png')
    expect('history of the last', inspect(folder / 'again.png')['c2pa_manifest']['manifests'], 4)
    return files


def check_exiftool(folder, files):
    if not shutil.which('exiftool'):
        return
    for got in json.loads(run('exiftool', '-config', '', '-q', '-json', '-G1', '-a', '-validate', '-warning', '-IFD0:Artist',
                              '-JUMDLabel', *files, cwd=folder)):
        name = got['SourceFile']
        expect(f'{name} exiftool', (got['ExifTool:Validate'], [key for key in got if 'Warning' in key]), ('OK', []))
        if files[name][1] != 'assertion.missing' and not name.endswith('webp'):  # where 12.57 does not know C2PA
            expect(f'{name} boxes', [got.get('JUMBF:JUMDLabel'), 'IFD0:Artist' in got], ['c2pa', 'several' not in name])


if not shutil.which('node'):
    skip('node is not installed')
if not (MODULES / 'node_modules/@contentauth/c2pa-wasm').is_dir():
    skip('the validators are not installed: tools/setup --ci does that')
with tempfile.TemporaryDirectory(prefix='vernis-c2pa-') as made:
    room = pathlib.Path(made)
    everything = {**from_tool(room), **from_command(room)}
    everything |= {**handed_on(room, ('drawing.png', 'photo.jpg', 'served.webp')), **from_official(room)}
    check(room, everything)
    check_exiftool(room, everything)
print('\n'.join(problems) or f'{len(everything)} files: both validators agree with us')
sys.exit(1 if problems else 0)
