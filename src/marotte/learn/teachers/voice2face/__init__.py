"""Voice2Face (Villanueva Aylagas et al. 2022), the paper's teacher: speech in, curves out.

A speech encoder turns the whole utterance into features. The decoder of a conditional variational
autoencoder turns the features into meshes, and Mesh2Rig turns the meshes into controls. The teacher
needs no phones and no text. `marotte teach` trains it; this package opens the folder of a run.
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
from marotte.learn.data.labels import frame_count
from marotte.learn.teachers import Teacher
from marotte.learn.teachers.encoders import PROSODY, open_encoder
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.phonetic import PhoneticTeacher
from marotte.learn.teachers.voice2face.contacts import hold_contacts
from marotte.learn.teachers.voice2face.recipe import TeachRecipe
from marotte.learn.teachers.voice2face.shapes import Articulated, shape
from marotte.learn.utterance import Utterance
from marotte.paths import cache_folder

NAME = "voice2face"
BATCH_CLIPS = 64  # windows per encoder call, with a limited context


class Voice2FaceTeacher(Teacher):
    """Labels speech with a trained Voice2Face network.

    Args:
        run: folder of the training run; the run `voice2face` in Marotte's cache folder by
            default.
        context_ms: if given, the encoder sees only a window of this length around each frame, as
            in the paper's section 4.6.1, instead of the whole utterance.

    Raises:
        MarotteError: there is no such run, its encoder is missing, or the encoder's weights differ
            from those of the training.
    """

    rig: Rig = ARKIT_52
    needs_phones = False

    def __init__(self, run: Path | None = None, context_ms: int | None = None) -> None:
        from marotte.learn.teachers.voice2face.decoder import CONTEXT_BINS
        from marotte.learn.teachers.voice2face.model import restore
        from marotte.learn.train import checkpoint

        path = (run or cache_folder() / "runs" / NAME) / checkpoint.CHECKPOINT_FILE
        if not path.is_file():
            raise MarotteError(
                f"there is no trained Voice2Face in {path.parent}: run `marotte teach` first, "
                "or give the folder of a run, as in --teacher voice2face:FOLDER"
            )
        state = checkpoint.read_checkpoint(path)
        self.net = restore(state, str(path))
        config = self.net.recipe.encoder
        self.encoder = open_encoder(config.model, config.layer)
        self.cache = FeatureCache(self.encoder)
        with checkpoint.damage_refused(path):
            provenance = dict(state["provenance"])
            weights = provenance["weights"]
        if self.encoder.weights != weights:
            raise MarotteError(
                f"the weights of {config.model} differ from those that {path.parent} was trained "
                "with: install the old weights, or train again under another name"
            )
        self.context_ms = context_ms
        min_context_ms = 1000 * (2 * CONTEXT_BINS) // 60
        if context_ms is not None and context_ms < min_context_ms:
            raise MarotteError(
                f"the context must be at least {min_context_ms} ms, the window of Voice2Face's "
                f"decoder, got {context_ms} ms"
            )
        if context_ms and config.model.endswith(PROSODY):
            raise MarotteError(
                f"{path.parent} uses prosody, which is relative to the whole utterance: give no "
                f"context, got @{context_ms}"
            )
        self.fps = float(self.net.recipe.output.fps)
        suffix = f"-{context_ms}ms" if context_ms else ""
        self.name = self.net.recipe.name + suffix
        self.version = self.net.version() + _rules(self.net.recipe) + suffix
        self.provenance: Mapping[str, Any] = {
            **provenance,
            "recipe": asdict(self.net.recipe),
            "context_ms": context_ms,
        }

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the face at k / fps seconds: controls [n_frames, 52]."""
        samples = at_16_khz(utterance)
        n_frames = frame_count(utterance.seconds, self.fps)
        with torch.inference_mode():
            if self.context_ms:
                predicted = self._by_windows(samples, n_frames)
            else:
                features = torch.from_numpy(self.cache.encode(samples, keep=False))
                predicted = self._by_phases(features, n_frames)
        controls = self.rig.neutral(n_frames)
        columns = [self.rig.index[name] for name in self.net.face.names]
        controls[:, columns] = predicted.numpy()
        return self._by_rules(utterance, controls)

    def _by_rules(self, utterance: Utterance, controls: NDArray[np.float32]) -> NDArray[np.float32]:
        """Apply the rules of the table `[output]` to predicted controls [n_frames, 52]."""
        output = self.net.recipe.output
        if not output.shapes and not (output.contacts and utterance.phones):
            return controls
        spoken = Articulated.of(utterance)
        if spoken is None:
            return controls
        if output.shapes:
            controls = shape(spoken, controls)
        if output.contacts and not spoken.recognised:
            controls = hold_contacts(controls, spoken.articulations, self.fps)
        return controls

    def _by_phases(self, features: torch.Tensor, n_frames: int) -> torch.Tensor:
        """Return controls [n_frames, n_controls]; at 60 fps, odd frames are those 1/60 s later."""
        from marotte.learn.teachers.voice2face.decoder import FPS

        n_phases = round(self.fps / FPS)
        counts = [len(range(phase, n_frames, n_phases)) for phase in range(n_phases)]
        phases = [
            self.net.controls(features, self.encoder.first_s - phase / self.fps, count)
            for phase, count in enumerate(counts)
        ]
        result = phases[0].new_zeros(n_frames, phases[0].shape[1])
        for phase, controls in enumerate(phases):
            result[phase::n_phases] = controls
        return result

    def _by_windows(self, samples: NDArray[np.float32], n_frames: int) -> torch.Tensor:
        """Return controls [n_frames, n_controls]; each frame's window is encoded separately."""
        from marotte.learn.teachers.voice2face.examples import window_bins

        assert self.context_ms
        half = self.context_ms * SAMPLE_RATE // 2000
        starts = np.rint(np.arange(n_frames) * SAMPLE_RATE / self.fps).astype(np.int64)
        missing = max(0, int(starts[-1]) + half - len(samples))
        padded = functional.pad(torch.from_numpy(samples), (half, missing))
        windows = padded.unfold(0, 2 * half, 1)
        encoded = []
        for batch in torch.from_numpy(starts).split(BATCH_CLIPS):
            features = self.encoder.features(windows[batch].contiguous())
            bins = window_bins(features, self.encoder.first_s - half / SAMPLE_RATE)
            encoded.append(self.net.decoder.encode_windows(bins)[:, 0])
        return self.net.controls_of_windows(torch.cat(encoded))


def _rules(recipe: TeachRecipe) -> str:
    """Return the part of the version that says which rules are applied to the predictions."""
    used = recipe.output.shapes or recipe.output.contacts
    return f"-phonetic{PhoneticTeacher.version}" if used else ""


def open_teacher(suffix: str, curves: Sequence[Path]) -> Voice2FaceTeacher | None:
    """Open `voice2face[:RUN][@MS]`, given the name after `voice2face`; None for other names."""
    match = re.fullmatch(r"(?::(?P<run>.+?))?(?:@(?P<context_ms>\d+))?", suffix)
    if not match:
        return None
    run, context_ms = match["run"], match["context_ms"]
    return Voice2FaceTeacher(Path(run) if run else None, int(context_ms) if context_ms else None)
