"""Labelled speech from a corpus in, random training crops out.

A crop is a few equally spaced frames and the sound that their windows cover.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.data.filters import Selection
from marotte.learn.data.rest import RestTimes
from marotte.learn.data.store import Store
from marotte.learn.speech.sound_files import to_16_khz
from marotte.learn.utterance import Utterance
from marotte.model.timing import STEP_SAMPLES, WindowSpec
from marotte.paths import cache_folder
from marotte.progress import Progress

LEAD_S = 0.4  # a crop may start this long before its utterance and end this long after it


@dataclass(frozen=True)
class LabelledSpeech:
    """Concatenated utterances with one teacher's curves.

    Attributes:
        samples: 16 kHz sound of all utterances [n_samples], int16.
        curves: curves of all utterances [n_frames, n_controls], float16.
        first_sample: start of each utterance in `samples`, and their end [n_utterances + 1].
        first_frame: start of each utterance in `curves`, and their end [n_utterances + 1].
        level: RMS of each utterance's speech [n_utterances].
        source: source of each utterance.
        language: language of each utterance (ISO 639-1 code).
        fps: frames per second of the curves.
        names: the controls, one per column of `curves`.
    """

    samples: NDArray[np.int16]
    curves: NDArray[np.float16]
    first_sample: NDArray[np.int64]
    first_frame: NDArray[np.int64]
    level: NDArray[np.float32]
    source: tuple[str, ...]
    language: tuple[str, ...]
    fps: float
    names: tuple[str, ...]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Duration of each utterance [n_utterances]."""
        return np.diff(self.first_sample) / SAMPLE_RATE


@dataclass(frozen=True)
class Crops:
    """A batch of crops.

    Attributes:
        samples: clean sound [batch, n_samples] float32.
        targets: the teacher's curves [batch, n_frames, n_controls] float32.
        level: RMS of the speech of each crop's utterance [batch].
    """

    samples: NDArray[np.float32]
    targets: NDArray[np.float32]
    level: NDArray[np.float32]


def load_speech(
    store: Store,
    teacher: str,
    split: str,
    names: tuple[str, ...],
    progress: Progress | None = None,
) -> LabelledSpeech:
    """Load all utterances of a split that a teacher has labelled.

    Args:
        store: the corpus.
        teacher: name of the teacher that made the labels.
        split: `train`, `valid` or the name of a test set.
        names: the controls to load, in this order.
        progress: called with the number of parts done and of all parts.

    Raises:
        MarotteError: there are no such utterances, the labels are by several versions of the
            teacher, or one of the controls is missing from the labels.
    """
    store.version_of(teacher)  # raises if the labels are by several versions
    lengths, curves, levels, sources, languages, fps = [0], [], [], [], [], 60.0
    parts = store.labelled_parts(teacher)
    splits = store.splits(announce=split == "valid")
    with _temporary_file() as file:
        for done, part in enumerate(parts, start=1):
            labels = store.labels(teacher, part)
            columns, fps = _columns(labels.names, names, teacher), labels.fps
            ids = {each.id for each in store.entries([part]) if splits.of(each) == split}
            for utterance in store.utterances([part], ids & labels.curves.keys()):
                sound = at_16_khz(utterance)
                file.write(np.int16(np.clip(sound, -1, 1) * 32767).tobytes())
                lengths.append(len(sound))
                curves.append(labels.curves[utterance.id][:, columns])
                levels.append(speech_level(sound))
                sources.append(utterance.source)
                languages.append(utterance.language)
            if progress:
                progress(done, len(parts))
        if not curves:
            raise _no_speech(store, split, teacher)
        file.flush()
        samples = np.memmap(file, np.int16, "r")  # the map keeps the closed file on disk
    return LabelledSpeech(
        samples=samples,
        curves=np.concatenate(curves),
        first_sample=np.cumsum(lengths),
        first_frame=np.cumsum([0, *map(len, curves)]),
        level=np.array(levels, np.float32),
        source=tuple(sources),
        language=tuple(languages),
        fps=fps,
        names=names,
    )


def _no_speech(store: Store, split: str, teacher: str) -> MarotteError:
    return MarotteError(
        f"{store.folder} holds no {split!r} speech labelled by {teacher!r}: "
        "run `marotte corpus build` and `marotte label` first"
    )


def _temporary_file() -> IO[bytes]:
    """Open a file that is deleted once unused, in the cache folder: a corpus may not fit /tmp."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, prefix="speech-")


def _columns(labelled: Sequence[str], names: Sequence[str], teacher: str) -> list[int]:
    """Return the columns of the controls `names` among a teacher's controls `labelled`."""
    for name in names:
        if name not in labelled:
            raise MarotteError(f"the labels of the teacher {teacher!r} lack the control {name!r}")
    return [labelled.index(name) for name in names]


def at_16_khz(utterance: Utterance) -> NDArray[np.float32]:
    """Return an utterance's sound at 16 kHz."""
    return to_16_khz(utterance.samples, utterance.rate)


def speech_level(samples: NDArray[np.float32]) -> float:
    """Return the RMS of the louder half of a sound's 20 ms blocks, so that pauses do not count.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.data.dataset import speech_level
        >>> sound = np.concatenate([np.full(16_000, 0.5, np.float32), np.zeros(16_000, np.float32)])
        >>> speech_level(sound)
        0.5
    """
    if not len(samples):
        return 0.0
    n_blocks = max(1, len(samples) // STEP_SAMPLES)
    ends = np.linspace(0, len(samples), n_blocks + 1).astype(np.intp)
    power = np.add.reduceat(np.square(samples, dtype=np.float64), ends[:-1]) / np.diff(ends)
    return float(np.sqrt(np.sort(power)[n_blocks // 2 :].mean()))


class CropSampler:
    """Draws random crops; the crops depend only on the seed and the step.

    Args:
        speech: the labelled speech.
        window: samples that the student sees per frame.
        n_frames: frames per crop.
        mix: weight per source; 1 for sources that are not listed.
        speed: largest change of speed, up or down, as a fraction.
        hop_length: samples from one frame of a crop to the next.
        selection: part of the speech to draw from; all of it by default.
        rest: how fast the face leaves rest before an utterance and returns to it after it; None
            keeps its first and last face.

    Raises:
        MarotteError: `mix` or `selection` names an unknown source, or the speech has none of
            the selected sources or of a language that is left out.
    """

    def __init__(
        self,
        speech: LabelledSpeech,
        window: WindowSpec,
        n_frames: int,
        mix: Mapping[str, float],
        speed: float,
        hop_length: int = STEP_SAMPLES,
        selection: Selection | None = None,
        rest: RestTimes | None = None,
    ) -> None:
        self.speech, self.window, self.n_frames, self.speed = speech, window, n_frames, speed
        self.hop_length, self.rest = hop_length, rest
        selection = selection or Selection()
        absent_sources(speech, mix)
        missing = absent_sources(speech, selection.sources)
        if selection.sources and set(missing) == set(selection.sources):
            raise MarotteError(
                f"the recipe selects only {', '.join(selection.sources)}, but this corpus holds "
                f"{_sources(speech)}: use a corpus with the selected sources, or change the "
                "recipe's sources"
            )
        if unknown := sorted(set(selection.without_languages) - set(speech.language)):
            raise MarotteError(
                f"the recipe leaves out the language {unknown[0]!r}, but this corpus holds only "
                f"{', '.join(sorted(set(speech.language)))}: give the code of one of these"
            )
        weight = speech.seconds * np.array([mix.get(s, 1.0) for s in speech.source])
        self.cumulative = np.cumsum(weight * _selected(speech, selection))
        if not self.cumulative[-1]:
            raise MarotteError(
                "the recipe leaves no speech to train with: change its mix, or what it selects"
            )
        self.cumulative /= self.cumulative[-1]

    def draw(self, batch: int, seed: int, step: int) -> Crops:
        """Return a batch of crops at random positions in random utterances, at random speeds."""
        random = np.random.default_rng((seed, step))
        speech, k = self.speech, self.n_frames
        hop_s = self.hop_length / SAMPLE_RATE
        drawn = np.searchsorted(self.cumulative, random.random(batch))
        chosen = np.minimum(drawn, len(speech.level) - 1)
        rate = np.exp(random.uniform(-1, 1, batch) * np.log1p(self.speed))
        last_s = speech.seconds[chosen] + LEAD_S - (k - 1) * hop_s * rate
        start_s = random.uniform(-LEAD_S, np.maximum(last_s, 0))
        n = self.window.n_samples + (k - 1) * self.hop_length
        offset = np.arange(n) - self.window.past_samples
        position = start_s[:, None] * SAMPLE_RATE + offset * rate[:, None]
        samples = _interpolate(speech.samples, speech.first_sample, chosen, position, outside=0)
        time_s = start_s[:, None] + np.arange(k) * hop_s * rate[:, None]
        targets = _interpolate(speech.curves, speech.first_frame, chosen, time_s * speech.fps)
        if self.rest:
            end_s = (np.diff(speech.first_frame)[chosen, None] - 1) / speech.fps
            targets *= self.rest.share(time_s, end_s)[..., None].astype(np.float32)
        return Crops(samples / np.float32(32768), targets, speech.level[chosen])


def absent_sources(speech: LabelledSpeech, names: Iterable[str]) -> list[str]:
    """Return the sources among `names` without speech: a corpus may be built without a source.

    Raises:
        MarotteError: a name is not a known source.
    """
    missing = sorted(set(names) - set(speech.source))
    if unknown := sorted(set(missing) - set(plugins.names(plugins.CORPORA))):
        raise MarotteError(
            f"the recipe names the unknown source {unknown[0]!r}: the corpus holds "
            f"{_sources(speech)}"
        )
    return missing


def _sources(speech: LabelledSpeech) -> str:
    return ", ".join(sorted(set(speech.source)))


def _selected(speech: LabelledSpeech, selection: Selection) -> NDArray[np.bool_]:
    """Return a mask of the utterances in the selection [n_utterances]."""
    mask = np.isin(speech.source, selection.sources or list(set(speech.source)))
    mask &= ~np.isin(speech.language, selection.without_languages)
    if selection.minutes:
        order = np.random.default_rng(0).permutation(len(mask))
        before_s = np.cumsum((speech.seconds * mask)[order]) - speech.seconds[order]
        mask[order[before_s > 60 * selection.minutes]] = False
    return mask


def _interpolate(
    values: NDArray[np.generic],
    first: NDArray[np.int64],
    chosen: NDArray[np.int64],
    position: NDArray[np.float64],
    outside: float | None = None,
) -> NDArray[np.float32]:
    """Interpolate values linearly at fractional positions in the chosen utterances.

    Args:
        values: values of all utterances [n_values] or [n_values, width].
        first: start of each utterance in `values` [n_utterances + 1].
        chosen: utterance of each batch row [batch].
        position: positions from the start of the utterance [batch, n].
        outside: value outside the utterance; None repeats its first or last value.

    Returns:
        [batch, n] or [batch, n, width].
    """
    last = np.diff(first)[chosen][:, None] - 1
    inside = np.clip(position, 0, last)
    low = np.floor(inside).astype(np.int64)
    share = (inside - low).astype(np.float32)
    index = first[chosen][:, None] + low
    after = first[chosen][:, None] + np.minimum(low + 1, last)
    if values.ndim > 1:
        share = share[..., None]
    result = values[index].astype(np.float32) * (1 - share)
    result += values[after].astype(np.float32) * share
    if outside is not None:
        result[(position < 0) | (position > last)] = outside
    return result
