#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Train a small decoder for an encoder as it is shipped: what can be painted from its latent.

usage: decoder.py --encoder FILE --data DIR --out FILE [--minutes N] [--export-every N]
       decoder.py --encoder FILE --out FILE --judge PICTURE...

Run it again to resume: DIR/decoder.pt holds the state, DIR/decoder.csv the losses. Trained on clean crops alone, so it
has never seen what a protection does: where it paints a protected picture otherwise, the latent is what differs. The
loss is the mean absolute error in sRGB. --judge prints PSNR on held-out pictures (middle square, 512 pixels), beside
two pictures made without a network: the picture's mean colour, and its reduction to the latent's size enlarged again.
"""
import argparse
import csv
import math
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from evaluate import open_square, resized, tensor
from model import Block, conv, load_student, read_tensors, write_tensors
from runs import Run, muon_and_adam
from train import EMA, to_float

BATCH = 8
REUSE = 2              # batches of crops seen before for each new one: their latents are kept
RATES = {"matrices": 4e-3, "biases": 2e-3}
METADATA = {"vernis.name": "vernis-a-decoder", "vernis.decodes": "vernis-a", "format": "pt", "licence": "Apache-2.0"}
PREFIX = "decoder."
GRID = 512


class Decoder(nn.Sequential):
    """The latent at 1/8 to RGB 0..1, before it is cut to that range; some 5.8 thousand multiply-adds a pixel."""

    def __init__(self):
        super().__init__(conv(32, 64), nn.ReLU(), Block(64), conv(64, 128), nn.PixelShuffle(2), nn.ReLU(), Block(32),
                         conv(32, 48), nn.PixelShuffle(4))
        nn.init.constant_(self[7].bias, .5)
        self.to(memory_format=torch.channels_last)


def encode(encoder, x):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return encoder(x.contiguous(memory_format=torch.channels_last)).float()


class Painting:
    def __init__(self, args):
        self.args = args
        torch.manual_seed(0)
        self.encoder, self.decoder = load_student(args.encoder), Decoder()
        self.run = Run(self.decoder, Decoder(), muon_and_adam(self.decoder, **RATES), os.path.join(args.data, "decoder.pt"),
                       args.minutes, EMA, most_gradient=math.inf)
        self.rng = np.random.default_rng(self.run.step + 1)
        self.crops = np.load(os.path.join(args.data, "crops.npy"), mmap_mode="r")
        self.latents = {}

    def draw(self):
        """A batch of crops, half of new ones mirrored, and their latents."""
        seen = list(self.latents)
        if len(seen) >= BATCH and self.run.step % (1 + REUSE):
            keys = [seen[i] for i in self.rng.choice(len(seen), BATCH, replace=False)]
        else:
            keys = [(int(k), i % 2) for i, k in enumerate(self.rng.choice(len(self.crops), BATCH, replace=False))]
        x = to_float(self.crops[[k for k, _ in keys]])
        mirrored = [i for i, (_, m) in enumerate(keys) if m]
        x[mirrored] = x[mirrored].flip(3)
        missing = [i for i, key in enumerate(keys) if key not in self.latents]
        if missing:
            for i, z in zip(missing, encode(self.encoder, x[missing]).half()):
                self.latents[keys[i]] = z
        return x, torch.stack([self.latents[key] for key in keys]).float().contiguous(memory_format=torch.channels_last)

    def export(self):
        write_tensors(self.args.out, {PREFIX + name: t for name, t in self.run.mean.state_dict().items()}, METADATA)

    def learn(self):
        """One step; its loss."""
        x, z = self.draw()
        with torch.autocast("cpu", torch.bfloat16):
            y = self.decoder(z)
        loss = (y.float() - x).abs().mean()
        self.run.learn(loss)
        return float(loss)

    def train(self):
        log = open(os.path.join(self.args.data, "decoder.csv"), "a", newline="", buffering=1)
        table = csv.writer(log)
        if self.run.step == 0:
            table.writerow(["step", "seconds", "loss"])
        losses = []
        for _ in self.run.turns(self.export, self.args.export_every):
            losses.append(self.learn())
            if len(losses) == 50:
                table.writerow([self.run.step, round(self.run.seconds), f"{np.mean(losses):.5f}"])
                losses = []


def psnr(x, y):
    return -10 * math.log10(max(1e-10, float((x - y.clamp(0, 1)).pow(2).mean())))


def judge(args):
    """Mean PSNR over the pictures; a row for each where there are few."""
    encoder, decoder = load_student(args.encoder), Decoder()
    decoder.load_state_dict({name[len(PREFIX):]: t for name, t in read_tensors(args.out).items()})
    rows = []
    for path in args.judge:
        x = tensor(resized(open_square(path), GRID))
        small = F.avg_pool2d(x, 8)
        with torch.no_grad():
            painted = decoder(encoder(x))
        rows.append([psnr(x, painted), psnr(x, x.mean((2, 3), keepdim=True)),
                     psnr(x, F.interpolate(small, scale_factor=8, mode="bicubic", align_corners=False))])
        if len(args.judge) <= 20:
            print("| " + os.path.basename(path)[-40:] + " | " + " | ".join(f"{v:.1f}" for v in rows[-1]) + " |")
    table = np.array(rows)
    print(f"| **mean of {len(table)}** | " + " | ".join(f"{v:.2f}" for v in table.mean(0)) + " |")
    print(f"better than the enlargement on {int((table[:, 0] > table[:, 2]).sum())} of {len(table)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--encoder", default="presets/models/vernis-a.safetensors")
    parser.add_argument("--data", default="build-train", help="folder that gather.py filled")
    parser.add_argument("--out", default="build-train/vernis-a-decoder.safetensors")
    parser.add_argument("--minutes", type=float, default=50, help="training time in all, resumed runs included")
    parser.add_argument("--export-every", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--judge", nargs="+", metavar="PICTURE")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.judge:
        judge(args)
    else:
        Painting(args).train()


if __name__ == "__main__":
    main()
