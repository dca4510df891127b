# SPDX-License-Identifier: Apache-2.0
"""Content credentials as an artist meets them: an identity, signed files, what inspect says of them, and what goes wrong."""
import os
import shutil

import clikit


class Identity(clikit.Case):
    def setUp(self):
        super().setUp()
        self.home = self.config / 'vernis' / 'identity'

    def create(self, *args, **more):
        return self.vernis('identity', 'create', '--name', 'Ada Ärtist', *args, **more)

    def contents(self):
        return {path.name: path.read_bytes() for path in self.home.iterdir()}

    def made(self, *args, output='out.png', source='a.png'):
        return self.protect('--json', '--overwrite', source, '-o', output, *args).only

    def inspected(self, name):
        return self.vernis('inspect', '--json', name).only

    def failures(self, name):
        return [failure['code'] for failure in self.inspected(name)['c2pa_manifest']['failure']]

    def test_keys_are_the_owners_alone(self):
        os.umask(0o022)
        said = self.create('--json').only
        self.assertEqual((said['status'], said['name']), ('ok', 'Ada Ärtist'))
        self.assertEqual(said['root'], str(self.home / 'root.pem'))
        self.assertEqual(self.home.stat().st_mode & 0o777, 0o700)
        for name in ('root.key', 'leaf.key'):
            self.assertEqual((self.home / name).stat().st_mode & 0o777, 0o600, name)
        self.assertEqual(sorted(self.contents()), ['leaf.key', 'leaf.pem', 'root.key', 'root.pem'])

    def test_nothing_is_replaced(self):
        self.assertIn('root.pem', self.create().out)
        before = self.contents()
        self.assertOneLine(self.create(status=1), str(self.home), 'already')
        self.assertEqual(self.contents(), before)
        for name in ('leaf.pem', 'leaf.key'):
            (self.home / name).rename(self.folder / name)
        self.create()
        after = self.contents()
        self.assertEqual([name for name in before if before[name] != after[name]],
                         [name for name in before if name.startswith('leaf')])
        (self.home / 'leaf.pem').unlink()  # a key alone is not replaced either
        self.create(status=1)

    def test_usage(self):
        for args in ([], ['destroy'], ['create', 'x'], ['create', '--name', ''], ['create', '--name', 'x' * 65]):
            self.vernis('identity', *args, status=2)
        self.assertFalse(self.home.exists())

    def test_signed_when_there_is_an_identity(self):
        self.png('a.png')
        self.jpeg('b.jpg')
        self.assertEqual(self.made()['metadata']['c2pa'], 'none')
        plain = self.data('out.png')
        self.assertEqual((self.inspected('out.png')['c2pa'], self.inspected('out.png')['c2pa_manifest']), ('none', None))
        self.create()
        self.assertEqual(self.made('--c2pa', 'off')['metadata']['c2pa'], 'off')
        self.assertEqual(self.data('out.png'), plain)
        self.assertEqual(self.made()['metadata']['c2pa'], 'signed')
        self.assertLess(len(self.data('out.png')) - len(plain), 3500)
        self.assertEqual(self.made(output='out.jpg', source='b.jpg')['metadata']['c2pa'], 'signed')
        for name in ('out.png', 'out.jpg'):
            shutil.copy(self.folder / name, self.folder / f'renamed {name}')
            for each in (name, f'renamed {name}'):
                found = self.inspected(each)
                self.assertEqual((found['c2pa'], found['leaks'], found['ai_label']), ('trusted', [], None))
                self.assertEqual(found['c2pa_manifest']['signer'], 'Ada Ärtist')
                self.assertEqual(self.failures(each), [])
            self.assertIn('trusted', self.vernis('inspect', name).out)

    def test_what_inspect_says(self):
        self.png('a.png')
        self.create()
        self.made('--creator', 'Ada')
        good = self.data('out.png')
        spoilt = {'text.png': ('assertion.dataHash.mismatch', good.index(b'>Ada<') + 1)}
        for label, code in ((b'Protective', 'assertion.hashedURI.mismatch'), (b'specVersion', 'claimSignature.mismatch')):
            spoilt[f'{label.decode()}.png'] = (code, good.index(label))
        for name, (code, at) in spoilt.items():
            self.write(name, self.mended(good[:at] + bytes([good[at] ^ 32]) + good[at + 1:]))
            self.assertEqual((self.inspected(name)['c2pa'], self.failures(name)), ('invalid', [code]), name)
            words = self.vernis('inspect', name).out
            self.assertIn('INVALID', words)
            self.assertIn(code, words)
        self.env['XDG_CONFIG_HOME'] = str(self.folder / 'somebody else')
        self.assertEqual(self.inspected('out.png')['c2pa'], 'valid')
        self.assertEqual(self.failures('out.png'), ['signingCredential.untrusted'])
        self.assertIn('unknown', self.vernis('inspect', 'out.png').out)

    @staticmethod
    def mended(png):
        out, at = png[:8], 8
        while at < len(png):
            size = int.from_bytes(png[at:at + 4], 'big')
            out += clikit.png_chunk(png[at + 4:at + 8], png[at + 8:at + 8 + size])
            at += 12 + size
        return out

    def test_protected_again(self):
        self.png('a.png')
        self.create()
        self.made()
        for args, c2pa, manifests, warning in (([], 'signed', 2, None), (['--keep', 'none'], 'signed', 1, 'dropped'),
                                               (['--c2pa', 'off'], 'off', None, 'dropped')):
            again = self.made('--again', *args, source='out.png', output='again.png')
            self.assertEqual(again['metadata']['c2pa'], c2pa)
            self.assertEqual(bool(warning), any('content credentials were dropped' in text for text in again['warnings']))
            found = self.inspected('again.png')
            self.assertEqual((found['c2pa'], found['leaks']), ('trusted' if manifests else 'none', []))
            self.assertEqual(manifests, found['c2pa_manifest'] and found['c2pa_manifest']['manifests'])
        good = self.data('out.png')
        at = good.index(b'Protective')
        self.write('spoilt.png', self.mended(good[:at] + b'p' + good[at + 1:]))
        again = self.made('--again', source='spoilt.png', output='again.png')
        self.assertIn('not valid', ' '.join(again['warnings']))
        self.assertEqual(self.inspected('again.png')['c2pa_manifest']['manifests'], 1)

    def test_a_certificate_of_ones_own(self):
        self.png('a.png')
        self.create()
        for name in ('leaf.pem', 'leaf.key', 'root.pem'):
            shutil.copy(self.home / name, self.folder / name)
        self.env['XDG_CONFIG_HOME'] = str(self.folder / 'somebody else')
        self.assertEqual(self.made('--cert', 'leaf.pem', '--key', 'leaf.key')['metadata']['c2pa'], 'signed')
        self.assertEqual(self.inspected('out.png')['c2pa'], 'valid')
        self.vernis('identity', 'create')
        for args, status, words in ((['--cert', 'leaf.pem'], 2, ['--key']), (['--key', 'leaf.key'], 2, ['--cert']),
                                    (['--cert', 'leaf.pem', '--key', 'leaf.key', '--c2pa', 'off'], 2, ['--c2pa off']),
                                    (['--cert', 'root.pem', '--key', 'leaf.key'], 1, ['root.pem', 'does not belong']),
                                    (['--cert', 'leaf.pem', '--key', 'leaf.pem'], 1, ['leaf.pem', 'private key']),
                                    (['--cert', 'none.pem', '--key', 'leaf.key'], 1, ['none.pem', 'No such file'])):
            before = self.files()
            done = self.protect('a.png', '-o', 'new.png', '--json', *args, status=status)
            self.assertIn('failed', done.only['status'])
            self.assertOneLine(done, *words)
            self.assertEqual(self.files(), before)

    def test_a_broken_identity_hinders_signing_alone(self):
        self.png('a.png')
        self.create()
        (self.home / 'leaf.key').write_text('nonsense')
        done = self.protect('a.png', '-o', 'out.png', status=1)
        self.assertOneLine(done, 'leaf.key', 'private key')
        self.assertNotIn('out.png', self.tree())
        self.made('--c2pa', 'off')
        self.vernis('verify', *clikit.SMALL, 'a.png', 'out.png')
        self.assertEqual(self.inspected('out.png')['c2pa'], 'none')


if __name__ == '__main__':
    clikit.main()
