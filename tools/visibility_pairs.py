#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the pairs that tools/calibrate_visibility.py fits to: pictures protected by Vernis, at several strengths.

usage: visibility_pairs.py --out DIR [--vernis build/vernis] [--noise] PICTURE... [-- PROTECT OPTIONS]

Each picture is brought to a width that people post (the perturbation lives on the trainers' grid, so its fineness depends
on it), protected in eight steps, and its change scaled to several strengths. Two crops of 320 pixels of each are written,
with the 3-norm that butteraugli_main prints, to DIR/pairs.txt. So that the model holds where the optimiser has not
been, each crop also gets the change in other colours, and coloured noise of some fineness; with --noise, noise alone.
Needs what calibrate_visibility.py needs.
"""
import argparse
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from calibrate_visibility import butteraugli
from measure import on_white

WIDTHS = [480, 720, 1080, 1600, 2200]
STRENGTHS = [.3, .55, .8, 1.1, 1.6]     # of what was made for visibility 3
CROP = 320


def noise(rng):
    """A change of random colours, blurred by up to four pixels, of root mean square up to 8 levels in each channel."""
    fine = np.random.default_rng(rng.randrange(1 << 30)).normal(size=(CROP, CROP, 3))
    sigma = rng.choice([0, .7, 1.5, 4])
    if sigma:
        x = np.fft.fftfreq(CROP)
        fall = np.exp(-2 * (np.pi * sigma) ** 2 * (x[:, None] ** 2 + x ** 2))
        fine = np.fft.ifft2(np.fft.fft2(fine, axes=(0, 1)) * fall[..., None], axes=(0, 1)).real
    return fine / fine.std() * [rng.uniform(1, 8) * rng.choice([.1, 1, 1]) for _ in range(3)]


def main():
    arguments = sys.argv[1:] + ["--"]
    own, options = arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:-1]
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", required=True)
    ap.add_argument("--vernis", default="build/vernis")
    ap.add_argument("--noise", action="store_true")
    ap.add_argument("pictures", nargs="+")
    a = ap.parse_args(own)
    rng = random.Random(1)
    posted, made = os.path.join(a.out, "posted"), os.path.join(a.out, "made")
    os.makedirs(posted, exist_ok=True)
    for i, path in enumerate(a.pictures):
        image = on_white(path)
        width = WIDTHS[i % len(WIDTHS)]
        height = round(image.size[1] * width / image.size[0])
        if min(width, height) >= CROP and width < 2.5 * image.size[0]:
            image.resize((width, height), Image.LANCZOS).save(os.path.join(posted, f"{i:03d}.png"))
    if a.noise:
        made = posted
    else:
        subprocess.run([a.vernis, "protect", "--quiet", "--overwrite", "--c2pa", "off", "--visibility", "3", "--steps", "8",
                        "-o", made, *options, posted])
    pairs = []
    for name in sorted(n for n in os.listdir(made) if n.endswith(".png")):
        clean = np.asarray(Image.open(os.path.join(posted, name)).convert("RGB"), float)
        change = np.asarray(Image.open(os.path.join(made, name)).convert("RGB"), float) - clean
        for crop in range(2):
            y, x = (rng.randrange(n - CROP + 1) for n in clean.shape[:2])
            cut = np.s_[y:y + CROP, x:x + CROP]
            before = f"{name[:-4]}-{crop}.png"
            Image.fromarray(clean[cut].astype(np.uint8)).save(os.path.join(a.out, before))
            changes = [noise(rng) for _ in range(4 if a.noise else 1)]
            if not a.noise:
                changes += [s * change[cut] for s in rng.sample(STRENGTHS, 3)]
                changes += [change[cut] * [rng.uniform(-1.2, 1.2) for _ in range(3)]]
            for i, moved in enumerate(changes):
                after = f"{name[:-4]}-{crop}-{i}.png"
                pixels = (clean[cut] + moved).round().clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(os.path.join(a.out, after))
                pairs.append((before, after))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        figures = list(pool.map(lambda p: butteraugli(*(os.path.join(a.out, n) for n in p)), pairs))
    with open(os.path.join(a.out, "pairs.txt"), "w") as f:
        f.writelines(f"{p[0]} {p[1]} {v}\n" for p, v in zip(pairs, figures))


if __name__ == "__main__":
    main()
