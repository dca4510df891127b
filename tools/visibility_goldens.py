#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the pairs under tests/protect/data and tests/protect/visibility_goldens.h: crops of samples/, changed by smooth
noise of the kind that protecting leaves, with the 3-norm that butteraugli_main prints for each.

usage: visibility_goldens.py          (from the repository's root)
Needs Debian's python3-pil, python3-numpy and libjxl-devtools.
"""
import os
import re
import subprocess

import numpy as np
from PIL import Image

SIDE, FOLDER = 112, "tests/protect/data"
# sample, left and top corner, grain in pixels, amplitude in 1/255
PAIRS = [("flat cartoon.png", 200, 200, 2, 3), ("line-art.png", 260, 240, 1, 9), ("painterly.jpg", 300, 220, 2, 8),
         ("portrait.jpg", 240, 200, 1, 5), ("landscape.jpg", 320, 260, 2, 14), ("phone-photo.jpg", 120, 160, 1, 7)]


def main():
    os.makedirs(FOLDER, exist_ok=True)
    rows = []
    for i, (name, x, y, grain, amplitude) in enumerate(PAIRS):
        clean = Image.open(os.path.join("samples", name)).convert("RGB").crop((x, y, x + SIDE, y + SIDE))
        rng = np.random.default_rng(i)
        noise = rng.choice([-1., 1.], (SIDE // grain, SIDE // grain, 3)).astype(np.float32)
        planes = [Image.fromarray(noise[..., c]).resize((SIDE, SIDE), Image.BICUBIC) for c in range(3)]
        change = np.stack([np.asarray(p) for p in planes], -1) * amplitude
        made = Image.fromarray((np.asarray(clean) + change).round().clip(0, 255).astype(np.uint8))
        paths = [os.path.join(FOLDER, f"pair{i}-{part}.png") for part in ("clean", "changed")]
        clean.save(paths[0], optimize=True)
        made.save(paths[1], optimize=True)
        out = subprocess.run(["butteraugli_main", *paths], capture_output=True, text=True, check=True).stdout
        rows.append(re.search(r"3-norm: ([\d.]+)", out).group(1))
    with open("tests/protect/visibility_goldens.h", "w") as f:
        f.write("/* SPDX-License-Identifier: Apache-2.0 */\n"
                "/* Made by tools/visibility_goldens.py: what butteraugli_main (libjxl 0.7) says of each pair in data. */\n"
                "static const double visibility_goldens[] = {%s};\n" % ", ".join(rows))


if __name__ == "__main__":
    main()
