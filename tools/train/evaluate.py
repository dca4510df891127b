#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How far do perturbations made on the student move the teacher?

usage: evaluate.py --teacher FILE [--student FILE] [--eps 8] [--steps 12] [--keep DIR] PICTURE...

Each work is cut to a square of at most 1024 pixels. At equal epsilon a perturbation is optimised on a 512 grid
(untargeted, sign steps with momentum) on the student and on the teacher, or drawn as random signs. Printed are
the teacher's latent shifts, sqrt(mean(dz^2)) / std(z): `direct` on the grid, `ingest` after the perturbation was
carried up to the square, saved as JPEG 75 4:2:0 and resized to 512. Rows are Markdown; `ratio` is student-made
over teacher-made, `fit` the clean latent's error over its spread, `cosine` how far the student's own displacement
agrees with the teacher's.

Teacher-made perturbations do not depend on the student and are slow: DIR keeps them (one folder for each epsilon
and number of steps), and without a student they are all that is made. The networks run in bfloat16 (latents
within 2 % of float32).
"""
import argparse
import io
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from model import Teacher, load_student

GRID = 512


class Fast(torch.nn.Module):
    """A network in bfloat16."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return self.net(x.contiguous(memory_format=torch.channels_last)).float()


def open_square(path):
    """The middle square, over white where it is transparent, between 512 and 1024 pixels wide."""
    image = Image.open(path).convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    white.alpha_composite(image)
    side = min(image.size)
    left, top = (image.size[0] - side) // 2, (image.size[1] - side) // 2
    square = white.convert("RGB").crop((left, top, left + side, top + side))
    side = min(max(side // 64 * 64, GRID), 1024)
    return square.resize((side, side), Image.LANCZOS)


def tensor(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


def picture(x):
    return Image.fromarray((x[0].permute(1, 2, 0) * 255).round().clamp(0, 255).byte().numpy())


def resized(image, side):
    return image if image.size == (side, side) else image.resize((side, side), Image.LANCZOS)


def ingest(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75, subsampling=2)
    return tensor(resized(Image.open(buffer).convert("RGB"), GRID))


def attack(net, x, eps, steps):
    """Away from the clean latent: sign steps with momentum, step size falling to zero."""
    with torch.no_grad():
        clean = net(x)
    d = (torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1) * eps
    momentum = torch.zeros_like(d)
    for step in range(steps):
        d.requires_grad_(True)
        loss = (net((x + d).clamp(0, 1)) - clean).pow(2).mean()
        (g,) = torch.autograd.grad(loss, d)
        momentum = .9 * momentum + g / g.abs().mean()
        d = (d.detach() + eps / 4 * (1 - step / steps) * momentum.sign()).clamp(-eps, eps)
    return d


def kept(folder, work, make):
    """The perturbation that `make` gives, from the folder where an earlier call left it there."""
    if not folder:
        return make()
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "-".join(os.path.abspath(work).split(os.sep)[-2:]) + ".npy")
    if not os.path.exists(path):
        np.save(path, (make() * 255).round().to(torch.int8).numpy())
    return torch.from_numpy(np.load(path)).float() / 255


def shift(net, x, y):
    """Displacement of the latent, and its size relative to the latent's spread."""
    with torch.no_grad():
        clean = net(x)
        moved = net(y) - clean
    return moved, float(moved.pow(2).mean().sqrt() / clean.std())


def judge(work, student, makers, referee, eps):
    """One work's row: {column: figure}."""
    posted = open_square(work)
    grid = tensor(resized(posted, GRID))
    with torch.no_grad():
        latent = referee(grid)
        row = {"fit": float((student(grid) - latent).pow(2).mean().sqrt() / latent.std())}
    for name, make in makers.items():
        d = make(work, grid)
        d = tensor(picture((grid + d).clamp(0, 1))) - grid
        moved, row[f"{name} direct"] = shift(referee, grid, grid + d)
        up = F.interpolate(d, posted.size[::-1], mode="bicubic", align_corners=False).clamp(-eps, eps)
        protected = picture((tensor(posted) + up).clamp(0, 1))
        _, row[f"{name} ingest"] = shift(referee, ingest(posted), ingest(protected))
        if name == "student":
            believed, _ = shift(student, grid, grid + d)
            row["cosine"] = float(F.cosine_similarity(believed.flatten(), moved.flatten(), 0))
    for where in ("direct", "ingest"):
        row[f"ratio {where}"] = row[f"student {where}"] / row[f"teacher {where}"]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--student")
    parser.add_argument("--eps", type=float, default=8, help="budget in 255ths")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--keep", default="", help="folder of teacher-made perturbations, one per picture")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("works", nargs="+")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    eps = args.eps / 255
    teacher, noise = Teacher(args.teacher, fast=True), torch.Generator().manual_seed(1)
    makers = {"teacher": lambda work, x: kept(args.keep, work, lambda: attack(teacher, x, eps, args.steps)),
              "noise": lambda work, x: (torch.rand(x.shape, generator=noise) - .5).sign() * eps}
    if not args.student:
        for work in args.works:
            makers["teacher"](work, tensor(resized(open_square(work), GRID)))
        return
    student = Fast(load_student(args.student))
    makers["student"] = lambda work, x: attack(student, x, eps, args.steps)
    columns = ["fit", "cosine"] + [f"{name} {where}" for where in ("direct", "ingest")
                                   for name in ("student", "teacher", "noise", "ratio")]
    print("| work | " + " | ".join(columns) + " |\n|---" * 1 + "|---" * len(columns) + "|", flush=True)
    rows = []
    for work in args.works:
        rows.append(judge(work, student, makers, teacher, eps))
        label = os.path.splitext(os.path.basename(work))[0][-40:]
        print(f"| {label} | " + " | ".join(f"{rows[-1][c]:.2f}" for c in columns) + " |", flush=True)
    mean = {c: float(np.mean([row[c] for row in rows])) for c in columns}
    for where in ("direct", "ingest"):  # the ratio of the means, not the mean of the ratios
        mean[f"ratio {where}"] = mean[f"student {where}"] / mean[f"teacher {where}"]
    print("| **mean** | " + " | ".join(f"{mean[c]:.2f}" for c in columns) + " |")


if __name__ == "__main__":
    main()
