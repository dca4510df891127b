#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train a small autoencoder from scratch, with no teacher, for leftout.py to judge on. It is left out of everything else.

usage: autoencoder.py --data DIR --out FILE [--minutes N]

It shares nothing with the surrogates but the crops of gather.py: SiLU, group normalisation, residual pairs, a Gaussian
bottleneck of 4 channels at 1/8 with its KL term (as in arXiv 2112.10752, much smaller). The loss is L1 over four octaves of a
Laplacian pyramid. Run it again to resume from FILE.checkpoint.pt; FILE.csv is the log: step, seconds, loss, PSNR of the batch.
"""
import argparse
import csv
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from model import conv, write_tensors
from runs import Run
from train import to_float

BATCH, SIDE = 12, 96
RATE, WARM_UP = 1.5e-3, 100
EMA = .998
KL_WEIGHT = 1e-4


class Norm(nn.GroupNorm):
    """Eight groups, in float32: it has no bfloat16 kernel."""

    def __init__(self, width):
        super().__init__(8, width)

    def forward(self, x):
        return super().forward(x.float())


class Pair(nn.Module):
    """Normalise, SiLU, convolve; twice; plus the input."""

    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(Norm(width), nn.SiLU(), conv(width, width),
                                  Norm(width), nn.SiLU(), conv(width, width))

    def forward(self, x):
        return x + self.body(x)


class Autoencoder(nn.Module):
    """RGB 0..1 (n,3,h,w), sides a multiple of 8."""
    channels = 4

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(conv(3, 32, 2), Pair(32), conv(32, 64, 2), Pair(64), conv(64, 96, 2), Pair(96), Pair(96),
                                     Norm(96), nn.SiLU(), conv(96, 2 * self.channels))
        self.decoder = nn.Sequential(conv(self.channels, 96), Pair(96), Pair(96), nn.Upsample(scale_factor=2), conv(96, 64),
                                     Pair(64), nn.Upsample(scale_factor=2), conv(64, 32), Pair(32), nn.SiLU(),
                                     conv(32, 12), nn.PixelShuffle(2))

    def encode(self, x):
        """The mean of the latent."""
        return self.encoder(x * 2 - 1)[:, :self.channels].float()

    def forward(self, x):
        """The picture again, and the KL term of the loss."""
        mean, log_variance = self.encoder(x * 2 - 1).float().chunk(2, 1)
        log_variance = log_variance.clamp(-20, 10)
        kl = .5 * (mean.pow(2) + log_variance.exp() - 1 - log_variance).mean()
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return self.decoder(z) * .5 + .5, KL_WEIGHT * kl


def pyramid_loss(a, b):
    d, loss = a - b, 0
    for octave in range(4):
        low = F.avg_pool2d(d, 2)
        loss = loss + (d - F.interpolate(low, scale_factor=2)).abs().mean()
        d = low
    return loss + d.abs().mean()


def batch_of(crops, rng):
    out = np.empty((BATCH, SIDE, SIDE, 3), np.uint8)
    for i in range(BATCH):
        crop = crops[rng.integers(len(crops))]
        y, x = rng.integers(crop.shape[0] - SIDE + 1), rng.integers(crop.shape[1] - SIDE + 1)
        crop = crop[y:y + SIDE, x:x + SIDE]
        out[i] = crop[:, ::-1] if rng.integers(2) else crop
    return to_float(out)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--minutes", type=float, default=40)
    args = ap.parse_args()
    crops = np.load(os.path.join(args.data, "crops.npy"), mmap_mode="r")
    torch.manual_seed(0)
    net = Autoencoder().to(memory_format=torch.channels_last)
    adam = torch.optim.AdamW(net.parameters(), RATE, betas=(.9, .99), weight_decay=1e-4)
    run = Run(net, Autoencoder(), {"adam": adam}, args.out + ".checkpoint.pt", args.minutes, EMA, WARM_UP)
    rng = np.random.default_rng(1000 + run.step)
    log = open(args.out + ".csv", "a", newline="", buffering=1)

    def export():
        write_tensors(args.out, run.mean.state_dict(), {"vernis.name": "leftout", "format": "pt", "licence": "Apache-2.0"})
    recent = []
    for _ in run.turns(export, 2):
        x = batch_of(crops, rng)
        with torch.autocast("cpu", torch.bfloat16):
            y, kl = net(x)
        loss = pyramid_loss(y.float(), x) + kl
        run.learn(loss)
        recent.append((float(loss), float(-10 * (y.detach().float() - x).pow(2).mean().log10())))
        if len(recent) == 50:
            csv.writer(log).writerow([run.step, round(run.seconds), *np.round(np.mean(recent, 0), 4)])
            recent = []


if __name__ == "__main__":
    main()
