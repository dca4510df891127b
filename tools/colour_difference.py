#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much a protected picture's colours differ from the original's, as an eye at a usual distance blurs them.

usage: colour_difference.py ORIGINAL PROTECTED [ORIGINAL PROTECTED ...]

S-CIELAB (Zhang and Wandell, "A spatial extension of CIELAB for digital color image reproduction", SID 1996): both pictures
in an opponent space, each plane blurred, then CIELAB's difference of every pixel; printed is the 3-norm over the picture, of
the whole difference and of a* and b* alone, at 45 pixels a degree. The paper's third, negative lobe of the luminance filter is
left out: on a dark figure over white it makes light negative. Needs python3-numpy, python3-pil.
"""
import sys

import numpy as np

from measure import on_white

PIXELS_PER_DEGREE = 45
MARGIN = 64                              # pixels mirrored around a picture; four standard deviations of the widest blur
XYZ = np.array([[.4124, .3576, .1805], [.2126, .7152, .0722], [.0193, .1192, .9505]])
OPPONENT = np.array([[.279, .72, -.107], [-.449, .29, -.077], [.086, -.59, .501]])
LOBES = [[(.921, .0283), (.105, .133)], [(.531, .0392), (.330, .494)], [(.488, .0536), (.371, .386)]]  # weight, degrees


def linear_light(picture):
    """sRGB 0..255 to linear 0..1."""
    v = picture / 255.
    return np.where(v <= .04045, v / 12.92, ((v + .055) / 1.055) ** 2.4)


def pairs(usage):
    """(original, protected) paths from the command line, or the usage and an exit."""
    files = sys.argv[1:]
    if not files or len(files) % 2:
        sys.exit(usage)
    return zip(files[::2], files[1::2])


def blur(plane, sigma):
    """Gaussian, the borders mirrored."""
    x = np.pad(plane, MARGIN, mode="symmetric")
    down, across = np.fft.fftfreq(x.shape[0])[:, None], np.fft.rfftfreq(x.shape[1])
    fall = np.exp(-2 * (np.pi * sigma) ** 2 * (down ** 2 + across ** 2))
    return np.fft.irfft2(np.fft.rfft2(x) * fall, x.shape)[MARGIN:-MARGIN, MARGIN:-MARGIN]


def s_cielab(path):
    """(h,w,3): L*, a*, b* after the eye's blur."""
    planes = linear_light(np.asarray(on_white(path))) @ XYZ.T @ OPPONENT.T
    for i, lobes in enumerate(LOBES):
        total = sum(w for w, _ in lobes)
        planes[..., i] = sum(w / total * blur(planes[..., i], s * PIXELS_PER_DEGREE / np.sqrt(2)) for w, s in lobes)
    t = planes @ np.linalg.inv(OPPONENT).T / XYZ.sum(1)
    x, y, z = np.moveaxis(np.where(t > .008856, np.cbrt(np.maximum(t, 0)), 7.787 * t + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def difference(original, protected):
    """The 3-norms of a pair: (all, a* and b*)."""
    d = (s_cielab(protected) - s_cielab(original)) ** 2
    return [float((x.sum(-1) ** 1.5).mean() ** (1 / 3)) for x in (d, d[..., 1:])]


def main():
    figures = []
    for original, protected in pairs(__doc__):
        figures.append(difference(original, protected))
        print(f"{protected}: difference {figures[-1][0]:.2f}, of colour alone {figures[-1][1]:.2f}")
    mean = np.mean(figures, 0)
    print(f"mean of {len(figures)}: difference {mean[0]:.2f}, of colour alone {mean[1]:.2f}")


if __name__ == "__main__":
    main()
