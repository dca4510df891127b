# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, and included twice, as C11 without a warning; the public ones as C++ too."""
import pathlib
import re
import shutil
import subprocess
import sys

import tree

root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
STRICT = ['-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Werror']
LIBRARIES = ['libpng', 'libjpeg', 'libexif', 'lcms2', 'jansson', 'zlib', 'libcrypto', 'sqlite3']
# Bodies and lists that another file includes on purpose, with macros of its own; they say so in their first lines.
FRAGMENT = re.compile(r'No include guard|included by', re.I)


def compile_text(command, language, source):
    result = subprocess.run([*command, '-x', language, '-'], input=source, capture_output=True, text=True)
    return result.stderr if result.returncode else ''


flags = subprocess.run(['pkg-config', '--cflags', *LIBRARIES], capture_output=True, text=True).stdout.split()
plus = shutil.which('c++') or shutil.which('g++')
problems = []
count = 0

for path in tree.files(root):
    if path.suffix != '.h' or path.parts[0] not in ('include', 'src'):
        continue
    head = '\n'.join(tree.text(root, path).splitlines()[:6])
    if FRAGMENT.search(head):
        continue
    public = path.parts[0] == 'include'
    name = f'<{path.relative_to("include")}>' if public else f'"{path.relative_to("src")}"'
    source = f'#include {name}\n#include {name}\ntypedef int vn_not_empty;\n'
    base = [*STRICT, f'-I{root / "include"}']
    runs = [('c', [*compiler, '-std=c11', *base] + ([] if public else [f'-I{root / "src"}', '-D_GNU_SOURCE', *flags]))]
    if public and plus:
        runs.append(('c++', [plus, '-std=c++11', *base]))
    for language, command in runs:
        count += 1
        complaint = compile_text(command, language, source)
        if complaint:
            problems.append(f'{path} as {language}:\n{complaint}')

listed = tree.text(root, pathlib.Path('include/vernis/meson.build'))
for header in sorted((root / 'include' / 'vernis').glob('*.h')):
    if f"'{header.name}'" not in listed:
        problems.append(f'include/vernis/{header.name} is not installed: add it to include/vernis/meson.build')

tree.verdict(problems, count)
