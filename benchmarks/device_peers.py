"""Other programs beside the C library, from packages of npm and PyPI."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ORT_WEB, WLIPSYNC, RNNOISE = "onnxruntime-web@1.22.0", "wlipsync@1.3.1", "pyrnnoise==0.4.5"
RATE = 16_000
HERE = Path(__file__).parent


def from_npm(package: str, folder: Path) -> Path:
    """Install a package of npm; return its folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("--peers needs npm: install Node.js, or leave out --peers")
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
    subprocess.run([*install, package], check=True)
    return folder / "node_modules" / package.rpartition("@")[0]


def print_peers(folder: Path, speech: NDArray[np.float32]) -> None:
    """Print the times of programs with other tasks, as yardsticks.

    Args:
        folder: where packages are installed.
        speech: sound at 16 kHz; they get it at 48 kHz.
    """
    print("others, per 16.7 ms of sound at 48 kHz")
    print(f"  wLipSync in Node, visemes by MFCC: {_wlipsync(folder, speech):.0f} µs")
    print(f"  RNNoise, a denoiser in C: {_rnnoise(folder, speech):.0f} µs")


def _wlipsync(folder: Path, speech: NDArray[np.float32]) -> float:
    sound = folder / "speech.f32"
    speech.tofile(sound)
    command = ["node", HERE / "device_peers.mjs", from_npm(WLIPSYNC, folder), sound]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _rnnoise(folder: Path, speech: NDArray[np.float32]) -> float:
    target = folder / "rnnoise"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target]
    subprocess.run([*install, RNNOISE], check=True)
    endings = (".so", ".dylib", ".dll")
    files = (path for path in target.rglob("*rnnoise*") if path.suffix in endings)
    library = ctypes.CDLL(str(next(files)))
    library.rnnoise_create.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.rnnoise_create(None))
    sound = np.repeat(speech[RATE : 2 * RATE] * np.float32(32768), 3)
    out, best = np.zeros(480, np.float32), float("inf")
    for frame in np.split(sound, 100):  # 10 ms
        to, samples = ctypes.c_void_p(out.ctypes.data), ctypes.c_void_p(frame.ctypes.data)
        before = time.thread_time()
        library.rnnoise_process_frame(state, to, samples)
        best = min(best, time.thread_time() - before)
    return 1e6 * best * 1000 / 60 / 10
