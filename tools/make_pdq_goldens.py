#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Golden fingerprints for tests/ledger/test_pdq.c, from a slow double-precision PDQ written straight from its description.

usage: tools/make_pdq_goldens.py > tests/ledger/pdq_goldens.h

"The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (Facebook, 2019). Everything is done the long way
round: whole planes, one box mean after the other, matrices as they are printed, each orientation by turning the transform.
The pictures are a formula that the test has too. A picture with a coefficient too near the median to be the same in another
precision is refused here. Needs python3-numpy.
"""
import sys

import numpy as np

SIDE, KEPT = 64, 16
PICTURES = [  # width, height, seed
    (64, 64, 1), (300, 200, 2), (200, 300, 3), (513, 257, 4), (128, 128, 5), (129, 127, 6), (40, 900, 7), (1024, 700, 8),
    (33, 17, 9), (1500, 90, 10),
]
ORIENTATIONS = 8  # bits: 1 mirrored left to right, 2 upside down, 4 rows and columns swapped (first)


def picture(width, height, seed):
    """(height, width, 3) of bytes: two bent gratings and a ramp for each channel, in whole numbers."""
    y, x = np.meshgrid(np.arange(height, dtype=np.uint64), np.arange(width, dtype=np.uint64), indexing='ij')
    planes = []
    for c in range(3):
        u, v = x * 997 // width, y * 991 // height
        bend = (u * u * (seed + c) + v * v * (3 * seed + 1) + u * v * (5 + c)) // 997
        grating = (bend // (3 + seed % 5)) % 256
        ramp = (u * (c + 1) + v * (4 - c)) // 20 % 256
        planes.append((2 * grating + ramp) // 3)
    return np.stack(planes, axis=2).astype(np.uint8)


def box(plane, width):
    """Mean over a window of `width` along the last axis, cut off at the borders; the longer side is after the pixel."""
    size, after = plane.shape[1], width // 2
    before = width - 1 - after
    out = np.empty_like(plane)
    for i in range(size):
        out[:, i] = plane[:, max(i - before, 0):min(i + after, size - 1) + 1].mean(axis=1)
    return out


def filtered(rgb):
    luma = rgb.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    height, width = luma.shape
    across, down = -(-width // (2 * SIDE)), -(-height // (2 * SIDE))
    for _ in range(2):
        luma = box(luma, across)
        luma = box(luma.T, down).T
    rows = [int((i + 0.5) * height / SIDE) for i in range(SIDE)]
    columns = [int((j + 0.5) * width / SIDE) for j in range(SIDE)]
    return luma[np.ix_(rows, columns)]


def quality(luma):
    steps = [np.trunc((luma[:, :-1] - luma[:, 1:]) * 100 / 255), np.trunc((luma[:-1] - luma[1:]) * 100 / 255)]
    return min(int(sum(np.abs(s).sum() for s in steps)) // 90, 100)


def transform(luma):
    f, a = np.arange(1, KEPT + 1)[:, None], np.arange(SIDE)[None, :]
    basis = np.sqrt(2 / SIDE) * np.cos(np.pi / (2 * SIDE) * f * (2 * a + 1))
    return basis @ luma @ basis.T


def fingerprint(dct):
    """Hex, and how near the nearest coefficient comes to the median without being it."""
    median = np.sort(dct, axis=None)[KEPT * KEPT // 2 - 1]
    bits = (dct > median).reshape(-1)
    number = sum(int(bit) << i for i, bit in enumerate(bits))
    return f'{number:064x}', np.sort(np.abs(dct - median), axis=None)[1]


def turned(dct, orientation):
    signs = (-1.0) ** np.arange(1, KEPT + 1)
    dct = dct.T if orientation & 4 else dct
    dct = dct * signs[None, :] if orientation & 1 else dct
    return dct * signs[:, None] if orientation & 2 else dct


def main():
    print('/* SPDX-License-Identifier: Apache-2.0 */')
    print('/* Made by tools/make_pdq_goldens.py; see there. */')
    print('static const Golden goldens[] = {')
    for width, height, seed in PICTURES:
        luma = filtered(picture(width, height, seed))
        dct = transform(luma)
        hashes = [fingerprint(turned(dct, o)) for o in range(ORIENTATIONS)]
        if min(margin for _, margin in hashes) < 1e-3:
            sys.exit(f'{width}x{height} seed {seed}: a coefficient lies too near the median; take another seed')
        lines = ',\n      '.join(f'"{text}"' for text, _ in hashes)
        print(f'    {{{width}, {height}, {seed}, {quality(luma)},\n     {{{lines}}}}},')
    print('};')


if __name__ == '__main__':
    main()
