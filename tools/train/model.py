# SPDX-License-Identifier: Apache-2.0
"""The two networks of the distillation and the file format they live in.

Teacher: a tiny autoencoder's encoder (RGB 0..1 to a latent at 1/8), rebuilt from the shapes of its tensors.
Student: the small encoder that Vernis ships; see `Student.LAYOUT`.
"""
import json
import os
import struct

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

DTYPES = {"F16": "<f2", "F32": "<f4"}


def read_tensors(path):
    """{name: float32 tensor} of a .safetensors file holding F16, BF16 or F32."""
    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        data = f.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(data[begin:end], "<u2").astype("<u4") << 16).view("<f4")
        else:
            values = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).astype("<f4")
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


def write_tensors(path, tensors, metadata):
    """Write tensors as F16 in one step: readers see the old file or the new one, never a part."""
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().astype("<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    os.replace(path + ".part", path)


def conv(inputs, outputs, stride=1, bias=True):
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=bias)


class Block(nn.Module):
    """Three convolutions with ReLU between them, plus the input; the teacher may first add a pooled branch."""

    def __init__(self, width, pooled=False):
        super().__init__()
        if pooled:
            self.pool = nn.Sequential(nn.Conv2d(width, 4 * width, 1, bias=False), nn.GroupNorm(4, 4 * width),
                                      nn.ReLU(), nn.Conv2d(4 * width, width, 1, bias=False))
        self.conv = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width), nn.ReLU(), conv(width, width))

    def forward(self, x):
        if hasattr(self, "pool"):
            x = x + self.pool(x)
        return F.relu(self.conv(x) + x)


class Teacher(nn.Module):
    """A stride-8 tiny encoder with frozen weights; its convolutions run in bfloat16 where `fast`."""

    def __init__(self, path, fast=False):
        super().__init__()
        weights = read_tensors(path)
        layers = []
        for i in range(1 + max(int(name.split(".")[0]) for name in weights)):
            if f"{i}.weight" in weights:
                bias = f"{i}.bias" in weights
                outputs, inputs = weights[f"{i}.weight"].shape[:2]
                layers.append(conv(inputs, outputs, stride=1 if bias else 2, bias=bias))
            else:
                layers.append(Block(weights[f"{i}.conv.0.weight"].shape[0], f"{i}.pool.0.weight" in weights))
        body = nn.Sequential(*layers)
        body.load_state_dict(weights)
        # Group normalisation has no bfloat16 kernel: from the first pooled block on, all stays float32.
        pooled = [i for i, layer in enumerate(layers) if hasattr(layer, "pool")]
        self.split = pooled[0] if pooled else len(layers)
        self.body = body.to(memory_format=torch.channels_last).requires_grad_(False).eval()
        self.fast = fast

    def forward(self, x):
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            x = self.body[:self.split](x)
        return self.body[self.split:](x.float())


def mask(y):
    """Where a ReLU with output y lets gradients through."""
    return (y > 0).to(y.dtype)


def transposed(layer, g):
    """The adjoint of a convolution layer without its bias.

    A plain convolution with the flipped kernel, over zero-stuffed input where the layer strides: unlike
    conv_transpose2d, its own backward pass runs on oneDNN's fast kernels.
    """
    if layer.stride[0] == 2:
        n, c, h, w = g.shape
        wide = g.new_zeros(n, c, 2 * h, 2 * w).contiguous(memory_format=torch.channels_last)
        wide[:, :, ::2, ::2] = g
        g = wide
    return F.conv2d(g, layer.weight.flip(2, 3).transpose(0, 1), padding=1)


class Student(nn.Sequential):
    """RGB 0..1 to the teacher's latent at 1/8; about 23 thousand multiply-adds a pixel."""

    LAYOUT = ("conv 3-32 s2, ReLU, conv 32-64 s2, ReLU, 2 blocks of 64, conv 64-64 s2 without bias, "
              "4 blocks of 64, conv 64-32")

    def __init__(self):
        super().__init__(conv(3, 32, 2), nn.ReLU(), conv(32, 64, 2), nn.ReLU(), Block(64), Block(64),
                         conv(64, 64, 2, bias=False), Block(64), Block(64), Block(64), Block(64), conv(64, 32))
        self.to(memory_format=torch.channels_last)

    def forward_masks(self, x):
        """The latent, and per layer what its ReLUs passed."""
        masks = []
        for layer in self:
            if isinstance(layer, Block):
                a = F.relu(layer.conv[0](x))
                b = F.relu(layer.conv[2](a))
                x = F.relu(layer.conv[4](b) + x)
                masks.append((mask(a), mask(b), mask(x)))
            else:
                x = layer(x)
                masks.append(mask(x) if isinstance(layer, nn.ReLU) else None)
        return x, masks

    def pullback(self, masks, v):
        """Jacobian transposed times v, written out so that it can itself be trained (ReLU masks held fixed)."""
        for layer, m in zip(reversed(self), reversed(masks)):
            if isinstance(layer, Block):
                v = v * m[2]
                h = transposed(layer.conv[4], v) * m[1]
                h = transposed(layer.conv[2], h) * m[0]
                v = v + transposed(layer.conv[0], h)
            else:
                v = v * m if isinstance(layer, nn.ReLU) else transposed(layer, v)
        return v


def load_student(path):
    student = Student()
    student.load_state_dict(read_tensors(path))
    return student.requires_grad_(False).eval()
