# SPDX-License-Identifier: Apache-2.0
"""--exact: the same file from every instruction set and number of threads."""
import clikit

SETS = ('scalar', 'avx2', 'avx512', 'amx')


class Exact(clikit.Case):
    def test_same_bytes_everywhere(self):
        self.png('a.png', 96, 72)
        made = {}
        for number, cpu in enumerate(SETS):
            for threads in ('1', '3'):
                name = f'{cpu}-{threads}.png'
                self.protect('a.png', '-o', name, '-q', '--exact', '--cpu', cpu, '--threads', threads)
                made[name] = self.data(name)
        self.assertEqual(len(set(made.values())), 1, {name: len(data) for name, data in made.items()})


if __name__ == '__main__':
    clikit.main()
