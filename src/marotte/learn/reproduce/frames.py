"""Fig. 5: the mouth of each model in silence and at telling sounds of time, help, life and big."""

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

# The sounds of each word, and the index of the sound to show.
WORDS = {
    "time": (("t", "aɪ", "m"), 2),
    "help": (("h", "ɛ", "l", "p"), 3),
    "life": (("l", "aɪ", "f"), 2),
    "big": (("b", "ɪ", "g"), 0),
}
SILENCE = "silence"
SILENCE_S = 0.4
QUIET = 0.03  # of the level of speech
SPLITS = ("test_clean", "test_other", "valid")  # speakers that no student is trained on
PIXELS = 260


@dataclass(frozen=True)
class Moment:
    """A sound in an utterance.

    Attributes:
        word: the word that contains the sound, or `SILENCE`.
        utterance: the utterance.
        phone: the sound; that of silence has no symbol.
    """

    word: str
    utterance: Utterance
    phone: Phone


def find_moments(store: Store) -> list[Moment]:
    """Return the first silence and the first occurrence of each word in held-out English.

    Raises:
        MarotteError: the speech has none of them.
    """
    by_word: dict[str, Moment] = {}
    for split in SPLITS:
        for part in store.parts():
            ids = {
                entry.id
                for entry in store.entries([part])
                if split_of(entry) == split and entry.language == "en"
            }
            if not ids or len(by_word) == len(WORDS) + 1:
                continue
            for utterance in store.utterances([part], ids=ids):
                _add_moments(utterance, by_word)
    if not by_word:
        raise MarotteError(f"{store.folder} has none of the words of Fig. 5: use a larger corpus")
    return [by_word[word] for word in (SILENCE, *WORDS) if word in by_word]


def _add_moments(utterance: Utterance, by_word: dict[str, Moment]) -> None:
    """Add the words and the silence of an utterance that are still missing."""
    words = {"".join(filter(str.isalpha, word)) for word in utterance.text.lower().split()}
    sounds = tuple(phone.ipa for phone in utterance.phones)
    for word, (sequence, shown) in WORDS.items():
        if word in words and word not in by_word:
            for first in range(len(sounds) - len(sequence) + 1):
                if sounds[first : first + len(sequence)] == sequence:
                    phone = utterance.phones[first + shown]
                    by_word[word] = Moment(word, utterance, phone)
                    break
    if SILENCE not in by_word:
        pause = _pause(utterance)
        if pause is not None:
            by_word[SILENCE] = Moment(SILENCE, utterance, pause)


def _pause(utterance: Utterance) -> Phone | None:
    """Return a quiet gap between sounds; the speaker may say words that the text does not have."""
    level = QUIET * speech_level(utterance.samples)
    for before, after in zip(utterance.phones[:-1], utterance.phones[1:], strict=True):
        first, last = (round(s * utterance.rate) for s in (before.end_s, after.start_s))
        samples = utterance.samples[first:last]
        if after.start_s - before.end_s >= SILENCE_S and np.square(samples).mean() < level**2:
            return Phone("", before.end_s, after.start_s)
    return None


def frame_of(predictor: Predictor, moment: Moment) -> np.ndarray:
    """Return the controls [52] at the middle of a sound.

    For /p b m/ it is the frame with the smallest lip gap within k frames of the middle.
    """
    controls = predictor(moment.utterance)
    middle = round(0.5 * (moment.phone.start_s + moment.phone.end_s) * FPS)
    middle = min(middle, len(controls) - 1)
    if moment.phone.ipa in BILABIALS:
        first = max(0, middle - NEIGHBOURS)
        gap = load_head().lip_gap(controls[first : middle + NEIGHBOURS + 1], ARKIT_52.names)
        middle = first + int(gap.argmin())
    return controls[middle]


def draw_frames(moments: Sequence[Moment], predictors: Mapping[str, Predictor], path: Path) -> None:
    """Draw a grid of mouths with their lip gaps: one row per predictor, one column per moment."""
    head = load_head()
    n_rows, n_columns = len(predictors), len(moments)
    with (
        closing(open_renderer(head, (PIXELS, PIXELS), "mouth")) as renderer,
        figure(
            path,
            (1.3 + 1.9 * n_columns, 0.6 + 1.95 * n_rows),
            nrows=n_rows,
            ncols=n_columns,
            squeeze=False,
        ) as (_, axes),
    ):
        for (name, predictor), line in zip(predictors.items(), axes, strict=True):
            for moment, axis in zip(moments, line, strict=True):
                controls = frame_of(predictor, moment)
                axis.imshow(renderer.frame(controls, ARKIT_52.names))
                gap = float(head.lip_gap(controls, ARKIT_52.names))
                axis.set_xlabel(f"{gap:.1f} mm", fontsize=10)
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            line[0].set_ylabel(name, fontsize=11)
        for moment, axis in zip(moments, axes[0], strict=True):
            sound = f" /{moment.phone.ipa}/" if moment.phone.ipa else ""
            axis.set_title(f"{moment.word}{sound}")
