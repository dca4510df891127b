# SPDX-License-Identifier: Apache-2.0
"""What the house tests share: which files are ours, and how a test says what it found."""
import pathlib
import re
import subprocess
import sys

BUILT = {'protected', '__pycache__', '.git'}


def files(root):
    """All files of the tree, relative to root: what git tracks or would track; without git, all but build output."""
    try:
        listed = subprocess.run(['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                                check=True, capture_output=True).stdout.decode().split('\0')
        found = [pathlib.Path(name) for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path.relative_to(root) for path in pathlib.Path(root).rglob('*')]
        found = [path for path in found
                 if not BUILT & set(path.parts) and not path.parts[0].startswith('build')]
    return sorted(path for path in found if (root / path).is_file())


def text(root, path):
    return (root / path).read_text(encoding='utf-8')


def without_comments(source):
    """C source with comments and string contents blanked, line numbers kept."""
    def blank(match):
        token = match.group(0)
        if token.startswith('/'):
            return re.sub(r'[^\n]', ' ', token)
        return token[0] + ' ' * (len(token) - 2) + token[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, source, flags=re.S)


def verdict(problems, checked):
    """Print every problem, say how much was looked at, and exit. Having looked at nothing is a failure too."""
    for problem in problems:
        print(problem)
    print(f'{checked} checked, {len(problems)} wrong')
    sys.exit(1 if problems or not checked else 0)
