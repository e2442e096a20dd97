"""Labelled speech in memory, and random crops of it.

A crop is a few frames at even distances, and all the sound their windows reach over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.data.filters import Selection
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.utterance import Utterance
from marotte.model.timing import STEP_SAMPLES, WindowSpec
from marotte.paths import cache_folder

LEAD_S = 0.4  # a crop may begin this long before its utterance does, and reach as far behind it


@dataclass(frozen=True)
class LabelledSpeech:
    """Utterances end to end, with one teacher's curves.

    Attributes:
        samples: 16 kHz sound of all utterances [n_samples], int16.
        curves: their curves [n_frames, n_controls], float16.
        first_sample: where each utterance begins in `samples` [n_utterances + 1].
        first_frame: where it begins in `curves` [n_utterances + 1].
        level: RMS of each utterance's speech [n_utterances].
        source: the source each comes from.
        fps: of the curves.
        names: the controls, in the order of the columns.
    """

    samples: NDArray[np.int16]
    curves: NDArray[np.float16]
    first_sample: NDArray[np.int64]
    first_frame: NDArray[np.int64]
    level: NDArray[np.float32]
    source: tuple[str, ...]
    fps: float
    names: tuple[str, ...]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """The length of each utterance [n_utterances]."""
        return np.diff(self.first_sample) / SAMPLE_RATE


@dataclass(frozen=True)
class Crops:
    """A batch of crops.

    Attributes:
        samples: [batch, n_samples] float32, undisturbed.
        targets: the teacher's curves [batch, n_frames, n_controls] float32.
        level: RMS of the speech each is cut from [batch].
    """

    samples: NDArray[np.float32]
    targets: NDArray[np.float32]
    level: NDArray[np.float32]


def load_speech(
    store: Store,
    teacher: str,
    split: str,
    names: tuple[str, ...],
    progress: Callable[[int, int], None] | None = None,
) -> LabelledSpeech:
    """All utterances of a split that a teacher has labelled.

    Args:
        store: the corpus.
        teacher: whose labels.
        split: `train`, `valid` or a test set's name.
        names: which controls to keep, in this order.
        progress: called with parts done and parts in all.

    Raises:
        MarotteError: there are none, they are by several versions of the teacher, or it does not
            give one of the controls.
    """
    store.version_of(teacher)  # refuses a mixture
    lengths, curves, levels, sources, fps = [0], [], [], [], 60.0
    parts = store.labelled_parts(teacher)
    with _spool() as spool:
        for done, part in enumerate(parts, start=1):
            labels = store.labels(teacher, part)
            columns = _columns(labels.names, names, teacher)
            fps = labels.fps
            wanted = {entry.id for entry in store.entries([part]) if split_of(entry) == split}
            for utterance in store.utterances([part], wanted & labels.curves.keys()):
                sound = at_16_khz(utterance)
                spool.write(np.int16(np.clip(sound, -1, 1) * 32767).tobytes())
                lengths.append(len(sound))
                curves.append(labels.curves[utterance.id][:, columns])
                levels.append(speech_level(sound))
                sources.append(utterance.source)
            if progress:
                progress(done, len(parts))
        if not curves:
            raise MarotteError(
                f"{store.folder} holds no {split!r} speech labelled by {teacher!r}: "
                "run `marotte corpus build` and `marotte label` first"
            )
        spool.flush()
        samples = np.memmap(spool, np.int16, "r")  # which keeps the file where it is closed
    return LabelledSpeech(
        samples=samples,
        curves=np.concatenate(curves),
        first_sample=np.cumsum(lengths),
        first_frame=np.cumsum([0, *map(len, curves)]),
        level=np.array(levels, np.float32),
        source=tuple(sources),
        fps=fps,
        names=names,
    )


def _spool() -> IO[bytes]:
    """A file that goes when nobody uses it any more, on a disk that has room for a corpus."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, prefix="speech-")


def _columns(given: Sequence[str], names: Sequence[str], teacher: str) -> list[int]:
    """The columns of the controls in what a teacher gives."""
    for name in names:
        if name not in given:
            raise MarotteError(f"teacher {teacher!r} gives no control {name!r}")
    return [given.index(name) for name in names]


def at_16_khz(utterance: Utterance) -> NDArray[np.float32]:
    """An utterance's sound at Marotte's rate."""
    import soxr

    if utterance.rate == SAMPLE_RATE:
        return utterance.samples
    return soxr.resample(utterance.samples, utterance.rate, SAMPLE_RATE)


def speech_level(samples: NDArray[np.float32]) -> float:
    """The RMS of the louder half of a sound's 20 ms blocks, so that pauses do not count."""
    n_blocks = max(1, len(samples) // STEP_SAMPLES)
    power = np.array([np.square(b).mean() for b in np.array_split(samples, n_blocks) if len(b)])
    return float(np.sqrt(np.sort(power)[len(power) // 2 :].mean())) if len(power) else 0.0


class CropSampler:
    """Draws crops: the same for the same seed and step, whatever was drawn before."""

    def __init__(
        self,
        speech: LabelledSpeech,
        window: WindowSpec,
        n_frames: int,
        mix: Mapping[str, float],
        speed: float,
        hop_length: int = STEP_SAMPLES,
        selection: Selection | None = None,
    ) -> None:
        self.speech, self.window, self.n_frames, self.speed = speech, window, n_frames, speed
        self.hop_length = hop_length
        selection = selection or Selection()
        absent_sources(speech, mix)
        if selection.sources and len(absent_sources(speech, selection.sources)) == len(
            set(selection.sources)
        ):
            raise MarotteError(
                f"the recipe hears {', '.join(selection.sources)} alone, of which this corpus has no "
                f"speech: there is {_sources(speech)}; take a corpus that has some, or change "
                "the recipe's sources"
            )
        weight = speech.seconds * np.array([mix.get(s, 1.0) for s in speech.source])
        self.chance = np.cumsum(weight * _chosen(speech, selection))
        self.chance /= self.chance[-1]

    def draw(self, batch: int, seed: int, step: int) -> Crops:
        """A batch of crops at random places of random utterances, at random speeds."""
        random = np.random.default_rng((seed, step))
        speech, k = self.speech, self.n_frames
        shift_s = self.hop_length / SAMPLE_RATE
        chosen = np.minimum(
            np.searchsorted(self.chance, random.random(batch)), len(speech.level) - 1
        )
        rate = np.exp(random.uniform(-1, 1, batch) * np.log1p(self.speed))
        length_s = speech.seconds[chosen]
        span_s = (k - 1) * shift_s * rate
        start_s = random.uniform(-LEAD_S, np.maximum(length_s + LEAD_S - span_s, 0))
        n = self.window.n_samples + (k - 1) * self.hop_length
        offset = np.arange(n) - self.window.past_samples
        place = start_s[:, None] * SAMPLE_RATE + offset * rate[:, None]
        samples = _interpolate(speech.samples, speech.first_sample, chosen, place, beyond=0)
        time_s = start_s[:, None] + np.arange(k) * shift_s * rate[:, None]
        targets = _interpolate(speech.curves, speech.first_frame, chosen, time_s * speech.fps)
        return Crops(samples / np.float32(32768), targets, speech.level[chosen])


def absent_sources(speech: LabelledSpeech, names: Iterable[str]) -> list[str]:
    """Those of some sources of which there is no speech: a corpus is built of what one has.

    Raises:
        MarotteError: one is the name of no source at all.
    """
    lacking = sorted(set(names) - set(speech.source))
    if unknown := sorted(set(lacking) - set(plugins.names(plugins.CORPORA))):
        raise MarotteError(
            f"the recipe names the source {unknown[0]!r}, of which there is no speech: "
            f"there is {_sources(speech)}"
        )
    return lacking


def _sources(speech: LabelledSpeech) -> str:
    return ", ".join(sorted(set(speech.source)))


def _chosen(speech: LabelledSpeech, selection: Selection) -> NDArray[np.bool_]:
    """Which utterances belong to a part of the speech [n_utterances]."""
    chosen = np.isin(speech.source, selection.sources or list(set(speech.source)))
    if selection.minutes:
        order = np.random.default_rng(0).permutation(len(chosen))
        before = np.cumsum((speech.seconds * chosen)[order]) - speech.seconds[order]
        chosen[order[before > 60 * selection.minutes]] = False
    return chosen


def _interpolate(
    values: NDArray[np.generic],
    first: NDArray[np.int64],
    chosen: NDArray[np.int64],
    place: NDArray[np.float64],
    beyond: float | None = None,
) -> NDArray[np.float32]:
    """Values of chosen rows at fractional places [batch, n], linearly.

    Outside a row stands `beyond`, or its first or last value where that is None.
    """
    last = np.diff(first)[chosen][:, None] - 1
    inside = np.clip(place, 0, last)
    low = np.floor(inside).astype(np.int64)
    share = (inside - low).astype(np.float32)
    index = first[chosen][:, None] + low
    after = first[chosen][:, None] + np.minimum(low + 1, last)
    if values.ndim > 1:
        share = share[..., None]
    result = values[index].astype(np.float32) * (1 - share)
    result += values[after].astype(np.float32) * share
    if beyond is not None:
        result[(place < 0) | (place > last)] = beyond
    return result
