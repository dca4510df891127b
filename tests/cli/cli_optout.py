# SPDX-License-Identifier: Apache-2.0
"""The opt-out files of a web site: other readers understand them, running twice changes nothing, and what is taken out
leaves every byte as it was."""
import html.parser
import json
import os
import re
import urllib.robotparser

import clikit

AGENTS = ['GPTBot', 'ClaudeBot', 'CCBot', 'Google-Extended', 'Applebot-Extended', 'Bytespider', 'meta-externalagent',
          'Amazonbot', 'PerplexityBot', 'img2dataset', 'LAIONDownloader', 'laion-huggingface-processor', 'ImagesiftBot']
FILES = ['.well-known/tdmrep.json', 'ai.txt', 'robots.txt', 'vernis-optout/Caddyfile', 'vernis-optout/README.txt',
         'vernis-optout/apache.conf', 'vernis-optout/head.html', 'vernis-optout/nginx.conf']
THEIRS = {  # robots.txt as people have it
    'plain': b'User-agent: *\nDisallow: /private/\n\nSitemap: https://a.example/map.xml\n',
    'no end': b'User-agent: Googlebot\nDisallow: /drafts',
    'crlf': b'User-agent: *\r\nDisallow: /private/\r\n',
    'bom, latin-1 and bytes': b'\xef\xbb\xbf# caf\xe9 \x01\nUser-agent: *\nDisallow:\n\n\n',
    'empty': b'',
}
TDM = [b'[]', b'[\n]\n', b' [ ] ', b'[{"location":"/blog/*","tdm-reservation":0}]',
       b'[\r\n\t{"location": "/a]{", "tdm-reservation": 1, "tdm-policy": "https://a.example/p.json"},\n {"location":"/b"}\n]']


class Optout(clikit.Case):
    def optout(self, *args, **more):
        return self.vernis('optout', 'site', *args, **more)

    def setUp(self):
        super().setUp()
        (self.folder / 'site').mkdir()

    def site(self):
        return {name: self.data('site/' + name) for name in self.tree('site')}

    def test_everything_is_written_and_gone_again(self):
        done = self.optout()
        self.assertEqual(sorted(self.site()), FILES)
        self.assertEqual(done.out.count('written'), len(FILES))
        self.assertIn('README.txt', done.err)
        for name, data in self.site().items():
            self.assertRegex(data.decode(), r'20\d\d-\d\d-\d\d', name)
            self.assertLessEqual(max(map(len, data.decode().splitlines())), 130, name)
        done = self.optout('--remove', '--json')
        self.assertEqual({line['status'] for line in done.lines}, {'deleted'})
        self.assertEqual(list((self.folder / 'site').iterdir()), [])
        self.assertEqual({line['status'] for line in self.optout('--remove', '--json').lines}, {'not there'})

    def test_twice_changes_nothing(self):
        self.write('site/robots.txt', THEIRS['no end'])
        self.optout()
        before = {path: path.stat().st_mtime_ns for path in (self.folder / 'site').rglob('*')}
        self.assertEqual({line['status'] for line in self.optout('--json').lines}, {'unchanged'})
        self.assertEqual({path: path.stat().st_mtime_ns for path in (self.folder / 'site').rglob('*')}, before)

    def test_an_older_block_is_brought_up_to_date(self):
        self.write('site/robots.txt', THEIRS['no end'])
        self.optout()
        fresh = self.site()
        for name in ('robots.txt', '.well-known/tdmrep.json'):
            old = re.sub(rb'20\d\d-\d\d-\d\d', b'2020-02-02', fresh[name])
            self.write('site/' + name, old)
            self.assertIn('unchanged', [x['status'] for x in self.optout('--json').lines if x['file'].endswith(name)])
            self.assertEqual(self.data('site/' + name), old)
            self.write('site/' + name, old.replace(b'CCBot', b'OldBot').replace(b'"tdm-reservation": 1', b'"other": 1'))
            self.optout()
            self.assertEqual(self.data('site/' + name), fresh[name])

    def test_robots_txt_of_others_stays_byte_for_byte(self):
        for kind, theirs in THEIRS.items():
            with self.subTest(kind):
                self.write('site/robots.txt', theirs)
                self.optout()
                merged = self.data('site/robots.txt')
                self.assertTrue(merged.startswith(theirs))
                self.optout('--remove')
                self.assertEqual(self.site(), {'robots.txt': theirs})

    def test_what_is_added_later_stays(self):
        self.write('site/robots.txt', b'User-agent: *\nDisallow: /a')
        self.optout()
        self.write('site/robots.txt', self.data('site/robots.txt') + b'Sitemap: x\n')
        self.optout('--remove')
        self.assertEqual(self.data('site/robots.txt'), b'User-agent: *\nDisallow: /a\nSitemap: x\n')
        os.remove(self.folder / 'site/robots.txt')
        self.optout()
        self.write('site/robots.txt', b'# first\n' + self.data('site/robots.txt'))
        self.optout('--remove')
        self.assertEqual(self.site(), {'robots.txt': b'# first\n'})

    def test_a_robots_parser_agrees(self):
        self.write('site/robots.txt', THEIRS['plain'])
        self.optout()
        parser = urllib.robotparser.RobotFileParser()
        parser.parse(self.data('site/robots.txt').decode().splitlines())
        for agent in AGENTS:
            self.assertFalse(parser.can_fetch(agent, 'https://a.example/picture.png'), agent)
        for agent in ('Googlebot', 'bingbot', 'Applebot', 'Mozilla/5.0'):
            self.assertTrue(parser.can_fetch(agent, 'https://a.example/picture.png'), agent)
            self.assertFalse(parser.can_fetch(agent, 'https://a.example/private/x'), agent)
        self.assertEqual(parser.site_maps(), ['https://a.example/map.xml'])
        self.assertIn('\nContent-Usage: train-ai=n\n', self.data('site/robots.txt').decode())

    def test_tdmrep_is_json_and_merges(self):
        self.optout()
        rules = json.loads(self.data('site/.well-known/tdmrep.json'))
        self.assertEqual([(r['location'], r['tdm-reservation']) for r in rules], [('/', 1)])
        self.optout('--remove')
        for theirs in TDM:
            with self.subTest(theirs):
                self.write('site/.well-known/tdmrep.json', theirs)
                self.optout()
                rules = json.loads(self.data('site/.well-known/tdmrep.json'))
                self.assertEqual(rules[0]['tdm-reservation'], 1)
                self.assertEqual(rules[1:], json.loads(theirs))
                self.assertEqual({x['status'] for x in self.optout('--json').lines}, {'unchanged'})
                self.optout('--remove')
                self.assertEqual(self.site(), {'.well-known/tdmrep.json': theirs})

    def test_a_rule_for_the_whole_site_is_left_alone(self):
        theirs = b'[{"location": "/", "tdm-reservation": 0}]'
        self.write('site/.well-known/tdmrep.json', theirs)
        self.assertIn('left alone', self.optout().out)
        self.assertEqual(self.data('site/.well-known/tdmrep.json'), theirs)

    def test_page_lines_are_read_by_an_html_parser(self):
        self.optout()
        found = {}

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attrs):
                attrs = dict(attrs)
                found[attrs['name']] = attrs['content']
        Reader().feed(self.data('site/vernis-optout/head.html').decode())
        self.assertEqual(found, {'robots': 'noai, noimageai', 'tdm-reservation': '1'})

    def test_server_snippets_say_the_same(self):
        self.optout()
        for name in ('nginx.conf', 'apache.conf', 'Caddyfile'):
            lines = [x for x in self.data('site/vernis-optout/' + name).decode().splitlines() if not x.startswith('#')]
            for header, value in (('X-Robots-Tag', 'noai, noimageai'), ('tdm-reservation', '1'),
                                  ('Content-Usage', 'train-ai=n')):
                self.assertEqual(len([x for x in lines if header in x and f'"{value}"' in x]), 1, (name, header))

    def test_what_cannot_be_merged_stops_before_anything_is_written(self):
        cases = {'.well-known/tdmrep.json': [b'{}', b'[', b'[{"a":1,"a":2}]', b'hello'],
                 'robots.txt': [b'x\n# === vernis optout, 2026-01-01, begin (after 1 line ends of its own) ===\n',
                                b'# === vernis optout: end ===\n', b'\n' * (5 << 20)]}
        for name, contents in cases.items():
            for content in contents:
                with self.subTest(name, content=content[:40]):
                    self.write('site/' + name, content)
                    self.assertOneLine(self.optout(status=1), name)
                    self.assertEqual(self.site(), {name: content})
            os.remove(self.folder / 'site' / name)

    def test_folders_that_cannot_be_written(self):
        self.assertOneLine(self.vernis('optout', 'nowhere', status=1), 'nowhere', 'folder')
        self.write('site/.well-known', b'a file')
        self.assertOneLine(self.optout(status=1), '.well-known')
        os.remove(self.folder / 'site/.well-known')
        self.write('real.txt', b'x\n')
        os.symlink('../real.txt', self.folder / 'site/robots.txt')
        self.assertOneLine(self.optout(status=1), 'robots.txt', 'link')
        self.assertEqual(self.data('real.txt'), b'x\n')
        os.remove(self.folder / 'site/robots.txt')
        who = self.as_nobody()
        (self.folder / 'site').chmod(0o555)
        self.assertOneLine(self.optout(status=1, **who), 'robots.txt')
        self.assertEqual(self.site(), {})

    def test_the_mode_of_a_file_stays(self):
        self.write('site/robots.txt', b'# x\n').chmod(0o640)
        self.optout()
        self.assertEqual((self.folder / 'site/robots.txt').stat().st_mode & 0o777, 0o640)


if __name__ == '__main__':
    clikit.main()
