# SPDX-License-Identifier: Apache-2.0
"""Rules for each source file: short, its own name, an SPDX line; in the library no malloc, no printing, no exit."""
import collections
import pathlib
import re
import sys

import tree

MAX_LINES = 700
SHARED_NAMES = {'meson.build', 'README.md', 'LICENSE'}
# What the library may not call (house.md: it never aborts, exits or prints), and who may all the same.
ALLOCATE = re.compile(r'(?<![\w.>])(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup)\s*\(')
SPEAK = re.compile(r'(?<![\w.>])(printf|fprintf|vprintf|vfprintf|puts|putchar|perror|abort|exit|_exit|assert)\s*\(')
ALLOCATOR = 'src/base/mem.c'
UNFINISHED = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')

root = pathlib.Path(sys.argv[1])
problems = []
names = collections.defaultdict(list)
count = 0


def is_script(path):
    with open(root / path, 'rb') as file:
        return file.read(2) == b'#!'


for path in tree.files(root):
    data = 'corpus' in path.parts or 'data' in path.parts
    source = path.suffix in ('.c', '.h', '.py', '.sh') or path.name in ('meson.build', 'meson_options.txt')
    if data or not (source or is_script(path)):
        continue
    count += 1
    content = tree.text(root, path)
    lines = content.splitlines()
    if len(lines) > MAX_LINES:
        problems.append(f'{path}: {len(lines)} lines, more than {MAX_LINES}')
    if not any('SPDX-License-Identifier: Apache-2.0' in line for line in lines[:2]):
        problems.append(f'{path}: no SPDX-License-Identifier: Apache-2.0 in the first two lines')
    # A private header may carry the name of the public one whose other side it is: "base/error.h", <vernis/error.h>.
    if path.name not in SHARED_NAMES and path.parts[0] != 'include':
        names[path.name].append(path)
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line) and path != pathlib.Path('tests/house/source_rules.py'):
            problems.append(f'{path}:{number}: unfinished: {line.strip()}')
    if path.suffix in ('.c', '.h') and path.parts[0] == 'src' and path.parts[1] != 'cli':
        for number, line in enumerate(tree.without_comments(content).splitlines(), 1):
            if str(path) != ALLOCATOR and ALLOCATE.search(line):
                problems.append(f'{path}:{number}: allocates past vn_malloc: {line.strip()}')
            if SPEAK.search(line):
                problems.append(f'{path}:{number}: the library never prints, aborts or exits: {line.strip()}')

for name, paths in names.items():
    if len(paths) > 1:
        problems.append(f'{name}: one name, several files: ' + ', '.join(map(str, paths)))

tree.verdict(problems, count)
