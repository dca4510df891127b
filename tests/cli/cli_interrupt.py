# SPDX-License-Identifier: Apache-2.0
"""Interrupted runs: nothing half-written, what was finished stays, status 130. Killed ones can be resumed."""
import json
import os
import signal
import subprocess

import clikit

LONG = ['--steps', '10000']


class Running(clikit.Case):
    def start(self, *args, **more):
        process = subprocess.Popen(self.command('protect', *clikit.SMALL, '--progress', 'json', *args),
                                   cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **more)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, process, wanted):
        """Read progress until `wanted(event)`."""
        for line in process.stderr:
            if line.startswith(b'{') and wanted(json.loads(line)):
                return
        self.fail('the run ended before it got there')

    def end(self, process):
        out, err = process.communicate(timeout=120)
        return process.returncode, out.decode(), err.decode()


class Interrupted(Running):
    def test_in_the_middle_of_a_file(self):
        self.png('a.png', 128, 128)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start(*LONG, 'a.png')
            self.wait_for(process, lambda e: e['stage'] == 'optimise' and e['done'] > 0)
            process.send_signal(number)
            status, out, err = self.end(process)
            self.assertEqual((status, out), (130, ''))
            self.assertIn('interrupted', err)
            self.assertEqual(self.tree(), ['a.png'])

    def test_what_was_finished_stays(self):
        self.png('in/a.png', 16, 16)
        self.png('in/b.png', 512, 512)
        self.png('in/c.png', 16, 16)
        process = self.start('--steps', '300', '--jobs', '1', 'in', '-o', 'out')
        self.wait_for(process, lambda e: e['input'] == 'in/b.png' and e['stage'] == 'optimise')
        process.send_signal(signal.SIGINT)
        status, out, _ = self.end(process)
        self.assertEqual(status, 130)
        self.assertIn('out/a.png', out)
        self.assertEqual(self.tree('out'), ['a.png'])
        self.assertTrue(clikit.is_whole(self.folder / 'out/a.png'))

    def test_in_place_leaves_the_original_in_its_place(self):
        self.png('a.png', 128, 128)
        before = self.files()
        process = self.start(*LONG, '--in-place', 'a.png')
        self.wait_for(process, lambda e: e['stage'] == 'optimise')
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[0], 130)
        self.assertEqual(self.files(), before)

    def test_a_second_signal_ends_it_at_once(self):
        self.png('a.png', 128, 128)
        process = self.start(*LONG, 'a.png')
        self.wait_for(process, lambda e: e['stage'] == 'optimise')
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[0], 130)
        self.assertEqual(self.tree(), ['a.png'])

    def test_waiting_for_standard_input(self):
        process = self.start('-', stdin=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        self.wait_for(process, lambda e: e['stage'] == 'begin')
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        self.assertEqual(process.returncode, 130)

    def test_with_several_processes(self):
        for i in range(4):
            self.png(f'in/{i}.png', 96, 96, seed=i)
        process = self.start(*LONG, '--jobs', '2', 'in', '-o', 'out', start_new_session=True)
        self.wait_for(process, lambda e: e['stage'] == 'optimise' and e['done'] > 0)
        process.send_signal(signal.SIGINT)
        status, out, _ = self.end(process)
        self.assertEqual((status, out), (130, ''))
        self.assertEqual(self.tree(), [f'in/{i}.png' for i in range(4)])
        with self.assertRaises(ProcessLookupError):  # no worker has stayed behind
            os.killpg(process.pid, 0)


class Killed(Running):
    def test_no_half_written_output_and_it_can_be_resumed(self):
        names = [f'{i}.png' for i in range(4)]
        for i, name in enumerate(names):
            self.png(f'in/{name}', 64, 64, seed=i)
        for stage in ('optimise', 'write', 'verify'):
            process = self.start('--steps', '3', '--jobs', '1', 'in', '-o', 'out', '--resume')
            for line in process.stderr:
                if line.startswith(b'{') and json.loads(line)['stage'] == stage and json.loads(line)['files_done'] >= 1:
                    break
            process.kill()
            process.wait()
            for name in self.tree('out'):
                if name in names:
                    self.assertTrue(clikit.is_whole(self.folder / 'out' / name))
                else:
                    self.assertTrue(name.startswith('.vernis-'), name)
        done = self.vernis('protect', *clikit.SMALL, '--steps', '3', 'in', '-o', 'out', '--resume', '--json')
        self.assertLessEqual({line['status'] for line in done.lines}, {'ok', 'skipped'})
        self.assertEqual(self.tree('out'), names)
        for name in names:
            self.assertTrue(clikit.is_whole(self.folder / 'out' / name))


if __name__ == '__main__':
    clikit.main()
