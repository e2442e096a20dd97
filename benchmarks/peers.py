"""How well others close the lips: the same speech and the same measure for all.

    python benchmarks/peers.py CORPUS --openlipsync model.onnx --headaudio

OpenLipSync's model is in its releases and in the add-on godot-openlipsync; HeadAudio is installed
from npm. Both give visemes, not a lip gap. Lips count as the more closed the likelier the viseme PP
(p, b, m) is, or PP or silence, whichever suits a program better; so does the delay by which its
visemes are moved, up to 100 ms, and whether features are normalised by frame or by utterance.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np
from corpus import utterances
from device_peers import from_npm
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.measure.predictors import open_student
from marotte.learn.metrics import Closures, closures, pool
from marotte.learn.utterance import Utterance
from marotte.model.session import student_path
from marotte.model.weights import read_weights

Array = NDArray[np.float32]
Variants = dict[str, Array]
"""By the name of a way to read a program's output: how open the lips are [n_frames at 60 Hz]."""

FPS = 60
SPLITS = ("test_clean", "test_other")
STUDENT_NAMES = ("live", "offline", "tiny")
FALSE = (0.02, 0.05)  # shares of open vowels
DELAYS = range(7)  # frames
HEADAUDIO = "@met4citizen/headaudio@0.1.0"
HERE = Path(__file__).parent
SILENCE, PP = 0, 1  # outputs of OpenLipSync
HOP_S, WINDOW, FFT, BANDS = 0.01, 400, 1024, 80


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--openlipsync", type=Path, metavar="ONNX")
    parser.add_argument("--headaudio", action="store_true")
    parser.add_argument("--minutes", type=float, metavar="M", help="at most M of each test set")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        programs: dict[str, Program] = {name: Ours(name) for name in STUDENT_NAMES}
        if options.openlipsync:
            programs["OpenLipSync"] = OpenLipSync(options.openlipsync)
        if options.headaudio:
            programs["HeadAudio"] = HeadAudio(from_npm(HEADAUDIO, Path(folder)))
        print("program       weights  test set     AUC     closed at 2, 5 % false  read by")
        for label, program in programs.items():
            for split in SPLITS:
                print_row(label, program, split, options.corpus, options.minutes)


class Program(Protocol):
    """What moves lips.

    Attributes:
        n_weights: the numbers that were learnt.
    """

    n_weights: int

    def __call__(self, utterance: Utterance) -> Variants:
        """Return the readings of an utterance."""
        ...


def print_row(
    label: str,
    program: Program,
    split: str,
    corpus: Path,
    minutes: float | None,
) -> None:
    """Print the figures of a program on a test set, read in the way that suits it best."""
    read: dict[str, list[Closures]] = {}
    for utterance in utterances(corpus, split, minutes):
        for name, openness in program(utterance).items():
            read.setdefault(name, []).append(closures(openness, FPS, utterance.phones))
    pooled = {name: pool(each) for name, each in read.items()}
    best = max(pooled, key=lambda name: pooled[name].auc)
    figures = pooled[best]
    shares = [100 * figures.pbm_at(figures.threshold_mm(false)) for false in FALSE]
    print(
        f"{label:12} {program.n_weights:8}  {split:11}  {figures.auc:.4f} {shares[0]:9.1f} % "
        f"{shares[1]:6.1f} %     {best}",
        flush=True,
    )


class Ours:
    """One of Marotte's students: the lip gap in mm."""

    def __init__(self, name: str) -> None:
        self._head, (_, self._predict) = load_head(), open_student(name, smooth=True)
        weights = read_weights(student_path(name))
        learnt = [each for key, each in weights.items() if key.endswith(("weight", "bias"))]
        self.n_weights = sum(each.size for each in learnt)

    def __call__(self, utterance: Utterance) -> Variants:
        """Return the lip gap of an utterance."""
        controls = np.asarray(self._predict(utterance))
        return {"lip gap": self._head.lip_gap(controls, ARKIT_52.names)}


def readings(times_s: Array, scores: dict[str, Array], seconds: float) -> Variants:
    """Return openness at 60 Hz from scores of closed lips at some times, at each delay."""
    frames = np.arange(int(seconds * FPS)) / FPS
    return {
        f"{name}, {1000 * delay / FPS:.0f} ms": -np.interp(frames + delay / FPS, times_s, score)
        for name, score in scores.items()
        for delay in DELAYS
    }


class OpenLipSync:
    """The network and the features of OpenLipSync (MIT): 15 visemes, 100 times per second."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options)
        self._input = self._session.get_inputs()[0].name
        self.n_weights = model.stat().st_size // 4
        hertz = 700 * (10 ** (np.linspace(*_mel(np.array([50, 8000.0])), BANDS + 2) / 2595) - 1)
        edges = (FFT + 1) * hertz / SAMPLE_RATE
        bins = np.arange(FFT // 2 + 1)[:, None]
        rise = (bins - edges[:-2]) / np.diff(edges)[:-1]
        fall = (edges[2:] - bins) / np.diff(edges)[1:]
        self._bands = np.maximum(0, np.minimum(rise, fall)).astype(np.float32)

    def __call__(self, utterance: Utterance) -> Variants:
        """Return the readings of an utterance."""
        sound = at_16_khz(utterance)
        hop = int(HOP_S * SAMPLE_RATE)
        padded = np.concatenate([np.zeros(WINDOW - hop, np.float32), sound])
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::hop]
        power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), FFT)) ** 2
        level = 10 * np.log10(np.maximum(power @ self._bands, 1e-10))
        times_s = HOP_S * (1 + np.arange(len(level)))  # a hop is whole then
        scores = {}
        for how, axis in (("by frame", 1), ("by utterance", None)):
            spread = np.maximum(level.std(axis, keepdims=True), 1e-8)
            features = ((level - level.mean(axis, keepdims=True)) / spread).astype(np.float32)
            logits = self._session.run(None, {self._input: features[None]})[0][0]
            scores[f"PP {how}"] = logits[:, PP]
            scores[f"PP or silence {how}"] = logits[:, [SILENCE, PP]].max(1)
        return readings(times_s, scores, len(sound) / SAMPLE_RATE)


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595 * np.log10(1 + hertz / 700)


class HeadAudio:
    """HeadAudio (MIT): Gaussian prototypes of 15 visemes on MFCCs, in Node."""

    def __init__(self, package: Path) -> None:
        command = ["node", str(HERE / "peers.mjs"), str(package)]
        self.n_weights = (package / "dist" / "model-en-mixed.bin").stat().st_size // 4
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, utterance: Utterance) -> Variants:
        """Return the readings of an utterance."""
        sound = at_16_khz(utterance)
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(np.uint32(len(sound)).tobytes() + sound.astype("<f4").tobytes())
        self._node.stdin.flush()
        times_s, pp, silence = np.array(json.loads(self._node.stdout.readline())).T
        scores = {"PP": pp, "PP or silence": np.maximum(pp, silence)}
        return readings(times_s, scores, len(sound) / SAMPLE_RATE)


if __name__ == "__main__":
    main()
