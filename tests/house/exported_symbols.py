# SPDX-License-Identifier: Apache-2.0
"""The shared library exports vernis_ names only, and every function that the public headers declare."""
import pathlib
import re
import subprocess
import sys

import tree

root, library = pathlib.Path(sys.argv[1]), sys.argv[2]
# The sanitizers' own marks, present only in a build with -Db_sanitize.
SANITIZER = re.compile(r'_*(odr_)?(asan|ubsan|sancov)')

listing = subprocess.run(['nm', '-D', '--defined-only', library], check=True, capture_output=True, text=True).stdout
exported = {line.split()[-1].split('@')[0] for line in listing.splitlines() if line.split()}
exported = {name for name in exported if not SANITIZER.match(name)}

declared = set()
for header in sorted((root / 'include' / 'vernis').glob('*.h')):
    source = tree.without_comments(tree.text(root, header.relative_to(root)))
    source = re.sub(r'__attribute__\s*\(\(.*?\)\)', '', source, flags=re.S)
    declared |= set(re.findall(r'VERNIS_API[^;(]*?\b(\w+)\s*\(', source))

problems = [f'{library} exports {name}' for name in sorted(exported) if not name.startswith('vernis_')]
problems += [f'declared in include/vernis but not exported: {name}' for name in sorted(declared - exported)]
problems += [f'exported but declared in no public header: {name}'
             for name in sorted(exported - declared) if name.startswith('vernis_')]
tree.verdict(problems, len(declared))
