#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draw the log of a training run: usage: plot.py LOG.csv OUT.svg

LOG.csv is what train.py, decoder.py and autoencoder.py write: step, seconds, then figures. Each figure is a curve over
the steps, on a scale of its own from its least to its greatest value.
"""
import csv
import sys

WIDTH, HEIGHT, MARGIN = 800, 400, 40
COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7']  # Okabe and Ito's, told apart by all eyes


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], newline='') as f:
        rows = list(csv.reader(f))
    names = rows.pop(0) if rows and number(rows[0][0]) is None else []
    if not rows:
        sys.exit(f'{sys.argv[1]}: no steps in this log yet')
    last = float(rows[-1][0])
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 12}" text-anchor="end">step {last:.0f}, {float(rows[-1][1]) / 60:.0f} min</text>']
    for column in range(2, len(rows[-1])):
        points = [(float(row[0]), number(row[column])) for row in rows if number(row[column]) is not None]
        if not points:
            continue
        low, high = min(v for _, v in points), max(v for _, v in points)
        curve = ' '.join(f'{MARGIN + step / last * (WIDTH - 2 * MARGIN):.1f},'
                         f'{HEIGHT - MARGIN - (v - low) / (high - low or 1) * (HEIGHT - 2 * MARGIN):.1f}' for step, v in points)
        colour, name = COLOURS[column % len(COLOURS)], names[column] if column < len(names) else f'figure {column - 1}'
        parts += [f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{curve}"/>',
                  f'<text x="{MARGIN + 190 * (column - 2)}" y="20" fill="{colour}">{name} {low:.3g} to {high:.3g}</text>']
    with open(sys.argv[2], 'w', encoding='ascii') as f:
        f.write('\n'.join(parts + ['</svg>', '']))


if __name__ == '__main__':
    main()
