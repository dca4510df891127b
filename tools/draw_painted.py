# SPDX-License-Identifier: Apache-2.0
"""The shaded pictures of draw_samples.py: a portrait, a landscape, flowers and a still life."""
import numpy as np
from PIL import ImageDraw

from draw_kit import Canvas, blur, from_image, grid, mix, noise, rgb, smooth, spline, to_image


def portrait():
    """A painted face: soft forms lit from the upper left, eyes and mouth drawn on, hair and scarf in strokes."""
    width, height = 768, 1024
    rng = np.random.default_rng(41)
    x, y = grid(width, height)
    cx = 384.0

    def oval(px, py, rx, ry, tilt=0.0):
        """1 at the centre, 0 on the rim, negative outside."""
        dx, dy = x - px, y - py
        dx, dy = dx * np.cos(tilt) + dy * np.sin(tilt), dy * np.cos(tilt) - dx * np.sin(tilt)
        return 1 - np.hypot(dx / rx, dy / ry)

    def bump(px, py, rx, ry, tilt=0.0):
        return np.exp(-2.2 * (1 - oval(px, py, rx, ry, tilt)) ** 2)

    def mask(points, soft=1.2):
        c = Canvas(width, height, 0, 'L', over=2)
        c.shape(points, 255)
        return blur(np.asarray(c.take(), np.float64) / 255, soft)

    # ground: warm wall with a window's light, and leaves out of focus
    picture = mix(rgb('#2f4a4f'), rgb('#7f8f73'), smooth(900, 0, x * 0.8 + y * 0.6))
    picture = mix(picture, rgb('#e8c88f'), 0.55 * np.exp(-((x - 110) / 260) ** 2 - ((y - 190) / 330) ** 2))
    for _ in range(46):
        bx, by, br = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(18, 58)
        picture = mix(picture, rgb(('#9fb07c', '#3c5f52', '#d8b878', '#54796a')[rng.integers(4)]),
                      0.28 * smooth(0, 0.25, oval(bx, by, br, br * rng.uniform(0.8, 1.2))))
    picture = picture + noise(rng, width, height, 160, 4)[:, :, None] * 0.02

    hair_dark, hair_light = rgb('#2c1512'), rgb('#a4552c')

    def hair(paths, count, spread, thick):
        """Strands that follow paths; light where they catch the window."""
        nonlocal picture
        canvas = to_image(picture)
        pen = ImageDraw.Draw(canvas)
        for _ in range(count):
            path = np.array(paths[rng.integers(len(paths))], np.float64)
            path = path + rng.normal(0, 1, 2) * spread + rng.normal(0, spread * 0.16, path.shape)
            strand = spline(path, False, 14)
            tone = np.clip(rng.normal(0.3, 0.2), 0, 1)
            for k in range(len(strand) - 1):
                at = k / len(strand)
                shine = np.clip(tone + 0.5 * np.exp(-((at - 0.3) / 0.13) ** 2) *
                                smooth(cx + 190, cx - 20, strand[k][0]) - 0.25 * at, 0, 1)
                colour = hair_dark * (1 - shine) + hair_light * shine
                pen.line([strand[k], strand[k + 1]], fill=tuple(int(v * 255) for v in colour), width=thick)
        picture = from_image(canvas)

    back = mask([(384, 112), (556, 178), (626, 380), (640, 600), (680, 800), (600, 930), (384, 960), (160, 930),
                 (90, 800),
                 (130, 600), (142, 380), (212, 180)], 3)
    picture = mix(picture, hair_dark * 0.9, back)
    hair([[(330, 168), (190, 280), (150, 520), (120, 760), (170, 930)], [(350, 166), (230, 250), (178, 460), (160, 700),
          (215, 910)], [(420, 168), (580, 290), (618, 520), (640, 760), (600, 930)],
          [(410, 166), (545, 250), (592, 460),
          (604, 700), (552, 910)]], 620, 15, 3)

    # neck, shoulders and dress
    skin, shadow, light = rgb('#d9966f'), rgb('#8a4636'), rgb('#ffdcb4')
    neck = mask([(312, 640), (456, 640), (462, 790), (540, 850), (384, 930), (228, 850), (306, 790)])
    tone = smooth(470, 250, x) * 0.8 + 0.1
    under = 0.85 * smooth(0.0, 0.5, oval(396, 690, 150, 92))
    picture = mix(picture, mix(mix(shadow, skin, tone), shadow * 0.8, under), neck)
    dress = mask([(110, 1060), (150, 910), (250, 850), (330, 905), (384, 930), (440, 905), (520, 850), (620, 910),
                  (660, 1060)])
    folds = 0.5 + 0.5 * np.sin((x - cx) / 24 + 0.004 * (y - 850) * (x - cx) / 24 + noise(rng, width, height, 120, 3))
    picture = mix(picture, mix(rgb('#12324a'), rgb('#4f8fa0'), folds * smooth(700, 180, x) + 0.08), dress)
    collar = mask([(236, 856), (330, 912), (384, 938), (438, 912), (532, 856), (540, 876), (440, 934), (384, 962),
                   (328, 934),
                   (228, 876)])
    picture = mix(picture, mix(rgb('#b98a4a'), rgb('#ffe5a8'), 0.5 + 0.5 * np.sin(x / 4.0)), collar)

    # the face as a height field, shaded by its slope
    face = mask([(384, 214), (486, 246), (532, 350), (532, 470), (510, 580), (458, 664), (384, 698), (310, 664),
                 (258, 580),
                 (236, 470), (236, 350), (282, 246)], 1.5)
    depth = 150 * np.sqrt(np.clip(1 - ((x - cx) / 186) ** 2 - ((y - 455) / 300) ** 2, 0.02, 1))
    depth += 34 * bump(cx, 505, 26, 105) + 22 * bump(cx, 548, 34, 26) + 9 * bump(cx - 27, 556, 19, 16) + 9 * bump(
        cx + 27, 556, 19, 16)
    depth += 15 * (bump(cx - 92, 545, 80, 70) + bump(cx + 92, 545, 80, 70)) + 14 * bump(cx, 668, 62, 42)
    depth += 12 * (bump(cx - 72, 396, 74, 26, 0.08) + bump(cx + 72, 396, 74, 26, -0.08)) + 10 * bump(cx, 622, 74, 34)
    depth -= 22 * (bump(cx - 78, 442, 58, 32) + bump(cx + 78, 442, 58, 32)) + 7 * bump(cx, 648, 46, 12)
    depth -= 6 * bump(cx, 592, 12, 22)
    slope_y, slope_x = np.gradient(blur(depth, 3.0))
    length = np.sqrt(slope_x ** 2 + slope_y ** 2 + 1)
    lit = np.clip((0.5 * slope_x + 0.42 * slope_y + 0.76) / length, 0, 1)
    flesh = mix(mix(shadow, skin, smooth(0.15, 0.72, lit)), light, smooth(0.66, 1.02, lit) * 0.9)
    flesh = mix(flesh, rgb('#d5604f'), 0.36 * (bump(cx - 100, 548, 66, 44) + bump(cx + 100, 548, 66, 44)))
    flesh = mix(flesh, rgb('#cf5f4c'), 0.28 * bump(cx, 548, 32, 24))
    flesh = mix(flesh, rgb('#7a4a66'), 0.2 * smooth(0.35, 0.0, lit))
    flesh = mix(flesh, rgb('#7d3a2c'), 0.75 * smooth(0.1, 0.75, oval(cx - 17, 568, 11, 6, 0.3)))
    flesh = mix(flesh, rgb('#7d3a2c'), 0.75 * smooth(0.1, 0.75, oval(cx + 17, 568, 11, 6, -0.3)))
    flesh = mix(flesh, rgb('#fff2dc'), 0.6 * bump(cx - 6, 540, 10, 14) + 0.3 * bump(cx - 5, 480, 8, 50))
    for k in range(70):
        side = -1 if k % 2 else 1
        fx, fy, r = cx + side * rng.uniform(30, 128), rng.normal(530, 20), rng.uniform(1.2, 2.6)
        flesh = mix(flesh, rgb('#a85a3c'), 0.4 * smooth(0, 0.6, oval(fx, fy, r, r)))

    for side in (-1, 1):
        ex, ey = cx + side * 78, 446

        def e(dx, dy):
            return (ex + side * dx, ey + dy)

        flesh = mix(flesh, rgb('#6e3526'), 0.5 * bump(ex, ey - 12, 60, 20))
        opening = mask([e(-44, 8), e(-26, -10), e(2, -20), e(30, -12), e(47, 0), e(26, 14), e(0, 19), e(-26, 15)], 0.9)
        white = mix(rgb('#efe3da'), rgb('#9a8078'), smooth(ey + 4, ey - 18, y) * 0.8 + 0.3 *
                    smooth(20, 46, abs(x - ex)))
        iris = oval(ex - 2, ey - 2, 23, 23)
        ray = 0.5 + 0.5 * np.sin(np.arctan2(y - ey + 2, x - ex + 2) * 34 + 3 * np.sin(iris * 9))
        ball = mix(white, mix(rgb('#1d4a3d'), rgb('#7fb487'), np.clip(0.9 * ray * smooth(0, 0.7, iris) + 0.5 * smooth(
            ey - 10, ey + 18, y), 0, 1)), smooth(0.0, 0.07, iris))
        ball = mix(ball, rgb('#0d211d'), smooth(0.16, 0.02, iris) * smooth(-0.02, 0.02, iris) * 0.85)
        ball = mix(ball, rgb('#08090c'), smooth(0.0, 0.1, oval(ex - 2, ey - 2, 10, 10)))
        ball = mix(ball, rgb('#140f12'), 0.55 * smooth(ey - 6, ey - 20, y))
        ball = mix(ball, np.ones(3), smooth(0.0, 0.25, oval(ex - 10, ey - 10, 6.5, 5.5)))
        ball = mix(ball, np.ones(3) * 0.9, 0.6 * smooth(0.0, 0.4, oval(ex + 7, ey + 9, 4, 3)))
        flesh = mix(flesh, ball, opening)
        lines = Canvas(width, height, 0, 'L', over=3)
        lines.stroke([e(-46, 10), e(-27, -11), e(2, -22), e(31, -14), e(53, -4)], 255, 2.5, 4, middle=7.5)
        lines.stroke([e(-38, -8), e(-22, -24), e(4, -33), e(32, -26), e(50, -14)], 120, 1.5, 1.5, middle=3)
        lines.stroke([e(-26, 17), e(0, 21), e(27, 15), e(47, 1)], 130, 1, 2, middle=1.6)
        for t in np.linspace(0, 1, 17):
            px, py = np.interp(t, [0, 0.5, 1], [-30, 4, 50]), np.interp(t, [0, 0.25, 0.5, 0.75, 1],
                                                                        [-9, -18, -22, -16, -5])
            reach = 8 + 13 * t
            lines.stroke([e(px, py), e(px + reach * (t - 0.35) * 0.8, py - reach * 0.5),
                          e(px + reach * (t - 0.2), py - reach)],
                         255, 2.4, 0.5)
        for _ in range(130):
            t = rng.uniform(0, 1)
            px, py = np.interp(t, [0, 0.45, 1], [-50, 2, 66]), np.interp(t, [0, 0.3, 0.65, 1], [-58, -66, -66, -48])
            lines.stroke([e(px, py + rng.normal(4, 3.4) * (1.25 - t)), e(px + 8 + 9 * t, py - 9 * (1 - t) +
                                                                         rng.normal(1, 1.5))],
                         int(rng.uniform(120, 220)), 2.0, 0.5)
        flesh = mix(flesh, rgb('#24100f'), blur(np.asarray(lines.take(), np.float64) / 255, 0.7))

    upper = mask([(318, 617), (350, 611), (373, 607), (384, 611), (395, 607), (418, 611), (450, 617), (420, 626),
                  (384, 631),
                  (348, 626)], 1.4)
    lower = mask([(318, 617), (348, 627), (384, 632), (420, 627), (450, 617), (426, 645), (384, 657), (342, 645)], 1.6)
    flesh = mix(flesh, rgb('#a03c3c'), upper * 0.85)
    flesh = mix(flesh, mix(rgb('#c9565a'), rgb('#f2a294'), bump(368, 641, 36, 9)), lower * 0.85)
    seam = Canvas(width, height, 0, 'L')
    seam.stroke([(311, 613), (318, 617), (348, 626), (384, 631), (420, 626), (450, 617), (457, 613)], 255, 2, 2,
                middle=3.6)
    flesh = mix(flesh, rgb('#571d22'), blur(np.asarray(seam.take(), np.float64) / 255, 0.9))
    picture = mix(picture, flesh, face)

    # hair over the brow, from a side parting, and a few flowers in it
    for cap in ([(330, 190), (270, 230), (238, 330), (226, 470), (196, 480), (180, 330), (240, 180), (330, 134),
                 (400, 150)],
                [(330, 190), (430, 226), (510, 300), (540, 420), (552, 500), (590, 470), (592, 320), (530, 190),
                 (420, 128),
                 (330, 140)]):
        picture = mix(picture, hair_dark, mask(cap, 2.2))
    hair([[(338, 172), (272, 214), (226, 320), (204, 470), (186, 640)], [(340, 160), (250, 192), (202, 320), (180, 500),
          (150, 700)], [(338, 146), (236, 176), (184, 310), (164, 520), (136, 760)]], 420, 7, 2)
    hair([[(338, 168), (440, 196), (530, 290), (570, 440), (596, 640)], [(344, 152), (470, 172), (560, 280), (594, 460),
          (622, 700)], [(340, 178), (430, 216), (508, 290), (546, 400), (562, 540)]], 440, 8, 2)
    for fx, fy, r, colour in ((566, 300, 40, '#f4b8a0'), (600, 372, 30, '#fff0dc'), (538, 236, 28, '#fff0dc'),
                              (588, 244, 20,
                              '#e97f6e')):
        for turn in rng.permutation(np.arange(6) * np.pi / 3 + rng.uniform(0, 1)):
            px, py = fx + r * 0.55 * np.cos(turn), fy + r * 0.55 * np.sin(turn)
            shape = oval(px, py, r * 0.56, r * 0.36, turn)
            picture = mix(picture, rgb(colour) * (0.72 + 0.3 * smooth(r, -r, x - fx + y - fy))[:, :, None] *
                          (0.86 + 0.14 * smooth(0, 0.3, shape))[:, :, None], smooth(-0.02, 0.05, shape))
        picture = mix(picture, rgb('#c98a2c'), smooth(0, 0.15, oval(fx, fy, r * 0.24, r * 0.24)))
    canvas = noise(rng, width, height, 5, 3, stretch=1.6)
    return to_image(picture + canvas[:, :, None] * 0.012, rng)


def landscape():
    """As from a camera: ridges in haze, a wood, meadow grain, and the sensor's noise."""
    width, height = 1024, 680
    rng = np.random.default_rng(51)
    x, y = grid(width, height)
    v = y / height
    sky = mix(rgb('#6f97c4'), rgb('#e9e3d6'), smooth(0, 0.5, v))
    cloud = noise(rng, width, height, 190, 7, 0.55, 2.2)
    lit = np.vstack([cloud[:9], cloud[:-9]]) - cloud
    cover = smooth(-0.05, 0.75, cloud) * smooth(0.56, 0.2, v)
    picture = mix(sky, np.clip(0.9 + 0.32 * lit, 0.62, 1.02)[:, :, None] * rgb('#fbf6ee'), cover)
    haze = rgb('#c3cbd6')
    layers = ((0.50, 0.22, 0.78, '#5a6673', 11), (0.56, 0.16, 0.52, '#4c5a4e', 12), (0.63, 0.12, 0.28, '#3d4d38', 13))
    for base, rise, fog, colour, seed in layers:
        own = np.random.default_rng(seed)
        line = noise(own, width, 3, 300, 8, 0.52)[1]
        top = base - rise * (0.35 + 0.5 * line)
        rock = noise(own, width, height, 90, 8, 0.62, 0.8)
        slope = np.gradient(rock, axis=1) * 9 + np.gradient(rock, axis=0) * 5
        shade = np.clip(0.62 + 0.42 * slope, 0.15, 1.35)
        stone = rgb(colour) * shade[:, :, None]
        if seed == 11:
            snow = smooth(0.1, -0.06, v - top[None, :] - 0.05 - 0.06 * rock) * smooth(0.25, 0.65, shade)
            stone = mix(stone, rgb('#f4f6fa') * np.clip(shade, 0.55, 1.1)[:, :, None], snow)
        lower = smooth(0.0, 0.25, v - top[None, :])
        picture = mix(picture, mix(stone, haze, np.clip(fog + 0.3 * lower, 0, 0.92)),
                      smooth(-0.0008, 0.0014, v - top[None, :]))
    # the wood: many narrow crowns, darker towards the foot
    for depth, (base, count, tall, tone) in enumerate(((0.665, 520, 38, 0.8), (0.70, 330, 62, 0.55),
                                                       (0.75, 130, 104, 0.36))):
        treeline = base + 0.014 * noise(rng, width, 3, 260, 3)[1]
        crowns = np.full(width, np.inf)
        for _ in range(count):
            tx, tall_one = rng.uniform(0, width), tall * rng.uniform(0.45, 1.0) * (0.35 + smooth(0.1, 0.75, abs(
                rng.uniform(0, 1))))
            half = tall_one * 0.17
            span = np.arange(max(0, int(tx - half)), min(width, int(tx + half) + 1))
            jag = rng.uniform(0.6, 1.25, len(span))
            peak = treeline[span] * height - tall_one * np.clip(1 - np.abs(span - tx) / half * jag, 0, 1)
            crowns[span] = np.minimum(crowns[span], peak)
        needles = noise(rng, width, height, 9, 4, 0.7, 0.5)
        green = mix(rgb('#1f2e20'), rgb('#57683a'), smooth(-0.6, 1.0, needles)) * tone / 0.6
        picture = mix(picture, mix(green, haze, 0.26 - 0.12 * depth), smooth(-0.5, 0.8, y - crowns[None, :]))
        picture = mix(picture, mix(green * 0.8, haze, 0.2 - 0.09 * depth),
                      smooth(-1, 2, y - treeline[None, :] * height))
    meadow = 0.79 + 0.03 * noise(rng, width, 3, 420, 3)[1]
    near = np.clip((v - meadow[None, :]) / (1 - meadow[None, :]), 0, 1)
    fine, coarse = noise(rng, width, height, 7, 3, 0.8, 0.4), noise(rng, width, height, 90, 5, 0.6, 2.4)
    grass = mix(rgb('#8a8a4a'), rgb('#47582a'), smooth(-0.7, 0.9, coarse + 0.5 * near))
    grass = grass * (1 + 0.34 * fine * (0.35 + near))[:, :, None]
    grass = mix(grass, rgb('#e9d98c'), smooth(0.75, 1.25, fine + 0.5 * coarse) * 0.7)
    picture = mix(picture, grass, smooth(-0.002, 0.006, v - meadow[None, :]))
    fog = smooth(0.5, 0.66, v) * smooth(0.79, 0.69, v) * smooth(-0.7, 0.9, noise(rng, width, height, 260, 4, stretch=4))
    picture = mix(picture, rgb('#dfe3e6'), 0.5 * fog)
    picture = picture * (1.03 - 0.2 * ((x / width - 0.5) ** 2 + (v - 0.5) ** 2))[:, :, None]
    grain = blur(rng.normal(0, 1, (height, width, 3)), 0.6)
    return to_image(picture + grain * 0.028 * (1.15 - picture))


def dahlias():
    """Saturated petals for the wide-gamut sample: its numbers mean P3 colours, not sRGB ones."""
    size = 640
    rng = np.random.default_rng(61)
    x, y = grid(size, size)
    picture = mix(rgb('#04211c'), rgb('#0c5a3c'), smooth(-0.8, 1.0, noise(rng, size, size, 160, 3)))

    def petal(cx, cy, turn, length, half, inner, outer):
        nonlocal picture
        reach = int(length * 1.1) + 2
        x0, x1, y0, y1 = max(0, int(cx) - reach), int(cx) + reach, max(0, int(cy) - reach), int(cy) + reach
        dx, dy = x[y0:y1, x0:x1] - cx, y[y0:y1, x0:x1] - cy
        t, s = (dx * np.cos(turn) + dy * np.sin(turn)) / length, (dy * np.cos(turn) - dx * np.sin(turn)) / half
        outline = np.sin(np.pi * np.clip(t, 0, 1) ** 0.8) ** 0.62
        inside = smooth(-0.03, 0.05, outline - np.abs(s)) * (t > 0) * (t < 1)
        fold = 1 - 0.5 * np.exp(-(s / 0.12) ** 2) * (1 - t) - 0.3 * smooth(0.3, 1.0,
                                                                           np.abs(s) / np.maximum(outline, 0.05))
        veins = 1 + 0.05 * np.sin(s * 26)
        light = 0.87 + 0.22 * np.cos(turn + 2.3)
        colour = mix(inner, outer, smooth(0.05, 0.85, t)) * (fold * veins * light)[:, :, None]
        part = picture[y0:y1, x0:x1]
        shadow = smooth(-0.25, 0.25, 1.12 * outline - np.abs(s)) * (t > 0) * (t < 1.06)
        picture[y0:y1, x0:x1] = mix(mix(part, part * 0.55, shadow), colour, inside)

    for lx, ly, turn, length in ((90, 560, -0.9, 190), (560, 120, 2.2, 170), (600, 560, -2.4, 210), (60, 90, 0.7, 180),
                                 (330, 620, -1.4, 170), (610, 330, 3.0, 160), (20, 330, 0.1, 150)):
        petal(lx, ly, turn, length, 40, rgb('#00803a'), rgb('#35d04a'))
    flowers = ((195, 210, 176, '#ff1800', '#ff8400'), (468, 412, 190, '#e6006e', '#ff7ad0'),
               (170, 492, 116, '#ffb400', '#fff04a'),
               (490, 138, 104, '#8a00ff', '#d79aff'), (330, 318, 70, '#f01030', '#ff9a6a'))
    for cx, cy, radius, inner, outer in flowers:
        for ring, count in enumerate((17, 16, 15, 13, 11, 9, 7)):
            reach = radius * (1 - 0.125 * ring)
            for k in rng.permutation(count):
                turn = 2 * np.pi * (k + 0.5 * (ring % 2)) / count + rng.normal(0, 0.03)
                petal(cx, cy, turn, reach * rng.uniform(0.95, 1.03), reach * 0.17 + 4, rgb(inner) *
                      (0.55 + 0.06 * ring),
                      rgb(outer) * (0.86 + 0.02 * ring))
        for k in range(60):
            angle, r = k * 2.39996, radius * 0.13 * np.sqrt(k / 60)
            far = np.hypot(x - cx - r * np.cos(angle), y - cy - r * np.sin(angle))
            picture = mix(picture, rgb('#ffe44a') * (0.6 + 0.4 * k / 60),
                          smooth(radius * 0.018 + 1, radius * 0.018 - 0.6, far))
    return to_image(picture, rng)


def still_life():
    """What a phone held upright saw: two oranges and a cup on a table, lights out of focus behind."""
    width, height = 576, 768
    rng = np.random.default_rng(71)
    x, y = grid(width, height)
    wall = mix(rgb('#20303f'), rgb('#4b3d4f'), smooth(0, 520, y))
    for _ in range(34):
        bx, by, r = rng.uniform(0, width), rng.uniform(0, 430), rng.uniform(12, 38)
        far = np.hypot(x - bx, y - by)
        wall = wall + (rgb(('#ffb45e', '#ffd9a0', '#ff7e5f', '#8fc7ff')[rng.integers(4)]) * rng.uniform(0.12, 0.34)) * (
            smooth(r + 1.5, r - 1.5, far) * (0.7 + 0.5 * smooth(0.6 * r, r, far)))[:, :, None]
    edge_y = 470.0
    depth = np.clip((y - edge_y) / (height - edge_y), 0.001, 1)
    across = (x - width / 2) / (0.45 + depth)
    rings = noise(rng, width, height, 200, 4, stretch=0.4)
    planks = np.floor((across + 900) / 150)
    fibre = np.sin((across + 7 * planks ** 2) / 5 + 6 * rings + 2 * np.sin(y / 50 + planks)) * 0.5 + 0.5
    wood = mix(rgb('#6b3f22'), rgb('#b87b45'), 0.25 + 0.35 * fibre + 0.12 *
               noise(rng, width, height, 6, 3, stretch=0.3))
    wood = wood * (0.86 + 0.14 * smooth(0, 0.03, np.abs(((across + 900) / 150) % 1 - 0.5) * -1 + 0.5))[:, :, None]
    picture = mix(wall, wood * (0.72 + 0.4 * depth * smooth(width * 1.2, 0, x))[:, :, None],
                  smooth(-1.5, 1.5, y - edge_y))

    def drop(px, py, rx, ry, strength):
        nonlocal picture
        far = np.hypot((x - px) / rx, (y - py) / ry)
        picture = picture * (1 - strength * smooth(1.25, 0.35, far))[:, :, None]

    def orange(px, py, r):
        nonlocal picture
        drop(px + r * 0.5, py + r * 0.86, r * 1.5, r * 0.42, 0.7)
        nx, ny = (x - px) / r, (y - py) / (r * 0.97)
        nz = np.sqrt(np.clip(1 - nx ** 2 - ny ** 2, 0, 1))
        pores = noise(rng, width, height, 7, 2) * 0.16
        lit = np.clip(-0.55 * nx - 0.6 * ny + 0.58 * nz + pores * nz, 0, 1)
        peel = mix(rgb('#6e1f05'), rgb('#f28a1c'), smooth(0.0, 0.75, lit + 0.1))
        peel = mix(peel, rgb('#ffe3b0'), smooth(0.88, 1.03, lit + pores * 0.3) * 0.9)
        peel = mix(peel, rgb('#b8653a'), 0.5 * smooth(0.35, 1.0, ny) * smooth(0.2, 0.9, 1 - nz))
        picture = mix(picture, peel, smooth(r + 0.7, r - 0.7, np.hypot(x - px, (y - py) / 0.97)))
        picture = mix(picture, rgb('#4f5b22'), smooth(r * 0.11, r * 0.05,
                                                      np.hypot(x - px + r * 0.12, (y - py + r * 0.72) * 2)))

    # the cup: a body between two ellipses, glazed, with a handle and tea in it
    left, right, top, foot = 250.0, 452.0, 352.0, 590.0
    drop(420, 590, 210, 46, 0.75)
    centre, half = (left + right) / 2, (right - left) / 2
    ring = np.abs(np.hypot((x - right + 6) / 58, (y - 440) / 70) - 0.82) - 0.17
    picture = mix(picture, mix(rgb('#1f5560'), rgb('#8ccfcb'), smooth(480, 380, y)), smooth(0.02, -0.02, ring) *
                  (x > right - 12))
    narrow = half * (1 - 0.22 * smooth(top + 60, foot, y))
    s = (x - centre) / narrow
    inside = smooth(1.006, 0.994, np.abs(s)) * (y > top) * (y < foot + 26 * np.sqrt(np.clip(1 - s ** 2, 0, 1)))
    glaze = mix(rgb('#103a44'), rgb('#57a9aa'), smooth(0.9, -0.55, s))
    glaze = mix(glaze, rgb('#eafaf4'), 0.85 * np.exp(-((s + 0.55) / 0.07) ** 2) * smooth(top, top + 40, y) *
                smooth(foot, 470, y))
    glaze = mix(glaze, rgb('#e9b877'), 0.35 * smooth(0.55, 1.0, s) + 0.9 * smooth(
        6, 0, np.abs(y - 500 - 24 * np.sqrt(np.clip(1 - s ** 2, 0, 1)) - 5 * np.sin(s * 14))))
    picture = mix(picture, glaze, inside)
    rim = np.hypot((x - centre) / half, (y - top) / 30)
    picture = mix(picture, rgb('#9ed8d2'), smooth(1.03, 1.0, rim))
    picture = mix(picture, mix(rgb('#2f1408'), rgb('#a4501c'), smooth(-0.9, 0.9, (x - centre) / half)),
                  smooth(0.92, 0.89, rim))
    picture = mix(picture, rgb('#ffd9a0'), 0.5 * smooth(0.18, 0.0, np.hypot((x - centre + 40) / half,
                                                                            (y - top + 6) / 40)))
    orange(150, 590, 92)
    orange(268, 650, 84)
    steam = noise(rng, width, height, 90, 4, stretch=0.4)
    plume = np.exp(-((x - centre - 26 * np.sin(y / 46) - 20 * steam) / (16 + (top - y) * 0.16)) ** 2)
    picture = mix(picture, rgb('#fff3e6'), 0.34 * plume * smooth(top, top - 40, y) * smooth(60, 240, y))
    grain = blur(rng.normal(0, 1, (height, width, 3)), 0.7)
    return to_image(picture + grain * 0.035)
