# SPDX-License-Identifier: Apache-2.0
"""Every command does what the manual says, with the keys, the exit statuses and the words it says."""
import json
import os
import struct
import subprocess

import clikit

COMMANDS = ['protect', 'verify', 'inspect', 'identity', 'optout', 'models', 'presets', 'probe', 'selftest', 'bench']
PROTECT_KEYS = {'input', 'output', 'status', 'width', 'height', 'bytes_in', 'bytes_out', 'seconds',
                'peak_memory_bytes', 'preset', 'surrogates', 'steps', 'seed', 'cpu', 'metrics', 'metadata', 'warnings'}


def npy(path):
    """Shape and floats of a .npy file of format 1.0, little-endian float32, C order."""
    data = path.read_bytes()
    assert data[:8] == b'\x93NUMPY\x01\x00'
    length = struct.unpack('<H', data[8:10])[0]
    header = eval(data[10:10 + length], {'__builtins__': {}})  # the format is a Python literal
    assert header['descr'] == '<f4' and not header['fortran_order'] and (10 + length) % 64 == 0
    body = data[10 + length:]
    return header['shape'], struct.unpack(f'<{len(body) // 4}f', body)


class Help(clikit.Case):
    def test_nothing_gives_short_help_and_2(self):
        done = self.vernis(status=2)
        self.assertEqual(done.out, '')
        for name in COMMANDS:
            self.assertIn(f'  {name} ', done.err)

    def test_help_lists_every_command(self):
        for args in (['--help'], ['-h'], ['help']):
            done = self.vernis(*args)
            self.assertEqual(done.err, '')
            for word in [*COMMANDS, 'exit status']:
                self.assertIn(word, done.out)

    def test_version(self):
        header = (clikit.ROOT / 'include/vernis/version.h').read_text()
        version = header.split('#define VERNIS_VERSION "')[1].split('"')[0]
        self.assertEqual(self.vernis('--version').out, f'vernis {version}\n')

    def test_help_of_a_command_has_its_options_only(self):
        for name in COMMANDS:
            done = self.vernis('help', name)
            self.assertEqual(done.out, self.vernis(name, '--help').out)
            self.assertEqual(done.out, self.vernis(name, '--nonsense', '-h').out)
            self.assertTrue(done.out.startswith(f'usage: vernis {name} '), done.out)
        self.assertIn('--in-place', self.vernis('help', 'protect').out)
        self.assertNotIn('--in-place', self.vernis('help', 'verify').out)

    def test_help_is_wrapped(self):
        for columns in (64, 80, 200):
            self.env['COLUMNS'] = str(columns)
            for name in COMMANDS:
                for line in self.vernis('help', name).out.splitlines():
                    self.assertLessEqual(len(line), columns)

    def test_what_is_not_offered_yet_is_unknown(self):
        for option in ('--gpu', '--decoder'):
            self.assertIn('unknown option', self.vernis('protect', option, 'x', 'a.png', status=2).err)


class Usage(clikit.Case):
    def test_unknown_option_names_the_nearest(self):
        for wrong, right in (('--strenght', '--strength'), ('--overwrit', '--overwrite'),
                             ('--recusrive', '--recursive')):
            self.assertOneLine(self.vernis('protect', wrong, 'a.png', status=2), wrong, f'did you mean {right}?')

    def test_unknown_command_names_the_nearest(self):
        self.assertOneLine(self.vernis('protcet', 'a.png', status=2), "'protcet'", "'protect'")
        self.vernis('help', 'protcet', status=2)
        self.vernis('--protect', status=2)

    def test_wrong_values(self):
        for args in (['--steps', '0'], ['--steps', 'many'], ['--steps'], ['--strength', 'mild'], ['--visibility=-1'],
                     ['--json=yes'], ['--quality', '101'], ['--max-memory', '1X'], ['--data-mining', 'sometimes'],
                     ['-Z'], ['-o'], ['--latent', 'x.npy']):
            self.png('a.png')
            done = self.vernis('protect', 'a.png', *args, status=2)
            self.assertOneLine(done, args[0].split('=')[0].lstrip('-'))
            self.assertEqual(self.tree(), ['a.png'])

    def test_option_of_another_command_says_whose(self):
        self.assertOneLine(self.vernis('verify', '--in-place', 'a', 'b', status=2), '--in-place', 'protect')

    def test_number_of_operands(self):
        for args in (['protect'], ['verify', 'a.png'], ['verify', 'a', 'b', 'c'], ['inspect'], ['probe'],
                     ['selftest', 'x'], ['bench', 'x'], ['presets', 'a', 'b'], ['models', 'a', 'b'],
                     ['models', 'install']):
            self.vernis(*args, status=2)

    def test_options_end_at_two_dashes(self):
        self.png('-q.png')
        self.protect('--', '-q.png')
        self.assertEqual(self.tree(), ['-q.png', '-q.protected.png'])

    def test_ways_to_write_an_option(self):
        self.png('a.png')
        for i, args in enumerate((['-o', 'o0.png'], ['-oo1.png'], ['--output', 'o2.png'], ['--output=o3.png'],
                                  ['-vqoo4.png'])):
            self.vernis('protect', *clikit.SMALL, '--steps=2', 'a.png', *args)
            self.assertIn(f'o{i}.png', self.tree())


class Commands(clikit.Case):
    def test_protect_json_has_the_keys_of_the_manual(self):
        self.png('a.png', 48, 40)
        line = self.vernis('protect', '--json', '--steps', '2', '--seed', '7', 'a.png').only
        self.assertEqual(line['surrogates'], ['vernis-a', 'vernis-b'])
        self.assertLessEqual(PROTECT_KEYS, set(line))
        self.assertEqual((line['input'], line['output'], line['status']), ('a.png', 'a.protected.png', 'ok'))
        self.assertEqual((line['width'], line['height'], line['steps'], line['seed']), (48, 40, 2, 7))
        self.assertEqual(line['bytes_in'], os.path.getsize(self.folder / 'a.png'))
        self.assertEqual(line['bytes_out'], os.path.getsize(self.folder / 'a.protected.png'))
        self.assertEqual(line['preset'], 'standard')
        self.assertIn(line['cpu'], ('scalar', 'avx2', 'avx512', 'amx'))
        self.assertGreater(line['peak_memory_bytes'], 0)
        self.assertLessEqual({'psnr', 'ssim', 'visibility', 'latent_shift'}, set(line['metrics']))
        self.assertEqual(set(line['surrogates']), set(line['metrics']['latent_shift']))
        for shift in line['metrics']['latent_shift'].values():
            self.assertEqual(set(shift), {'direct', 'ingest', 'floor'})
        self.assertEqual(line['metadata']['data_mining'], 'DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING')
        self.assertEqual(clikit.png_size(self.data('a.protected.png')), (48, 40))

    def test_protect_human_line_is_on_stdout_and_the_rest_on_stderr(self):
        self.png('a.png')
        done = self.vernis('protect', *clikit.FAST, 'a.png')
        self.assertEqual(len(done.out.splitlines()), 1)
        for word in ('a.protected.png', '40x32', 'visibility', 'shift'):
            self.assertIn(word, done.out)
        self.assertIn('a.png', done.err)
        self.assertIn('PSNR', self.vernis('protect', *clikit.FAST, '-v', '--overwrite', 'a.png').out)
        self.assertEqual(self.protect('--overwrite', 'a.png').err, '')

    def test_jpeg_stays_jpeg_and_formats_change_when_asked(self):
        self.jpeg('b.jpg')
        self.assertEqual(self.protect('--json', 'b.jpg').only['output'], 'b.protected.jpg')
        self.assertEqual(self.protect('--json', '--format', 'png', 'b.jpg').only['output'], 'b.protected.png')
        self.protect('b.jpg', '-o', 'c.png')
        self.assertEqual(clikit.png_size(self.data('c.png')), (40, 32))
        self.assertTrue(clikit.is_whole(self.folder / 'b.protected.jpg'))

    def test_webp_goes_in_and_out(self):
        self.write('a.webp', (clikit.ROOT / 'tests/image/data/lossy_alpha.webp').read_bytes())
        self.assertEqual(self.protect('--json', '--creator', 'Zoé', 'a.webp').only['output'], 'a.protected.webp')
        data = self.data('a.protected.webp')
        self.assertEqual((data[:4], data[8:16]), (b'RIFF', b'WEBPVP8X'))
        self.assertIn(b'VP8L', data)  # lossless
        found = self.vernis('inspect', '--json', 'a.protected.webp').only
        self.assertEqual((found['format'], found['creator'], found['alpha'], found['leaks']), ('webp', 'Zoé', True, []))
        self.protect('--quality', '90', '-o', 'b.webp', 'a.webp')
        self.assertIn(b'VP8 ', self.data('b.webp'))
        self.jpeg('c.jpg')
        self.protect('--format', 'webp', 'c.jpg')
        self.assertEqual(self.vernis('inspect', '--json', 'c.protected.webp').only['width'], 40)
        self.protect('-o', 'd.jpg', 'a.webp')
        self.assertEqual(self.data('d.jpg')[:2], b'\xff\xd8')
        self.write('moving.webp', data[:12] + b'ANIM\6\0\0\0' + bytes(6) + data[12:])
        moving = self.data('moving.webp')
        self.write('moving.webp', moving[:4] + (len(moving) - 8).to_bytes(4, 'little') + moving[8:])
        self.assertOneLine(self.protect('moving.webp', status=1), 'moving.webp', 'animated', 'still')

    def test_same_seed_same_picture(self):
        self.png('a.png')
        for name, seed in (('x.png', '5'), ('y.png', '5'), ('z.png', '6')):
            self.vernis('protect', *clikit.SMALL, '--steps', '6', '-q', '--seed', seed, 'a.png', '-o', name)
        files = self.files()
        self.assertEqual(files['x.png'], files['y.png'])
        self.assertNotEqual(files['x.png'], files['z.png'])

    def test_verify(self):
        self.png('a.png')
        self.protect('a.png')
        line = self.vernis('verify', '--json', *clikit.SMALL, 'a.png', 'a.protected.png').only
        self.assertEqual((line['width'], line['height']), (40, 32))
        self.assertGreater(line['metrics']['psnr'], 15)
        same = self.vernis('verify', '--json', *clikit.SMALL, 'a.png', 'a.png').only
        for shift in same['metrics']['latent_shift'].values():
            self.assertEqual(shift['direct'], 0)
        words = self.vernis('verify', *clikit.SMALL, 'a.png', 'a.protected.png').out
        for word in ('visibility', 'PSNR', 'SSIM', 'direct', 'ingest', 'floor', *line['metrics']['latent_shift']):
            self.assertIn(word, words)

    def test_verify_says_what_does_not_fit(self):
        self.png('a.png')
        self.png('b.png', 48, 32)
        self.assertEqual(self.vernis('verify', 'a.png', 'b.png', status=1).out, '')
        self.assertOneLine(self.vernis('verify', 'a.png', 'none.png', status=1), 'none.png', 'No such file')
        self.assertEqual(self.vernis('verify', '--json', 'a.png', 'none.png', status=1).only['status'], 'failed')

    def test_inspect(self):
        self.png('a.png')
        self.protect('--creator', 'Ada Ärtist', '--copyright', '© Ada', 'a.png')
        before, after = self.vernis('inspect', '--json', 'a.png', 'a.protected.png').lines
        self.assertEqual(before['input'], 'a.png')
        self.assertEqual((after['creator'], after['copyright']), ('Ada Ärtist', '© Ada'))
        self.assertFalse(before['training_reserved'])
        self.assertTrue(after['training_reserved'])
        self.assertIn('Ada Ärtist', self.vernis('inspect', 'a.protected.png').out)
        self.assertEqual(len(self.vernis('inspect', '--json', '.').lines), 2)

    def test_inspect_says_what_each_platform_strips(self):
        self.png('a.png')
        self.protect('--creator', 'Ada', 'a.png')
        refused = self.vernis('inspect', '--platform', 'myspace', 'a.png', status=2).err
        names = refused.split('must be one of ')[1].split()[0].split('|')
        self.assertGreater(len(names), 10)
        for name in names:
            told = self.vernis('inspect', '--json', '--platform', name, 'a.protected.png').only['platform']
            self.assertEqual(told['name'], name)
            self.assertEqual('creator' in told['loses'], told['metadata'] in ('stripped', 'kept in part'))
        self.assertIn('reads source type', self.vernis('inspect', '--platform', 'pinterest', 'a.protected.png').out)
        self.assertNotIn('platform', self.vernis('inspect', '--json', 'a.png').only)

    def test_inspect_goes_on_after_a_bad_file(self):
        self.png('a.png')
        self.write('bad.png', b'no picture')
        done = self.vernis('inspect', '--json', 'bad.png', 'a.png', status=1)
        self.assertOneLine(done, 'bad.png')
        self.assertEqual([line.get('status') for line in done.lines], ['failed', None])

    def test_inspect_cannot_write_to_the_terminal_what_the_file_says(self):
        self.png('a.png')
        self.protect('--creator', 'x\x1b[2Jy', 'a.png')
        self.assertNotIn('\x1b', self.vernis('inspect', 'a.protected.png').out)

    def test_models(self):
        lines = self.vernis('models', '--json').lines
        self.assertIn('vernis-a', [line['name'] for line in lines])
        self.assertIn('vernis-a', self.vernis('models').out)
        model = clikit.ROOT / 'tests/nn/data/s8.safetensors'
        self.assertLessEqual({'family', 'stride', 'latent_channels', 'macs_per_pixel', 'parameters'},
                             set(self.vernis('models', '--json', str(model)).only))
        self.vernis('models', 'install', str(model), 'my own')
        self.assertIn('my own', self.vernis('models').out)
        self.png('a.png')
        self.vernis('protect', '--steps', '1', '--surrogate', 'my own', 'a.png')
        self.assertOneLine(self.vernis('models', 'install', str(model), 'vernis-a', status=1), 'vernis-a')
        self.assertOneLine(self.vernis('models', 'install', str(model), 'vernis-a-decoder', status=1), 'vernis-a-decoder')
        self.write('no.safetensors', b'nonsense')
        self.assertOneLine(self.vernis('models', 'install', 'no.safetensors', status=1), 'no.safetensors')
        self.assertOneLine(self.vernis('models', 'no.safetensors', status=1), 'no.safetensors')

    def test_a_decoder_is_no_surrogate(self):
        lines = {line['name']: line for line in self.vernis('models', '--json').lines}
        self.assertEqual(lines['vernis-a-decoder']['decodes'], 'vernis-a')
        self.assertEqual(lines['vernis-a-decoder']['latent_channels'], lines['vernis-a']['latent_channels'])
        self.assertEqual(lines['vernis-a-decoder']['stride'], lines['vernis-a']['stride'])
        self.assertRegex(self.vernis('models').out, 'vernis-a-decoder +no surrogate: paints what vernis-a sees')
        self.png('a.png')
        file = str(clikit.ROOT / 'presets/models/vernis-a-decoder.safetensors')
        self.assertOneLine(self.vernis('protect', '--surrogate', 'vernis-a-decoder', 'a.png', status=2), '--surrogate vernis-a')
        for command in (['protect', '--surrogate', file, 'a.png'], ['models', file], ['models', 'install', file, 'mine']):
            done = self.vernis(*command, status=None)
            self.assertIn(done.status, (1, 2))
            self.assertOneLine(done, 'is a decoder, which paints what vernis-a sees')
        self.assertEqual(self.tree(), ['a.png'])

    def test_presets(self):
        for name in ('gentle', 'standard', 'strong'):
            self.assertIn(name, self.vernis('presets').out)
        self.assertEqual(self.vernis('presets', '--json', 'standard').only['visibility'], 2.0)
        self.assertIn('visibility', self.vernis('presets', 'gentle').out)
        self.assertOneLine(self.vernis('presets', 'nonesuch', status=1), 'nonesuch')

    def test_probe(self):
        self.png('a.png', 45, 39)
        model = str(clikit.ROOT / 'presets/models/vernis-a.safetensors')
        stride = self.vernis('models', '--json', model).only['stride']
        channels = self.vernis('models', '--json', model).only['latent_channels']
        self.vernis('probe', '--surrogate', model, 'a.png', '--latent', 'z.npy', '--gradient', 'g.npy')
        shape, latent = npy(self.folder / 'z.npy')
        width, height = 45 // stride * stride, 39 // stride * stride
        self.assertEqual(shape, (channels, height // stride, width // stride))
        self.assertEqual(len(latent), channels * (height // stride) * (width // stride))
        shape, gradient = npy(self.folder / 'g.npy')
        self.assertEqual(shape, (3, height, width))
        self.assertTrue(any(gradient) and all(abs(g) < 1e6 for g in gradient))
        self.assertOneLine(self.vernis('probe', 'a.png', status=2), '--latent')
        self.assertOneLine(self.vernis('probe', 'none.png', '--latent', 'n.npy', status=1), 'none.png')
        self.assertNotIn('n.npy', self.tree())

    def test_selftest(self):
        self.assertIn('gradient', self.vernis('selftest').out)
        self.assertTrue(self.vernis('selftest', '--json').lines)

    def test_bench(self):
        line = self.vernis('bench', '--size', '64', '--json').lines[0]
        self.assertLessEqual({'surrogate', 'size', 'cpu', 'threads', 'seconds_forward', 'seconds_backward',
                              'seconds_forward_exact', 'gflop', 'peak_memory_bytes'}, set(line))
        self.assertEqual(line['size'], 64)
        self.assertGreater(line['seconds_forward'], 0)
        self.assertEqual(self.vernis('bench', '--size', '64', '--json', '--cpu', 'scalar').lines[0]['cpu'], 'scalar')
        self.assertEqual(len(self.vernis('bench', '--size', '64').out.splitlines()), 2)


class Streams(clikit.Case):
    def test_progress_as_json_lines(self):
        self.png('a.png')
        self.png('b.png', seed=2)
        done = self.vernis('protect', *clikit.SMALL, '--steps', '4', '--progress', 'json', 'a.png', 'b.png')
        events = [json.loads(line) for line in done.err.splitlines() if line.startswith('{')]
        self.assertLessEqual({'event', 'input', 'stage', 'done', 'seconds_left', 'files_done', 'files', 'done_all',
                              'seconds_left_all'}, set(events[0]))
        self.assertEqual([e['input'] for e in events if e['stage'] == 'begin'], ['a.png', 'b.png'])
        self.assertEqual([e['files_done'] for e in events if e['stage'] == 'end'], [1, 2])
        overall = [e['done_all'] for e in events]
        self.assertEqual(overall, sorted(overall))
        self.assertEqual(overall[-1], 1)

    def test_progress_none_and_plain(self):
        self.png('a.png')
        self.assertEqual(self.vernis('protect', *clikit.FAST, '--progress', 'none', 'a.png', '-o', 'n.png').err, '')
        done = self.vernis('protect', *clikit.FAST, '--progress', 'plain', 'a.png', '-o', 'p.png')
        self.assertIn('[1/1] a.png', done.err)

    def test_bar_on_a_terminal(self):
        self.png('a name.png')
        main, terminal = os.openpty()
        self.addCleanup(os.close, main)
        self.env.update(TERM='xterm', COLUMNS='70')
        process = subprocess.Popen(self.command('protect', *clikit.SMALL, '--steps', '20', 'a name.png'),
                                   cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        shown = b''
        try:
            while piece := os.read(main, 65536):
                shown += piece
        except OSError:  # the far end is closed
            pass
        self.assertIn(b'a name.protected.png', process.communicate()[0])
        self.assertEqual(process.returncode, 0)
        self.assertIn(b'a name.png  [', shown)
        for line in shown.decode().replace('\x1b[K', '').split('\r'):
            self.assertLess(len(line.rstrip('\n')), 70)
        self.assertTrue(shown.endswith(b'\r\x1b[K') or shown.endswith(b'\n'), shown[-80:])

    def test_full_or_closed_stdout_is_an_error(self):
        self.png('a.png')
        self.png('b.png')
        with open('/dev/full', 'wb') as full:
            done = self.protect('--json', 'a.png', 'b.png', status=1, stdout=full)
            self.assertOneLine(done, 'standard output', 'space')
        command = self.command('protect', *clikit.FAST, '-q', '--json', '--overwrite', 'a.png')
        process = subprocess.run(['sh', '-c', '"$0" "$@" >&-', *command], cwd=self.folder, env=self.env,
                                 stderr=subprocess.PIPE)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b'standard output', process.stderr)
        self.assertTrue(clikit.is_whole(self.folder / 'a.protected.png'))
        with open('/dev/full', 'wb') as full:
            self.vernis('help', 'protect', status=1, stdout=full)

    def test_picture_through_a_pipe(self):
        picture = clikit.png_bytes(40, 32)
        done = self.protect('-', stdin=picture)
        self.assertEqual(clikit.png_size(done.raw), (40, 32))
        self.assertTrue(done.raw != picture)
        self.assertEqual(clikit.png_size(self.protect('-', '-o', '-', stdin=picture).raw), (40, 32))
        self.assertEqual(self.tree(), [])
        self.protect('-', '-o', 'out.png', stdin=picture)
        self.assertEqual(self.tree(), ['out.png'])
        with open('/dev/full', 'wb') as full:
            self.protect('-', stdin=picture, status=1, stdout=full)
        self.protect('-', '--json', stdin=picture, status=2)
        self.protect('-', '--in-place', stdin=picture, status=2)
        self.protect('-', 'out.png', stdin=picture, status=2)
        self.protect('-', '-o', 'folder/', stdin=picture, status=2)
        self.assertOneLine(self.protect('-', stdin=b'', status=1), 'standard input')


if __name__ == '__main__':
    clikit.main()
