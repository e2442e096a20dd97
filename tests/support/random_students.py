"""Students with random weights, for tests of the C library: fast, since no ONNX file is written."""

import numpy as np
import torch

from marotte.device.mrt import records_of
from marotte.face.rig import ARKIT_52
from marotte.learn.export.onnx import contract_of
from marotte.learn.models.student import StudentConfig, StudentNet

NAMES = ("jawOpen", "mouthClose", "mouthFunnel")


def random_student(channels=16, frontend="mel", *, lookahead_ms=128, seed=1, **options):
    """Return a network whose controls move with the sound."""
    torch.manual_seed(seed)
    config = StudentConfig(channels, lookahead_ms, NAMES, frontend, norm="step", **options)
    net = StudentNet(config).eval()
    with torch.no_grad():  # random weights alone would leave the controls nearly still
        for weights in net.parameters():
            if weights.dim() > 1:
                weights *= 2
        net.output.bias += 0.5
    return net


def contract(net):
    """Return the contract of a network's file."""
    return contract_of(net, name="s", version="1", rig="arkit52", teacher="none", licence="MIT")


def random_records(net, *, int8=False):
    """Return the records of a network's .mrt file."""
    weights = {name: values.numpy() for name, values in net.state_dict().items()}
    if net.config.frontend == "mel":
        for name in ("cosine", "sine", "bands"):
            weights[f"frontend.{name}"] = getattr(net.frontend, name).numpy()
    return records_of(contract(net), weights, net.n_steps, int8=int8)


def expected_frames(net, samples, smoothing=(0, 0)):
    """Return the frames [n, 52] of a sound at 16 kHz, each from its whole window."""
    behind, ahead = smoothing
    window = net.config.window
    n = max(1, int(np.ceil(len(samples) * 60 / 16_000 - 1e-9)))
    moments = np.rint(np.arange(-behind, n + ahead) * 16_000 / 60).astype(int)
    before = window.past_samples + 5000
    padded = np.concatenate([np.zeros(before), samples, np.zeros(window.n_samples + 5000)])
    starts = moments - window.past_samples + before
    windows = np.stack([padded[start : start + window.n_samples] for start in starts])
    predictions = predict(net, windows)
    k = behind + 1 + ahead
    means = np.mean([predictions[i : i + n] for i in range(k)], axis=0)
    rest = predict(net, np.zeros((1, window.n_samples)))
    return closed(in_rig(means), in_rig(rest), n_closing(net, len(samples), moments[k - 1 :]))


def predict(net, windows):
    """Return the controls of windows."""
    with torch.no_grad():
        return net(torch.from_numpy(windows.astype(np.float32))).controls.numpy()


def in_rig(controls):
    """Return controls as those of ARKit's rig."""
    frames = ARKIT_52.neutral(len(controls))
    frames[:, [ARKIT_52.index[name] for name in NAMES]] = controls
    return ARKIT_52.clamp(frames)


def n_closing(net, n_samples, last_moments):
    """Return how many of the last nine frames need samples after the end."""
    steps = (net.n_steps - 1) * 320 + net.frontend.receptive_field_samples
    needed = last_moments[-9:] + steps - net.config.window.past_samples
    return int((needed > n_samples).sum())


def closed(frames, rest, n):
    """Return the frames; the last n of them come to rest."""
    left = np.arange(n - 1, -1, -1)[:, None] / max(n, 1)
    shares = left * left * (3 - 2 * left)
    last = frames[len(frames) - n :]
    return np.concatenate([frames[: len(frames) - n], rest + shares * (last - rest)])
