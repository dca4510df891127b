#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train a small autoencoder from scratch, with no teacher.

usage: autoencoder.py --net leftout|vernis-b --data DIR --out FILE [--minutes N]

vernis-b is a surrogate that Vernis ships (its encoder); leftout is for leftout.py to judge on, left out of everything else,
and shares nothing with it but the crops of gather.py and the loss: L1 over four octaves of a Laplacian pyramid. Run it again
to resume from FILE.checkpoint.pt; FILE.csv is the log: step, seconds, loss, PSNR of the batch.
"""
import argparse
import csv
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from model import Block, conv, write_tensors
from runs import Run, muon_and_adam
from train import RATES, to_float

EMA = .998


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


class Leftout(nn.Module):
    """RGB 0..1 (n,3,h,w), sides a multiple of 8. A Gaussian bottleneck of 4 channels at 1/8 with its KL term (as in arXiv
    2112.10752, much smaller), SiLU and group normalisation."""
    channels, batch, side, warm_up = 4, 12, 96, 100
    kl_weight = 1e-4

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
        """The picture again, and the bottleneck's term of the loss."""
        mean, log_variance = self.encoder(x * 2 - 1).float().chunk(2, 1)
        log_variance = log_variance.clamp(-20, 10)
        kl = .5 * (mean.pow(2) + log_variance.exp() - 1 - log_variance).mean()
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return self.decoder(z) * .5 + .5, self.kl_weight * kl

    def optimisers(self):
        return {"adam": torch.optim.AdamW(self.parameters(), 1.5e-3, betas=(.9, .99), weight_decay=1e-4)}

    def exported(self):
        return self.state_dict()


class B(nn.Module):
    """Stride 8, 8 channels, a Gaussian bottleneck of fixed variance: the KL term is then the latent's square. Only the
    encoder is exported, a plain sequence that `src/nn/tiny.c` knows as S8."""
    batch, side, warm_up = 12, 96, 50
    deviation, weight = .1, 1e-3

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(conv(3, 32, 2), nn.ReLU(), conv(32, 64, 2), nn.ReLU(), Block(64),
                                     conv(64, 96, 2, bias=False), Block(96), Block(96), conv(96, 8))
        self.decoder = nn.Sequential(conv(8, 96), nn.ReLU(), Block(96), Block(96), conv(96, 256), nn.PixelShuffle(2), nn.ReLU(),
                                     Block(64), conv(64, 48), nn.PixelShuffle(4))
        nn.init.constant_(self.decoder[-2].bias, .5)

    def forward(self, x):
        """The picture again, and the bottleneck's term of the loss."""
        z = self.encoder(x).float()
        return self.decoder(z + self.deviation * torch.randn_like(z)), self.weight * z.pow(2).mean()

    def optimisers(self):
        return muon_and_adam(self, **RATES)

    def exported(self):
        return self.encoder.state_dict()


NETS = {"leftout": Leftout, "vernis-b": B}


def pyramid_loss(a, b):
    d, loss = a - b, 0
    for octave in range(4):
        low = F.avg_pool2d(d, 2)
        loss = loss + (d - F.interpolate(low, scale_factor=2)).abs().mean()
        d = low
    return loss + d.abs().mean()


def batch_of(net, crops, rng):
    out = np.empty((net.batch, net.side, net.side, 3), np.uint8)
    for i in range(net.batch):
        crop = crops[rng.integers(len(crops))]
        y, x = rng.integers(crop.shape[0] - net.side + 1), rng.integers(crop.shape[1] - net.side + 1)
        crop = crop[y:y + net.side, x:x + net.side]
        out[i] = crop[:, ::-1] if rng.integers(2) else crop
    return to_float(out)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--net", choices=NETS, required=True)
    ap.add_argument("--data", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--minutes", type=float, default=60)
    args = ap.parse_args()
    crops = np.load(os.path.join(args.data, "crops.npy"), mmap_mode="r")
    torch.manual_seed(0)
    net = NETS[args.net]().to(memory_format=torch.channels_last)
    run = Run(net, NETS[args.net](), net.optimisers(), args.out + ".checkpoint.pt", args.minutes, EMA, net.warm_up)
    rng = np.random.default_rng(1000 + run.step)
    log = open(args.out + ".csv", "a", newline="", buffering=1)
    if run.step == 0:
        csv.writer(log).writerow(["step", "seconds", "loss", "PSNR"])

    def export():
        write_tensors(args.out, run.mean.exported(), {"vernis.name": args.net, "format": "pt", "licence": "Apache-2.0"})
    recent = []
    for _ in run.turns(export, 2):
        x = batch_of(net, crops, rng)
        with torch.autocast("cpu", torch.bfloat16):
            y, term = net(x)
        loss = pyramid_loss(y.float(), x) + term
        run.learn(loss)
        recent.append((float(loss), float(-10 * (y.detach().float() - x).pow(2).mean().log10())))
        if len(recent) == 50:
            csv.writer(log).writerow([run.step, round(run.seconds), *np.round(np.mean(recent, 0), 4)])
            recent = []


if __name__ == "__main__":
    main()
