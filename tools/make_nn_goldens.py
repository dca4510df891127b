#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/nn/data: small encoders with random weights, and what PyTorch (float64) makes of a small picture.

Each NAME.safetensors is a model; NAME.golden.safetensors holds "rgb" (3,H,W), "latent" (z,h,w) and "gradient" (3,H,W)
of 0.5 * sum(z * z). The layers are written out here with torch.nn.functional, apart from Vernis and from the judge. The
picture is chosen so that no ReLU's input is so near zero that float32 rounding could change its sign.

decoder.safetensors is a decoder; its golden holds "latent" and "rgb", cut to 0..1.

KL encoders are at least 32 channels wide, so their weights are not kept: tests/nn/kl_maker.h makes the same ones from
their names, in every spelling of these.
"""
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

FAMILIES = {"T8": "cbdbbbdbbbdbbbc", "T32": "srsrbdbbbdbbbdbbbc", "S8": "srsrbbdbbbbc"}
MARGIN = 4e-6

# name: family, width of each convolution or block (one value: all alike), z, pooled layers, dtypes in turn, key prefix, W, H
MODELS = {
    "t8_plain": ("T8", [6], 4, (), ["F32"], "", 40, 24),
    "t8_pool": ("T8", [8], 5, (11, 12, 13), ["F16"], "", 32, 40),
    "t8_skip": ("T8", [5, 5, 5, 7, 7, 7, 7, 8, 8, 8, 8, 6, 6, 6], 3, (1, 12), ["BF16"], "encoder.layers.", 32,
                24),
    "t32": ("T32", [6, 8, 8], 4, (), ["F32", "F16", "BF16"], "", 64, 32),
    "s8": ("S8", [5, 8, 8], 6, (9,), ["F16"], "", 48, 32),
}

# name: width of each level, blocks of each level, levels with attention, z, quant_conv, W, H
KL_MODELS = {
    "kl": ([32, 64, 64], [2, 1, 2], (), 4, True, 32, 24),
    "kl_plain": ([32, 32], [1, 1], (1,), 16, False, 24, 20),
}


def quantise(tensor, dtype):
    """The tensor as the file will hold it: (bytes, values)"""
    a = tensor.numpy().astype("<f4")
    if dtype == "F32":
        return a.tobytes(), torch.from_numpy(a.copy())
    if dtype == "F16":
        h = a.astype("<f2")
        return h.tobytes(), torch.from_numpy(h.astype("<f4"))
    bits = (a.view("<u4") >> 16).astype("<u2")
    return bits.tobytes(), torch.from_numpy((bits.astype("<u4") << 16).view("<f4").copy())


def write_file(path, tensors, metadata=None):
    """tensors: {name: (dtype, shape, bytes)}"""
    head = {"__metadata__": metadata} if metadata else {}
    blob = b""
    for name, (dtype, shape, data) in tensors.items():
        head[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + blob)


def random_weights(layers, widths, z, pooled):
    """{key: float tensor}, scaled so that activations neither die nor grow"""
    out, channels, step = {}, 3, 0
    for i, kind in enumerate(layers):
        if kind == "r":
            continue
        width = z if i == len(layers) - 1 else widths[min(step, len(widths) - 1)]
        step += 1
        if kind != "b":
            out[f"{i}.weight"] = torch.randn(width, channels, 3, 3) * (2 / (9 * channels)) ** .5
            if kind != "d":
                out[f"{i}.bias"] = torch.randn(width) * .2
        else:
            if i in pooled:
                out[f"{i}.pool.0.weight"] = torch.randn(4 * channels, channels, 1, 1) * channels ** -.5
                out[f"{i}.pool.1.weight"] = 1 + .3 * torch.randn(4 * channels)
                out[f"{i}.pool.1.bias"] = .3 * torch.randn(4 * channels)
                out[f"{i}.pool.3.weight"] = torch.randn(channels, 4 * channels, 1, 1) * .5 * channels ** -.5
            for n, (a, b) in zip((0, 2, 4), ((channels, width), (width, width), (width, width))):
                out[f"{i}.conv.{n}.weight"] = torch.randn(b, a, 3, 3) * (1.5 / (9 * a)) ** .5
                out[f"{i}.conv.{n}.bias"] = torch.randn(b) * .2
            if width != channels:
                out[f"{i}.skip.weight"] = torch.randn(width, channels, 1, 1) * channels ** -.5
        channels = width
    return out


def encode(layers, w, x, margins):
    def relu(v):
        margins.append(float(v.detach().abs().min()))
        return F.relu(v)

    for i, kind in enumerate(layers):
        if kind == "r":
            x = relu(x)
        elif kind == "b":
            if f"{i}.pool.0.weight" in w:
                h = F.conv2d(x, w[f"{i}.pool.0.weight"])
                h = F.group_norm(h, 4, w[f"{i}.pool.1.weight"], w[f"{i}.pool.1.bias"], eps=1e-5)
                x = x + F.conv2d(relu(h), w[f"{i}.pool.3.weight"])
            h = x
            for n in (0, 2, 4):
                h = F.conv2d(h, w[f"{i}.conv.{n}.weight"], w[f"{i}.conv.{n}.bias"], padding=1)
                h = relu(h) if n < 4 else h
            x = relu(h + (F.conv2d(x, w[f"{i}.skip.weight"]) if f"{i}.skip.weight" in w else x))
        else:
            x = F.conv2d(x, w[f"{i}.weight"], w.get(f"{i}.bias"), padding=1, stride=1 if kind == "c" else 2)
    return x


def kl_tensor(name, *shape):
    """Small integers over a power of two, which every type holds exactly; name is CompVis's"""
    count = int(np.prod(shape))
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    x = (seed + np.arange(count, dtype=np.uint64) * 2654435761) % 2**32
    x ^= x >> 15
    x = x * 2246822519 % 2**32
    x ^= x >> 13
    v = torch.from_numpy(2.0 * (x >> 28).astype(np.float64) - 15).reshape(shape)
    if len(shape) == 1:
        return v / 32 + (1 if "norm" in name and name.endswith("weight") else 0)
    return v / (128 if np.prod(shape[1:]) >= 100 else 64)


def kl_conv(x, name, out, taps, **how):
    w = kl_tensor(name + ".weight", out, x.shape[1], taps, taps)
    return F.conv2d(x, w, kl_tensor(name + ".bias", out), **how)


def kl_norm(x, name):
    c = x.shape[1]
    return F.group_norm(x, 32, kl_tensor(name + ".weight", c), kl_tensor(name + ".bias", c), eps=1e-6)


def kl_residual(x, name, width):
    h = kl_conv(F.silu(kl_norm(x, name + ".norm1")), name + ".conv1", width, 3, padding=1)
    h = kl_conv(F.silu(kl_norm(h, name + ".norm2")), name + ".conv2", width, 3, padding=1)
    return h + (x if width == x.shape[1] else kl_conv(x, name + ".nin_shortcut", width, 1))


def kl_attention(x, name):
    c, size = x.shape[1], x.shape
    n = kl_norm(x, name + ".norm")
    q, k, v = (kl_conv(n, f"{name}.{part}", c, 1).reshape(c, -1) for part in "qkv")
    a = v @ torch.softmax(q.T @ k * c ** -.5, 1).T
    return x + kl_conv(a.reshape(size), name + ".proj_out", c, 1)


def kl_encode(x, widths, blocks, attentions, z, quant):
    x = kl_conv(2 * x - 1, "encoder.conv_in", widths[0], 3, padding=1)
    for level, width in enumerate(widths):
        for i in range(blocks[level]):
            x = kl_residual(x, f"encoder.down.{level}.block.{i}", width)
            if level in attentions:
                x = kl_attention(x, f"encoder.down.{level}.attn.{i}")
        if level < len(widths) - 1:
            x = kl_conv(F.pad(x, (0, 1, 0, 1)), f"encoder.down.{level}.downsample.conv", width, 3, stride=2)
    x = kl_residual(x, "encoder.mid.block_1", widths[-1])
    x = kl_attention(x, "encoder.mid.attn_1")
    x = kl_residual(x, "encoder.mid.block_2", widths[-1])
    x = kl_conv(F.silu(kl_norm(x, "encoder.norm_out")), "encoder.conv_out", 2 * z, 3, padding=1)
    return (kl_conv(x, "quant_conv", 2 * z, 1) if quant else x)[:, :z]


def kl_golden(widths, blocks, attentions, z, quant, width, height):
    torch.manual_seed(width)
    picture = torch.rand(1, 3, height, width).half().double().requires_grad_(True)
    latent = kl_encode(picture, widths, blocks, attentions, z, quant)
    (latent * latent).sum().mul(.5).backward()
    return picture.detach()[0], latent.detach()[0], picture.grad[0]


def write_golden(path, picture, latent, gradient):
    write_file(path, {
        "rgb": ("F16", picture.shape, picture.numpy().astype("<f2").tobytes()),
        "latent": ("F32", latent.shape, latent.numpy().astype("<f4").tobytes()),
        "gradient": ("F32", gradient.shape, gradient.numpy().astype("<f4").tobytes())})


def golden(layers, weights, width, height):
    for seed in range(10000):
        torch.manual_seed(seed)
        picture = torch.rand(1, 3, height, width).half().double().requires_grad_(True)
        margins = []
        latent = encode(layers, weights, picture, margins)
        if min(margins) > MARGIN:
            (latent * latent).sum().mul(.5).backward()
            return picture.detach()[0], latent.detach()[0], picture.grad[0], seed
    raise SystemExit("no picture keeps clear of zero")


def write_decoder(folder, z, width, narrow, sides):
    """Convolution, block, to squares, block, to squares of colours; W x H cells of 7 x 5"""
    torch.manual_seed(z)
    last = 3 * sides[1] ** 2
    shapes = {"0": (width, z), **{f"2.conv.{n}": (width, width) for n in (0, 2, 4)}, "3": (narrow * sides[0] ** 2, width),
              **{f"6.conv.{n}": (narrow, narrow) for n in (0, 2, 4)}, "7": (last, narrow)}
    tensors, w = {}, {}
    for name, (to, of) in shapes.items():
        for part, value in (("weight", torch.randn(to, of, 3, 3) * (1.5 / (9 * of)) ** .5), ("bias", torch.randn(to) * .2)):
            data, rounded = quantise(value, "F16")
            tensors[f"decoder.{name}.{part}"] = ("F16", value.shape, data)
            w[f"{name}.{part}"] = rounded.double()

    def block(x, i):
        h = x
        for n in (0, 2, 4):
            h = F.conv2d(h, w[f"{i}.conv.{n}.weight"], w[f"{i}.conv.{n}.bias"], padding=1)
            h = F.relu(h) if n < 4 else h
        return F.relu(h + x)

    latent = torch.randn(1, z, 5, 7).half().double()
    x = block(F.relu(F.conv2d(latent, w["0.weight"], w["0.bias"], padding=1)), 2)
    x = F.relu(F.pixel_shuffle(F.conv2d(x, w["3.weight"], w["3.bias"], padding=1), sides[0]))
    x = F.pixel_shuffle(F.conv2d(block(x, 6), w["7.weight"], w["7.bias"] + .5, padding=1), sides[1])
    data, _ = quantise((w["7.bias"] + .5).float(), "F32")
    tensors["decoder.7.bias"] = ("F32", w["7.bias"].shape, data)
    write_file(os.path.join(folder, "decoder.safetensors"), tensors,
               {"vernis.name": "golden-decoder", "vernis.decodes": "golden-s8"})
    rgb = x.clamp(0, 1)[0]
    write_file(os.path.join(folder, "decoder.golden.safetensors"), {
        "latent": ("F16", latent.shape[1:], latent.numpy().astype("<f2").tobytes()),
        "rgb": ("F32", rgb.shape, rgb.numpy().astype("<f4").tobytes())})
    inside = float(((rgb > 0) & (rgb < 1)).double().mean())
    print(f"decoder: {inside:.2f} of the values lie inside 0..1", file=sys.stderr)


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "nn", "data")
    for name, (family, widths, z, pooled, dtypes, prefix, width, height) in MODELS.items():
        torch.manual_seed(sum(name.encode()))
        layers, tensors, weights = FAMILIES[family], {}, {}
        for n, (key, value) in enumerate(random_weights(layers, widths, z, pooled).items()):
            dtype = dtypes[n % len(dtypes)]
            data, rounded = quantise(value, dtype)
            tensors[prefix + key] = (dtype, value.shape, data)
            weights[key] = rounded.double()
        picture, latent, gradient, seed = golden(layers, weights, width, height)
        write_file(os.path.join(folder, name + ".safetensors"), tensors, {"vernis.name": "golden-" + name})
        write_golden(os.path.join(folder, name + ".golden.safetensors"), picture, latent, gradient)
        print(f"{name}: picture seed {seed}, |z| {float(latent.abs().mean()):.3f}", file=sys.stderr)
    for name, sizes in KL_MODELS.items():
        picture, latent, gradient = kl_golden(*sizes)
        write_golden(os.path.join(folder, name + ".golden.safetensors"), picture, latent, gradient)
        print(f"{name}: |z| {float(latent.abs().mean()):.3f}", file=sys.stderr)
    write_decoder(folder, 4, 6, 5, (2, 3))


if __name__ == "__main__":
    main()
