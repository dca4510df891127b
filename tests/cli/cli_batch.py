#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""protect over many pictures: what is taken, in which order, how many at once, and what that takes of memory."""
import clikit


class Batch(clikit.Case):
    def pictures(self, below):
        return [name for name in self.tree(below) if name.endswith('.png')]

    def test_what_is_taken(self):
        self.png('in/a b.png')
        self.png('in/sub/c.png', seed=2)
        for name in ('in/.hidden.png', 'in/notes.txt', 'in/sub/.DS_Store'):
            self.write(name, b'x')
        done = self.vernis('protect', *clikit.FAST, '-r', 'in', '-o', 'out')
        self.assertIn('3 hidden or other files were passed over', done.err)
        self.assertEqual(self.pictures('out'), ['a b.png', 'sub/c.png'])

    def test_patterns_that_no_shell_has_seen(self):
        self.png('in/a1.png')
        self.png('in/a2.png', seed=2)
        self.png('in/b.png', seed=3)
        self.png('in/[odd].png', seed=4)  # a name is a name first
        self.protect('in/a*.png', 'in/[odd].png', '-o', 'out')
        self.assertEqual(self.pictures('out'), ['[odd].png', 'a1.png', 'a2.png'])
        self.assertIn('in/z*.png', self.protect('in/z*.png', '-o', 'out', status=1).err)

    def test_the_longest_first(self):
        self.png('in/a.png', 40, 40)
        self.png('in/b.png', 300, 300)
        self.png('in/c.png', 60, 110)
        done = self.vernis('protect', *clikit.FAST, 'in', '-o', 'out', '--jobs', '2')
        self.assertIn('3 pictures, about ', done.err)
        begun = [line.split('in/')[1] for line in done.err.splitlines() if line.startswith('vernis: [')]
        self.assertEqual(begun[0], 'c.png')  # it is not square, so trainers make the most pixels of it
        alone = self.vernis('protect', *clikit.FAST, 'in', '-o', 'out', '--jobs', '1', '--overwrite')
        begun = [line.split('in/')[1] for line in alone.err.splitlines() if line.startswith('vernis: [')]
        self.assertEqual(begun, ['a.png', 'b.png', 'c.png'])


class Memory(clikit.Case):
    def test_an_estimate_is_not_less_than_what_is_taken(self):
        self.png('in/small.png')
        self.png('in/square.png', 520, 520)
        self.png('in/wide.png', 900, 90)
        self.jpeg('in/large.jpg', 1600, 1100)
        planned = self.vernis('protect', '-n', *clikit.FAST, 'in', '-o', 'out', '--json').lines
        done = self.protect('in', '-o', 'out', '--json', '--jobs', '1').lines
        self.assertEqual(len(done), 4)
        for plan, taken in zip(planned, done):
            self.assertEqual(plan['input'], taken['input'])
            self.assertGreaterEqual(plan['peak_memory_bytes'], taken['peak_memory_bytes'], plan['input'])
            self.assertLess(plan['peak_memory_bytes'], 2 * taken['peak_memory_bytes'], plan['input'])

    def test_measuring_a_banner_takes_more_than_protecting_it(self):
        wide = ['--surrogate', str(clikit.ROOT / 'tests/nn/data/t8_skip.safetensors'), '--steps', '1', '--json']
        self.png('banner.png', 1000, 60)
        plan = self.vernis('protect', '-n', *wide, 'banner.png', '-o', 'out.png').lines[0]
        taken = self.vernis('protect', *wide, 'banner.png', '-o', 'out.png').lines[0]
        self.assertGreaterEqual(plan['peak_memory_bytes'], taken['peak_memory_bytes'])
        self.assertLess(plan['peak_memory_bytes'], 2 * taken['peak_memory_bytes'])

    def test_fewer_at_once_where_memory_is_short(self):
        for i in range(3):
            self.png(f'in/{i}.png', 300, 300, seed=i)
        need = max(line['peak_memory_bytes'] for line in
                   self.vernis('protect', '-n', *clikit.FAST, 'in', '-o', 'out', '--json', '--threads', '1').lines)
        done = self.vernis('protect', *clikit.FAST, 'in', '-o', 'out', '--jobs', '3', '--threads', '1',
                           '--max-memory', str(int(2.5 * need)))
        self.assertIn('--jobs 3: memory allows 2 at once', done.err)
        self.assertIn(', 2 at once', done.err)
        self.assertIn('3 protected', done.err)
        done = self.vernis('protect', *clikit.FAST, 'in', '-o', 'out', '--max-memory', str(int(1.2 * need)), '--threads',
                           '1', '--overwrite')
        self.assertNotIn('at once', done.err)


clikit.main()
