# SPDX-License-Identifier: Apache-2.0
"""`meson install` into a folder; the example built against what lies there, found through pkg-config, and run; C++ too."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

build, source, compiler = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
MUST_BE_THERE = ['bin/vernis', 'include/vernis/vernis.h', 'share/man/man1/vernis.1', 'share/doc/vernis/examples/protect_memory.c',
                 'share/bash-completion/completions/vernis', 'share/zsh/site-functions/_vernis',
                 'share/fish/vendor_completions.d/vernis.fish', 'share/doc/vernis/presets/platforms/instagram.json']
CPP = '''#include <vernis/vernis.h>
#include <cstring>
int main() { VernisHooks hooks = VernisHooks(); return hooks.parallel_for || std::strcmp(vernis_version(), VERNIS_VERSION); }
'''


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    assert not done.returncode, f'{command}: {done.returncode}\n{done.stdout}{done.stderr}'
    return done.stdout


with tempfile.TemporaryDirectory(prefix='vernis-install-') as name:
    top = pathlib.Path(name)
    run('meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', top / 'root')
    prefix = next((top / 'root').rglob('bin/vernis')).parents[1]
    for path in MUST_BE_THERE:
        assert (prefix / path).stat().st_size, path
    library = next(prefix.rglob('libvernis.so'))
    soname = re.search(r'SONAME.*\[(.*)\]', run('readelf', '-d', library)).group(1)
    assert re.fullmatch(r'libvernis\.so\.\d+', soname) and (library.parent / soname).is_file(), soname

    found = library.parent / 'pkgconfig'
    env = {**os.environ, 'PKG_CONFIG_LIBDIR': str(found), 'PKG_CONFIG_SYSROOT_DIR': str(top / 'root'), 'LC_ALL': 'C.UTF-8',
           'LD_LIBRARY_PATH': str(library.parent), 'XDG_CONFIG_HOME': str(top / 'config')}
    env.pop('DESTDIR', None)
    flags = run('pkg-config', '--cflags', '--libs', 'vernis', env=env).split()
    version = run('pkg-config', '--modversion', 'vernis', env=env).strip()
    assert version == run(prefix / 'bin/vernis', '--version', env=env).split()[1]
    assert not [flag for flag in flags if flag.startswith('-l') and flag != '-lvernis'], flags

    example = prefix / 'share/doc/vernis/examples/protect_memory.c'
    run(*compiler, '-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O1', '-g', example, '-o', top / 'example',
        '-pthread', *flags, env=env)
    assert soname in run('ldd', top / 'example', env=env)
    picture, output = source / 'tests/image/data/ycc_420.jpg', top / 'out.jpg'
    # 8 threads: more shares than the host has threads, which is the host's to choose.
    said = run(top / 'example', picture, output, f'surrogate={source}/tests/nn/data/s8.safetensors', 'steps=1', 'threads=8',
               'creator=Ada Painter', env=env)
    assert '100 % verify' in said and 'optimise' in said, said
    loops, shares, blocks, left = map(int, re.search(
        r"(\d+) loops, (\d+) shares on the host's own threads; (\d+) blocks from the host's allocator, (-?\d+) left", said
    ).groups())
    assert loops > 100 and shares > 0 and blocks > 100 and left == 0, said
    assert output.read_bytes() != picture.read_bytes()
    assert 'Ada Painter' in run(prefix / 'bin/vernis', 'inspect', output, env=env)
    judged = run(prefix / 'bin/vernis', 'verify', picture, output, '--json', '--surrogate',
                 source / 'tests/nn/data/s8.safetensors', env=env)
    assert float(re.search(r'"direct":\s*([\d.]+)', judged).group(1)) > 0.01, judged

    failed = subprocess.run([top / 'example', source / 'README.md', top / 'none.jpg'], env=env, capture_output=True, text=True)
    assert failed.returncode == 1 and 'README.md: ' in failed.stderr and not (top / 'none.jpg').exists(), failed
    assert re.search(r'allocator, 0 left', failed.stdout), failed

    plus = shutil.which('c++')
    if plus:
        (top / 'plus.cpp').write_text(CPP)
        run(plus, '-Wall', '-Wextra', '-Werror', top / 'plus.cpp', '-o', top / 'plus', *flags, env=env)
        run(top / 'plus', env=env)
    print(f'{soname}, {version}; {said.splitlines()[-1]}; C++: {"yes" if plus else "no compiler"}')
