"""Philox 4x32-10 (Salmon et al. 2011), for the masks of dropout: the same bits as src/base/philox.ts makes."""

import numpy as np

DROPOUT = 4  # the purpose, the second half of the key; src/base/philox.ts


def philox4x32(key, counters):
    """uint32 [blocks, 4] for a key of two numbers and counters, uint32 [blocks, 4]."""
    c = [column.astype(np.uint64) for column in counters.T]
    k0, k1 = np.uint64(key[0]), np.uint64(key[1])
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        first, second = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(second >> np.uint64(32)) ^ c[1] ^ k0, second & low, (first >> np.uint64(32)) ^ c[3] ^ k1, first & low]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return np.stack(c, axis=1).astype(np.uint32)


def keep(seed, stream, step, count, rate):
    """1 where an element is kept, 0 where it is dropped: element i by number i mod 4 of block i // 4."""
    blocks = -(-count // 4)
    counters = np.zeros((blocks, 4), dtype=np.uint32)
    counters[:, 0], counters[:, 2], counters[:, 3] = np.arange(blocks), stream, step
    numbers = philox4x32((seed, DROPOUT), counters).reshape(-1)[:count]
    return (numbers >= rate * 2**32).astype(np.float64)
