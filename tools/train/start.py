#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make the pattern that the optimiser starts from: a universal perturbation (Moosavi-Dezfooli et al., CVPR 2017), periodic.

usage: start.py --model ENCODER.safetensors [--model MORE] --data build-train [--steps 400] [--resume] --out TILE.h
A tile of 64x64 pixels is repeated over crops of many works, moved by multiples of the encoders' stride, and made by Adam to
move each one's latent as far as it can at one visibility: Vernis's perceptual model on a mid-grey ground (constants read
from src/protect/vis_fit.h), so that the eye's sensitivity to each size and colour of structure shapes it. Half of the steps
carry a JPEG of quality 65 to 91 (its gradient is taken straight through), a third a training size 1.5 times as large. Every
third step is the second model's, the next the third's. Seeds are fixed. --resume goes on from OUT.npy.
"""
import argparse
import io
import os
import re
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

SIDE, STRIDE, BATCH, VISIBILITY = 64, 8, 8, 2.0
BLUE = 10.0  # people see coarse blue-yellow structure in dark places better than the model says
CONTRAST = 0.006  # of the ground in every band: neither flat nor textured


class Visibility:
    """The model of src/protect/vis_model.h for a small periodic change on mid-grey."""

    def __init__(self, constants):
        text = open(constants, encoding='ascii').read()
        values = {name: float(value.rstrip('f')) for name, value in re.findall(r'#define (VIS_\w+) (\S+)', text)}
        tables = {name: np.array([float(v.rstrip('f')) for v in re.findall(r'[\d.e+-]+f', body)], np.float32)
                  for name, body in re.findall(r'(vis_\w+)\[[^=]*= (\{.*?\});', text, re.S)}
        weight, floor = (torch.from_numpy(tables[name].reshape(4, 3)) for name in ('vis_weight', 'vis_floor'))
        gain, power = (torch.from_numpy(tables[name]) for name in ('vis_mask_gain', 'vis_mask_power'))
        contrast = torch.log1p(gain.reshape(3, 3) * CONTRAST)
        self.sensitivity = weight * (torch.exp(-torch.einsum('ck,cp->kp', power.reshape(3, 4), contrast)) + floor)
        self.sensitivity[1:, 2] *= BLUE
        grey, slope = (0.555 / 1.055) ** 2.4, 2.4 / 1.055 * (0.555 / 1.055) ** 1.4  # of sRGB at 0.5
        mixture, bias = (torch.from_numpy(tables[name]) for name in ('vis_cone', 'vis_bias'))
        light = ((grey + bias[:2]) ** (1 / 3)).mean() ** 3, grey + bias[2]
        for power, of in zip(('vis_light_power', 'vis_blue_power'), light):
            self.sensitivity *= ((of + values['VIS_LIGHT_FLOOR']) / 0.3) ** torch.from_numpy(tables[power])
        cones = mixture.reshape(3, 3) * slope / (3 * (grey + bias[:, None]) ** (2 / 3))
        self.opponent = torch.stack([5 * (cones[0] - cones[1]), 0.5 * (cones[0] + cones[1]), cones[2]])
        f = torch.fft.fftfreq(SIDE)
        squares = f[:, None] ** 2 + f[None] ** 2
        self.blurs = [torch.exp(-2 * np.pi ** 2 * values[name] ** 2 * squares)
                      for name in ('VIS_SIGMA_1', 'VIS_SIGMA_2', 'VIS_SIGMA_3', 'VIS_SIGMA_POOL')]

    def __call__(self, tile):
        def blurred(plane, blur):
            return torch.fft.ifft2(torch.fft.fft2(plane) * blur).real
        planes = torch.einsum('pc,cyx->pyx', self.opponent, tile)
        levels = [planes] + [blurred(planes, blur) for blur in self.blurs[:3]]
        bands = [levels[k] - levels[k + 1] for k in range(3)] + [levels[3]]
        square = sum((s[:, None, None] * band * band).sum(0) for s, band in zip(self.sensitivity, bands))
        return (blurred(square, self.blurs[3]).clamp(min=1e-9) ** 1.5).mean() ** (1 / 3)


def jpeg(x, rng):
    pictures = []
    for pixels in (x.permute(0, 2, 3, 1).numpy() * 255 + 0.5).astype(np.uint8):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, 'JPEG', quality=int(rng.integers(65, 92)), subsampling=2)
        pictures.append(np.asarray(Image.open(file)))
    return torch.from_numpy(np.stack(pictures).astype(np.float32) / 255).permute(0, 3, 1, 2)


def spread_out(tile, count, size, rng):
    """(count,3,size,size): the tile repeated, each time from another place."""
    times = -(-size // SIDE)
    return torch.stack([torch.roll(tile, tuple(int(v) for v in STRIDE * rng.integers(0, SIDE // STRIDE, 2)), (1, 2))
                        .repeat(1, times, times)[:, :size, :size] for _ in range(count)])


def make(nets, crops, visibility, steps, tile, rng):
    tile.requires_grad_(True)
    adam = torch.optim.Adam([tile])
    begun, shifts = time.time(), []
    for step in range(steps):
        adam.param_groups[0]['lr'] = 0.06 * (1.02 - step / steps)
        picked = np.sort(rng.choice(len(crops), BATCH, replace=False))
        x = torch.from_numpy(crops[picked].astype(np.float32) / 255).permute(0, 3, 1, 2)
        y = (x + spread_out(tile * VISIBILITY / visibility(tile), BATCH, x.shape[2], rng)).clamp(0, 1)
        if step % 2:
            x, y = jpeg(x, rng), y + (jpeg(y.detach(), rng) - y.detach())
        if step % 3 == 2:
            x, y = (F.interpolate(v, scale_factor=1.5, mode='bicubic', align_corners=False) for v in (x, y))
        net = nets[1 + step // 3 % (len(nets) - 1)] if len(nets) > 1 and step % 3 == 0 else nets[0]
        with torch.no_grad():
            clean = net(x)
        moved = ((net(y) - clean).pow(2).mean((1, 2, 3)) + 1e-9).sqrt() / clean.std()
        adam.zero_grad()
        (-moved.mean()).backward()
        adam.step()
        shifts.append(float(moved.mean()))
        if step % 50 == 49:
            print(f'{step + 1} steps, {time.time() - begun:.0f} s: shift {np.mean(shifts[-50:]):.3f}', flush=True)
    return tile.detach()


def write_header(path, tile, command):
    values = np.clip(np.rint(tile / (4 * tile.std()) * 127), -127, 127).astype(int).ravel()
    rows = ['    ' + ', '.join(map(str, values[i:i + 24])) + ',' for i in range(0, len(values), 24)]
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'/* SPDX-License-Identifier: Apache-2.0 */\n'
                f'/* Made by {command}; included by start.c only. (3,TILE,TILE), sRGB. */\n'
                f'#include <stdint.h>\n\nenum {{ TILE = {SIDE} }};\n\n/* clang-format off */\n'
                'static const int8_t start_tile[3 * TILE * TILE] = {\n' + '\n'.join(rows) + '\n};\n')


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--model', action='append', required=True)
    parser.add_argument('--data', required=True)
    parser.add_argument('--steps', type=int, default=400)
    parser.add_argument('--resume', action='store_true')
    parser.add_argument('--judge', default='../shared/judge')
    parser.add_argument('--out', required=True)
    args = parser.parse_args()
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
    sys.path.insert(0, args.judge)
    import encoders
    nets = [encoders.load(path).requires_grad_(False) for path in args.model]
    torch.manual_seed(1)
    tile = torch.from_numpy(np.load(args.out + '.npy')) if args.resume else torch.randn(3, SIDE, SIDE)
    crops = np.load(os.path.join(args.data, 'crops.npy'), mmap_mode='r')
    tile = make(nets, crops, Visibility(os.path.join(root, 'src/protect/vis_fit.h')), args.steps, tile,
                np.random.default_rng(1 + args.resume))
    np.save(args.out + '.npy', tile.numpy())
    models = ' '.join('--model ' + os.path.basename(path) for path in args.model)
    write_header(args.out, tile.numpy(), f'tools/train/start.py {models} --steps {args.steps}')


main()
