# SPDX-License-Identifier: Apache-2.0
"""Every preset parses and has the keys that presets/README.md promises; every model is sound and has its card."""
import json
import math
import pathlib
import struct
import sys

import tree

MAX_MODEL_BYTES = 1536 * 1024
CARD_WORDS = ('data', 'recipe', 'licence')

root = pathlib.Path(sys.argv[1])
problems = []
count = 0


def number(low, high):
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and low < value <= high


def integer(low, high):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def words(value):
    return isinstance(value, str) and value.strip() == value != ''


def one_of(*choices):
    return lambda value: value in choices


SIDE, SUBSAMPLING = integer(0, 65535), one_of('4:4:4', '4:2:0')
KEYS = {'strength': {'name': words, 'visibility': number(0, 20), 'steps': integer(1, 10000),
                     'care': number(-1e-9, 1), 'description': words, 'source': words},
        'platforms': {'name': words, 'description': words, 'max_width': SIDE, 'max_height': SIDE,
                      'max_pixels': integer(0, 10 ** 12), 'max_bytes': integer(0, 10 ** 12),
                      'format': one_of('same', 'png', 'jpeg', 'webp'), 'quality': integer(1, 100),
                      'subsampling': SUBSAMPLING, 'served_width': SIDE, 'served_height': SIDE,
                      'served_format': one_of('none', 'jpeg', 'webp'), 'served_quality': integer(0, 100),
                      'served_subsampling': SUBSAMPLING, 'confidence': words, 'source': words}}


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError('a key is there twice')
    return dict(pairs)


def check_preset(path):
    try:
        preset = json.loads(tree.text(root, path), object_pairs_hook=no_duplicates)
    except ValueError as error:
        return [f'{path}: {error}']
    if not isinstance(preset, dict):
        return [f'{path}: not an object']
    found = []
    keys = KEYS.get(path.parent.name, {'name': words, 'description': words})
    for key, good in keys.items():
        if key not in preset:
            found.append(f'{path}: lacks "{key}"')
        elif not good(preset[key]):
            found.append(f'{path}: "{key}" is {preset[key]!r}')
    if path.parent.name in KEYS:
        found += [f'{path}: unknown key "{key}"' for key in preset if key not in keys]
    if preset.get('name') != path.stem:
        found.append(f'{path}: name is {preset.get("name")!r}')
    return found


def check_model(path):
    content = (root / path).read_bytes()
    if len(content) > MAX_MODEL_BYTES:
        return [f'{path}: {len(content)} bytes, more than {MAX_MODEL_BYTES}']
    length = struct.unpack('<Q', content[:8])[0]
    if length > len(content) - 8:
        return [f'{path}: header of {length} bytes in a file of {len(content)}']
    header = json.loads(content[8:8 + length], object_pairs_hook=no_duplicates)
    end = 0
    for name, tensor in sorted(((n, t) for n, t in header.items() if n != '__metadata__'),
                               key=lambda item: item[1]['data_offsets']):
        begin, finish = tensor['data_offsets']
        size = {'F16': 2, 'BF16': 2, 'F32': 4}[tensor['dtype']] * math.prod(tensor['shape'])
        if begin != end or finish - begin != size:
            return [f'{path}: tensor {name} at {begin}..{finish}, expected {end}..{end + size}']
        end = finish
    if end != len(content) - 8 - length:
        return [f'{path}: {len(content) - 8 - length - end} bytes after the last tensor']
    card = path.with_suffix('.md')
    if not (root / card).is_file():
        return [f'{path}: no card {card.name} beside it']
    said = tree.text(root, card).lower()
    return [f'{card}: does not speak of its {word}' for word in CARD_WORDS if word not in said]


visibility = {}
for path in tree.files(root):
    if path.parts[0] != 'presets':
        continue
    if path.suffix == '.json':
        count += 1
        problems += check_preset(path)
        if path.parent.name == 'strength' and not problems:
            visibility[path.stem] = json.loads(tree.text(root, path))['visibility']
    elif path.suffix == '.safetensors':
        count += 1
        problems += check_model(path)

strengths = ['gentle', 'standard', 'strong']
if not problems and not all(name in visibility for name in strengths):
    problems.append('presets/strength: gentle, standard and strong must all be there')
elif not problems and not visibility['gentle'] < visibility['standard'] < visibility['strong']:
    problems.append('presets/strength: gentle < standard < strong does not hold')
tree.verdict(problems, count)
