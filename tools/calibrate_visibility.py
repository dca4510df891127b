#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fit the constants of the visibility model (src/protect/vis_model.c) to butteraugli's 3-norm and write vis_fit.h.

usage: calibrate_visibility.py [--steps 250] [--stride 8] [--holdout 0.25] [--out src/protect/vis_fit.h] PAIRS

PAIRS is a text file with one pair a line: the clean and the changed picture (PNG or PPM, paths relative to the file;
crops of about 320 pixels suffice and must all be of one size), and optionally the 3-norm that butteraugli_main prints
for them, which is asked for where it is missing. Pictures, not pairs, are held out to state the error; with --holdout
0 all are fitted. tools/visibility_pairs.py makes pairs; tests/regression/visibility.md says which the constants come
from. Needs Debian's python3-torch, python3-pil, python3-numpy and libjxl-devtools.
"""
import argparse
import functools
import math
import os
import random
import re
import subprocess

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

# Butteraugli's cone mixtures of linear sRGB and what it adds to each (lib/jxl/butteraugli, OpsinAbsorbance), scaled to white
# = 1 without the addition. Its logarithm's slope is near a cube root's where the addition to the first two is a little more.
CONE = torch.tensor([[.2963, .6268, .0769], [.2185, .6842, .0973], [.0817, .0817, .8366]])
BIAS = torch.tensor([.011, .011, .624])
SIGMA = {"SIGMA_1": 1.0, "SIGMA_2": 2.2, "SIGMA_3": 5.0, "SIGMA_FINE": 1.0, "SIGMA_CONTRAST": 3.0, "SIGMA_LIGHT": 5.0,
         "SIGMA_POOL": 1.5}
CONTRAST_FLOOR, LIGHT_UNIT = .0005, .3


@functools.lru_cache(None)
def blur_matrix(n, sigma):
    """(n,n): Gaussian weights cut at three standard deviations, the borders repeated."""
    r = math.ceil(3 * sigma)
    k = torch.exp(-torch.arange(-r, r + 1).float() ** 2 / (2 * sigma * sigma))
    matrix = torch.zeros(n, n)
    for i in range(n):
        at = torch.arange(i - r, i + r + 1).clamp(0, n - 1)
        matrix[i].index_add_(0, at, k / k.sum())
    return matrix


def blur(x, sigma):
    """Gaussian blur of (n,h,w)."""
    return blur_matrix(x.shape[1], sigma) @ x @ blur_matrix(x.shape[2], sigma).T


def opponent(path):
    a = torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1).float() / 255
    light = torch.where(a <= .04045, a / 12.92, ((a + .055) / 1.055) ** 2.4)
    c = (torch.einsum("ij,jhw->ihw", CONE, light) + BIAS[:, None, None]) ** (1 / 3)
    return torch.stack([(c[0] - c[1]) * 5, (c[0] + c[1]) * .5, c[2]])


def bands(x):
    g = [x] + [blur(x, SIGMA[s]) for s in ("SIGMA_1", "SIGMA_2", "SIGMA_3")]
    return torch.stack([g[i] - g[i + 1] for i in range(3)] + [g[3]])


def surround(clean):
    contrast = [blur(b[None].abs(), SIGMA["SIGMA_FINE"]) for b in bands(clean)[:3, 1]]
    contrast = [torch.exp(blur(torch.log(c + CONTRAST_FLOOR), SIGMA["SIGMA_CONTRAST"])) for c in contrast]
    return torch.cat(contrast + [blur(clean[1:] ** 3, SIGMA["SIGMA_LIGHT"])])


def butteraugli(a, b):
    out = subprocess.run(["butteraugli_main", a, b], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"3-norm: ([\d.]+)", out).group(1))


def gather(listing, stride):
    """Band energies (pairs,12,places), surroundings (pairs,5,places), figures and the clean pictures' names."""
    folder = os.path.dirname(os.path.abspath(listing))
    energies, around, figures, names, last = [], [], [], [], None
    with open(listing) as f:
        rows = [line.split() for line in f if line.strip()]
    for a, b, *rest in rows:
        pa, pb = os.path.join(folder, a), os.path.join(folder, b)
        figure = float(rest[0]) if rest else butteraugli(pa, pb)
        if not .15 <= figure < 6:   # nothing to see, or nothing that anyone would post
            continue
        if a != last:
            clean, last = opponent(pa), a
            here = surround(clean)[:, stride // 2::stride, stride // 2::stride].flatten(1)
        change = bands(clean - opponent(pb))
        energy = blur((change ** 2).flatten(0, 1), SIGMA["SIGMA_POOL"])
        energies.append(energy[:, stride // 2::stride, stride // 2::stride].flatten(1).clone())
        around.append(here)
        figures.append(figure)
        names.append(a)
    return torch.stack(energies), torch.stack(around), torch.tensor(figures), names


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        par = torch.nn.Parameter
        self.weight = par(torch.full((4, 3), 8.))       # logarithms, but for the powers of light
        self.mask_gain = par(torch.full((3, 3), 5.))
        self.mask_power = par(torch.full((3, 4), -1.))
        self.floor = par(torch.full((4, 3), -6.))
        self.light_power = par(torch.zeros(3))
        self.blue_power = par(torch.zeros(3))
        self.light_floor = par(torch.tensor(-3.5))

    def forward(self, energy, around):
        light, blue = (torch.log((around[:, i, None] + self.light_floor.exp()) / LIGHT_UNIT) for i in (3, 4))
        lift = torch.exp(self.light_power[None, :, None] * light + self.blue_power[None, :, None] * blue)
        contrast = torch.log1p(around[:, :3, None] * self.mask_gain.exp()[None, :, :, None])
        total = 1e-9
        for k in range(4):
            fall = (contrast * self.mask_power[:, k].exp()[None, :, None, None]).sum(1)
            scale = self.weight[k].exp()[None, :, None] * (torch.exp(-fall) + self.floor[k].exp()[None, :, None])
            total = total + (energy[:, 3 * k:3 * k + 3] * scale * lift).sum(1)
        d, n = .5 * torch.log(total), math.log(total.shape[1])
        return sum(torch.exp((torch.logsumexp(q * d, 1) - n) / q) for q in (3, 6, 12)) / 3


def fit(model, data, steps):
    energy, around, figures = data
    optimiser = torch.optim.Adam(model.parameters())
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = .12 * (1 - step / steps) + .004
        error = torch.log(model(energy, around) / figures)
        loss = F.smooth_l1_loss(error, torch.zeros_like(error), beta=.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def report(name, model, data):
    with torch.no_grad():
        e = torch.log(model(data[0], data[1]) / data[2])
    text = (f"{len(e)} {name} pairs: root mean square error {e.pow(2).mean().sqrt() * 100:.0f} %, median "
            f"{e.abs().median() * 100:.0f} %, 90 % within {e.abs().quantile(.9) * 100:.0f} %")
    print(text)
    return text


def table(name, value):
    value = value.detach().numpy()
    shape = "".join(f"[{n}]" for n in value.shape)
    row = lambda r: "{" + ", ".join(f"{v:#.4g}f" for v in r) + "}"
    body = row(value) if value.ndim == 1 else "{" + ",\n    ".join(row(r) for r in value) + "}"
    return f"static const float {name}{shape} = {body};\n"


def header(model, note):
    """The C header."""
    out = ["/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/calibrate_visibility.py; included by vis_model.c only.\n"
           f" * {note} */\n"]
    out += [f"#define VIS_{k} {v}\n" for k, v in SIGMA.items()]
    out += [f"#define VIS_CONTRAST_FLOOR {CONTRAST_FLOOR}f\n",
            f"#define VIS_LIGHT_FLOOR {float(model.light_floor.exp()):#.4g}f\n\n",
            "/* cone mixtures of linear sRGB, and what is added before the cube root */\n",
            table("vis_cone", CONE), table("vis_bias", BIAS), "/* for each band of the change and plane */\n", table("vis_weight", model.weight.exp()),
            table("vis_floor", model.floor.exp()), "/* for each band of contrast and plane of the change */\n",
            table("vis_mask_gain", model.mask_gain.exp()), "/* for each band of contrast and band of the change */\n",
            table("vis_mask_power", model.mask_power.exp()), table("vis_light_power", model.light_power),
            table("vis_blue_power", model.blue_power)]
    return "".join(out)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--steps", type=int, default=250)
    ap.add_argument("--stride", type=int, default=8)
    ap.add_argument("--holdout", type=float, default=.25)
    ap.add_argument("--out")
    ap.add_argument("pairs")
    a = ap.parse_args()
    torch.manual_seed(0)
    energy, around, figures, names = gather(a.pairs, a.stride)
    pictures = sorted(set(names))
    random.Random(1).shuffle(pictures)
    held = set(pictures[:int(len(pictures) * a.holdout)])
    test = torch.tensor([n in held for n in names])
    model = Model()
    fit(model, (energy[~test], around[~test], figures[~test]), a.steps)
    note = report("fitted", model, (energy[~test], around[~test], figures[~test]))
    if held:
        note = report("held-out", model, (energy[test], around[test], figures[test]))
    if a.out:
        with open(a.out, "w") as f:
            f.write(header(model, note[0].upper() + note[1:] + "."))


if __name__ == "__main__":
    main()
