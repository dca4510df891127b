# SPDX-License-Identifier: Apache-2.0
"""kill -9 at fifty random moments, each followed by --resume: every file is there exactly once, and nothing else."""
import collections
import random
import sqlite3
import subprocess
import time

import clikit

KILLS = 50
LEDGER = '.config/data/vernis/ledger.sqlite'


class Killed(clikit.Case):
    def check(self, kills, jobs, seed):
        names = [f'{i}.png' for i in range(3)]
        for i, name in enumerate(names):
            self.png(f'in/{name}', 24, 24, seed=i)
        draw = random.Random(seed)
        args = ['protect', *clikit.SMALL, '--steps', '1', '-q', '--threads', '1', '--jobs', jobs, 'in', '-o', 'out', '--resume']
        start = time.monotonic()
        self.vernis(*args)
        whole = time.monotonic() - start
        undone = 0
        for _ in range(kills):
            if not undone:  # all over again, so that there is something to kill
                for name in self.tree('out'):
                    (self.folder / 'out' / name).unlink()
            process = subprocess.Popen(self.command(*args), cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(draw.uniform(0, whole))
            process.kill()
            process.wait()
            left = self.tree('out')
            for name in left:
                self.assertTrue(name.startswith('.vernis-') or clikit.is_whole(self.folder / 'out' / name), name)
            undone = len(names) - sum(name in names for name in left)
        self.vernis(*args, status=0 if undone else None)
        self.vernis(*args, status=3)
        self.assertEqual(self.tree('out'), names)
        for name in names:
            self.assertTrue(clikit.is_whole(self.folder / 'out' / name))
        database = sqlite3.connect(self.folder / LEDGER)
        self.addCleanup(database.close)
        self.assertEqual(database.execute('PRAGMA integrity_check').fetchall(), [('ok',)])
        rows = database.execute('SELECT state, output FROM work').fetchall()
        self.assertEqual(collections.Counter(rows), collections.Counter((2, str(self.folder.resolve() / 'out' / name))
                                                                        for name in names))
        self.vernis('ledger', 'check')

    def test_one_process(self):
        self.check(KILLS // 2, '1', 1)

    def test_two_workers(self):
        self.check(KILLS - KILLS // 2, '2', 2)


if __name__ == '__main__':
    clikit.main()
