#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Protect a fixed set of Debian-packaged works and let the independent judge measure the files.

usage: tools/measure.py [--vernis build/vernis] [--judge ../shared/judge/judge.py]
                        [--encoder ../shared/models/taef2_encoder.safetensors] [--work build/measure] [-- PROTECT OPTIONS]

The works come from packages that nothing here was trained on; they are downloaded with apt-get (no installation) and
never committed. Prints a Markdown table: per work and on average, what the eye pays (butteraugli 3-norm) and how far the
encoder's latent moves after a platform (1080 wide, JPEG 75) and a trainer (short side 512 or 768) have had the file.
Needs python3-torch, python3-pil, libjxl-devtools.
"""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys

from PIL import Image

GAME = "usr/share/games/wesnoth/1.16/data/core/images"
WORKS = [  # kind, name, package, path inside it
    ("portrait", "elf-druid", "wesnoth-1.16-data", GAME + "/portraits/elves/druid.*"),
    ("portrait", "dwarf-fighter", "wesnoth-1.16-data", GAME + "/portraits/dwarves/fighter.*"),
    ("portrait", "mage", "wesnoth-1.16-data", GAME + "/portraits/humans/mage.*"),
    ("portrait", "orc-warlord", "wesnoth-1.16-data", GAME + "/portraits/orcs/warlord.*"),
    ("painting", "bridge", "wesnoth-1.16-data", GAME + "/story/landscape-bridge.jpg"),
    ("painting", "castle", "wesnoth-1.16-data", GAME + "/story/landscape-castle.jpg"),
    ("painting", "mountains", "wesnoth-1.16-data", GAME + "/story/landscape-mountains-02.jpg"),
    ("flat drawing", "origami", "lxqt-themes", "usr/share/lxqt/wallpapers/origami-dark.png"),
    ("flat drawing", "xfce-blue", "xfdesktop4-data", "usr/share/backgrounds/xfce/xfce-blue.jpg"),
    ("flat drawing", "arch", "lxqt-themes", "usr/share/lxqt/wallpapers/plasma_arch.png"),
    ("photograph", "butterfly", "lxqt-themes", "usr/share/lxqt/wallpapers/Butterfly-Kenneth-Wimer.jpg"),
    ("photograph", "after-the-rain", "lxqt-themes", "usr/share/lxqt/wallpapers/after-the-rain.jpg"),
]
COLUMNS = [("w1080 q75 s512", "1080 wide, JPEG 75, 512"), ("w1080 q75 s768", "the same, 768"), ("w0 q0 s512", "512, no JPEG")]


def on_white(path):
    """A picture as RGB, transparency over white."""
    image = Image.open(path).convert("RGBA")
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    ground.alpha_composite(image)
    return ground.convert("RGB")


def gather(folder):
    """Unpack the packages beside each other and copy the works under short names. Returns [(kind, path)]."""
    debs, art = os.path.join(folder, "deb"), os.path.join(folder, "art")
    os.makedirs(debs, exist_ok=True)
    os.makedirs(art, exist_ok=True)
    found = []
    for kind, name, package, pattern in WORKS:
        root = os.path.join(folder, package)
        if not os.path.isdir(root):
            subprocess.run(["apt-get", "download", package], cwd=debs, check=True, stdout=subprocess.DEVNULL)
            (deb,) = glob.glob(os.path.join(debs, package + "_*.deb"))
            subprocess.run(["dpkg", "-x", deb, root], check=True)
        paths = sorted(glob.glob(os.path.join(root, pattern)))
        if not paths:
            sys.exit(f"measure: {package} has no {pattern}")
        target = os.path.join(art, name + os.path.splitext(paths[0])[1])
        if not os.path.exists(target):
            shutil.copyfile(paths[0], target)
        found.append((kind, target))
    return found


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--vernis", default="build/vernis")
    ap.add_argument("--judge", default="../shared/judge/judge.py")
    ap.add_argument("--encoder", default="../shared/models/taef2_encoder.safetensors")
    ap.add_argument("--work", default="build/measure")
    ap.add_argument("options", nargs="*", help="options for vernis protect")
    a = ap.parse_args()
    works = gather(a.work)
    out = os.path.join(a.work, "protected")
    shutil.rmtree(out, ignore_errors=True)
    run = subprocess.run([a.vernis, "protect", "--json", "--progress", "none", "-o", out, *a.options, *(p for _, p in works)],
                         stdout=subprocess.PIPE, text=True)
    if run.returncode not in (0, 4):
        sys.exit(f"measure: vernis protect ended with status {run.returncode}")
    lines = {os.path.basename(x["input"]): x for x in map(json.loads, run.stdout.splitlines())}
    pairs = [p for _, path in works for p in (path, os.path.join(out, os.path.basename(path)))]
    judged = json.loads(subprocess.run([a.judge, "--json", "--encoder", a.encoder, *pairs], check=True,
                                       stdout=subprocess.PIPE, text=True).stdout)
    encoder = os.path.basename(a.encoder).split(".")[0]
    print("| work | kind | seconds | butteraugli | predicted | PSNR | " + " | ".join(t for _, t in COLUMNS) + " |")
    print("|---|---|" + "---|" * (4 + len(COLUMNS)))
    for (kind, path), row in zip(works, judged["rows"]):
        line = lines[os.path.basename(path)]
        print(f"| {os.path.basename(path)} | {kind} | {line['seconds']:.1f} | {row['butteraugli3']:.2f} | "
              f"{line['metrics']['visibility']:.2f} | {row['psnr']:.1f} | "
              + " | ".join(f"{row['shift'][f'{encoder} {c}']:.2f}" for c, _ in COLUMNS) + " |")
    mean = judged["mean"]
    print(f"| **mean** | | {sum(x['seconds'] for x in lines.values()) / len(lines):.1f} | {mean['butteraugli3']:.2f} | "
          f"{sum(x['metrics']['visibility'] for x in lines.values()) / len(lines):.2f} | {mean['psnr']:.1f} | "
          + " | ".join(f"{mean['shift'][f'{encoder} {c}']:.2f}" for c, _ in COLUMNS) + " |")
    print(f"\nConsistency over the set (mean pairwise cosine, 8x8): {mean['consistency'][encoder]:.2f}")


if __name__ == "__main__":
    main()
