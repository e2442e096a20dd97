"""Fig. 5: what each model shows at the sounds that tell, in silence, time, help, life and big."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.dataset import speech_level
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.measure.plot_style import figure
from marotte.learn.measure.predictors import FPS, Predictor
from marotte.learn.metrics import NEIGHBOURS
from marotte.learn.speech.phones import BILABIALS
from marotte.learn.utterance import Phone, Utterance
from marotte.render import open_renderer

# Each word's sounds, and which of them is shown.
WORDS = {
    "time": (("t", "aɪ", "m"), 2),
    "help": (("h", "ɛ", "l", "p"), 3),
    "life": (("l", "aɪ", "f"), 2),
    "big": (("b", "ɪ", "g"), 0),
}
SILENCE = "silence"
SILENCE_S = 0.4
QUIET = 0.03  # of the level of speech
SPLITS = ("test_clean", "test_other", "valid")  # voices that no student learns from
PIXELS = 260


@dataclass(frozen=True)
class Moment:
    """A sound in an utterance.

    Attributes:
        word: it is of.
        utterance: it is in.
        phone: the sound; of silence, one without a symbol.
    """

    word: str
    utterance: Utterance
    phone: Phone


def moments(store: Store) -> list[Moment]:
    """The first time each word, and a silence, is found in English nobody was trained on, in order.

    Raises:
        MarotteError: none is found.
    """
    found: dict[str, Moment] = {}
    for split in SPLITS:
        for part in store.parts():
            wanted = {
                entry.id
                for entry in store.entries([part])
                if split_of(entry) == split and entry.language == "en"
            }
            if not wanted or len(found) == len(WORDS) + 1:
                continue
            for utterance in store.utterances([part], ids=wanted):
                _look_in(utterance, found)
    if not found:
        raise MarotteError(f"{store.folder} has none of the words of Fig. 5: use a larger corpus")
    return [found[word] for word in (SILENCE, *WORDS) if word in found]


def _look_in(utterance: Utterance, found: dict[str, Moment]) -> None:
    said = {"".join(filter(str.isalpha, word)) for word in utterance.text.lower().split()}
    sounds = tuple(phone.ipa for phone in utterance.phones)
    for word, (sequence, shown) in WORDS.items():
        if word in said and word not in found:
            for first in range(len(sounds) - len(sequence) + 1):
                if sounds[first : first + len(sequence)] == sequence:
                    phone = utterance.phones[first + shown]
                    found[word] = Moment(word, utterance, phone)
                    break
    if SILENCE not in found:
        pause = _pause(utterance)
        if pause is not None:
            found[SILENCE] = Moment(SILENCE, utterance, pause)


def _pause(utterance: Utterance) -> Phone | None:
    """A gap between sounds that is one to the ear too: words may be said that no text has."""
    level = QUIET * speech_level(utterance.samples)
    for before, after in zip(utterance.phones[:-1], utterance.phones[1:], strict=True):
        first, last = (round(s * utterance.rate) for s in (before.end_s, after.start_s))
        heard = utterance.samples[first:last]
        if after.start_s - before.end_s >= SILENCE_S and np.square(heard).mean() < level**2:
            return Phone("", before.end_s, after.start_s)
    return None


def frame_of(face: Predictor, moment: Moment) -> np.ndarray:
    """The controls [52] at the middle of a sound; of /p b m/, the nearest lips within k frames."""
    controls = face(moment.utterance)
    middle = round(0.5 * (moment.phone.start_s + moment.phone.end_s) * FPS)
    middle = min(middle, len(controls) - 1)
    if moment.phone.ipa in BILABIALS:
        first = max(0, middle - NEIGHBOURS)
        gap = load_head().lip_gap(controls[first : middle + NEIGHBOURS + 1], ARKIT_52.names)
        middle = first + int(gap.argmin())
    return controls[middle]


def draw_frames(found: Sequence[Moment], faces: Mapping[str, Predictor], path: Path) -> None:
    """Draw every face, a row each, at every moment, a column each, with the gap of its lips."""
    head = load_head()
    rows, columns = len(faces), len(found)
    with (
        closing(open_renderer(head, (PIXELS, PIXELS), "mouth")) as renderer,
        figure(
            path,
            (1.3 + 1.9 * columns, 0.6 + 1.95 * rows),
            nrows=rows,
            ncols=columns,
            squeeze=False,
        ) as (_, axes),
    ):
        for (name, face), line in zip(faces.items(), axes, strict=True):
            for moment, axis in zip(found, line, strict=True):
                controls = frame_of(face, moment)
                axis.imshow(renderer.frame(controls, ARKIT_52.names))
                gap = float(head.lip_gap(controls, ARKIT_52.names))
                axis.set_xlabel(f"{gap:.1f} mm", fontsize=10)
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            line[0].set_ylabel(name, fontsize=11)
        for moment, axis in zip(found, axes[0], strict=True):
            sound = f" /{moment.phone.ipa}/" if moment.phone.ipa else ""
            axis.set_title(f"{moment.word}{sound}")
