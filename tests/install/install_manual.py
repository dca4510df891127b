# SPDX-License-Identifier: Apache-2.0
"""The manual page: groff and mandoc have nothing to say against it, and every command and option of help stands in it."""
import re
import shutil
import subprocess
import sys

vernis = sys.argv[1]
readers = {'groff': ['groff', '-man', '-Tutf8', '-ww', '-P-c'], 'mandoc': ['mandoc', '-T', 'utf8', '-W', 'warning']}


def run(*command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    return done.stdout, done.stderr


page = run(vernis, 'help', '--man')[0]
commands = re.findall(r'^  ([a-z]+) ', run(vernis, 'help')[0].split('commands:')[1].split('exit status')[0], re.M)
assert len(commands) >= 10, commands
wanted = {name: set(re.findall(r'^ +(?:-\w, )?(--[\w-]+)', run(vernis, 'help', name)[0], re.M)) - {'--help'} for name in commands}
used = 0
for reader, command in readers.items():
    if not shutil.which(command[0]):
        continue
    used += 1
    out, complaints = run(*command, stdin=page)
    # No date, so that a build gives the same page every day.
    complaints = [line for line in complaints.splitlines() if 'missing date' not in line and 'see above' not in line]
    assert not complaints, complaints
    text = re.sub(r'\x1b\[[0-9;]*m|.\x08', '', out).replace('‐', '-').replace('−', '-')
    parts = re.split(r'^ +vernis ([a-z]+)$', text.split('EXIT STATUS')[0], flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2]))
    assert list(sections) == commands, (reader, list(sections))
    for name in commands:
        found = set(re.findall(r'^ +(?:-\w, )?(--[\w-]+)', sections[name], re.M))
        assert wanted[name] <= found, (reader, name, wanted[name] - found)
    for heading in ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES', 'EXAMPLES']:
        assert re.search(rf'^{heading}$', text, re.M), (reader, heading)
print(f'{used} readers, {len(commands)} commands, {sum(map(len, wanted.values()))} options')
sys.exit(0 if used else 77)
