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
import math
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from model import conv, write_tensors

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
    x = torch.from_numpy(out).permute(0, 3, 1, 2).float() / 255
    return x.contiguous(memory_format=torch.channels_last)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--minutes", type=float, default=40)
    args = ap.parse_args()
    crops = np.load(os.path.join(args.data, "crops.npy"), mmap_mode="r")
    torch.manual_seed(0)
    net = Autoencoder().to(memory_format=torch.channels_last)
    mean = Autoencoder()
    mean.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), RATE, betas=(.9, .99), weight_decay=1e-4)
    step, spent, save_at, recent = 0, 0., 60., []
    state_file = args.out + ".checkpoint.pt"
    if os.path.exists(state_file):
        state = torch.load(state_file)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
    rng = np.random.default_rng(1000 + step)
    log = open(args.out + ".csv", "a", newline="")
    started = time.monotonic() - spent
    while spent < 60 * args.minutes:
        spent = time.monotonic() - started
        share = min(1, spent / (60 * args.minutes))
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARM_UP) * (.02 + .98 * .5 * (1 + math.cos(math.pi * share)))
        x = batch_of(crops, rng)
        with torch.autocast("cpu", torch.bfloat16):
            y, kl = net(x)
        loss = pyramid_loss(y.float(), x) + kl
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1)
        optimiser.step()
        step += 1
        with torch.no_grad():
            for slow, fast in zip(mean.parameters(), net.parameters()):
                slow.lerp_(fast, 1 - min(EMA, step / (step + 10)))
        recent.append((float(loss), float(-10 * (y.detach().float() - x).pow(2).mean().log10())))
        if len(recent) == 50:
            csv.writer(log).writerow([step, f"{spent:.0f}", *np.round(np.mean(recent, 0), 4)])
            log.flush()
            recent = []
        if spent > save_at or share == 1:
            save_at = spent + 120
            torch.save({"net": net.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(),
                        "step": step, "spent": spent}, state_file + ".part")
            os.replace(state_file + ".part", state_file)
            write_tensors(args.out, {k: v.float() for k, v in mean.state_dict().items()}, {
                "vernis.name": "leftout", "format": "pt", "licence": "Apache-2.0", "steps": str(step)})


if __name__ == "__main__":
    main()
