"""Files of vertices of a small synthetic mesh."""

import numpy as np

N_VERTICES, UPPER, LOWER = 40, 3, 7


def motion(n_frames, seed, rank=3, noise_mm=0.0):
    """Return vertices [n_frames, 120] that start at rest and move in three directions."""
    same, random = np.random.default_rng(0), np.random.default_rng(seed)
    rest = same.uniform(-50, 50, 3 * N_VERTICES)
    directions = same.standard_normal((rank, 3 * N_VERTICES)) * np.array([[5], [2], [0.5]])[:rank]
    time = np.linspace(0, 1, n_frames)[:, None]
    weights = np.sin(2 * np.pi * time * random.uniform(1, 5, rank)) ** 2
    noise = noise_mm * random.standard_normal((n_frames, 3 * N_VERTICES))
    return (rest + weights @ directions + noise).astype(np.float32)


def write_files(folder):
    """Write four files of vertices in metres; return their paths."""
    paths = [folder / "capture" / f"{n}.npy" for n in range(4)]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        np.save(path, motion(60, number, noise_mm=1e-3).reshape(60, N_VERTICES, 3) / 1000)
    return paths
