#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How surely `vernis ledger find` knows a picture again, and how seldom it takes another for it.

usage: tools/measure_find.py --art FOLDER [--build build] [--works 16] [--steps 2] [--pictures 1000] [--pairs]

Art: a folder of unpacked Debian packages; pictures of at least 64 pixels a side are drawn from it evenly. Every answer comes from
the library's own find, through build/tests/ledger/ledger_tool, so its limits stand nowhere twice. Prints Markdown:

- some works are protected and copies of them changed in several ways: how many of these find calls "yours";
- all pairs of the pictures drawn: how many find calls "yours", and how many of those are not the same drawing.

Find sees 16x16 frequencies of luma and 32x32 means. Whether two pictures are the same drawing is decided here without it, from
four times as many points each way and by other means: both are put on white and resized to 128x128 RGB (Lanczos), and of the
eight orientations the one in which they correlate best counts. They are the same drawing when they correlate by more than
0.995, and at most 1 in 100 points differs by more than 32 of 255 levels in any colour: a drawing in two sizes, or packages,
does; one in which a wheel has turned or a colour is another does not. Two weaker criteria are printed beside it, to show how
much hangs on it. Needs python3-numpy and python3-pil.
"""
import argparse
import io
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageOps

from measure import on_white

Image.MAX_IMAGE_PIXELS = None
KINDS = {'.png', '.jpg', '.jpeg', '.webp'}
SAME = [(0.995, 0.01), (0.99, 0.02), (0.98, 0.05)]  # least correlation, most points that differ; the first counts


def draw(art, count):
    """`count` pictures of the art, evenly over the sorted list of all."""
    files = sorted(str(p) for p in pathlib.Path(art).rglob('*') if p.suffix.lower() in KINDS and p.is_file() and
                   not p.is_symlink() and '\n' not in str(p) and '\t' not in str(p))
    chosen = []
    for path in files[::max(1, len(files) // (2 * count))]:
        try:
            with Image.open(path) as image:
                if min(image.size) >= 64 and image.size[0] * image.size[1] < 3e7:
                    chosen.append(path)
        except OSError:
            pass
    return chosen[::max(1, len(chosen) // count)][:count]


def find(args, known, sought, work):
    """What find says: {(sought, known): (bits, "yours" or "alike")}, and the paths that cannot be read."""
    listed = os.path.join(work, 'known')
    pathlib.Path(listed).write_text('\n'.join(known) + '\n', encoding='utf-8')
    done = subprocess.run([args.build + '/tests/ledger/ledger_tool', '--match', listed], input='\n'.join(sought) + '\n',
                          capture_output=True, text=True, check=True)
    rows = [line.split('\t') for line in done.stdout.splitlines()]
    return {(row[0], row[1]): (int(row[2]), row[3]) for row in rows if len(row) == 4}, {row[0] for row in rows if len(row) == 2}


def same_drawing(a, b):
    """(correlation, share of the points that differ) in the orientation that agrees best."""
    first, second = (np.asarray(on_white(path).resize((128, 128), Image.LANCZOS), np.float64) for path in (a, b))
    best = (-1, 1)
    for turned in (second, second[:, ::-1], second[::-1], second[::-1, ::-1]):
        for other in (turned, turned.transpose(1, 0, 2)):
            u, v = first - first.mean((0, 1)), other - other.mean((0, 1))
            correlation = (u * v).sum() / np.sqrt((u * u).sum() * (v * v).sum() + 1e-9)
            best = max(best, (correlation, (np.abs(first - other).max(2) > 32).mean()))
    return best


def scaled(image, share):
    return image.resize((max(1, round(image.width * share)), max(1, round(image.height * share))), Image.LANCZOS)


def jpeg(image, quality):
    data = io.BytesIO()
    image.save(data, 'JPEG', quality=quality)
    return Image.open(data).convert('RGB')


def other_profile(image):
    """Each colour a little of its neighbour's, as when a profile is taken for another, and a gamma of 0.95."""
    mixed = np.asarray(image, np.float64) @ np.array([[.93, .03, 0], [.07, .95, .05], [0, .02, .95]])
    return Image.fromarray(np.rint(255 * (np.clip(mixed, 0, 255) / 255) ** 0.95).astype(np.uint8))


def cropped(image):
    x, y = round(image.width * .01), round(image.height * .01)
    return image.crop((x, y, image.width - x, image.height - y))


COPIES = {  # the first four are asked for
    'JPEG 50': lambda image: jpeg(image, 50),
    'half size': lambda image: scaled(image, .5),
    'mirror': ImageOps.mirror,
    'all three': lambda image: jpeg(ImageOps.mirror(scaled(image, .5)), 50),
    'JPEG 30': lambda image: jpeg(image, 30),
    'quarter size': lambda image: scaled(image, .25),
    'quarter size, JPEG 30': lambda image: jpeg(scaled(image, .25), 30),
    'gamma 0.9': lambda image: image.point([round(255 * (i / 255) ** .9) for i in range(256)] * 3),
    'colours as by another profile': other_profile,
    'crop: 2 % of each side\'s length': cropped,
}


def recognised(args, paths, work):
    """Protect some works and print how find knows their copies."""
    usable = [p for p in paths if 300 <= min(Image.open(p).size) and max(Image.open(p).size) <= args.most]
    works, known, found = usable[::max(1, len(usable) // args.works)][:args.works], [], {}
    for number, path in enumerate(works):
        source, target = (os.path.join(work, f'{number}{end}.png') for end in ('', '.out'))
        Image.open(path).convert('RGBA').save(source)
        subprocess.run([args.build + '/vernis', 'protect', '-q', '--ledger', 'none', '--overwrite', '--steps', str(args.steps),
                        source, '-o', target], check=False)
        if os.path.exists(target):
            known.append(target)
    for kind, change in COPIES.items():
        for path in known:
            target = path.replace('.out.png', f'.{len(found)}.png')
            change(on_white(path)).save(target)
            found[target] = (kind, path)
    matches, unreadable = find(args, known, list(found), work)
    print(f'| copy of {len(known)} protected works | "yours" | "looks alike" | bits that differ: median | most |\n'
          '|---|---|---|---|---|')
    for kind in COPIES:
        answers = [matches.get((target, path)) for target, (of, path) in found.items() if of == kind]
        bits = [answer[0] for answer in answers if answer]
        says = [sum(answer is not None and answer[1] == word for answer in answers) for word in ('yours', 'alike')]
        print(f'| {kind} | {says[0]} of {len(answers)} | {says[1]} | {np.median(bits):.0f} | '
              f'{max(bits) if len(bits) == len(answers) else "over the limit"} |')
    wrong = [pair for pair, (_, word) in matches.items() if word == 'yours' and found[pair[0]][1] != pair[1]]
    print(f'\n{len(wrong)} copies taken for another of the works; {len(unreadable)} unreadable.', flush=True)


def mistaken(args, paths, work):
    """Look for every picture among all, and print how many pairs are taken for one picture."""
    matches, unreadable = find(args, paths, paths, work)
    near = {}
    for (a, b), (bits, word) in matches.items():
        if a != b:
            pair = tuple(sorted((a, b)))
            near[pair] = min(near.get(pair, (bits, word)), (bits, word), key=lambda answer: (answer[1] != 'yours', answer[0]))
    count = len(paths) - len(unreadable)
    yours = {pair: same_drawing(*pair) for pair, (_, word) in near.items() if word == 'yours'}
    pairs = count * (count - 1) // 2
    print(f'{count} pictures, {pairs} pairs: the fingerprints of {len(near)} are near enough, {len(yours)} are called "yours".\n')
    print('| same drawing: correlation over | points that differ, at most | false | rate |\n|---|---|---|---|')
    for least, most in SAME:
        false = sum(correlation <= least or share > most for correlation, share in yours.values())
        print(f'| {least} | {most:.0%} | {false} | {false / pairs:.1e} |')
    for pair, (correlation, share) in sorted(yours.items(), key=lambda item: item[1]):
        if args.pairs and (correlation <= SAME[0][0] or share > SAME[0][1]):
            print(f'\n{near[pair][0]} bits, correlation {correlation:.4f}, {share:.1%} of the points: {pair[0]} {pair[1]}')
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--art', required=True)
    parser.add_argument('--build', default='build')
    parser.add_argument('--works', type=int, default=16)
    parser.add_argument('--most', type=int, default=1600, help='pixels of a work, the longer side')
    parser.add_argument('--steps', type=int, default=2)
    parser.add_argument('--pictures', type=int, default=1000)
    parser.add_argument('--pairs', action='store_true', help='list the false ones')
    args = parser.parse_args()
    paths = draw(args.art, args.pictures)
    with tempfile.TemporaryDirectory() as work:
        mistaken(args, paths, work)
        recognised(args, paths, work)


if __name__ == '__main__':
    main()
