#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How far protected pictures move an encoder that nothing was made from, beside noise that is as visible.

usage: leftout.py --encoder FILE [--judge ../shared/judge] CLEAN PROTECTED [CLEAN PROTECTED ...]

FILE is from autoencoder.py. Two kinds of noise, each scaled to the protected file's butteraugli 3-norm: random signs on a
grid of training pixels (short side 512, or the picture's own), and the perturbation itself with its phases
drawn anew, which has its very spectrum and colours. Shift as the judge's, after 1080 wide, JPEG 75, 512 and 768. Prints a
Markdown table. Needs python3-torch, python3-pil, libjxl-devtools.
"""
import argparse
import os
import sys

import numpy as np
from PIL import Image

from autoencoder import Leftout
from model import read_tensors

INGESTS = [(1080, 75, 512), (1080, 75, 768)]


def signs(size, rng):
    k = min(1, 512 / min(size))
    small = rng.choice([-1., 1.], (round(size[1] * k), round(size[0] * k), 3)).astype(np.float32)
    return np.stack([np.asarray(Image.fromarray(small[..., c]).resize(size, Image.BICUBIC)) for c in range(3)], 2)


def scrambled(change, rng):
    """The same spectrum in each colour, the phases of white noise."""
    phases = np.exp(1j * np.angle(np.fft.fft2(rng.normal(size=change.shape[:2]))))
    return np.fft.ifft2(np.fft.fft2(change, axes=(0, 1)) * phases[..., None], axes=(0, 1)).real


def as_visible(judge, clean, noise, figure):
    """The clean picture with as much of the noise as measures `figure`."""
    low, high = 0., 60 / np.abs(noise).mean()
    for _ in range(10):
        amount = (low + high) / 2
        noisy = Image.fromarray(np.clip(np.rint(np.asarray(clean, float) + amount * noise), 0, 255).astype(np.uint8))
        made = judge.butteraugli(clean, noisy)
        if abs(made / figure - 1) < .015:
            break
        low, high = (amount, high) if made < figure else (low, amount)
    return noisy


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--encoder", required=True)
    ap.add_argument("--judge", default="../shared/judge")
    ap.add_argument("pictures", nargs="+")
    args = ap.parse_args()
    sys.path.insert(0, args.judge)
    import judge
    net = Leftout().eval().requires_grad_(False)
    net.load_state_dict(read_tensors(args.encoder))
    print("| work | butteraugli | 512: Vernis | signs | same spectrum | 768: Vernis | signs | same spectrum |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for before, after in zip(args.pictures[::2], args.pictures[1::2]):
        rng = np.random.default_rng(5)
        clean, made = judge.open_rgb(before), judge.open_rgb(after)
        figure = judge.butteraugli(clean, made)
        noises = [signs(clean.size, rng), scrambled(np.asarray(made, float) - np.asarray(clean, float), rng)]
        files = [made] + [as_visible(judge, clean, noise, figure) for noise in noises]
        row = [figure]
        for ingest in INGESTS:
            z = net.encode(judge.tensor(judge.ingest(clean, *ingest)))
            row += [float((net.encode(judge.tensor(judge.ingest(f, *ingest))) - z).pow(2).mean().sqrt() / z.std()) for f in files]
        rows.append(row)
        print(f"| {os.path.basename(after)} | {figure:.2f} | " + " | ".join(f"{v:.3f}" for v in row[1:]) + " |", flush=True)
    mean = np.mean(rows, 0)
    print(f"| **mean** | {mean[0]:.2f} | " + " | ".join(f"{v:.3f}" for v in mean[1:]) + " |")


if __name__ == "__main__":
    main()
