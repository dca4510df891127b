# SPDX-License-Identifier: Apache-2.0
"""Text files: UTF-8, LF, a final newline, no trailing blanks, no tabs in code, nothing invisible, no endless lines."""
import pathlib
import re
import sys

import tree

# Zero-width, bidirectional and other characters that do not show and can make code read other than it is.
INVISIBLE = re.compile('[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f'
                       '\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]')
CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f]')
TEXT = {'.c', '.h', '.py', '.sh', '.md', '.json', '.txt', '.csv', '.build', '.yml', '.cff'}
CODE = {'.c', '.h', '.py', '.sh', '.json', '.build'}
MAX_COLUMNS = 130  # 120 is the rule; a few are left to comments, and texts in quotes do not count

root = pathlib.Path(sys.argv[1])
problems = []
count = 0


def is_text(path):
    if path.suffix in TEXT or path.name in ('LICENSE', 'meson_options.txt') or path.name.startswith('.'):
        return True
    with open(root / path, 'rb') as file:
        return file.read(2) == b'#!'


def columns(line):
    return len(re.sub(r'"(?:\\.|[^"\\])*"', '""', line))


for path in tree.files(root):
    if 'corpus' in path.parts or not is_text(path):
        continue
    count += 1
    content = (root / path).read_bytes()
    if not content:
        problems.append(f'{path}: empty')
        continue
    try:
        text = content.decode('utf-8')
    except UnicodeDecodeError as error:
        problems.append(f'{path}: {error}')
        continue
    if not text.endswith('\n') or text.endswith('\n\n'):
        problems.append(f'{path}: does not end in exactly one newline')
    code = path.suffix in CODE or path.suffix == ''
    for number, line in enumerate(text.split('\n'), 1):
        for what, found in (('an invisible character', INVISIBLE.search(line)),
                            ('a control character', CONTROL.search(line)),
                            ('blanks at the end', re.search(r'[ \t]$', line)),
                            ('a tab', code and '\t' in line),
                            (f'more than {MAX_COLUMNS} columns',
                             path.suffix in ('.c', '.h', '.py') and columns(line) > MAX_COLUMNS)):
            if found:
                problems.append(f'{path}:{number}: {what}')

tree.verdict(problems, count)
