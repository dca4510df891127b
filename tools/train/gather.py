#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gather training art: Debian packages and procedural pictures, cut into crops at training-like scale.

usage: gather.py [--out DIR]        (default build-train)

Writes DIR/crops.npy (uint8, N x 192 x 192 x 3), DIR/heldout/*.png (about one work in ten, never cropped from)
and DIR/works.csv (which work went where). Everything is derived from names and fixed seeds.
"""
import argparse
import csv
import hashlib
import io
import os
import re
import subprocess
import warnings
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CROP = 192
# package: (pattern of the files to take, how many works at most, crops a work)
PACKAGES = {
    "plasma-workspace-wallpapers": (r"/wallpapers/", 100, 36),
    "gcompris-qt-data": (r"\.rcc$", 400, 4),
    "gnome-backgrounds": (r"/backgrounds/", 100, 12),
    "mate-backgrounds": (r"/backgrounds/", 100, 8),
    "lomiri-wallpapers-16.04": (r"/backgrounds/", 100, 16),
    "lomiri-wallpapers-20.04": (r"/backgrounds/", 100, 16),
    "ukui-wallpapers": (r"/backgrounds/", 100, 8),
    "openclipart-png": (r"/openclipart/", 400, 2),
    "freeorion-data": (r"/data/art/", 120, 4),
    "hedgewars-data": (r"/(Forts|Graphics/Missions|Themes)/", 60, 3),
    "unknown-horizons": (r"/images/background/", 20, 16),
    "lordsawar-data": (r"/lordsawar/various/", 40, 4),
}
PROCEDURAL, PROCEDURAL_CROPS = 150, 4


def seed_of(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def unpack(package, folder):
    """Download a Debian package into folder and unpack it there, without installing it."""
    root = os.path.join(folder, package)
    if not os.path.isdir(root):
        debs = os.path.join(folder, "deb")
        os.makedirs(debs, exist_ok=True)
        if not any(name.startswith(package + "_") for name in os.listdir(debs)):
            subprocess.run(["apt-get", "download", package], cwd=debs, check=True)
        (deb,) = (name for name in os.listdir(debs) if name.startswith(package + "_"))
        subprocess.run(["dpkg", "-x", os.path.join(debs, deb), root], check=True)
    return root


def carve(path):
    """Where PNG, JPEG and WebP files begin inside a Qt resource bundle, which stores them as they are."""
    with open(path, "rb") as f:
        return [m.start() for m in re.finditer(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP", f.read(), re.S)]


def open_at(path, offset):
    """A picture from the middle of a file; what follows it does no harm."""
    with open(path, "rb") as f:
        f.seek(offset)
        return Image.open(io.BytesIO(f.read(8 << 20)))


def pictures(package, pattern, folder):
    """(work, opener) for the pictures of a package; sizes and croppings of one wallpaper are one work."""
    root = unpack(package, folder)
    for base, dirs, names in os.walk(root):
        dirs.sort()
        for name in sorted(names):
            path = os.path.join(base, name)
            short = path[len(root):]
            if os.path.islink(path) or not re.search(pattern, short):
                continue
            if name.endswith(".rcc"):
                for offset in carve(path):
                    yield f"{package}/{name}@{offset}", lambda path=path, offset=offset: open_at(path, offset)
            elif name.lower().endswith((".png", ".jpg", ".jpeg", ".webp")):
                work = short.split("/contents/")[0]
                work = re.sub(r"[-_]?\d{3,4}x\d{3,4}$", "", os.path.splitext(work)[0])
                yield f"{package}{work}", lambda path=path: Image.open(path)


def flatten(image, rng):
    """RGB, with transparency over white or, half the time, over a plain colour."""
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        colour = (255,) * 3 if rng.random() < .5 else tuple(int(v) for v in rng.integers(0, 256, 3))
        under = Image.new("RGBA", image.size, colour + (255,))
        under.alpha_composite(image)
        image = under
    image = image.convert("RGB")
    image.info.clear()
    return image


def smooth_noise(rng, size, octaves, channels=3):
    """Noise summed over octaves, each channel stretched to 0..1."""
    total = np.zeros((size, size, channels), np.float32)
    for octave in octaves:
        cells = max(2, 2 ** octave)
        coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
        total += np.asarray(coarse.resize((size, size), Image.BICUBIC), np.float32)[..., :channels] / (octave + 1)
    low, high = total.min((0, 1)), total.max((0, 1))
    return (total - low) / np.maximum(high - low, 1e-6)


def procedural(index, size=768):
    """Flat shapes, line art, gradients, noise textures and brush strokes, by turns."""
    rng = np.random.default_rng(1000 + index)
    palette = [tuple(int(v) for v in c) for c in rng.integers(0, 256, (6, 3))]
    kind = index % 5
    if kind == 2:
        x, y = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size))
        angle = rng.uniform(0, np.pi)
        t = x * np.cos(angle) + y * np.sin(angle) if rng.random() < .6 else np.hypot(x, y)
        t = ((t - t.min()) / np.ptp(t)) ** rng.uniform(.5, 2)
        a, b = np.array(palette[0]), np.array(palette[1])
        return Image.fromarray((a + t[..., None] * (b - a)).astype(np.uint8))
    if kind == 3:
        octaves = range(int(rng.integers(1, 3)), int(rng.integers(4, 9)))
        return Image.fromarray((smooth_noise(rng, size, octaves) * 255).astype(np.uint8))
    line_art = kind == 1
    image = Image.new("RGB", (size, size), (255, 255, 255) if line_art else palette[0])
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(15, 80))):
        colour = (0, 0, 0) if line_art and rng.random() < .8 else palette[int(rng.integers(6))]
        x, y, r = rng.uniform(0, size), rng.uniform(0, size), rng.exponential(size / 8) + 4
        if kind == 4 or (line_art and rng.random() < .6):
            turns = rng.normal(0, .35, 24).cumsum() + rng.uniform(0, 6.3)
            path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0) * r / 6 + (x, y)
            width = int(rng.integers(1, 6)) if line_art else int(rng.integers(6, 40))
            draw.line([tuple(p) for p in path], fill=colour, width=width, joint="curve")
        elif rng.random() < .5:
            draw.ellipse((x - r, y - r * .7, x + r, y + r * .7), fill=None if line_art else colour,
                         outline=(0, 0, 0) if rng.random() < .6 else colour, width=int(rng.integers(1, 7)))
        else:
            corners = [tuple(rng.normal((x, y), r)) for _ in range(int(rng.integers(3, 6)))]
            draw.polygon(corners, fill=None if line_art else colour,
                         outline=(0, 0, 0) if rng.random() < .6 else colour)
    return image.filter(ImageFilter.GaussianBlur(.7))


def crops(image, count, rng):
    """Square crops, the picture first brought to a short side that trainers use; some as JPEG left them."""
    filters = (Image.LANCZOS, Image.BICUBIC, Image.BOX)
    for i in range(count):
        if i % 4 == 0:
            side = int(rng.choice([512, 512, 512, 640, 768, 1024]))
            scale = min(side / min(image.size), 2)
            w, h = (max(CROP, round(d * scale)) for d in image.size)
            part = image.resize((w, h), filters[int(rng.integers(3))])
        best = None
        for _ in range(3):  # of three places, the one with most to see
            x, y = int(rng.integers(w - CROP + 1)), int(rng.integers(h - CROP + 1))
            cut = part.crop((x, y, x + CROP, y + CROP))
            spread = np.asarray(cut, np.float32).std((0, 1)).mean()
            if best is None or spread > best[0]:
                best = spread, cut
        cut = best[1]
        if rng.random() < .25:
            buffer = io.BytesIO()
            cut.save(buffer, "JPEG", quality=int(rng.integers(60, 96)), subsampling=int(rng.choice([0, 2])))
            cut = Image.open(buffer).convert("RGB")
        yield np.asarray(cut)


def works(folder):
    """(work, picture, crops to take) for everything: of each work its largest picture, 2048 pixels at most."""
    for package, (pattern, most, count) in PACKAGES.items():
        found = {}
        for work, opener in pictures(package, pattern, folder):
            found.setdefault(work, []).append(opener)
        taken = 0
        for work in sorted(found, key=seed_of):
            if taken == most:
                break
            try:
                images = [opener() for opener in found[work]]
                image = max(images, key=lambda i: i.size[0] * i.size[1])
                if min(image.size) < 256 or max(image.size) > 4 * min(image.size):
                    continue
                image.draft("RGB", (2048, 2048))
                image.load()
                image = flatten(image, np.random.default_rng(seed_of(work)))
                image.thumbnail((2048, 2048), Image.BOX)
            except (OSError, TypeError, ValueError, SyntaxError, zlib.error, Image.DecompressionBombError):
                continue  # a picture that Pillow cannot read, or a match that is none
            taken += 1
            yield work, image, count
    for index in range(PROCEDURAL):
        yield f"procedural/{index:03d}", procedural(index), PROCEDURAL_CROPS


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default="build-train")
    out = parser.parse_args().out
    os.makedirs(os.path.join(out, "heldout"), exist_ok=True)
    warnings.simplefilter("ignore")  # Pillow's, about odd files
    parts, rows = [], []
    for work, image, count in works(os.path.join(out, "packages")):
        seed = seed_of(work)
        if seed % 10 == 0:
            image.thumbnail((1600, 1600), Image.LANCZOS)
            image.save(os.path.join(out, "heldout", re.sub(r"[^\w.-]+", "-", work) + ".png"))
        else:
            parts.extend(crops(image, count, np.random.default_rng(seed)))
        rows.append((work, "held out" if seed % 10 == 0 else count, *image.size))
    order = np.random.default_rng(0).permutation(len(parts))
    np.save(os.path.join(out, "crops.npy"), np.stack(parts)[order])
    with open(os.path.join(out, "works.csv"), "w", newline="") as f:
        csv.writer(f).writerows([("work", "crops", "width", "height"), *rows])
    print(f"{len(rows)} works, {len(parts)} crops")


if __name__ == "__main__":
    main()
