#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How surely `vernis ledger find` knows a picture again, and how seldom it takes another for it.

usage: tools/measure_find.py --art FOLDER [--build build] [--works 16] [--pictures 4000] [--work FOLDER]

Art: a folder of unpacked Debian packages; pictures of at least 64 pixels a side are drawn from it evenly. Prints Markdown:
how far the fingerprint of a protected picture moves under JPEG 50, half size, mirroring and all three together, and how many
pairs of different pictures lie within find's limits in any of eight orientations. A pair counts as one picture, not as two,
when its thumbnails agree (the same drawing in two sizes or packages); --pairs lists those that do not. Needs python3-numpy and
python3-pil.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None
KINDS = {'.png', '.jpg', '.jpeg', '.webp'}
LIMITS = [(50, 36), (20, 20), (5, 8), (0, -1)]  # least quality of the two, bits that may differ: as in src/ledger/find.c


def limit_of(quality):
    return np.select([quality >= least for least, _ in LIMITS], [bits for _, bits in LIMITS])


def fingerprints(tool, paths):
    """(paths, quality (n), bits (n, 8, 32) as bytes) of those that can be read."""
    done = subprocess.run([tool, '--print'], input='\n'.join(paths), capture_output=True, text=True, check=True)
    rows = [line.split('\t') for line in done.stdout.splitlines()]
    bits = np.array([[list(bytes.fromhex(text)) for text in row[2:]] for row in rows], np.uint8)
    return [row[0] for row in rows], np.array([int(row[1]) for row in rows]), bits


COUNT = np.array([bin(i).count('1') for i in range(256)], np.uint8)


def distances(all_of_one, uprights):
    """Least distance of one picture in its orientations to each of the others."""
    return COUNT[all_of_one[:, None, :] ^ uprights[None, :, :]].sum(2, dtype=np.int32).min(0)


def draw(art, count):
    """`count` pictures of the art, evenly over the sorted list of all."""
    files = sorted(str(p) for p in pathlib.Path(art).rglob('*') if p.suffix.lower() in KINDS and p.is_file() and
                   not p.is_symlink() and '\n' not in str(p))
    chosen = []
    for path in files[::max(1, len(files) // (2 * count))]:
        try:
            with Image.open(path) as image:
                if min(image.size) >= 64 and image.size[0] * image.size[1] < 3e7:
                    chosen.append(path)
        except OSError:
            pass
    return chosen[::max(1, len(chosen) // count)][:count]


def thumbnail(path):
    image = Image.open(path).convert('RGBA')
    ground = Image.new('RGBA', image.size, (255, 255, 255, 255))
    ground.alpha_composite(image)
    return np.asarray(ground.convert('RGB').resize((32, 32), Image.LANCZOS), np.float64)


def same_picture(a, b):
    """Whether two thumbnails agree in any orientation: correlation of all channels over 0.9."""
    x, best = thumbnail(a), 0
    y = thumbnail(b)
    for turned in (y, y[:, ::-1], y[::-1], y[::-1, ::-1]):
        for other in (turned, turned.transpose(1, 0, 2)):
            u, v = x - x.mean((0, 1)), other - other.mean((0, 1))
            best = max(best, (u * v).sum() / np.sqrt((u * u).sum() * (v * v).sum() + 1e-9))
    return best > 0.9


def altered(image, kind):
    if 'half' in kind or 'all' in kind:
        image = image.resize((image.width // 2, image.height // 2), Image.LANCZOS)
    if 'mirror' in kind or 'all' in kind:
        image = ImageOps.mirror(image)
    return image, 50 if 'JPEG' in kind or 'all' in kind else None


def recognised(args, tool, paths, work):
    """Protect some works and print how far each alteration moves them."""
    usable = [p for p in paths if 300 <= min(Image.open(p).size) and max(Image.open(p).size) <= 1600]
    works = usable[::max(1, len(usable) // args.works)][:args.works]
    kinds = ['JPEG 50', 'half size', 'mirror', 'all three']
    ours, found = [], {kind: [] for kind in kinds}
    for number, path in enumerate(works):
        source = os.path.join(work, f'{number}.png')
        Image.open(path).convert('RGBA').save(source)
        subprocess.run([args.build + '/vernis', 'protect', '-q', '--ledger', 'none', '--overwrite', '--steps', str(args.steps),
                        source, '-o', os.path.join(work, f'{number}.out.png')], check=False)
        ours.append(os.path.join(work, f'{number}.out.png'))
    for kind in kinds:
        for number, path in enumerate(ours):
            image = Image.open(path).convert('RGBA')
            ground = Image.new('RGBA', image.size, (255, 255, 255, 255))
            ground.alpha_composite(image)
            image, quality = altered(ground.convert('RGB'), kind)
            target = os.path.join(work, f'{number}.{kind.replace(" ", "-")}.' + ('jpg' if quality else 'png'))
            image.save(target, **({'quality': quality} if quality else {}))
            found[kind].append(target)
    _, quality, bits = fingerprints(tool, ours)
    print(f'| {len(ours)} protected works, quality {quality.min()} to {quality.max()} | known again | '
          'bits that differ: median | most |\n|---|---|---|---|')
    for kind in kinds:
        _, theirs, turned = fingerprints(tool, found[kind])
        distance = np.array([distances(turned[i], bits[i:i + 1, 0])[0] for i in range(len(ours))])
        known = distance <= limit_of(np.minimum(quality, theirs))
        print(f'| {kind} | {known.sum()} of {len(ours)} | {np.median(distance):.0f} | {distance.max()} |', flush=True)


def mistaken(args, tool, paths):
    """Compare all pairs and print how many are taken for one picture."""
    paths, quality, bits = fingerprints(tool, paths)
    uprights, near = bits[:, 0], []
    tally = {least: [0, 0] for least, _ in LIMITS}  # pairs, false ones
    band = np.select([quality >= least for least, _ in LIMITS], [least for least, _ in LIMITS])
    for i in range(len(paths) - 1):
        distance, poorer = distances(bits[i], uprights[i + 1:]), np.minimum(quality[i], quality[i + 1:])
        for least in tally:
            tally[least][0] += int((np.minimum(band[i], band[i + 1:]) == least).sum())
        near += [(i, i + 1 + int(j), int(distance[j])) for j in np.nonzero(distance <= limit_of(poorer))[0]]
    wrong = [(i, j, d) for i, j, d in near if not same_picture(paths[i], paths[j])]
    for i, j, d in wrong:
        tally[int(min(band[i], band[j]))][1] += 1
        if args.pairs:
            print(f'{d} {min(quality[i], quality[j])} {paths[i]} {paths[j]}')
    print(f'\n{len(paths)} pictures; {len(near)} pairs within the limits, {len(near) - len(wrong)} of them one picture twice\n')
    print('| least quality of the two | pairs | false | rate |\n|---|---|---|---|')
    for least, (pairs, false) in tally.items():
        print(f'| {least} and more | {pairs} | {false} | {false / max(pairs, 1):.1e} |')
    pairs, false = sum(p for p, _ in tally.values()), len(wrong)
    print(f'| all | {pairs} | {false} | {false / pairs:.1e} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--art', required=True)
    parser.add_argument('--build', default='build')
    parser.add_argument('--works', type=int, default=16)
    parser.add_argument('--steps', type=int, default=40)
    parser.add_argument('--pictures', type=int, default=4000)
    parser.add_argument('--pairs', action='store_true')
    args = parser.parse_args()
    tool = args.build + '/tests/ledger/ledger_tool'
    paths = draw(args.art, args.pictures)
    mistaken(args, tool, paths)
    print()
    with tempfile.TemporaryDirectory() as work:
        recognised(args, tool, paths, work)


if __name__ == '__main__':
    main()
