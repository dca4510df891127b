#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Vernis beside the way that other tools work, on the same encoder and at the same visibility.

usage: tools/compare_peers.py [--vernis build/vernis] [--judge ../shared/judge] [--encoder FILE] [--work build/peers]
                              [--methods untargeted:4.6,...] [--steps 30] [--made DIR] [-- PROTECT OPTIONS]

The works are those of tools/measure.py as people post them: on white, at most 1080 wide. Vernis protects them at its
standard visibility, with that encoder as surrogate and with its built-in one, a method of the judge's peers.py at
METHOD:EPS, EPS (of 255) chosen so that the works' mean butteraugli 3-norm is 2.0; the judge measures the files.
--made DIR takes a peer's pictures from there instead of making them: PyTorch takes hours. Prints a Markdown table.
Needs python3-torch, python3-pil, libjxl-devtools.
"""
import argparse
import json
import os
import subprocess
import sys

from PIL import Image

from measure import gather, on_white

WIDTH = 1080
COLUMNS = ["w1080 q75 s512", "w1080 q75 s768"]


def post(works, folder):
    """The works on white, at most WIDTH wide, as PNG. Returns their paths."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for _, path in works:
        image = on_white(path)
        width, height = image.size
        if width > WIDTH:
            image = image.resize((WIDTH, round(height * WIDTH / width)), Image.LANCZOS)
        paths.append(os.path.join(folder, os.path.splitext(os.path.basename(path))[0] + ".png"))
        image.save(paths[-1])
    return paths


def judge(a, clean, folder):
    pairs = [p for path in clean for p in (path, os.path.join(folder, os.path.basename(path)))]
    run = subprocess.run([os.path.join(a.judge, "judge.py"), "--json", "--encoder", a.encoder, *pairs], check=True,
                         stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def main():
    arguments = sys.argv[1:] + ["--"]
    own, options = arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:-1]
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--vernis", default="build/vernis")
    ap.add_argument("--judge", default="../shared/judge")
    ap.add_argument("--encoder", default="../shared/models/taef2_encoder.safetensors")
    ap.add_argument("--work", default="build/peers")
    ap.add_argument("--methods", default="untargeted:4.6")
    ap.add_argument("--steps", default="30")
    ap.add_argument("--made")
    a = ap.parse_args(own)
    clean = post(gather(a.work), os.path.join(a.work, "posted"))
    sides = {side: os.path.join(a.work, side) for side in ("Vernis", "built-in")}
    for side, surrogate in zip(sides, (["--surrogate", a.encoder], [])):
        os.makedirs(sides[side], exist_ok=True)
        subprocess.run([a.vernis, "protect", "--quiet", "--overwrite", "--c2pa", "off", *surrogate, "-o", sides[side],
                        *options, *clean], check=True)
    for method in a.methods.split(","):
        name, eps = method.split(":")
        sides[name] = a.made or os.path.join(a.work, name)
        if not a.made:
            subprocess.run([os.path.join(a.judge, "peers.py"), name, "--encoder", a.encoder, "--eps", eps, "--steps", a.steps,
                            "--out", sides[name], *clean], check=True)
    judged = {side: judge(a, clean, folder) for side, folder in sides.items()}
    encoder = os.path.basename(a.encoder).split(".")[0]
    heads = ["butteraugli", "512", "768"]
    print("| work | " + " | ".join(f"{side}: {h}" for side in sides for h in heads) + " |")
    print("|---|" + "---|" * (len(sides) * len(heads)))

    def cells(row):
        return [f"{row['butteraugli3']:.2f}"] + [f"{row['shift'][f'{encoder} {c}']:.2f}" for c in COLUMNS]
    for i, path in enumerate(clean):
        print(f"| {os.path.basename(path)} | " + " | ".join(c for side in sides for c in cells(judged[side]["rows"][i])) + " |")
    print("| **mean** | " + " | ".join(c for side in sides for c in cells(judged[side]["mean"])) + " |")
    print("\nConsistency (8x8): " + ", ".join(f"{s} {judged[s]['mean']['consistency'][encoder]:.2f}" for s in sides))


if __name__ == "__main__":
    main()
