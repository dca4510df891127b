# SPDX-License-Identifier: Apache-2.0
"""The completions in the shells themselves: what the Tab key makes of a line in bash and zsh, and what fish would offer."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

vernis = os.path.abspath(sys.argv[1])
shells = [name for name in ('bash', 'zsh', 'fish') if shutil.which(name)]
# A line before and after Tab; all have one way to go on.
LINES = {
    'vernis prot': 'vernis protect ',
    'vernis protect --stren': 'vernis protect --strength',
    'vernis protect --strength gen': 'vernis protect --strength gentle ',
    'vernis protect --for insta': 'vernis protect --for instagram ',
    'vernis protect --for my-own': 'vernis protect --for my-own-site ',
    'vernis verify --ingest tum': 'vernis verify --ingest tumblr ',
    'vernis bench --cpu sca': 'vernis bench --cpu scalar ',
    'vernis protect --data-mining gen': 'vernis protect --data-mining genai ',
    'vernis protect --surrogate vernis-a': 'vernis protect --surrogate vernis-a ',
    'vernis protect --surrogate drawi': 'vernis protect --surrogate drawing.png ',
    'vernis protect --profile dra': 'vernis protect --profile drawing.png ',
    'vernis protect drawi': 'vernis protect drawing.png ',
    'vernis protect -o drawi': 'vernis protect -o drawing.png ',
    'vernis identity cre': 'vernis identity create ',
    'vernis presets stan': 'vernis presets standard ',
    'vernis help insp': 'vernis help inspect ',
}
EQUALS = {'vernis protect --format=jp': 'vernis protect --format=jpeg '}
START = {'bash': ['--norc', '--noprofile', '-i'], 'zsh': ['-f', '-i']}
LOAD = {'bash': "PS1='>'; bind 'set enable-bracketed-paste off'; source ./script",
        'zsh': "PS1='>'; unsetopt prompt_sp prompt_cr; unset zle_bracketed_paste; bindkey -e; fpath=($PWD $fpath); "
               'autoload -Uz compinit; compinit -u -D'}


class Typist:
    """A shell at a terminal of its own."""

    def __init__(self, shell, folder, env):
        pid, self.terminal = pty.fork()
        if not pid:
            os.chdir(folder)
            os.execvpe(shell, [shell, *START[shell]], env)
        self.pid, self.shown = pid, ''
        self.type(LOAD[shell] + "; echo 'rea''dy'\n")
        self.wait_for('ready\r?\n')

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, pattern):
        end = time.monotonic() + 60
        while not re.search(pattern, self.shown):
            left = end - time.monotonic()
            assert left > 0 and select.select([self.terminal], [], [], left)[0], f'no {pattern}: {self.shown!r}'
            self.shown += os.read(self.terminal, 65536).decode('utf-8', 'replace')
        found, self.shown = re.search(pattern, self.shown), ''
        return found

    def tab(self, line):
        """What the line is after Tab: it is then made the quoted argument of an echo. Only then does '<<' come before it."""
        self.type(line + '\t')
        time.sleep(0.05)
        self.type("\x01echo '<''<\x05>''>'\n")
        return self.wait_for('\n<<(.*)>>\r?\n').group(1)

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def check_typed(shell, folder, env):
    typist = Typist(shell, folder, env)
    for line, expected in {**LINES, **EQUALS}.items():
        found = typist.tab(line)
        assert found.rstrip('= ') == expected.rstrip(), (shell, line, found)
    typist.close()


def fish_offers(folder, env, line):
    done = subprocess.run(['fish', '--no-config', '-c', 'source ./script; complete -C $argv[1]', line], cwd=folder, env=env,
                          capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return [offer.split('\t')[0] for offer in done.stdout.splitlines()]


def check_fish(folder, env):
    for line, expected in {**LINES, **EQUALS}.items():
        offers = fish_offers(folder, env, line)
        assert offers == [expected.split()[-1]], (line, offers)


def check_options(shell, folder, env):
    """Each option that help names is offered."""
    for command in ['protect', 'verify', 'optout']:
        text = subprocess.run([vernis, 'help', command], capture_output=True, text=True, env=env).stdout
        wanted = set(re.findall(r'^ +(?:-\w, )?(--[\w-]+)', text, re.M))
        if shell == 'bash':
            words = f"source ./script; COMP_WORDS=(vernis {command} --); COMP_CWORD=2; _vernis; echo \"${{COMPREPLY[*]}}\""
            done = subprocess.run(['bash', '--norc', '-c', words], cwd=folder, env=env, capture_output=True, text=True)
            offers = done.stdout.split()
        else:
            offers = fish_offers(folder, env, f'vernis {command} --')
        assert wanted and wanted == set(offers), (shell, command, wanted ^ set(offers))


with tempfile.TemporaryDirectory(prefix='vernis-completions-') as name:
    top = pathlib.Path(name)
    (top / 'bin').mkdir()
    (top / 'bin/vernis').symlink_to(vernis)
    own = top / 'config/vernis/presets/platforms'
    own.mkdir(parents=True)
    preset = subprocess.run([vernis, 'presets', 'own-site'], capture_output=True, text=True, check=True).stdout
    (own / 'my-own-site.json').write_text(preset.replace('"own-site"', '"my-own-site"'))
    env = {**os.environ, 'PATH': f'{top / "bin"}:{os.environ["PATH"]}', 'XDG_CONFIG_HOME': str(top / 'config'),
           'XDG_DATA_HOME': str(top / 'data'), 'HOME': name, 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', 'COLUMNS': '200'}
    for shell in shells:
        folder = top / shell
        folder.mkdir()
        (folder / 'drawing.png').touch()
        script = subprocess.run([vernis, 'help', '--completions', shell], capture_output=True, text=True, check=True).stdout
        (folder / ('_vernis' if shell == 'zsh' else 'script')).write_text(script)
        if shell == 'fish':
            check_fish(folder, env)
        else:
            check_typed(shell, folder, env)
        if shell != 'zsh':
            check_options(shell, folder, env)
        print(f'{shell}: {len(LINES) + len(EQUALS)} lines')
missing = {'bash', 'zsh', 'fish'} - set(shells)
print('not here:', ', '.join(sorted(missing)) or 'none')
sys.exit(77 if missing else 0)
