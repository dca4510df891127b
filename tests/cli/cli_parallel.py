# SPDX-License-Identifier: Apache-2.0
"""examples/shards-parallel with GNU parallel itself: on this machine, and on two whose ssh is a script that stands in for it."""
import json
import os
import shutil
import subprocess
import sys

import clikit

SCRIPT = str(clikit.ROOT / 'examples/shards-parallel')
CREATOR = "Ada \"O'Painter\" {} $HOME"
# What ssh does with [-l USER] HOST -- COMMAND...: a shell elsewhere, which gets the words joined by blanks.
SSH = '''#!/bin/sh
user=
[ "$1" != -l ] || { user=$2@; shift 2; }
printf '%s\\n' "$user$1" >>"$SSH_LOG"
shift
[ "$1" != -- ] || shift
cd / && exec sh -c "$*"
'''


class Parallel(clikit.Case):
    def setUp(self):
        super().setUp()
        self.write('ssh', SSH.encode()).chmod(0o755)
        self.env.update(VERNIS=clikit.VERNIS, PARALLEL_SSH=str(self.folder / 'ssh'), SSH_LOG=str(self.folder / 'ssh.log'),
                        XDG_DATA_HOME=str(self.folder / '.data'), SHARDS='2')
        self.names = ['a b.png', "it's.png", 'sub/$(d).png', 'sub/deep/é.png']
        for i, name in enumerate(self.names):
            self.png(f'my in/{name}', 24, 16, seed=i)

    def shards(self, hosts, status=0):
        command = [SCRIPT, hosts, 'my in', 'out', *clikit.SMALL, '--steps', '1', '--creator', CREATOR, '--c2pa', 'off']
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=250)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def done_in(self, ledger):
        """Which outputs a ledger says are done, by name below out/."""
        lines = self.vernis('ledger', 'export', '--ledger', f'out.ledgers/{ledger}.sqlite').lines
        top = os.path.realpath(self.folder / 'out')
        return [os.path.relpath(row['output'], top) for row in lines if row['status'] == 'done']

    def test_every_picture_once_and_again_nothing(self):
        self.shards('2/:')
        self.assertEqual(self.tree('out'), sorted(self.names))
        each = [self.done_in(f'shard-{i}') for i in (1, 2)]
        self.assertEqual(sorted(sum(each, [])), sorted(self.names))
        self.assertEqual(sorted(self.done_in('all')), sorted(self.names))
        page = self.data('out.html').decode()
        for name in self.names:
            self.assertIn(os.path.basename(name).replace("'", '&#39;'), page)
        seen = json.loads(self.vernis('inspect', 'out/a b.png', '--json').out)
        self.assertIn(CREATOR, json.dumps(seen, ensure_ascii=False).replace('\\"', '"'))
        self.env['REPORT'] = 'no'
        before = {name: (self.data(f'out/{name}'), (self.folder / 'out' / name).stat().st_mtime_ns) for name in self.names}
        self.shards('2/:')
        self.assertEqual(before, {name: (self.data(f'out/{name}'), (self.folder / 'out' / name).stat().st_mtime_ns)
                                  for name in self.names})
        self.assertEqual(sorted(self.done_in('all')), sorted(self.names))

    def test_on_machines_reached_by_ssh_and_a_broken_picture(self):
        self.env['REPORT'] = 'no'
        self.env['SHELL'] = '/bin/false'  # whoever logs in there
        self.write('my in/broken.png', b'\x89PNG\r\n\x1a\nno more')
        done = self.shards('1/alpha,1/ada@beta', status=1)
        self.assertIn('broken.png', done.stderr)
        self.assertRegex(done.stderr, r'shard [12]: status 1')
        self.assertEqual(self.tree('out'), sorted(self.names), done.stderr)
        self.assertEqual(set(self.data('ssh.log').decode().split()), {'alpha', 'ada@beta'})
        self.assertEqual(sorted(self.done_in('all')), sorted(self.names))
        (self.folder / 'my in/broken.png').unlink()
        self.png('my in/broken.png', 24, 16)
        self.shards('1/alpha,1/ada@beta')
        self.assertEqual(self.tree('out'), sorted([*self.names, 'broken.png']))
        self.assertFalse((self.folder / 'out.html').exists())


if not shutil.which('parallel'):
    print('GNU parallel is not here')
    sys.exit(77)
clikit.main()
