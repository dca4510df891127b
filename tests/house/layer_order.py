# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: ranks of the rooms, image and nn apart, the command line outside, cblas.h in one file."""
import pathlib
import re
import sys

import tree

RANK = {'base': 0, 'kern': 1, 'image': 2, 'nn': 2, 'protect': 3, 'meta': 4, 'report': 4, 'ledger': 4, '': 5, 'cli': 6}
APART = [{'image', 'nn'}]
THIRD_PARTY = re.compile(r'cblas|png|jpeglib|jerror|libexif/|lcms2|jansson|zlib|expat|openssl/|sqlite3|kiss_fft')

root = pathlib.Path(sys.argv[1])
problems = []
count = 0


def room_of(path):
    """The room of a path below src/: '' for a file directly in it."""
    return path.parts[0] if len(path.parts) > 1 else ''


def check_library(name, room, target):
    if not (root / 'src' / target).is_file():
        return f'{name}: "{target}" is not a path from src/'
    other = room_of(pathlib.Path(target))
    if RANK[other] > RANK[room]:
        return f'{name}: {room or "src"} (rank {RANK[room]}) includes {other or "src"} (rank {RANK[other]})'
    if {room, other} in APART:
        return f'{name}: {room} may not see {other}'
    return None


for path in tree.files(root):
    if path.suffix not in ('.c', '.h') or path.parts[0] not in ('src', 'include'):
        continue
    source = tree.without_comments(tree.text(root, path))
    lines = tree.text(root, path).splitlines()
    for number, line in enumerate(source.splitlines(), 1):
        if not re.match(r'\s*#\s*include\b', line):
            continue
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', lines[number - 1])
        name = f'{path}:{number}'
        count += 1
        if not match:
            problems.append(f'{name}: an include that is neither <...> nor "..."')
            continue
        quoted, target = match.group(1) == '"', match.group(2)
        problem = None
        if path.parts[0] == 'include':
            if quoted or (target.startswith('vernis/') and not (root / 'include' / target).is_file()):
                problem = f'{name}: a public header includes only <vernis/...> and the C library'
            elif THIRD_PARTY.match(target):
                problem = f'{name}: a public header shows a third-party library'
        else:
            room = room_of(path.relative_to('src'))
            if room not in RANK:
                problem = f'{name}: no such room: {room}'
            elif room == 'cli':
                if quoted and not target.startswith('cli/'):
                    problem = f'{name}: cli sees only <vernis/vernis.h>, not "{target}"'
                elif not quoted and target.startswith('vernis/') and target != 'vernis/vernis.h':
                    problem = f'{name}: cli includes <vernis/vernis.h>, not one of its parts'
                elif THIRD_PARTY.match(target):
                    problem = f'{name}: cli sees no third-party library'
            elif quoted:
                problem = check_library(name, room, target)
            if target == 'cblas.h' and str(path) != 'src/kern/blas.c':
                problem = f'{name}: only src/kern/blas.c sees cblas.h'
        if problem:
            problems.append(problem)

tree.verdict(problems, count)
