#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of samples/: of our own making, the same on every run, one for each kind of art and file.

    tools/draw_samples.py [FOLDER]        needs python3-numpy and python3-pil
"""
import io
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw

from draw_kit import (Canvas, blur, display_p3_profile, from_image, grid, jpeg_bytes, mix, noise, phone_exif, png16,
                      rgb,
                      smooth, spline, to_image)
from draw_painted import dahlias, landscape, portrait, still_life


def cartoon():
    """Flat colours and an even outline: a fox before the moon."""
    ink = '#2b1d3a'
    c = Canvas(768, 768, '#27346b')
    for y, colour in ((0, '#27346b'), (170, '#33458a'), (330, '#4a5ba6'), (470, '#7a76bd')):
        c.shape([(0, y), (768, y), (768, 768), (0, 768)], colour, curved=False)
    c.disc(530, 230, 165, fill='#fff0c2')
    c.disc(530, 230, 138, fill='#ffe39a')
    for x, y, r in ((480, 190, 22), (575, 265, 30), (560, 165, 12), (500, 285, 14)):
        c.disc(x, y, r, fill='#f6cf7a')
    for x, y, r in ((80, 90, 4), (190, 50, 3), (150, 190, 3), (300, 110, 4), (60, 280, 3), (250, 260, 3), (710, 60, 4),
                    (355, 40, 2), (720, 400, 3), (120, 380, 2)):
        c.disc(x, y, r, fill='#fff6dc')
    c.shape([(-40, 520), (120, 470), (260, 530), (420, 480), (600, 540), (800, 470), (800, 800), (-40, 800)], '#3f5f74')
    for x, base, height in ((70, 560, 150), (145, 575, 110), (650, 570, 140), (715, 560, 170), (590, 585, 90)):
        for level in range(3):
            top, half = base - height + level * height * 0.26, height * (0.16 + 0.07 * level)
            c.shape([(x, top), (x + half, top + height * 0.42), (x - half, top + height * 0.42)], '#2c4657',
                    curved=False)
    c.shape([(-60, 640), (150, 580), (390, 610), (600, 590), (830, 650), (830, 830), (-60, 830)], '#6fae5b', ink, 6)
    c.shape([(-60, 720), (170, 680), (420, 715), (830, 690), (830, 830), (-60, 830)], '#58944f')
    # tail, body, chest, legs
    c.shape([(430, 640), (520, 650), (600, 600), (622, 515), (590, 455), (560, 500), (530, 560), (450, 590)], '#e8743b',
            ink, 6)
    c.shape([(622, 515), (590, 455), (560, 500), (572, 522), (590, 514), (602, 534)], '#fff4e6', ink, 6)
    c.shape([(262, 680), (250, 560), (290, 450), (360, 420), (430, 455), (472, 560), (470, 680), (366, 696)], '#e8743b',
            ink, 6)
    c.shape([(318, 500), (362, 485), (404, 500), (400, 590), (362, 650), (326, 590)], '#fff4e6')
    for x in (318, 404):
        c.shape([(x - 26, 600), (x + 26, 600), (x + 28, 672), (x + 34, 690), (x, 698), (x - 34, 690), (x - 28, 672)],
                '#d9642e',
                ink, 6)
        c.shape([(x - 30, 674), (x + 30, 674), (x + 34, 690), (x, 698), (x - 34, 690)], '#3d2436')
    # ears, head, mask
    for side in (-1, 1):
        c.shape([(362 + side * 38, 300), (362 + side * 96, 205), (362 + side * 128, 345)], '#e8743b', ink, 6,
                curved=False)
        c.shape([(362 + side * 62, 295), (362 + side * 92, 240), (362 + side * 108, 325)], '#3d2436', curved=False)
    c.shape([(250, 370), (290, 300), (362, 280), (434, 300), (474, 370), (440, 420), (396, 452), (362, 464), (328, 452),
             (284, 420)], '#f0813f', ink, 6)
    for side in (-1, 1):
        c.shape([(362 + side * 106, 372), (362 + side * 70, 362), (362 + side * 34, 392), (362 + side * 12, 428),
                 (362, 458),
                 (362 + side * 40, 446), (362 + side * 80, 416)], '#fff4e6')
    c.stroke([(284, 420), (328, 452), (362, 464), (396, 452), (440, 420)], ink, 6, 6)
    for side in (-1, 1):
        c.disc(362 + side * 48, 372, 15, 18, fill=ink)
        c.disc(362 + side * 48 + 5, 365, 5, fill='#ffffff')
        c.disc(362 + side * 78, 408, 13, 8, fill='#f7a98a')
    c.shape([(346, 418), (378, 418), (362, 438)], ink)
    c.stroke([(362, 436), (362, 446), (350, 452)], ink, 3, 3)
    c.stroke([(362, 446), (374, 452)], ink, 3, 3)
    for x, y, colour in ((90, 690, '#ffd24a'), (180, 730, '#ff8fa3'), (560, 720, '#ffd24a'), (660, 700, '#ff8fa3'),
                         (520, 690, '#ffffff'), (240, 740, '#ffffff'), (700, 745, '#ffd24a')):
        for angle in np.arange(5) * 2 * np.pi / 5:
            c.disc(x + 9 * np.cos(angle), y + 9 * np.sin(angle), 7, fill=colour)
        c.disc(x, y, 5, fill='#b7662a')
    return c.take()


def line_art():
    """Pen and ink on white, grey scale: leaves and poppies in a jug, with hatching."""
    rng = np.random.default_rng(11)
    c = Canvas(768, 960, 255, 'L')

    def leaf(x, y, angle, length, half):
        """A leaf from its foot (x, y), outlined with a swelling line, with a midrib and curved veins."""
        along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        bend = rng.uniform(-0.12, 0.12)

        def at(t, s):
            point = np.array([x, y]) + along * length * t + across * (half * s + bend * length * t * t)
            return point[0], point[1]

        def fill(t):
            return np.sin(np.pi * np.clip(t, 0, 1) ** 0.75) ** 0.9

        t = np.linspace(0, 1, 9)
        width = fill(t)
        left, right = [at(a, -w) for a, w in zip(t, width)], [at(a, w) for a, w in zip(t, width)]
        c.shape(spline(left, False) + spline(right, False)[::-1], 255, curved=False)
        c.stroke(left, 20, 2.2, 1.2, middle=3.2)
        c.stroke(right, 20, 2.2, 1.2, middle=4.6)
        c.stroke([at(0, 0), at(0.5, 0), at(0.97, 0)], 20, 2.6, 0.8)
        for a in np.linspace(0.1, 0.78, 8):
            reach = fill(a + 0.1)
            for side in (-1, 1):
                c.stroke([at(a, 0), at(a + 0.05, side * reach * 0.5), at(a + 0.1, side * reach * 0.94)], 20, 1.4, 0.5)
                if side > 0:
                    for k in range(3):
                        b = a + 0.02 + 0.022 * k
                        c.stroke([at(b, 0.08 + reach * 0.1), at(b + 0.09, fill(b + 0.09) * 0.72)], 20, 0.9, 0.4)

    def stem(points):
        c.stroke(points, 20, 5.5, 3.0)
        c.stroke([(x + 1.2, y) for x, y in points], 255, 2.2, 0.8)

    def poppy(x, y, size):
        for k, (turn, reach) in enumerate(((-1.9, 1.0), (-0.5, 0.95), (0.9, 0.9), (2.4, 0.95))):
            tip = np.array([x + 0.42 * size * np.cos(turn), y + 0.36 * size * np.sin(turn)])
            angle = np.linspace(0, 2 * np.pi, 13, endpoint=False)
            wobble = 1 + rng.uniform(-0.07, 0.07, 13)
            rim = [(tip[0] + size * 0.62 * reach * w * np.cos(a), tip[1] + size * 0.52 * reach * w * np.sin(a))
                   for a, w in zip(angle, wobble)]
            c.shape(rim, 255, 20, 3.0)
            for a in np.linspace(turn - 1.0, turn + 1.0, 22):
                far = size * (0.62 + 0.2 * rng.uniform(0.2, 1))
                c.stroke([(x + 0.2 * size * np.cos(a), y + 0.18 * size * np.sin(a)),
                          (x + far * np.cos(a + 0.06), y + far * 0.86 * np.sin(a + 0.06))], 20, 1.7, 0.4)
        c.disc(x, y, 0.17 * size, 0.15 * size, 255, 20, 3.0)
        for a in np.linspace(0, 2 * np.pi, 26, endpoint=False):
            r = size * rng.uniform(0.24, 0.33)
            c.stroke([(x + 0.17 * size * np.cos(a), y + 0.15 * size * np.sin(a)),
                      (x + r * np.cos(a), y + r * 0.9 * np.sin(a))],
                     20, 1.2, 0.9)
            c.disc(x + r * np.cos(a), y + r * 0.9 * np.sin(a), 2.6, fill=20)
        for a in np.linspace(0, np.pi, 5, endpoint=False):
            c.stroke([(x - 0.12 * size * np.cos(a), y - 0.1 * size * np.sin(a)),
                      (x + 0.12 * size * np.cos(a), y + 0.1 * size * np.sin(a))], 20, 1.2, 1.2)

    for y in (832, 838, 850):
        c.stroke([(40, y), (300, y - 4), (728, y + 2)], 20, 0.8, 0.8, middle=2.2)
    stems = [[(372, 640), (330, 480), (300, 330)], [(388, 640), (400, 430), (430, 190)],
             [(400, 640), (500, 500), (560, 380)],
             [(360, 640), (240, 520), (170, 470)], [(410, 640), (540, 570), (640, 540)]]
    for points in stems:
        stem(points)
    for args in ((330, 500, -2.75, 170, 40), (322, 430, -0.5, 150, 36), (392, 520, -2.3, 130, 32),
                 (402, 420, -0.75, 170, 40),
                 (408, 360, -2.5, 150, 36), (420, 260, -0.35, 130, 30), (470, 545, -1.2, 120, 30),
                 (170, 470, -2.5, 120, 32),
                 (235, 520, -1.75, 130, 32), (250, 530, 2.75, 130, 34), (640, 540, -0.4, 100, 28),
                 (560, 562, -1.3, 120, 30),
                 (580, 555, 0.75, 120, 32), (300, 330, -2.9, 110, 28)):
        leaf(*args)
    poppy(292, 292, 92)
    poppy(438, 158, 104)
    poppy(572, 362, 84)
    # the jug, from its outline; shaded with three layers of hatching that follow its belly
    outline = [(322, 620), (340, 655), (300, 710), (288, 770), (318, 832), (384, 842), (450, 832), (482, 770),
               (470, 710),
               (430, 655), (448, 620)]
    c.shape(spline(outline, False) + [(448, 620)], 255, curved=False)
    for layer, (start, step, slope) in enumerate(((0.42, 7, 0.5), (0.62, 7, -0.4), (0.8, 5, 0.1))):
        for y in np.arange(660, 838, step):
            half = np.interp(y, [655, 710, 770, 832, 842], [46, 86, 97, 68, 20])
            x0, x1 = 385 + half * (2 * start - 1 + rng.uniform(-0.05, 0.05)), 385 + half * 0.97
            c.stroke([(x0, y - slope * 9), ((x0 + x1) / 2, y + 4), (x1, y - 2 + slope * 4)], 20, 0.6, 1.5)
    for y, depth in ((668, 7), (676, 8), (800, 13), (808, 13)):
        half = np.interp(y, [655, 710, 770, 832], [46, 86, 97, 68])
        c.stroke([(385 - half, y), (385, y + depth), (385 + half, y)], 20, 2, 2)
    c.stroke(outline, 20, 4, 4, middle=5)
    c.disc(385, 620, 63, 13, 255, 20, 3.4)
    for x in np.arange(330, 440, 6):
        c.stroke([(x, 626 - abs(x - 385) * 0.05), (x + 2, 616)], 20, 1.2, 0.5)
    c.stroke([(463, 690), (520, 668), (548, 712), (520, 776), (478, 786)], 20, 5, 4, middle=8)
    c.stroke([(470, 704), (512, 688), (530, 716), (508, 762), (484, 768)], 20, 3, 2.5)
    for x in np.arange(470, 700, 7):
        c.stroke([(x, 838 + rng.uniform(-2, 2)), (x + 34 - (x - 470) * 0.08, 852)], 20, 1.6, 0.4)
    return c.take()


def lake_reference(width, height):
    """What the painterly picture is painted after: evening over a lake with hills and an island of trees."""
    rng = np.random.default_rng(21)
    x, y = grid(width, height)
    u, v = x / width, y / height
    sky = mix(rgb('#3b4f8f'), rgb('#e77f6b'), smooth(0.0, 0.36, v))
    sky = mix(sky, rgb('#ffd98a'), smooth(0.25, 0.52, v))
    clouds = noise(rng, width, height, 150, stretch=3)
    sky = mix(sky, rgb('#ffb199'), smooth(0.25, 0.9, clouds) * smooth(0.48, 0.1, v) * 0.85)
    sky = mix(sky, rgb('#5a4f8c'), smooth(0.35, 1.1, -clouds) * smooth(0.45, 0.0, v) * 0.6)
    glow = np.exp(-(((u - 0.62) / 0.22) ** 2 + ((v - 0.47) / 0.16) ** 2))
    sky = mix(sky, rgb('#fff3c4'), glow * 0.8)
    sky = mix(sky, rgb('#fffbe6'), smooth(0.034, 0.029, np.hypot((u - 0.62) * width / height, v - 0.455)))
    picture = sky
    for base, rise, colour, seed in ((0.5, 0.11, '#8a6b9c', 1), (0.535, 0.09, '#5d5487', 2),
                                     (0.555, 0.05, '#3c4470', 3)):
        hills = np.sin(np.arange(width) / width * (7 + 3 * seed) + 2.1 * seed) + 0.5 * np.sin(
            np.arange(width) / width * (19 + 5 * seed) + seed)
        top = base - rise * (0.5 + 0.45 * hills)
        picture = mix(picture, mix(rgb(colour), rgb('#ffc58f'), glow * 0.35), smooth(-0.002, 0.003, v - top[None, :]))
    horizon = 0.56
    mirror = np.clip(np.rint(2 * horizon * height - y).astype(int), 0, height - 1)
    ripple = (6 * noise(rng, width, height, 14, 3, stretch=9) * smooth(horizon, 1, v) * 4).astype(int)
    reflected = picture[np.clip(mirror + ripple, 0, height - 1), np.clip(x.astype(int) + ripple // 2, 0, width - 1)]
    water = mix(reflected * rgb('#c9c2e0'), rgb('#2c3f6e'), smooth(horizon, 1.15, v) * 0.75)
    picture = mix(picture, water, (v > horizon).astype(float))
    sparkle = np.exp(-((u - 0.62) / (0.02 + 0.12 * np.clip(v - horizon, 0, 1))) ** 2) * smooth(0.1, 0.6, noise(
        rng, width, height, 10, 3, stretch=8))
    picture = mix(picture, rgb('#ffe7a6'), sparkle * (v > horizon) * 0.9)
    image = to_image(picture)
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, height * 0.56 - 10, 400, height * 0.56 + 26), fill='#2a2f3f')
    for cx, cy, r, colour in [(120 + 26 * k + rng.uniform(-8, 8), height * 0.5 + rng.uniform(-46, 16),
                               rng.uniform(22, 40),
                               ('#2f4238', '#3d5a41', '#54703f', '#7f7a3c', '#b3703b')[k % 5]) for k in range(10)]:
        pen.ellipse((cx - r, cy - r, cx + r, cy + r * 1.1), fill=colour)
    for k in range(9):
        cx = 120 + 28 * k
        pen.line((cx, height * 0.53, cx + 3, height * 0.575), fill='#241f2a', width=7)
    pen.polygon([(590, 640), (790, 640), (760, 676), (618, 676)], fill='#4a2c33')
    pen.polygon([(590, 640), (790, 640), (782, 650), (600, 650)], fill='#c8774a')
    pen.polygon([(690, 632), (690, 420), (796, 618)], fill='#fff0d2')
    pen.polygon([(682, 632), (682, 450), (612, 618)], fill='#f0b88a')
    pen.line((686, 640, 686, 405), fill='#33202a', width=6)
    for k in range(14):
        pen.line((592 + 14 * k, 682 + k % 3 * 9, 640 + 12 * k, 684 + k % 3 * 9), fill='#e9c39a' if k % 2 else '#6d5a7a',
                 width=5)
    return from_image(image)


def painterly():
    """Broad to fine brush strokes along the forms, each with bristles."""
    width, height = 1024, 768
    rng = np.random.default_rng(22)
    reference = lake_reference(width, height)
    image = Image.new('RGB', (width, height), '#8a5f5a')
    pen = ImageDraw.Draw(image)
    flow = noise(rng, width, height, 220, 2) * 0.5
    for size, length, spacing, tolerance in ((30, 90, 15, 0), (15, 60, 8.5, 0.05), (8, 34, 5, 0.06), (4, 20, 3, 0.085)):
        wanted = blur(reference, size * 0.35)
        luma = blur(wanted @ np.array([0.3, 0.6, 0.1]), size * 0.3)
        gy, gx = np.gradient(luma)
        error = np.abs(from_image(image) - wanted).sum(2)
        places = [(px + rng.uniform(-0.5, 0.5) * spacing, py + rng.uniform(-0.5, 0.5) * spacing)
                  for py in np.arange(0, height, spacing) for px in np.arange(0, width, spacing)]
        for index in rng.permutation(len(places)):
            px, py = places[index]
            ix, iy = int(np.clip(px, 0, width - 1)), int(np.clip(py, 0, height - 1))
            if tolerance and error[iy, ix] < tolerance * 3:
                continue
            colour = wanted[iy, ix]
            points, angle = [(px, py)], None
            for _ in range(max(2, int(length / 7))):
                ix, iy = int(np.clip(px, 0, width - 1)), int(np.clip(py, 0, height - 1))
                if len(points) > 2 and np.abs(wanted[iy, ix] - colour).sum() > 0.3:
                    break
                steep = np.hypot(gx[iy, ix], gy[iy, ix])
                turn = np.arctan2(gx[iy, ix], -gy[iy, ix]) if steep > 0.004 else flow[iy, ix]
                if angle is not None and np.cos(turn - angle) < 0:
                    turn += np.pi
                angle = turn if angle is None else angle + 0.6 * np.arctan2(np.sin(turn - angle), np.cos(turn - angle))
                px, py = px + 7 * np.cos(angle), py + 7 * np.sin(angle)
                points.append((px, py))
            if len(points) < 2:
                continue
            colour = colour + rng.normal(0, 0.018, 3) + rng.normal(0, 0.02)
            line = np.array(points)
            across = np.gradient(line, axis=0)
            across = np.stack([-across[:, 1], across[:, 0]], 1) / np.maximum(np.hypot(*across.T), 1e-6)[:, None]
            bristles = max(3, int(size / 2.2))
            for k in range(bristles):
                offset = (k / (bristles - 1) - 0.5) * size * 0.9
                shade = np.clip(colour + rng.normal(0, 0.022) + 0.03 * (k / (bristles - 1) - 0.5), 0, 1)
                cut = rng.integers(0, 2) if len(line) > 4 else 0
                bristle = (line + across * offset)[cut:len(line) - rng.integers(0, 2)]
                pen.line([tuple(q) for q in bristle], fill=tuple(int(v * 255) for v in shade),
                         width=max(2, int(np.ceil(size / bristles)) + 1), joint='curve')
    canvas = from_image(image)
    weave = noise(rng, width, height, 3, 2) * 0.018
    relief = np.gradient(blur(canvas.mean(2), 0.7))
    return to_image(canvas + weave[:, :, None] * 0.6 + (relief[0] + relief[1])[:, :, None] * 0.25)


def gradient_sky():
    """Gradients that need more than 8 bits: dusk from indigo to gold, and dark hills."""
    width, height = 640, 448
    x, y = grid(width, height)
    u, v = x / width, y / height
    sky = mix(rgb('#0d1540'), rgb('#3a2f7a'), smooth(0.0, 0.35, v))
    sky = mix(sky, rgb('#b2558a'), smooth(0.2, 0.58, v))
    sky = mix(sky, rgb('#f79256'), smooth(0.45, 0.74, v))
    sky = mix(sky, rgb('#fddf8b'), smooth(0.62, 0.88, v))
    far = np.hypot((u - 0.34) * width / height, v - 0.74)
    sky = mix(sky, rgb('#fff2c9'), np.exp(-(far / 0.2) ** 2) * 0.9)
    sky = mix(sky, rgb('#fffdf0'), smooth(0.062, 0.057, far))
    for k, (at, thick, reach) in enumerate(((0.56, 0.012, 0.8), (0.61, 0.008, 0.7), (0.665, 0.01, 0.9),
                                            (0.4, 0.02, 0.35))):
        band = np.exp(-((v - at - 0.012 * np.sin(5 * u + 1.7 * k) - 0.03 * (u - 0.5)) / thick) ** 2)
        sky = mix(sky, rgb('#ffc9a1') if k < 3 else rgb('#8d5fa6'), band * reach *
                  (0.35 + 0.65 * np.sin(3.1 * u + k) ** 2))
    for top, colour in ((0.8 + 0.035 * np.sin(6 * u + 0.5) + 0.012 * np.sin(15 * u), '#6a3a5e'),
                        (0.86 + 0.03 * np.sin(4.3 * u + 2.4) + 0.01 * np.sin(19 * u + 1), '#3b2547'),
                        (0.93 + 0.025 * np.sin(5.1 * u + 4.2), '#170f2a')):
        sky = mix(sky, mix(rgb(colour), rgb('#f0906a'), np.clip(0.3 - far * 1.2, 0, 1)),
                  smooth(-0.0015, 0.0015, v - top))
    return sky


def pixel_art():
    """A wizard cat, 32x32, drawn left half only and mirrored; palette with a clear and a half-clear entry."""
    half = ['...............o', '..............op', '.............opp', '.............opq', '............oppq',
            '............oppp',
            '...........oppqp', '...........oyyyy', '......oo..opyppp', '......obooppqppp', '.....oobbboooooo',
            '....opppopppqqqq',
            '....oooooooooooo', '.....obbbbbbbbbb', '.....obbbbbbbbbb', '.....obbbeeebbbb', '.....obbewoebbbb',
            '.....obbeooebbbc',
            '.....obbbeebbcck', '.....occbbbbccco', '......occccccccc', '.......ooccccccc', '........oroooooo',
            '.......orrrrrryy',
            '......orrsrrrrry', '......orsrrrrsrr', '.....occrrrrrsrr', '.....occorrrrsrr', '......oorrrrrsrr',
            '......obbborrsrr',
            '.......ooooooooo', '................']
    right = {'p': 'P', 'b': 'B', 'c': 'C', 'r': 'R', 'q': 'p', 's': 'R', 'y': 'Y'}
    colours = {'.': None, 'o': '#22162e', 'p': '#5b4bc4', 'P': '#41339c', 'q': '#8577f0', 'y': '#ffd34d',
               'Y': '#d99a2b',
               'b': '#f4a24c', 'B': '#d97f33', 'c': '#fff0d6', 'C': '#e8cfae', 'w': '#ffffff', 'e': '#2d7a4f',
               'k': '#e0607e',
               'r': '#b8324f', 'R': '#8a2340', 's': '#d95570', 'h': '#000000', '*': '#fff7b0', 'd': '#7fe3ff'}
    order = list(colours)
    cells = np.zeros((32, 32), np.uint8)
    for row, line in enumerate(half):
        for column, key in enumerate(line):
            cells[row, column] = order.index(key)
            cells[row, 31 - column] = order.index(right.get(key, key))
    # what is on one side only: wand with a star, tail, sparks
    for row, column, key in ([(26 - k, 26 + k // 3, 'o') for k in range(14)] +
                             [(12, 30, '*'), (11, 30, 'y'), (13, 30, 'y'),
                             (12, 29, 'y'), (12, 31, 'y'), (9, 28, 'd'), (7, 30, 'd'), (15, 28, 'd'), (5, 27, '*'),
                             (3, 5, 'd'),
                             (5, 3, '*'), (16, 2, 'd'), (19, 4, '*'), (4, 24, 'y')] +
                             [(20, 14, 'o'), (20, 17, 'o')]):
        cells[row, column] = order.index(key)
    tail = [(28, 4), (28, 3), (27, 2), (26, 2), (25, 2), (24, 3), (23, 3), (22, 2)]
    for row, column in tail:
        near = cells[row - 1:row + 2, column - 1:column + 2]
        near[near == 0] = order.index('o')
    for row, column in tail:
        cells[row, column] = order.index('c' if row < 24 else 'b')
    for column in range(5, 28):
        for row in (30, 31):
            if cells[row, column] == 0 and abs(column - 16) < 11 - 3 * (row - 30):
                cells[row, column] = order.index('h')
    image = Image.fromarray(np.kron(cells, np.ones((12, 12), np.uint8)), 'P')
    image.putpalette([int(v * 255) for key in order for v in (rgb(colours[key]) if colours[key] else (0, 0, 0))])
    alpha = bytes(0 if key == '.' else 96 if key == 'h' else 255 for key in order)
    return image, alpha


def sticker():
    """RGBA with soft edges and see-through glass: a jar of fireflies with its drop shadow."""
    size = 448
    x, y = grid(size, size)

    def rounded(cx, cy, hx, hy, r):
        qx, qy = np.abs(x - cx) - hx + r, np.abs(y - cy) - hy + r
        return np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) + np.minimum(np.maximum(qx, qy), 0) - r

    colour, alpha = np.zeros((size, size, 3)), np.zeros((size, size))

    def over(paint, cover):
        nonlocal colour, alpha
        total = cover + alpha * (1 - cover)
        colour = (np.asarray(paint) * cover[:, :, None] + colour * (alpha * (1 - cover))[:, :, None]) / np.maximum(
            total, 1e-9)[:, :, None]
        alpha = total

    def edge(distance, soft=0.8):
        return smooth(soft, -soft, distance)

    over(rgb('#1a1030'), 0.45 * smooth(26, -20, np.hypot((x - 232) / 3.6, y - 408) - 36))
    body = rounded(224, 250, 118, 150, 56)
    over(mix(rgb('#12264a'), rgb('#3f6f8f'), smooth(120, 400, y)), 0.62 * edge(body))
    grass = np.random.default_rng(31)
    for k in range(60):
        foot, lean, tall = grass.uniform(118, 330), grass.uniform(-16, 16), grass.uniform(30, 92)
        t = np.clip((386 - y) / tall, 0, 1)
        blade = np.abs(x - foot - lean * t * t) - 3.4 * (1 - t)
        over(mix(rgb('#17402f'), rgb('#6fbf5f'), t * grass.uniform(0.5, 1)), edge(blade) * (y > 386 - tall) *
             (y < 390) * edge(
            body + 7, 2))
    for fx, fy, r in ((180, 190, 9), (262, 165, 7), (226, 250, 11), (290, 268, 8), (160, 290, 7), (240, 325, 6),
                      (196, 138, 5)):
        far = np.hypot(x - fx, y - fy)
        over(rgb('#ffe680'), 0.75 * np.exp(-(far / (4.2 * r)) ** 2) * edge(body + 4))
        over(rgb('#fffbe0'), edge(far - r * 0.6, 1.5))
    over(rgb('#dff4ff'), 0.8 * edge(np.abs(body + 4) - 4))
    over(rgb('#ffffff'), 0.55 * edge(rounded(142, 240, 9, 96, 9), 4))
    over(rgb('#ffffff'), 0.35 * edge(rounded(166, 190, 4, 40, 4), 3))
    lid = rounded(224, 88, 92, 27, 12)
    over(mix(rgb('#f2c14e'), rgb('#a86b1e'), smooth(-70, 90, x - 224)), edge(lid))
    over(rgb('#6e4314'), edge(np.abs(lid) - 2.5))
    over(rgb('#fff0b8'), 0.6 * edge(rounded(176, 80, 26, 4, 4), 2))
    ribbon = np.abs(y - 132 - 4 * np.sin((x - 100) / 38)) - 9
    over(mix(rgb('#e2557a'), rgb('#9c2b52'), smooth(126, 144, y)), edge(ribbon) * edge(body - 3))
    for side in (-1, 1):
        loop = np.hypot((x - 224 - side * 30) / 1.35, y - 134 + side * (x - 224) * 0.18) - 19
        over(rgb('#f06a8c'), edge(loop))
        over(rgb('#9c2b52'), edge(np.abs(loop) - 2))
    over(rgb('#c73e66'), edge(np.hypot(x - 224, y - 134) - 13))
    pixels = np.dstack([colour * (alpha > 0)[:, :, None], alpha])
    return Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8), 'RGBA')


def main():
    samples = pathlib.Path(__file__).resolve().parent.parent / 'samples'
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else samples
    folder.mkdir(parents=True, exist_ok=True)
    cartoon().save(folder / 'flat cartoon.png', optimize=True)
    line_art().save(folder / 'line-art.png', optimize=True)
    painterly().save(folder / 'painterly.jpg', quality=92)
    (folder / 'sky-16-bit.png').write_bytes(png16(gradient_sky()))
    portrait().save(folder / 'portrait.jpg', quality=92)
    sprite, alpha = pixel_art()
    sprite.save(folder / 'pixel-art.png', optimize=True, transparency=alpha)
    sticker().save(folder / 'sticker.png', optimize=True)
    landscape().save(folder / 'landscape.jpg', quality=90)
    dahlias().save(folder / 'wide-gamut.jpg', quality=92, icc_profile=display_p3_profile())
    upright = still_life()
    small = io.BytesIO()
    upright.transpose(Image.ROTATE_90).resize((160, 120), Image.LANCZOS).save(small, 'JPEG', quality=70)
    # Orientation 6: the rows as stored must be turned clockwise to stand upright, so they are stored turned back.
    (folder / 'phone-photo.jpg').write_bytes(jpeg_bytes(upright.transpose(Image.ROTATE_90), 90,
                                                        exif=phone_exif(6, small.getvalue())))
    for path in sorted(folder.glob('*.*g')):
        print(f'{path.stat().st_size:8d}  {path.name}')


if __name__ == '__main__':
    main()
