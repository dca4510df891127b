# SPDX-License-Identifier: Apache-2.0
"""What the training scripts have in common: a run that can stop anywhere and go on from its checkpoint."""
import math
import os
import time

import torch

from muon import Muon


def muon_and_adam(net, matrices, biases):
    """Muon for the weights of two or more dimensions, Adam for the rest; the rates are those at the height of the run."""
    parameters = list(net.parameters())
    return {"matrices": Muon([p for p in parameters if p.ndim > 1], matrices),
            "biases": torch.optim.Adam([p for p in parameters if p.ndim == 1], biases, betas=(.9, .99))}


class Run:
    """A network, the running mean of its weights (what is exported), its optimisers, and the clock that the schedule follows."""

    def __init__(self, net, mean, optimisers, checkpoint, minutes, ema=.995, warm_up=50, most_gradient=1.):
        """`mean` is a second network of the same kind, whose weights are overwritten. `minutes` counts resumed runs too."""
        self.net, self.mean, self.optimisers = net, mean.requires_grad_(False), optimisers
        self.mean.load_state_dict(net.state_dict())
        self.checkpoint, self.minutes, self.ema = checkpoint, minutes, ema
        self.warm_up, self.most_gradient = warm_up, most_gradient
        self.rates = {name: optimiser.param_groups[0]["lr"] for name, optimiser in optimisers.items()}
        self.step, self.seconds = 0, 0.
        if os.path.exists(checkpoint):
            state = torch.load(checkpoint)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            for name, optimiser in optimisers.items():
                optimiser.load_state_dict(state[name])
            self.step, self.seconds = state["step"], state["seconds"]

    def save(self):
        state = {"net": self.net.state_dict(), "mean": self.mean.state_dict(), "step": self.step, "seconds": self.seconds,
                 **{name: optimiser.state_dict() for name, optimiser in self.optimisers.items()}}
        torch.save(state, self.checkpoint + ".part")
        os.replace(self.checkpoint + ".part", self.checkpoint)

    def learn(self, loss):
        """One step down the loss, at a rate that rises over `warm_up` steps and falls with the time that is left."""
        done = min(1, self.seconds / (60 * self.minutes))
        scale = min(1, (self.step + 1) / self.warm_up) * (.02 + .98 * (1 + math.cos(math.pi * done)) / 2)
        self.net.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.most_gradient)
        for name, optimiser in self.optimisers.items():
            optimiser.param_groups[0]["lr"] = self.rates[name] * scale
            optimiser.step()
        self.step += 1
        decay = min(self.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for slow, fast in zip(self.mean.parameters(), self.net.parameters()):
                slow.lerp_(fast, 1 - decay)

    def turns(self, export, every):
        """Yields until the time is up; saves and calls export() every so many minutes and at the end."""
        last, saved = time.time(), self.seconds
        while self.seconds < 60 * self.minutes:
            yield
            now = time.time()
            self.seconds, last = self.seconds + now - last, now
            if self.seconds - saved > 60 * every:
                self.save()
                export()
                saved = self.seconds
        self.save()
        export()
