"""The formula that both sides fill weights, images and labels with, so that no large file is committed.

test/golden/formula.ts is the same formula in TypeScript; fixtures/formula.golden.json holds values that both must give.
Everything is exact integer arithmetic modulo 2^32, then one float64 expression rounded once to float32:

    key   = FNV-1a(seed + "/" + name)                     32 bits, of the ASCII bytes
    hash  = mix(mix(i) xor key)                           mix: the finaliser of MurmurHash3 (Appleby)
    unit  = (floor(hash / 2^8) - 2^23) / 2^23             a multiple of 2^-23 in [-1, 1), exact in float32
    value = float32(offset + scale * unit)                float64 inside; scale is a float32, so the product is exact
"""

import math

import numpy as np

FORMULA_VERSION = 2


def fnv1a(text):
    """FNV-1a, 32 bits, of an ASCII string."""
    hash_ = 0x811C9DC5
    for byte in text.encode("ascii"):
        hash_ = ((hash_ ^ byte) * 0x01000193) & 0xFFFFFFFF
    return hash_


def mix(h):
    """MurmurHash3's 32-bit finaliser, on an array of uint32."""
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def hashes(seed, name, count):
    """The hashes of elements 0 ... count - 1 of a tensor: uint32 [count]."""
    indices = np.arange(count, dtype=np.uint32)
    return mix(mix(indices) ^ np.uint32(fnv1a(f"{seed}/{name}")))


def uniform(seed, name, shape, offset=0.0, scale=1.0):
    """float32 values in [offset - scale, offset + scale), the tensor's elements in row-major order."""
    count = math.prod(shape)
    units = ((hashes(seed, name, count) >> np.uint32(8)).astype(np.float64) - 2.0**23) / 2.0**23
    return (offset + np.float64(np.float32(scale)) * units).astype(np.float32).reshape(shape)


def labels(seed, name, count, classes):
    """int64 [count] in 0 ... classes - 1."""
    return (hashes(seed, name, count) % np.uint32(classes)).astype(np.int64)


def sample_indices(name, count, samples):
    """The elements of a tensor that a golden keeps: all of them where there are few, otherwise hashed ones."""
    if count <= samples:
        return np.arange(count)
    return (hashes("samples", name, samples) % np.uint32(count)).astype(np.int64)


def offset_and_scale(name, shape):
    """Where a parameter's or running statistic's values lie. None is 0 or 1 everywhere, so that nothing can be left out.

    Filters have the variance 2 / (inputs of a filter) that He et al. (2015) ask for: half-width sqrt(6 / inputs).
    The last scale of a bottleneck is small, as in trained networks: with strong branches, a ResNet-50 of random weights is
    chaotic and multiplies rounding errors by 50 on the way to the logits, so that a comparison would say little.
    """
    if name.endswith("running_mean"):
        return 0.0, 0.25
    if name.endswith("running_var"):
        return 1.0, 0.5
    if len(shape) == 4:
        return 0.0, math.sqrt(6.0 / math.prod(shape[1:]))
    if len(shape) == 2:
        return 0.0, math.sqrt(1.0 / shape[1])
    if name.endswith("bias"):
        return 0.0, 0.5
    if name.endswith("bn3.weight"):
        return 0.125, 0.0625
    return 0.5, 0.25


def calm_norm(seed, name, shape, closing):
    """Batch norms of a network in which no ReLU's input comes near 0, so that float32 takes every decision as float64 does.

    Scales are small (0.1) beside shifts (-1.5 ... -1 and 1 ... 1.5), so that a channel is open or closed as a whole. Those
    that enter an addition have shifts about 1: the sum is positive. That ReLUs decide by element is for other goldens.
    """
    if name.endswith("weight"):
        return uniform(seed, name, shape, 0.1, 0.05)
    if f"{closing}." in name or "downsample" in name:
        return uniform(seed, name, shape, 1.0, 0.25)
    values = uniform(seed, name, shape, 0.0, 0.5)
    return values + np.where(values >= 0, np.float32(1), np.float32(-1))  # one float32 addition, the same on both sides


def state_tensor(seed, name, shape, closing=""):
    """`closing` names the last batch norm of a block, where the network is to be calm."""
    if closing and len(shape) == 1 and name.endswith(("weight", "bias")) and not name.startswith("fc."):
        return calm_norm(seed, name, tuple(shape), closing)
    offset, scale = offset_and_scale(name, shape)
    return uniform(seed, name, tuple(shape), offset, scale)


def images(seed, step, shape):
    """The batch of a step, [N, C, H, W]: noise about a level of its own in each channel of each image."""
    level = uniform(seed, f"images.{step}.levels", (shape[0], shape[1], 1, 1))
    noise = uniform(seed, f"images.{step}", shape)
    return level + noise  # one float32 addition, the same on both sides
