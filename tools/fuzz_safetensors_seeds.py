#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/fuzz/corpus/safetensors: the smallest encoders of each family, and files that are nearly sound."""
import json
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "fuzz", "corpus", "safetensors")
SIZES = {"F32": 4, "F16": 2, "BF16": 2}


def encoder(layers, width, pooled=(), prefix=""):
    """[(name, shape)]"""
    out, channels = [], 3
    for i, kind in enumerate(layers):
        name = f"{prefix}{i}."
        if kind == "b":
            if i in pooled:
                out += [(name + "pool.0.weight", [4 * channels, channels, 1, 1]), (name + "pool.1.weight", [4 * channels]),
                        (name + "pool.1.bias", [4 * channels]), (name + "pool.3.weight", [channels, 4 * channels, 1, 1])]
            for n in (0, 2, 4):
                out += [(f"{name}conv.{n}.weight", [width, width, 3, 3]), (f"{name}conv.{n}.bias", [width])]
        elif kind != "r":
            out.append((name + "weight", [width, channels, 3, 3]))
            if kind != "d":
                out.append((name + "bias", [width]))
            channels = width
    return out


def kl_encoder(z, quant, prefix="", diffusers=False):
    """One level, one block, the least width. [(name, shape)]"""
    w, out = 32, []

    def layer(name, *shape):
        out.extend([(prefix + name + ".weight", list(shape)), (prefix + name + ".bias", [shape[0]])])

    def residual(name):
        for i in (1, 2):
            layer(f"{name}.norm{i}", w)
            layer(f"{name}.conv{i}", w, w, 3, 3)

    mid = ("mid_block.resnets.0", "mid_block.attentions.0", "mid_block.resnets.1") if diffusers else \
        ("mid.block_1", "mid.attn_1", "mid.block_2")
    layer("encoder.conv_in", w, 3, 3, 3)
    residual("encoder.down_blocks.0.resnets.0" if diffusers else "encoder.down.0.block.0")
    residual(f"encoder.{mid[0]}")
    layer(f"encoder.{mid[1]}.{'group_norm' if diffusers else 'norm'}", w)
    for part in ("to_q", "to_k", "to_v", "to_out.0") if diffusers else ("q", "k", "v", "proj_out"):
        layer(f"encoder.{mid[1]}.{part}", *((w, w) if diffusers else (w, w, 1, 1)))
    residual(f"encoder.{mid[2]}")
    layer("encoder.conv_norm_out" if diffusers else "encoder.norm_out", w)
    layer("encoder.conv_out", 2 * z, w, 3, 3)
    if quant:
        layer("quant_conv", 2 * z, 2 * z, 1, 1)
    return out


def decoder(z, width, side):
    """A convolution, a block, and squares of pixels. [(name, shape)]"""
    out = [("decoder.0.weight", [width, z, 3, 3]), ("decoder.0.bias", [width])]
    for n in (0, 2, 4):
        out += [(f"decoder.2.conv.{n}.weight", [width, width, 3, 3]), (f"decoder.2.conv.{n}.bias", [width])]
    return out + [("decoder.3.weight", [3 * side * side, width, 3, 3]), ("decoder.3.bias", [3 * side * side])]


def container(tensors, dtypes, metadata=None, extra=b""):
    head, blob = {"__metadata__": metadata} if metadata else {}, b""
    for i, (name, shape) in enumerate(tensors):
        dtype, count = dtypes[i % len(dtypes)], 1
        for n in shape:
            count *= n
        start = len(blob)
        one = {"F32": b"\0\0\0\x3e", "F16": b"\0\x30", "BF16": b"\0\x3e"}[dtype]
        blob += one * count
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, len(blob)]}
    text = json.dumps(head, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + blob + extra


def main():
    os.makedirs(FOLDER, exist_ok=True)
    t8 = encoder("cbdbbbdbbbdbbbc", 1, (11,))
    files = {
        "t8": container(t8, ["F16"]),
        "t8_layers": container(encoder("cbdbbbdbbbdbbbc", 1, (), "encoder.layers."), ["BF16"]),
        "t32": container(encoder("srsrbdbbbdbbbdbbbc", 1), ["F32", "F16"]),
        "s8": container(encoder("srsrbdbc", 2), ["F32"], {"vernis.name": "seed"}),
        "kl": container(kl_encoder(1, True, "first_stage_model."), ["F16"]),
        "kl_diffusers": container(kl_encoder(2, False, diffusers=True), ["BF16"]),
        "decoder": container(decoder(2, 1, 2), ["F16"], {"vernis.decodes": "seed"}),
        "other_types": container([("a", [2, 0, 3]), ("b", []), ("c", [3])], ["F32", "BF16"]),
        "trailing": container([("0.weight", [1, 3, 3, 3])], ["F32"], extra=b"more"),
        "long_header": struct.pack("<Q", 1 << 62) + b"{}",
        "cut": container(t8, ["F16"])[:1000],
    }
    for name, data in files.items():
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
