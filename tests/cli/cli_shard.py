# SPDX-License-Identifier: Apache-2.0
"""--shard I/N: the shares are the same every time, hold every picture once, and keep the rules that hold for all of them."""
import subprocess

import clikit


class Shards(clikit.Case):
    def plan(self, shard, *args, status=0):
        """The inputs that a shard would do."""
        done = self.vernis('protect', *clikit.FAST, '-n', '--json', '--shard', shard, *args, status=status)
        return [line['input'] for line in done.lines if line['status'] == 'planned']

    def fill(self, folder, count):
        picture = clikit.png_bytes(16, 16)
        for i in range(count):
            self.write(f'{folder}/{i % 5}/work {i}.png', picture)

    def test_every_picture_is_in_one_shard(self):
        self.fill('in', 60)
        shares = [self.plan(f'{i}/4', '-r', 'in', '-o', 'out') for i in range(1, 5)]
        names = [name for share in shares for name in share]
        self.assertEqual(sorted(names), sorted(n for n in self.tree() if n.startswith('in/')))
        self.assertEqual(len(set(names)), 60)
        # 15 each are meant; the chance that a fair hash gives one of four less than 4 or more than 30 is below 1 in 10^3.
        self.assertTrue(all(4 <= len(share) <= 30 for share in shares), [len(share) for share in shares])
        self.assertEqual(self.plan('1/1', '-r', 'in', '-o', 'out'), sorted(names))

    def test_the_share_depends_on_the_path_below_the_operand_alone(self):
        self.fill('in', 20)
        first = self.plan('2/3', '-r', 'in', '-o', 'out')
        self.assertTrue(0 < len(first) < 20)
        (self.folder / 'in').rename(self.folder / 'moved')
        self.png('moved/another.png')
        second = self.plan('2/3', '-r', str(self.folder / 'moved'), '-o', 'out')
        second = [name[len(str(self.folder / 'moved')):] for name in second if not name.endswith('another.png')]
        self.assertEqual(second, [name[len('in'):] for name in first])

    def test_the_hash_is_the_one_that_is_documented(self):
        """FNV-1a as published (offset basis 0xcbf29ce484222325, prime 0x100000001b3), its halves added without carry."""
        def shard(name, count):
            value = 0xcbf29ce484222325
            for byte in name.encode():
                value = (value ^ byte) * 0x100000001b3 % 2**64
            return (value ^ value >> 32) % 2**32 % count + 1
        names = ['été.png', 'a.png', 'sub/a.png']
        for name in names:
            self.png(f'in/{name}', 16, 16)
        for i in range(1, 4):
            self.assertEqual(self.plan(f'{i}/3', '-r', 'in', '-o', 'out'),
                             sorted(f'in/{n}' for n in names if shard(n, 3) == i))

    def test_shards_together_do_what_one_run_does(self):
        self.fill('in', 6)
        self.vernis('protect', *clikit.FAST, '-q', '-r', 'in', '-o', 'one', '--c2pa', 'off')
        total = 0
        for i in (1, 2, 3):
            done = self.vernis('protect', *clikit.FAST, '-r', 'in', '-o', 'many', '--c2pa', 'off', '--shard', f'{i}/3', '--json')
            total += len(done.lines)
            self.assertIn(f'shard {i}/3: {len(done.lines)} of 6 pictures', done.err)
        self.assertEqual(total, 6)
        pictures = [name for name in self.tree('one') if name.endswith('.png')]
        self.assertEqual(len(pictures), 6)
        self.assertEqual([n for n in self.tree('many') if n.endswith('.png')], pictures)
        for name in pictures:
            self.assertEqual(self.data(f'one/{name}'), self.data(f'many/{name}'))

    def test_an_empty_shard_is_done(self):
        self.png('a.png')
        statuses = [self.plan(f'{i}/3', 'a.png', '-o', 'out/') for i in range(1, 4)]
        self.assertEqual(sorted(map(len, statuses)), [0] * 2 + [1])

    def test_names_collide_across_shards(self):
        """A picture sees the names of all, whichever shard they are in."""
        self.png('in/a.png')
        self.jpeg('in/a.jpg')
        self.png('p/sub/x.png')
        self.png('sub/x.png')
        overwriting = []
        for i in (1, 2, 3):
            self.plan(f'{i}/3', 'in', '-o', 'out', '--format', 'png', status=2)
            # sub/x.png is what the first becomes, and an input of another shard: that one shard refuses.
            done = subprocess.run(self.command('protect', *clikit.FAST, '-n', '--json', '--shard', f'{i}/3', '-r', 'p', 'sub',
                                               '-o', '.', '--overwrite'), cwd=self.folder, env=self.env, capture_output=True)
            overwriting.append((done.returncode, done.stdout.count(b'p/sub/x.png')))
        self.assertEqual(sorted(overwriting), [(0, 0), (0, 0), (2, 0)])
        self.fill('p', 8)
        done = [self.plan(f'{i}/3', '-r', 'p', 'p/sub/x.png') for i in (1, 2, 3)]
        self.assertEqual(sum(done, []).count('p/sub/x.png'), 1)

    def test_what_is_no_shard_is_refused(self):
        self.png('a.png')
        for text in ['', '0/4', '5/4', '1', '1/', '/4', '1/4x', '-1/4', '1/0', '1/100001', 'one/two', '1,4']:
            done = self.vernis('protect', *clikit.FAST, 'a.png', '--shard', text, status=2)
            self.assertOneLine(done, '--shard', 'I/N')
        self.assertEqual(self.tree(), ['a.png'])


clikit.main()
