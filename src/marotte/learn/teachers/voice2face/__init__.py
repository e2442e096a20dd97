"""Voice2Face (Villanueva Aylagas et al. 2022), the paper's teacher: speech in, curves out.

A speech encoder hears the whole utterance, the decoder of a conditional variational autoencoder
makes meshes of what it says, and Mesh2Rig makes controls of the meshes. It needs no phones and no
text. `marotte teach` trains one; its run folder is what this opens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52, Rig
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.teachers import Teacher
from marotte.learn.teachers.encoders import open_encoder
from marotte.learn.utterance import Utterance
from marotte.paths import cache_folder

NAME = "voice2face"
BATCH_CLIPS = 64  # windows that are encoded at a time, where the context is limited


class Voice2FaceTeacher(Teacher):
    """A trained Voice2Face.

    Args:
        run: the run's folder, as `marotte teach` says it; by default the run `voice2face` in
            Marotte's cache folder.
        context_ms: where given, each frame is heard by a window of this length about it alone,
            as in the paper's section 4.6.1, and not by the whole utterance.

    Raises:
        MarotteError: there is no such run, or its encoder is missing or is another than it was
            trained with.
    """

    fps: float = 30.0
    rig: Rig = ARKIT_52
    needs_phones = False

    def __init__(self, run: Path | None = None, context_ms: int | None = None) -> None:
        from marotte.learn.teachers.voice2face.decoder import CONTEXT_BINS
        from marotte.learn.teachers.voice2face.model import restore
        from marotte.learn.train import checkpoint

        path = (run or cache_folder() / "runs" / NAME) / checkpoint.FILE
        if not path.is_file():
            raise MarotteError(
                f"there is no trained Voice2Face in {path.parent}: run `marotte teach` first, "
                "or name its run's folder, as in --teacher voice2face:FOLDER"
            )
        state = checkpoint.read(path)
        self.net = restore(state, str(path))
        choice = self.net.recipe.encoder
        self.encoder = open_encoder(choice.model, choice.layer)
        if self.encoder.weights != state["provenance"]["weights"]:
            raise MarotteError(
                f"the weights of {choice.model} are not those that {path.parent} was trained with: "
                "bring those back, or train it anew under another name"
            )
        self.context_ms = context_ms
        least_ms = 1000 * (2 * CONTEXT_BINS) // 60
        if context_ms is not None and context_ms < least_ms:
            raise MarotteError(
                f"Voice2Face decodes windows of {least_ms} ms, so its context can't be "
                f"{context_ms} ms: give at least that"
            )
        suffix = f"-{context_ms}ms" if context_ms else ""
        self.name = self.net.recipe.name + suffix
        self.version = self.net.version() + suffix
        self.provenance: Mapping[str, Any] = {
            **state["provenance"],
            "recipe": asdict(self.net.recipe),
            "context_ms": context_ms,
        }

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """The face at k / 30 seconds: controls [n_frames, 52]."""
        from marotte.learn.teachers.voice2face.examples import n_frames

        samples = at_16_khz(utterance)
        count = n_frames(utterance.seconds)
        with torch.inference_mode():
            if self.context_ms:
                found = self._by_windows(samples, count)
            else:
                features = torch.from_numpy(self.encoder.encode(samples))
                found = self.net.controls(features, self.encoder.first_s, count)
        controls = self.rig.neutral(count)
        columns = [self.rig.index[name] for name in self.net.face.names]
        controls[:, columns] = found.numpy()
        return controls

    def _by_windows(self, samples: NDArray[np.float32], count: int) -> torch.Tensor:
        """Controls [n_frames, n_controls], each frame heard by its own window."""
        from marotte.learn.teachers.voice2face.examples import window_bins

        assert self.context_ms
        half = self.context_ms * SAMPLE_RATE // 2000
        starts = np.rint(np.arange(count) * SAMPLE_RATE / self.fps).astype(np.int64)
        missing = max(0, int(starts[-1]) + half - len(samples))
        padded = functional.pad(torch.from_numpy(samples), (half, missing))
        windows = padded.unfold(0, 2 * half, 1)
        heard = []
        for batch in torch.from_numpy(starts).split(BATCH_CLIPS):
            features = self.encoder.features(windows[batch].contiguous())
            bins = window_bins(features, self.encoder.first_s - half / SAMPLE_RATE)
            heard.append(self.net.decoder.encode_windows(bins)[:, 0])
        return self.net.controls_of_windows(torch.cat(heard))


def open_teacher(rest: str, curves: Sequence[Path]) -> Voice2FaceTeacher | None:
    """The teacher of the name `voice2face[:RUN][@MS]`; None where it is another name."""
    found = re.fullmatch(r"(?::(?P<run>.+?))?(?:@(?P<context_ms>\d+))?", rest)
    if not found:
        return None
    run, context_ms = found["run"], found["context_ms"]
    return Voice2FaceTeacher(Path(run) if run else None, int(context_ms) if context_ms else None)
