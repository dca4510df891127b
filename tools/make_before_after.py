#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/before-after.jpg: crops of two samples before, after, and the difference eight times enlarged.

usage: tools/make_before_after.py [--vernis build/vernis] [--strength standard]
Protects two pictures of samples/ with a fixed key and seed. Needs python3-pil and python3-numpy.
"""
import argparse
import os
import subprocess
import tempfile

import numpy as np
from PIL import Image

CROPS = [("painterly.jpg", (420, 180)), ("flat cartoon.png", (200, 150))]
SIDE, GAP, GAIN = 300, 6, 8


def crop(path, corner):
    x, y = corner
    return Image.open(path).convert("RGB").crop((x, y, x + SIDE, y + SIDE))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--vernis", default="build/vernis")
    ap.add_argument("--strength", default="standard")
    a = ap.parse_args()
    sheet = Image.new("RGB", (3 * SIDE + 2 * GAP, len(CROPS) * SIDE + (len(CROPS) - 1) * GAP), "white")
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "key")
        with open(key, "w") as f:
            f.write("0123456789abcdef\n")
        for row, (name, corner) in enumerate(CROPS):
            out = os.path.join(folder, name)
            subprocess.run([a.vernis, "protect", "-q", "--artist-key", key, "--strength", a.strength, "-o", out,
                            os.path.join("samples", name)], check=True)
            before, after = crop(os.path.join("samples", name), corner), crop(out, corner)
            d = np.asarray(after, int) - np.asarray(before, int)
            change = Image.fromarray((128 + GAIN * d).clip(0, 255).astype(np.uint8))
            for column, picture in enumerate((before, after, change)):
                sheet.paste(picture, (column * (SIDE + GAP), row * (SIDE + GAP)))
    sheet.save("docs/before-after.jpg", quality=93, subsampling=0, optimize=True)


if __name__ == "__main__":
    main()
