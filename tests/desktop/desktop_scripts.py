# SPDX-License-Identifier: Apache-2.0
"""The wrappers for macOS and Windows, as far as they can be judged here: the Quick Action's script is run with the real program
and osascript put on, property lists are parsed, batch files are read line by line.

Run as `python3 desktop_scripts.py VERNIS SOURCE_ROOT`.
"""
import json
import os
import pathlib
import plistlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'cli'))
import clikit  # noqa: E402

DESKTOP = clikit.ROOT / 'desktop'
BUNDLE = DESKTOP / 'macos/Protect with Vernis.workflow/Contents'


class MacOS(clikit.Case):
    def test_property_lists(self):
        services = plistlib.loads((BUNDLE / 'Info.plist').read_bytes())['NSServices']
        self.assertIn('public.png', services[0]['NSSendFileTypes'])
        flow = plistlib.loads((BUNDLE / 'document.wflow').read_bytes())
        command = flow['actions'][0]['action']['ActionParameters']
        self.assertEqual(command['inputMethod'], 1)  # files as arguments
        name = re.search(r'"\$HOME/Library/Services/(.*)" "\$@"$', command['COMMAND_STRING'])[1]
        self.assertTrue(os.access(DESKTOP / 'macos' / name, os.X_OK))

    def test_quick_action(self):
        tools = self.folder / 'tools'
        tools.mkdir()
        for name, body in (('osascript', f'for last; do :; done; printf "%s\\n" "$last" >>"{self.folder}/said"; echo "Open the report"'),
                           ('open', f'printf %s "$1" >"{self.folder}/opened"')):
            (tools / name).write_text(f'#!/bin/sh\n{body}\n')
            (tools / name).chmod(0o755)
        (tools / 'vernis').symlink_to(clikit.VERNIS)
        settings = self.config / 'vernis/quick-action'
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text('# for a test\n--steps=1\n--creator=Ada "A" Painter')
        self.env |= {'PATH': f'{tools}:{os.environ["PATH"]}', 'XDG_DATA_HOME': str(self.folder / 'data')}
        names = ['a b.png', 'new\nline".png', "it's $x.png"]
        for seed, name in enumerate(names):
            self.png(name, seed=seed)
        self.write('broken.png', b'no picture')
        paths = [str(self.folder / name) for name in [*names, 'broken.png']]
        script = str(BUNDLE / 'quick-action.sh')
        self.assertEqual(subprocess.run([script, *paths], env=self.env, timeout=120).returncode, 1)
        said = (self.folder / 'said').read_text()
        self.assertIn('3 protected, 0 passed over, 1 could not be protected.', said)
        self.assertIn('broken.png', said)
        self.assertIn(b'<html', pathlib.Path((self.folder / 'opened').read_text()).read_bytes()[:200])
        self.assertEqual(json.loads(self.vernis('inspect', '--json', 'a b.protected.png').out)['creator'], 'Ada "A" Painter')
        self.assertEqual(subprocess.run([script, *paths[:3]], env=self.env, timeout=120).returncode, 3)
        self.assertIn('0 protected, 3 passed over, 0 could not', (self.folder / 'said').read_text())


class Windows(unittest.TestCase):
    def test_batch_files(self):
        files = sorted((DESKTOP / 'windows').glob('*.bat'))
        self.assertEqual(len(files), 2)
        for path in files:
            data = path.read_bytes()
            self.assertTrue(data.isascii(), path)
            self.assertEqual(data.count(b'\n'), data.count(b'\r\n'), f'{path}: cmd.exe wants CRLF')
            self.assertTrue(data.endswith(b'\r\n'))
            lines = data.decode().splitlines()
            self.assertEqual(lines[0], '@echo off')
            code = [line for line in lines if not line.startswith('rem ')]
            labels = {line[1:] for line in code if line.startswith(':')}
            wanted = {match[1] for line in code for match in re.finditer(r'\bgoto (\w+)', line)}
            self.assertEqual(wanted, labels)
            for line in code:
                self.assertEqual(line.count('"') % 2, 0, line)
                # A name may hold & and ^, which only quotes keep from cmd.exe: no bare %1, %* or %~f1.
                outside = re.sub(r'"[^"]*"', '', line)
                self.assertNotRegex(outside, r'%~\w*\d|%[1-9]|(?<!%)%\*', line)
            depth = sum(line.startswith('setlocal') for line in code)
            self.assertGreaterEqual(depth, 1)


@unittest.skipUnless(shutil.which('shellcheck'), 'no shellcheck')
class Lint(unittest.TestCase):
    def test_shell(self):
        scripts = [DESKTOP / 'vernis-drop', DESKTOP / 'linux/nautilus-script', BUNDLE / 'quick-action.sh',
                   clikit.ROOT / 'tools/install-desktop']
        done = subprocess.run(['shellcheck', *map(str, scripts)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)


unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
