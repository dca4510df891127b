# SPDX-License-Identifier: Apache-2.0
"""protect --for PLATFORM makes the file that the platform serves; presets can be edited and added; verify's ingests."""
import json
import struct

import clikit

PLATFORMS = ['artstation', 'behance', 'bluesky', 'cara', 'deviantart', 'discord', 'facebook', 'instagram', 'mastodon',
             'own-site', 'pinterest', 'pixiv', 'reddit', 'tiktok', 'tumblr', 'x']
SMALL_BOX = {'name': 'zine', 'description': 'A zine.', 'max_width': 60, 'max_height': 50, 'max_pixels': 0, 'max_bytes': 0,
             'format': 'same', 'quality': 80, 'subsampling': '4:2:0', 'served_width': 30, 'served_height': 0,
             'served_format': 'jpeg', 'served_quality': 60, 'served_subsampling': '4:2:0', 'confidence': 'mine',
             'source': 'me'}


def jpeg_frame(data):
    """(width, height, [(h, v) of each component], first quantiser) of a JPEG."""
    at, quantiser = 2, None
    while True:
        marker, length = data[at + 1], struct.unpack('>H', data[at + 2:at + 4])[0]
        body = data[at + 4:at + 2 + length]
        if marker == 0xDB and quantiser is None:
            quantiser = body[1]
        if 0xC0 <= marker <= 0xC2:
            height, width, count = struct.unpack('>HHB', body[1:6])
            return width, height, [divmod(body[7 + 3 * i], 16) for i in range(count)], quantiser
        at += 2 + length


class Platforms(clikit.Case):
    def preset(self, name, values, kind='platforms'):
        text = values if isinstance(values, str) else json.dumps(values, indent=1)
        return self.write(f'.config/vernis/presets/{kind}/{name}.json', text.encode())

    def test_all_are_listed_and_none_enlarges(self):
        listed = self.vernis('presets').out
        self.png('a.png', 40, 32)
        for name in PLATFORMS:
            self.assertIn(f'platforms/{name} ', listed)
            preset = self.vernis('presets', '--json', name).only
            self.assertLessEqual({'source', 'confidence', 'served_quality'}, set(preset))
            line = self.protect('--json', '--for', name, '--steps', '1', '-o', f'{name}/', 'a.png').only
            self.assertEqual((line['width'], line['height'], line['platform']), (40, 32, name))
            self.assertEqual(line['metrics']['ingest'], f'{name} s512')
            self.assertTrue(line['output'].endswith('a.jpg' if preset['format'] == 'jpeg' else 'a.png'))

    def test_instagram_is_what_it_says(self):
        self.png('wide.png', 1200, 300)
        plan = self.vernis('protect', '-n', '--json', '--for', 'instagram', 'wide.png').only
        self.assertEqual((plan['width'], plan['height'], plan['output']), (1080, 270, 'wide.protected.jpg'))
        self.protect('--for', 'instagram', 'wide.png')
        self.assertEqual(jpeg_frame(self.data('wide.protected.jpg')), (1080, 270, [(2, 2), (1, 1), (1, 1)], 8))
        # What the user says counts: an ending, a format, a quality.
        self.protect('--for', 'instagram', '-o', 'b.png', 'wide.png')
        self.assertEqual(clikit.png_size(self.data('b.png')), (1080, 270))
        self.protect('--for', 'instagram', '--format', 'png', '-o', 'c/', 'wide.png')
        self.assertEqual(clikit.png_size(self.data('c/wide.png')), (1080, 270))
        self.protect('--for', 'instagram', '--quality', '100', '-o', 'd.jpg', 'wide.png')
        self.assertEqual(jpeg_frame(self.data('d.jpg'))[3], 1)

    def test_its_own_encoding_costs_the_protection_nothing(self):
        self.png('a.png', 96, 80)
        made, = self.protect('--json', '--for', 'instagram', '--steps', '4', 'a.png').only['metrics']['latent_shift'].values()
        self.protect('-o', 'b.png', 'a.png')
        other, = self.vernis('verify', '--json', *clikit.SMALL, '--ingest', 'instagram', 'a.png',
                             'b.png').only['metrics']['latent_shift'].values()
        self.assertLess(made['floor'], 0.5 * other['floor'])
        self.assertAlmostEqual(made['ingest'] / made['direct'], 1, delta=0.2)

    def test_a_preset_of_ones_own(self):
        self.png('a.png', 120, 80)
        self.assertOneLine(self.protect('--for', 'zine', 'a.png', status=2), 'zine', 'vernis presets')
        self.preset('zine', SMALL_BOX)
        self.assertIn('platforms/zine', self.vernis('presets').out)
        self.assertEqual(self.vernis('presets', '--json', 'zine').only['max_width'], 60)
        line = self.protect('--json', '--for', 'zine', 'a.png').only
        self.assertEqual((line['width'], line['height']), (60, 40))
        self.preset('zine', {**SMALL_BOX, 'max_pixels': 600})
        line = self.protect('--json', '--overwrite', '--for', 'zine', 'a.png').only
        self.assertEqual((line['width'], line['height']), (30, 20))
        self.preset('instagram', {**SMALL_BOX, 'name': 'instagram', 'max_bytes': 100})
        line = self.protect('--json', '--overwrite', '--for', 'instagram', 'a.png').only
        self.assertEqual(line['width'], 60)
        self.assertIn('instagram takes 100', ' '.join(line['warnings']))
        self.preset('faint', {'visibility': 0.7, 'steps': 1}, 'strength')
        self.assertEqual(self.protect('--json', '--overwrite', '--strength', 'faint', 'a.png').only['preset'], 'faint')

    def test_quality_gives_way_to_the_limit_of_bytes(self):
        self.png('a.png', 160, 160)
        at_ease = self.protect('--json', '--for', 'cara', '--format', 'jpeg', 'a.png').only
        self.preset('tight', {**SMALL_BOX, 'max_width': 0, 'max_height': 0, 'format': 'jpeg', 'quality': 85,
                              'max_bytes': at_ease['bytes_out'] * 3 // 4})
        line = self.protect('--json', '--overwrite', '--for', 'tight', 'a.png').only
        self.assertLess(line['bytes_out'], at_ease['bytes_out'])
        self.assertGreater(jpeg_frame(self.data('a.protected.jpg'))[3], 5)

    def test_bad_presets_name_file_line_and_reason(self):
        self.png('a.png')
        lines = json.dumps(SMALL_BOX, indent=1).splitlines()
        number = next(i for i, line in enumerate(lines, 1) if '"quality"' in line)
        for wrong, words in (('"quality": 800,', ('line %d' % number, '"quality"', '1 to 100')),
                             ('"quality": "high",', ('line %d' % number, '"quality"')),
                             ('"qualty": 80,', ('line %d' % number, '"qualty"', 'not a key')),
                             ('"quality": 80,,', ('line %d' % number,)), ('', ('"quality"', 'missing'))):
            text = '\n'.join(wrong if i == number else line for i, line in enumerate(lines, 1))
            self.preset('zine', text)
            done = self.protect('--for', 'zine', 'a.png', status=1)
            self.assertOneLine(done, 'zine.json', *words)
            listed = self.vernis('presets').out
            self.assertIn('platforms/zine', listed)
            self.assertIn('unusable', listed)
            self.assertIn('platforms/x ', listed)
        self.preset('zine', {**SMALL_BOX, 'subsampling': '4:1:1'})
        self.assertOneLine(self.protect('--for', 'zine', 'a.png', status=1), 'line', 'subsampling', '4:4:4|4:2:0')
        self.assertOneLine(self.protect('--for', '../zine', 'a.png', status=2), '../zine')

    def test_verify_after_a_named_ingest(self):
        self.png('a.png', 96, 64)
        self.protect('-o', 'b.png', 'a.png')
        shifts = {}
        for name, told in ((None, 'w1080 q75 s512'), ('instagram', 'instagram s512'), ('q40 s128', 'w1080 q40 s128'),
                           ('w48 q0 s64', 'w48 q0 s64'), ('bluesky s64', 'bluesky s64')):
            args = ['--ingest', name] if name else []
            metrics = self.vernis('verify', '--json', *clikit.SMALL, *args, 'a.png', 'b.png').only['metrics']
            self.assertEqual(metrics['ingest'], told)
            shifts[name], = metrics['latent_shift'].values()
        self.assertGreater(shifts['q40 s128']['floor'], 0)
        self.assertGreater(shifts['bluesky s64']['floor'], 0)
        self.assertNotEqual(shifts['w48 q0 s64']['ingest'], shifts['w48 q0 s64']['direct'])
        for wrong in ('myspace', 'q101', 's9', 'w1080 instagram', 'q', 's512x'):
            done = self.vernis('verify', *clikit.SMALL, '--ingest', wrong, 'a.png', 'b.png', status=2)
            self.assertOneLine(done, 'ingest')

    def test_verify_takes_an_original_of_another_size(self):
        self.png('a.png', 120, 80)
        self.preset('zine', SMALL_BOX)
        self.protect('--for', 'zine', '-o', 'b.png', 'a.png')
        line = self.vernis('verify', '--json', *clikit.SMALL, 'a.png', 'b.png').only
        self.assertEqual((line['width'], line['height']), (60, 40))
        self.assertGreater(line['metrics']['psnr'], 15)


if __name__ == '__main__':
    clikit.main()
