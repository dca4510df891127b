#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two hundred files of all sorts in one run: what can be done is done, what cannot is named, and can be tried again."""
import os

import clikit

ODD = ["it's", 'a "b"', 'new\nline', '\U0001f98a', '-dash', '$HOME',
       'back\\slash', 'tab\there', '100%', 'a;b&c', ' lead', 'UPPER']


def broken():
    png, jpeg = clikit.png_bytes(48, 40), clikit.jpeg_bytes(48, 40)
    return {'empty.png': b'', 'text.png': b'this is no picture\n', 'cut.png': png[:len(png) // 2],
            'cut.jpg': jpeg[:len(jpeg) // 2], 'head.png': png[:8], 'lies.jpg': png, 'lies.png': jpeg,
            'huge.png': clikit.png_bytes(8, 8, header=(2 ** 31 - 1, 2 ** 31 - 1)),
            'tiny.png': clikit.png_bytes(4, 4), 'zeros.jpg': bytes(4096)}


class Portfolio(clikit.Case):
    def test_all_that_can_be_done_is(self):
        good = []
        for i in range(190):
            stem = f'{ODD[i]} {i}' if i < len(ODD) else f'work {i}'
            name = f'in/{"sub/" if i % 3 else ""}{stem}.{("png", "jpg", "PNG", "jpeg")[i % 4]}'
            side = 16 + i % 5 * 8
            (self.png if i % 2 == 0 else self.jpeg)(name, side, side + i % 3 * 8, seed=i)
            good.append(name)
        bad = broken()
        for name, data in bad.items():
            self.write('in/' + name, data)
        self.write('in/notes.txt', b'x')
        ledger = ['--ledger', 'ledger.sqlite']
        done = self.protect('-r', 'in', '-o', 'out', '--json', '--steps', '1', *ledger, status=1)
        state = {line['input']: line['status'] for line in done.lines}
        self.assertEqual(len(state), len(done.lines))
        self.assertEqual({name for name, status in state.items() if status == 'ok'}, set(good))
        self.assertEqual({name for name, status in state.items() if status == 'failed'}, {'in/' + name for name in bad})
        for name in bad:
            self.assertIn('in/' + name, done.err)
        self.assertEqual(self.tree('out'), sorted(name[3:] for name in good))
        for name in good:
            self.assertTrue(clikit.is_whole(self.folder / 'out' / name[3:]), name)
        failed = self.vernis('ledger', 'list', '--failed', '-0', *ledger).raw
        self.assertEqual(sorted(failed.split(b'\0')[:-1]),
                         sorted(os.fsencode(self.folder.resolve() / 'in' / name) for name in bad))
        again = self.protect('--files-from', '-', '-o', 'again', '--json', *ledger, stdin=failed, status=1)
        self.assertEqual([line['status'] for line in again.lines], ['failed'] * len(bad))
        self.assertEqual(self.protect('-r', 'in', '-o', 'out', '--resume', '--steps', '1', '--json', *ledger,
                                      status=1).out.count('"skipped"'), len(good))


clikit.main()
