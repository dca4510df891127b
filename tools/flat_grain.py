#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How far above an eye's threshold a protected picture's grain stands on its flat places.

usage: flat_grain.py ORIGINAL PROTECTED [ORIGINAL PROTECTED ...]

The change of luminance over the local mean of the original goes through log-Gabor channels (Field, JOSA A 1987) of five sizes
and six orientations at 45 pixels a degree, each divided by the eye's threshold contrast there (Mannos and Sakrison, IEEE Trans.
Inf. Theory 1974, scaled so that the least threshold is 0.7 %), pooled by their 4-norm (Quick, Kybernetik 1974). Printed are the
3-norm of that over the pixels whose surroundings of 15x15 vary by less than 2.5 of 255, and what share of the picture they
are. Nothing masks there, so 1 would be just seen side by side; above it the figure compares pictures and says no more.
Needs python3-numpy, python3-pil.
"""
import numpy as np

from colour_difference import PIXELS_PER_DEGREE, XYZ, linear_light, pairs
from measure import on_white

SIZES, ORIENTATIONS = (1.5, 3, 6, 12, 18), 6  # cycles a degree
LEAST_THRESHOLD = 0.007                       # contrast
FLAT, REACH, LOCAL = 2.5, 7, 20               # of 255; pixels from the middle to the border of a box
DARK = 0.02                                   # luminance over white below which an eye adapts no further
MARGIN = 48


def boxed(plane, reach):
    """The mean over the square around every pixel."""
    side = 2 * reach + 1
    p = np.pad(plane, reach + 1, mode="edge").cumsum(0).cumsum(1)
    return (p[side:-1, side:-1] - p[:-side - 1, side:-1] - p[side:-1, :-side - 1] + p[:-side - 1, :-side - 1]) / side ** 2


def sensitivity(frequency):
    """1 over the threshold contrast; frequency in cycles a degree."""
    def shape(f):
        return (.0192 + .114 * f) * np.exp(-(.114 * f) ** 1.1)
    return shape(frequency) / shape(np.arange(1, 30, .1)).max() / LEAST_THRESHOLD


def grain(original, protected):
    """(figure, share of flat pixels) of a pair of files; the figure is None where nothing is flat."""
    before, after = (np.asarray(on_white(path)).astype(float) for path in (original, protected))
    values = before.mean(-1)
    flat = np.sqrt(np.maximum(0, boxed(values ** 2, REACH) - boxed(values, REACH) ** 2)) < FLAT
    light = linear_light(before) @ XYZ[1]
    change = np.pad((linear_light(after) @ XYZ[1] - light) / np.maximum(boxed(light, LOCAL), DARK), MARGIN, mode="reflect")
    down, across = np.fft.fftfreq(change.shape[0])[:, None], np.fft.fftfreq(change.shape[1])
    frequency, angle = np.hypot(down, across) * PIXELS_PER_DEGREE, np.arctan2(down, across)
    frequency[0, 0] = 1e-6
    spectrum, pooled = np.fft.fft2(change), 0
    for size in SIZES:
        ring = np.exp(-np.log(frequency / size) ** 2 / (2 * np.log(.65) ** 2))
        for turn in np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS:
            apart = np.abs((angle - turn + np.pi) % (2 * np.pi) - np.pi)
            half = 2 * ring * np.exp(-apart ** 2 / (2 * (np.pi / 12) ** 2))  # one side only: its modulus is the envelope
            pooled = pooled + (np.abs(np.fft.ifft2(spectrum * half)) * sensitivity(size)) ** 4
    pooled = pooled[MARGIN:-MARGIN, MARGIN:-MARGIN][flat] ** .25
    return float((pooled ** 3).mean() ** (1 / 3)) if flat.any() else None, float(flat.mean())


def main():
    figures = []
    for original, protected in pairs(__doc__):
        figure, share = grain(original, protected)
        if figure is not None:
            figures.append(figure)
        print(f"{protected}: " + ("nothing flat" if figure is None else f"grain {figure:.2f} on {100 * share:.0f} % of it"))
    if figures:
        print(f"mean of {len(figures)}: grain {np.mean(figures):.2f}, most {max(figures):.2f}")


if __name__ == "__main__":
    main()
