#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Print tests/report/metric_goldens.h: PSNR and SSIM of two small pictures and a .npy file, all by NumPy in double.

usage: tools/make_metric_goldens.py >tests/report/metric_goldens.h
The pictures are a formula (see picture_a, picture_b), so that the C test can make them too.
"""
import io

import numpy as np

W, H = 37, 29


def picture_a():
    y, x, c = np.mgrid[0:H, 0:W, 0:3]
    return (x * 7 + y * 5 + c * 31 + (x * y) % 23) % 256


def picture_b():
    y, x, c = np.mgrid[0:H, 0:W, 0:3]
    return np.clip(picture_a() + (x * 3 + y * 11 + c * 7) % 17 - 8, 0, 255)


def ssim(a, b):
    """Wang et al. 2004 on Rec. 601 luma: Gaussian window of 11, sigma 1.5, edges repeated."""
    weight = np.array([0.299, 0.587, 0.114])
    g = np.exp(-np.arange(-5, 6) ** 2 / (2 * 1.5 ** 2))
    g /= g.sum()

    def blur(p):
        p = np.pad(p, 5, mode="edge")
        p = sum(g[i] * p[:, i:i + W] for i in range(11))
        return sum(g[i] * p[i:i + H] for i in range(11))

    a, b = a @ weight, b @ weight
    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean()


def main():
    a, b = picture_a().astype(float), picture_b().astype(float)
    psnr = 10 * np.log10(255 ** 2 / ((a - b) ** 2).mean())
    f = io.BytesIO()
    np.save(f, np.arange(6, dtype="<f4").reshape(1, 2, 3))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tools/make_metric_goldens.py. */")
    print(f"#define GOLDEN_PSNR {psnr:.9f}\n#define GOLDEN_SSIM {ssim(a, b):.9f}")
    data = f.getvalue()
    print("static const unsigned char golden_npy[] = {")
    for i in range(0, len(data), 20):
        print("    " + ", ".join(str(v) for v in data[i:i + 20]) + ",")
    print("};")


if __name__ == "__main__":
    main()
