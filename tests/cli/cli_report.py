# SPDX-License-Identifier: Apache-2.0
"""--report: one page that holds all it shows, asks for nothing, runs nothing, and can be read on a phone."""
import base64
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import clikit

VOID = {'meta', 'img', 'br'}
NASTY = '<script>alert(1)</script><img src=x onerror=alert(2)> "\'&amp;.png'.replace('/', '\u2215')
BROWSER = shutil.which('chromium') or shutil.which('google-chrome')


class Page(html.parser.HTMLParser):
    """The elements of a page; fails on what does not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words, self.images = [], [], '', []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == 'img':
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != 'style':
            self.words += data

    def picture(self, index):
        head, data = self.images[index]['src'].split(',')
        assert head in ('data:image/jpeg;base64', 'data:image/png;base64'), head
        return base64.b64decode(data, validate=True)


class Report(clikit.Case):
    def page(self, name='page.html'):
        return Page(self.data(name).decode('utf-8'))

    def check_safe(self, page):
        for tag, attributes in page.elements:
            self.assertNotIn(tag, ('script', 'link', 'iframe', 'object', 'a', 'form', 'base'))
            for key, value in attributes.items():
                self.assertFalse(key.startswith('on'), key)
                if key in ('src', 'href', 'srcset'):
                    self.assertTrue(value.startswith('data:image/'), value[:40])
        self.assertFalse([t for t, a in page.elements if t == 'img' and not a.get('alt')])
        self.assertIn(('meta', {'http-equiv': 'Content-Security-Policy',
                                'content': "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}), page.elements)

    def test_a_page_says_what_was_done(self):
        self.png('a.png', 200, 120)
        line = self.protect('--json', '--report', 'page.html', 'a.png').only
        page = self.page()
        self.check_safe(page)
        self.assertEqual(len(page.images), 7)
        self.assertEqual([a['alt'] for a in page.images[:2]], ['Before: a.png', 'After: a.png'])
        for i, size in enumerate([(200, 120)] * 2 + [(160, 120)] * 2 + [(200, 120)] * 3):
            data = page.picture(i)
            self.assertEqual((page.images[i]['width'], page.images[i]['height']), tuple(map(str, size)))
            if data[:4] == b'\x89PNG':
                self.assertEqual(clikit.png_size(data), size)
            else:
                self.assertEqual(data[:2] + data[-2:], b'\xff\xd8\xff\xd9')
        self.assertNotEqual(page.picture(0), page.picture(1))
        self.assertNotEqual(page.picture(2), page.picture(3))
        words = ' '.join(page.words.split())
        for word in ('1 picture protected', 'Keep this page to yourself', f'{line["metrics"]["visibility"]:.2f}',
                     'You asked for 2.00', f'{line["metrics"]["psnr"]:.1f} dB', 'Where it shows most, at 200 %',
                     'Where change was allowed', 'no decoder', 'does not', 'does not make you safe', 'a.protected.png'):
            self.assertIn(word, words)
        self.assertEqual(self.tree(), ['a.png', 'a.protected.png', 'page.html'])

    def test_names_are_inert(self):
        raw = os.fsdecode(b'caf\xe9\x1b<b>.png')
        self.png(NASTY, 64, 64)
        self.png(raw, 64, 64)
        self.protect('--report', 'page.html', NASTY, raw)
        page = self.page()
        self.check_safe(page)
        self.assertEqual(len(page.images), 14)
        self.assertIn(NASTY, page.words)
        self.assertEqual(page.images[0]['alt'], 'Before: ' + NASTY)
        self.assertIn('caf\ufffd\ufffd<b>.png', page.words)
        self.assertNotIn('\x1b', page.words)

    def test_many_pictures_in_their_order_with_what_failed(self):
        for i in range(4):
            self.png(f'{i}.png', 64 + i, 64, seed=i)
        self.write('2.png', b'no picture <i>')
        self.png('out/3.png')
        done = self.vernis('protect', *clikit.FAST, '-q', '--jobs', '2', '--skip-existing', '--report', 'page.html', '-o', 'out',
                           *(f'{i}.png' for i in range(4)), status=1)
        self.assertIn('2.png', done.err)
        page = self.page()
        self.check_safe(page)
        self.assertEqual([a['alt'] for a in page.images[::7]], ['Before: 0.png', 'Before: 1.png'])
        words = ' '.join(page.words.split())
        self.assertIn('2 pictures protected', words)
        self.assertIn('1 passed over, 1 failed', words)
        self.assertRegex(words, 'Not protected 2.png: .* 3.png: ')

    def test_in_place_shows_the_original(self):
        self.png('a.png', 96, 64)
        before = self.data('a.png')
        self.protect('--in-place', '--report', 'page.html', 'a.png')
        self.assertEqual(self.data('a_original.png'), before)
        page = self.page()
        self.assertNotEqual(page.picture(0), page.picture(1))
        self.assertEqual(page.images[0]['alt'], 'Before: a_original.png')

    def test_for_a_platform(self):
        self.write('a.jpg', (clikit.ROOT / 'tests/image/data/ycc_420.jpg').read_bytes())
        self.protect('--for', 'instagram', '--report', 'page.html', 'a.jpg')
        self.assertIn('shrunk to at most 1080 by 1440 pixels, saved as a JPEG of quality 75', ' '.join(self.page().words.split()))

    def test_what_is_refused_costs_nothing(self):
        self.png('a.png')
        self.write('there.html', b'mine')
        for name in ('page.png', 'a.png', 'there.html', 'page'):
            self.assertOneLine(self.protect('--report', name, 'a.png', status=2), '--report')
        self.assertOneLine(self.protect('--report', 'nowhere/page.html', 'a.png', status=1), 'nowhere/page.html')
        self.assertOneLine(self.protect('--report', 'page.html', '-o', 'b.png', '-', stdin=self.data('a.png'), status=2), 'pipe')
        self.assertEqual(self.tree(), ['a.png', 'there.html'])
        self.protect('-n', '--report', 'page.html', 'a.png')
        self.assertEqual(self.tree(), ['a.png', 'there.html'])
        self.protect('--overwrite', '--report', 'there.html', 'a.png')
        self.check_safe(self.page('there.html'))

    def test_verify_makes_one_too(self):
        self.png('a.png', 96, 64)
        self.protect('-o', 'b.png', 'a.png')
        self.vernis('verify', *clikit.SMALL, '--ingest', 'bluesky s64', '--report', 'page.html', 'a.png', 'b.png')
        page = self.page()
        self.check_safe(page)
        words = ' '.join(page.words.split())
        self.assertIn('1 picture compared', words)
        self.assertIn('saved as a WebP of quality 80', words)
        self.assertNotIn('You asked for', words)

    def test_what_the_built_in_model_sees(self):
        self.png('a.png', 96, 64)
        self.vernis('protect', '--steps', '2', '-q', '--report', 'whole.html', '-o', 'b.png', 'a.png')
        self.assertEqual(len(self.page('whole.html').images), 9)
        self.vernis('verify', '--ingest', 's128', '--report', 'page.html', 'a.png', 'b.png')
        page = self.page()
        self.check_safe(page)
        self.assertEqual(len(page.images), 9)
        self.assertEqual([a['alt'] for a in page.images[7:]], ['What the small model sees of the clean picture, a.png',
                                                               'What the small model sees of the protected picture, a.png'])
        self.assertEqual([(a['width'], a['height']) for a in page.images[7:]], [('192', '128')] * 2)
        self.assertNotEqual(page.picture(7), page.picture(8))
        words = ' '.join(page.words.split())
        for word in ('What a small model sees of it', 'vernis-a, the small encoder that comes with Vernis',
                     'not that of any company'):
            self.assertIn(word, words)
        self.assertNotIn('no decoder', words)
        # The pictures are those of the files: without a change they are one, and a large one is shown smaller.
        self.vernis('verify', '--ingest', 's128', '--report', 'same.html', 'a.png', 'a.png')
        same = self.page('same.html')
        self.assertEqual(same.picture(7), same.picture(8))
        self.assertEqual(same.picture(7), page.picture(7))
        self.png('wide.png', 600, 60)
        self.vernis('verify', '--ingest', 's128', '--report', 'wide.html', 'wide.png', 'wide.png')
        self.assertEqual({(a['width'], a['height']) for a in self.page('wide.html').images[7:]}, {('900', '90')})

    def test_large_pictures_are_shown_smaller(self):
        self.png('a.png', 1000, 500)
        self.protect('--report', 'page.html', 'a.png')
        page = self.page()
        self.assertEqual([(i['width'], i['height']) for i in page.images],
                         [('900', '450')] * 2 + [('160', '160')] * 2 + [('900', '450')] + [('450', '225')] * 2)


@unittest.skipUnless(BROWSER, 'no chromium')
class InABrowser(clikit.Case):
    def chromium(self, *args):
        # Root needs --no-sandbox; no network is there to be asked.
        command = [BROWSER, '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
                   '--host-resolver-rules=MAP * ~NOTFOUND', f'--user-data-dir={self.folder}/.profile', *args]
        return subprocess.run(command, capture_output=True, timeout=200, check=True,
                              env={**self.env, 'HOME': str(self.folder)}).stdout.decode('utf-8', 'replace')

    def test_layout_and_pictures(self):
        self.png(NASTY, 300, 200)
        self.protect('--report', 'page.html', NASTY)
        address = pathlib.Path(self.folder / 'page.html').as_uri()
        for width, dark in ((390, 0), (1200, 1)):
            self.chromium(f'--window-size={width},900', f'--blink-settings=preferredColorScheme={dark}',
                          f'--screenshot={self.folder}/shot{width}.png', address)
            self.assertEqual(clikit.png_size(self.data(f'shot{width}.png')), (width, 900))
            self.assertGreater(len(self.data(f'shot{width}.png')), 20000)  # a blank page has some 3 kB
        # A copy that may run the test's own script, and nothing else changed: every image is decoded, nothing sticks out.
        text = re.sub('<meta http-equiv.*?>', '', self.data('page.html').decode())
        probe = ('<script>onload=()=>{const i=[...document.images],w=document.documentElement;'
                 'document.title=i.length+" "+i.filter(x=>x.naturalWidth>0).length+" "+(w.scrollWidth<=w.clientWidth)+" "+'
                 'document.scripts.length}</script></head>')
        self.write('probe.html', text.replace('</head>', probe, 1).encode())
        for width in (500, 1200):  # a window can be no narrower than 500
            dom = self.chromium(f'--window-size={width},900', '--dump-dom', pathlib.Path(self.folder / 'probe.html').as_uri())
            self.assertIn('<title>7 7 true 1</title>', dom)


if __name__ == '__main__':
    clikit.main()
