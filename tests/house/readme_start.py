# SPDX-License-Identifier: Apache-2.0
"""README.md: section Start has exactly two sh blocks of one line each, the first in the file; what it names exists."""
import os
import pathlib
import re
import sys

import tree

root = pathlib.Path(sys.argv[1])
readme = tree.text(root, pathlib.Path('README.md'))
problems = []

FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.M | re.S)
section = re.search(r'^## Start\n(.*?)(?=^## |\Z)', readme, re.M | re.S)
start = FENCE.findall(section.group(1)) if section else []
everywhere = [body for language, body in FENCE.findall(readme) if language == 'sh']

if not section:
    problems.append('no section "## Start"')
if [language for language, _ in start] != ['sh', 'sh']:
    problems.append(f'Start holds fenced blocks {[language for language, _ in start]}, not two of sh')
elif everywhere[:2] != [body for _, body in start]:
    problems.append('a fenced sh block stands before Start: .ci/run takes the first two of the file')
commands = [body.strip() for _, body in start]
for number, body in enumerate(body for _, body in start):
    if body.count('\n') != 1:
        problems.append(f'block {number + 1} is not one line')
if len(commands) == 2:
    for number, words in enumerate([('tools/setup', 'protect', 'samples', 'protected'), ('tools/setup', 'meson test')]):
        problems += [f'block {number + 1} does not say "{word}"' for word in words if word not in commands[number]]
    for word in re.findall(r'(?<![\w-])tools/[\w-]+', ' '.join(commands)):
        if not os.access(root / word, os.X_OK):
            problems.append(f'{word} cannot be run')
    if not (root / 'samples').is_dir():
        problems.append('no folder samples')

links = re.findall(r'\]\(([^)#\s]+)[^)]*\)|src="([^"]+)"', readme)
for link in (first or second for first, second in links):
    if not re.match(r'[a-z]+:', link) and not (root / link.replace('%20', ' ')).exists():
        problems.append(f'a link leads nowhere: {link}')

# A library that meson looks for and setup does not install would break the first command on a fresh machine.
setup = tree.text(root, pathlib.Path('tools/setup'))
wanted = re.findall(r"dependency\('([\w.+-]+)'", tree.text(root, pathlib.Path('meson.build')))
problems += [f'tools/setup does not look for {name}' for name in wanted
             if name != 'threads' and f'want_library {name} ' not in setup]
tree.verdict(problems, len(commands) + len(links) + len(wanted))
