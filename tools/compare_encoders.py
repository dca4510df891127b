#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compare Vernis's encoder passes with PyTorch: latent, and gradient of 0.5 * sum(z * z).

usage: compare_encoders.py ENCODER_DUMP JUDGE_DIR MODEL... [--sizes 64x64,256x320] [--tolerance 1e-4] [--cpu SET]
                           [--threads N] [--time ROUNDS] [--coarse]
--coarse runs the passes as the optimiser's loop does, see vn_pass_coarse.
A MODEL is a file of a tiny encoder, or kl:CHANNELS:MULTIPLES:Z:QUANT for a KL encoder with random weights: Stable
Diffusion 1's sizes are kl:128:1.2.4.4:4:1, FLUX.1's kl:128:1.2.4.4:16:0.
The latent is held to the tolerance (relative L2): 1e-4 for float32, 1e-3 for KL, 2e-2 for bfloat16 (--cpu amx). So is
the gradient, but in a tiny encoder, where rounding gives one ReLU's input another sign than in PyTorch, the gradient
around that place rightly differs, by 1e-4 to 1e-2 of the whole; two float32 back ends of PyTorch differ from each other
by as much. Then what is left without the worst 5 % of the pixels is held to it, and the whole to a hundred times the
tolerance; the line says so.
Exits 1 over the tolerance and 77 where PyTorch, the judge or a model is missing.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

SKIPPED = 77


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("judge")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--sizes", default="64x64,256x320,512x512")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--cpu", default="amx")
    parser.add_argument("--threads", default="0")
    parser.add_argument("--time", type=int, default=0)
    parser.add_argument("--coarse", action="store_true")
    return parser.parse_args()


def test_picture(torch, width, height):
    """Smooth shapes plus noise: saturated and flat parts as in real pictures. (1, 3, H, W) in 0..1"""
    torch.manual_seed(width * 65536 + height)
    coarse = torch.rand(1, 3, max(height // 16, 1), max(width // 16, 1))
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)
    return (1.4 * smooth - 0.2 + 0.05 * torch.randn(1, 3, height, width)).clamp(0, 1)


def distance(torch, a, b, left_out=0.0):
    """Relative L2 distance of (1, C, H, W), without the share of pixels where they differ most"""
    squares = ((a.double() - b.double()) ** 2).sum(1).flatten().sort()[0]
    return float((squares[:int(len(squares) * (1 - left_out))].sum() / (b.double() ** 2).sum()) ** .5)


def run_vernis(options, model, x, latent_shape):
    import numpy as np
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, n) for n in ("rgb", "latent", "gradient")]
        x.numpy().tofile(names[0])
        command = [options.dump, model, str(x.shape[3]), str(x.shape[2]), *names, options.threads, options.cpu,
                   str(max(options.time, 1)), *["coarse"] * options.coarse]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        latent = np.fromfile(names[1], "<f4").reshape(latent_shape)
        gradient = np.fromfile(names[2], "<f4").reshape(x.shape)
    return latent, gradient, figures


def random_kl(torch, encoders, name, folder):
    """A KL encoder as kl:CHANNELS:MULTIPLES:Z:QUANT says, and the file that holds it"""
    channels, multiples, z, quant = name.split(":")[1:]
    torch.manual_seed(1)
    net = encoders.KLEncoder(int(channels), [int(m) for m in multiples.split(".")], int(z), quant=quant == "1")
    for key, value in net.state_dict().items():
        if "norm" in key:
            value.add_(.3 * torch.randn(value.shape))
    path = os.path.join(folder, name.replace(":", "_") + ".safetensors")
    encoders.write_safetensors(path, net.state_dict())
    return net, path


def compare(torch, options, net, model, has_relu):
    """Relative distances of every latent and gradient"""
    worst = []
    for size in options.sizes.split(","):
        width, height = map(int, size.split("x"))
        x = test_picture(torch, width, height).requires_grad_(True)
        times = []
        for _ in range(max(options.time, 1)):
            x.grad = None
            start = time.time()
            z = net(x)
            (z * z).sum().mul(.5).backward()
            times.append(time.time() - start)
        latent, gradient, figures = run_vernis(options, model, x.detach(), tuple(z.shape))
        errors = [distance(torch, torch.from_numpy(p), q) for p, q in ((latent, z.detach()), (gradient, x.grad))]
        line = f"{os.path.basename(model)} {size}: latent {errors[0]:.2e}, gradient {errors[1]:.2e}"
        if has_relu and options.tolerance < errors[1] <= 100 * options.tolerance:
            errors[1] = distance(torch, torch.from_numpy(gradient), x.grad, 0.05)
            line += f" (a sign differs; without the worst 5 % of pixels {errors[1]:.2e})"
        worst += errors
        if options.time:
            own = figures["seconds_forward"] + figures["seconds_backward"]
            peer = sorted(times)[len(times) // 2]
            line += (f"; {own:.3f} s ({figures['seconds_forward']:.3f} + {figures['seconds_backward']:.3f}) on "
                     f"{figures['cpu']}, {figures['blas']}, "
                     f"{figures['pass_bytes'] / 1e6:.0f} + {figures['weight_bytes'] / 1e6:.0f} MB, process "
                     f"{figures['process_bytes'] / 1e6:.0f} MB; PyTorch {peer:.3f} s, process "
                     f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-3:.0f} MB so far; {peer / own:.2f}x")
        print(line, flush=True)
    return worst


def main():
    options = arguments()
    if not os.path.exists(os.path.join(options.judge, "encoders.py")):
        return SKIPPED
    try:
        import torch
    except ImportError:
        return SKIPPED
    sys.path.insert(0, options.judge)
    import encoders
    worst, done = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name in options.models:
            if name.startswith("kl:"):
                net, model = random_kl(torch, encoders, name, folder)
            elif os.path.exists(name):
                net, model = encoders.load(name), name
            else:
                continue
            errors = compare(torch, options, net, model, not name.startswith("kl:"))
            worst, done = max(worst, *errors), done + 1
    if not done:
        return SKIPPED
    print(f"worst {worst:.2e}, tolerance {options.tolerance:.0e}")
    return int(not worst <= options.tolerance)


if __name__ == "__main__":
    sys.exit(main())
