#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make tests/protect/resize_goldens.h: what Pillow's resampler makes of one float picture.

usage: protect_goldens.py > tests/protect/resize_goldens.h
Needs Debian's python3-pil and python3-numpy.
"""
import numpy as np
from PIL import Image

FILTERS = [("VN_FILTER_AREA", Image.BOX), ("VN_FILTER_BILINEAR", Image.BILINEAR),
           ("VN_FILTER_BICUBIC", Image.BICUBIC), ("VN_FILTER_LANCZOS", Image.LANCZOS)]
SIZES = [((13, 9), (5, 7)), ((13, 9), (17, 4)), ((13, 9), (19, 12)), ((1, 9), (3, 2)), ((13, 1), (4, 4))]


def source(w, h):
    """The same picture as the test draws: a mixture of integers that leaves no symmetry."""
    y, x = np.mgrid[0:h, 0:w]
    return ((x * 37 + y * 61 + x * y * 17) % 101).astype(np.float32) / 100


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tools/protect_goldens.py with Pillow %s. */" % Image.__version__)
    print("typedef struct ResizeGolden {\n    uint32_t w0, h0, w1, h1;\n    VnFilter filter;\n    const float *values;\n"
          "} ResizeGolden;\n")
    table = []
    for (w0, h0), (w1, h1) in SIZES:
        for name, code in FILTERS:
            out = np.asarray(Image.fromarray(source(w0, h0), "F").resize((w1, h1), code))
            print(f"static const float golden_{len(table)}[] = {{")
            flat = ["%.7gf" % v if v % 1 else "%d" % v for v in out.flatten()]
            for i in range(0, len(flat), 10):
                print("    " + ", ".join(flat[i:i + 10]) + ",")
            print("};")
            table.append(f"    {{{w0}, {h0}, {w1}, {h1}, {name}, golden_{len(table)}}},")
    print("static const ResizeGolden resize_goldens[] = {")
    print("\n".join(table))
    print("};")


if __name__ == "__main__":
    main()
