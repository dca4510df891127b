#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Distil a teacher encoder into the small student encoder that Vernis ships.

usage: train.py --teacher FILE --data DIR --out FILE [--minutes N] [--export-every N]

Run it again to resume: DIR/checkpoint.pt holds the state, DIR/log.csv the losses. What the student has to get
right is the direction in which a perturbation moves the teacher, so the lessons are pairs (clean crop, perturbed
crop) with three answers from the teacher: its latent, its displacement, and its gradient at the perturbed crop.
Perturbations come from the student itself (where it is wrong, it finds out) and from the teacher's own gradient.
"""
import argparse
import csv
import io
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from model import Student, Teacher, write_tensors
from runs import Run, muon_and_adam

BATCH = 4
REPLAY = 6000          # perturbed crops kept with the teacher's answers
WARM_UP = 400          # steps on clean crops before the first perturbation
REUSE = 3              # replayed batches trained on for each new one
EMA = .995
RATES = {"matrices": 3e-3, "biases": 2e-3}
WEIGHT_SHIFT, WEIGHT_GRADIENT = .5, .5
METADATA = {"vernis.name": "vernis-a", "format": "pt", "licence": "Apache-2.0",
            "teacher": "taef2 encoder (MIT, (c) 2023 Ollin Boer Bohan)"}


def to_float(pixels):
    x = torch.as_tensor(np.array(pixels)).permute(0, 3, 1, 2).float() / 255
    return x.contiguous(memory_format=torch.channels_last)


def to_bytes(x):
    return (x * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()


def per_sample(x):
    return x.flatten(1).pow(2).mean(1).view(-1, 1, 1, 1)


def jpeg(pixels, rng):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=int(rng.integers(65, 96)), subsampling=2)
    return np.asarray(Image.open(buffer).convert("RGB"))


def contrast_map(x):
    """Local contrast around each pixel, mean one: the shape of a budget that spares flat areas."""
    grey = x.mean(1, keepdim=True)
    mean = F.avg_pool2d(grey, 9, 1, 4)
    spread = (F.avg_pool2d(grey * grey, 9, 1, 4) - mean * mean).clamp(min=0).sqrt() + .01
    return (spread / spread.mean((2, 3), keepdim=True)).clamp(max=3)


class Perturber:
    """Draws a kind of perturbation for a batch and makes it on the student."""

    def __init__(self, student, rng):
        self.student, self.rng = student, rng

    def gradient(self, x, objective):
        x = x.detach().requires_grad_(True)
        with torch.autocast("cpu", torch.bfloat16):
            z = self.student(x)
        return torch.autograd.grad(objective(z.float()), x)[0]

    def __call__(self, x):
        rng = self.rng
        eps = torch.as_tensor(rng.uniform(3, 14, (len(x), 1, 1, 1)), dtype=torch.float32) / 255
        if rng.random() < .35:
            eps = eps * contrast_map(x)
        coarse = 2 if rng.random() < .35 else 1  # on a grid of half the size, as a larger picture carries it

        def spread(d):
            return d if coarse == 1 else F.interpolate(d, scale_factor=2, mode="bilinear", align_corners=False)

        shape = (len(x), 3, x.shape[2] // coarse, x.shape[3] // coarse)
        limit = F.avg_pool2d(eps.expand(-1, -1, *x.shape[2:]), coarse)
        d = torch.as_tensor(rng.uniform(-1, 1, shape), dtype=torch.float32) * limit
        steps = int(rng.choice([0, 1, 2, 3, 5], p=[.12, .18, .25, .25, .20]))
        if steps:
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                clean = self.student(x).float()
            if rng.random() < .3:
                u = torch.as_tensor(rng.normal(size=(len(x), clean.shape[1], 1, 1)), dtype=torch.float32)
                objective = lambda z: ((z - clean) * u).sum()
            else:
                objective = lambda z: (z - clean).pow(2).sum()
            momentum = torch.zeros_like(d)
            for _ in range(steps):
                g = F.avg_pool2d(self.gradient((x + spread(d)).clamp(0, 1), objective), coarse)
                momentum = .9 * momentum + g / g.abs().mean((1, 2, 3), keepdim=True).clamp(min=1e-12)
                d = torch.maximum(torch.minimum(d + 1.5 / steps * limit * momentum.sign(), limit), -limit)
        return (x + spread(d)).clamp(0, 1)


class Lessons:
    """The teacher's answers: clean latents on demand, and a ring of perturbed crops."""

    def __init__(self, teacher, crops, perturb, rng):
        self.teacher, self.crops, self.perturb, self.rng = teacher, crops, perturb, rng
        self.latents = {}
        self.ring = []
        self.made = 0

    def clean(self, indices):
        missing = [i for i in indices if i not in self.latents]
        if missing:
            with torch.no_grad():
                for i, z in zip(missing, self.teacher(to_float(self.crops[missing])).half()):
                    self.latents[i] = z
        return torch.stack([self.latents[i] for i in indices]).float()

    def draw(self):
        return [int(i) for i in self.rng.choice(len(self.crops), BATCH, replace=False)]

    def step_on(self):
        """Kept lessons, one step further along the teacher's own gradient."""
        kept = [self.ring[int(i)] for i in self.rng.choice(len(self.ring), BATCH, replace=False)]
        indices = [k[0] for k in kept]
        x, y = to_float(self.crops[indices]), to_float(np.stack([k[1] for k in kept]))
        limit = (y - x).abs().amax((1, 2, 3), keepdim=True)
        d = y - x + .6 * limit * torch.stack([k[3] for k in kept]).float().sign()
        return indices, (x + torch.maximum(torch.minimum(d, limit), -limit)).clamp(0, 1)

    def make(self):
        """A new batch of lessons, kept and returned."""
        if len(self.ring) > 20 * BATCH and self.rng.random() < .25:
            indices, y = self.step_on()
        else:
            indices = self.draw()
            y = self.perturb(to_float(self.crops[indices]))
        pixels = to_bytes(y)
        for i in range(len(pixels)):
            if self.rng.random() < .2:
                pixels[i] = jpeg(pixels[i], self.rng)
        clean = self.clean(indices)
        y = to_float(pixels).requires_grad_(True)
        z = self.teacher(y)
        (g,) = torch.autograd.grad(.5 * (z - clean).pow(2).sum(), y)
        g = g / per_sample(g).sqrt().clamp(min=1e-12)
        batch = list(zip(indices, pixels, z.detach().half(), g.half()))
        for lesson in batch:
            if len(self.ring) < REPLAY:
                self.ring.append(lesson)
            else:
                self.ring[self.made % REPLAY] = lesson
            self.made += 1
        return batch

    def replay(self):
        return [self.ring[int(i)] for i in self.rng.choice(len(self.ring), BATCH, replace=False)]


def gradient_loss(g, target):
    """One minus the cosine between gradients, as they are and averaged over 4x4 pixels."""
    both = [(g, target), (F.avg_pool2d(g, 4), F.avg_pool2d(target, 4))]
    return sum(1 - F.cosine_similarity(a.flatten(1), b.flatten(1)).mean() for a, b in both) / 2


def clean_losses(student, lessons, scale):
    indices = lessons.draw() + lessons.draw()
    target = lessons.clean(indices)
    with torch.autocast("cpu", torch.bfloat16):
        z = student(to_float(lessons.crops[indices]))
    return {"fit": ((z.float() - target) / scale).pow(2).mean()}


def pair_losses(student, lessons, batch, scale):
    indices = [b[0] for b in batch]
    clean, moved = lessons.clean(indices), torch.stack([b[2] for b in batch]).float()
    shift = moved - clean
    with torch.autocast("cpu", torch.bfloat16):
        z0 = student(to_float(lessons.crops[indices]))
        z1, masks = student.forward_masks(to_float(np.stack([b[1] for b in batch])))
        v = shift / per_sample(shift).sqrt().clamp(min=1e-6)
        g = student.pullback(masks, v.contiguous(memory_format=torch.channels_last))
    z0, z1 = z0.float(), z1.float()
    miss = per_sample(z1 - z0 - shift) / (per_sample(shift) + 1e-3 * scale.pow(2).mean())
    return {"fit": (((z0 - clean) / scale).pow(2).mean() + ((z1 - moved) / scale).pow(2).mean()) / 2,
            "shift": miss.mean(),
            "gradient": gradient_loss(g.float(), torch.stack([b[3] for b in batch]).float())}


def total(losses):
    return losses["fit"] + WEIGHT_SHIFT * losses.get("shift", 0) + WEIGHT_GRADIENT * losses.get("gradient", 0)


class Distillation:
    def __init__(self, args):
        self.args = args
        torch.set_num_threads(args.threads)
        torch.manual_seed(0)
        self.student = Student()
        self.run = Run(self.student, Student(), muon_and_adam(self.student, **RATES), os.path.join(args.data, "checkpoint.pt"),
                       args.minutes, EMA)
        rng = np.random.default_rng(self.run.step + 1)
        teacher = Teacher(args.teacher, fast=True)
        crops = np.load(os.path.join(args.data, "crops.npy"), mmap_mode="r")
        self.lessons = Lessons(teacher, crops, Perturber(self.student, rng), rng)
        sample = self.lessons.clean(list(range(64)))
        self.scale = sample.std((0, 2, 3)).view(1, -1, 1, 1)

    def export(self):
        write_tensors(self.args.out, self.run.mean.state_dict(), METADATA)

    def turn(self):
        """One turn: a new batch of lessons and some replayed ones; yields the losses of each step."""
        if self.run.step < WARM_UP:
            yield clean_losses(self.student, self.lessons, self.scale)
            return
        yield pair_losses(self.student, self.lessons, self.lessons.make(), self.scale)
        for _ in range(REUSE):
            yield pair_losses(self.student, self.lessons, self.lessons.replay(), self.scale)

    def train(self):
        log = open(os.path.join(self.args.data, "log.csv"), "a", newline="", buffering=1)
        table = csv.writer(log)
        if self.run.step == 0:
            table.writerow(["step", "seconds", "lessons", "fit", "shift", "gradient"])
        sums = {}
        for _ in self.run.turns(self.export, self.args.export_every):
            for losses in self.turn():
                self.run.learn(total(losses))
                for name, loss in losses.items():
                    sums.setdefault(name, []).append(float(loss))
            if len(sums["fit"]) >= 50:
                figures = [f"{np.mean(sums[k]):.4f}" if k in sums else "" for k in ("fit", "shift", "gradient")]
                table.writerow([self.run.step, round(self.run.seconds), self.lessons.made, *figures])
                sums = {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", required=True, help="tiny encoder, .safetensors")
    parser.add_argument("--data", default="build-train", help="folder that gather.py filled")
    parser.add_argument("--out", default="build-train/vernis-a.safetensors")
    parser.add_argument("--minutes", type=float, default=80, help="training time in all, resumed runs included")
    parser.add_argument("--export-every", type=float, default=5, help="minutes between checkpoints and exports")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    Distillation(parser.parse_args()).train()


if __name__ == "__main__":
    main()
