"""The phonetic teacher: phonemes with their times and the sound in, ARKit curves out, by rule.

The rules are those of JALI (Edwards et al. 2016), on two axes (jaw, lips) and a third channel
that shuts the lips for /p b m/ whatever the other two do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52, Rig
from marotte.learn.speech.phones import normalise
from marotte.learn.teachers import Teacher
from marotte.learn.teachers.phonetic.coarticulation import (
    Articulation,
    blend,
    closure,
    constrict,
    smoothed,
)
from marotte.learn.teachers.phonetic.nonspeech import SpeechLevel, articulate_pause
from marotte.learn.teachers.phonetic.prosody import Prosody, gains
from marotte.learn.teachers.phonetic.visemes import DIPHTHONGS, VISEMES
from marotte.learn.utterance import Phone, Utterance

FPS = 60.0
PAUSE_S = 0.150  # a shorter gap between phonemes is no silence: the lips stay ready
DIPHTHONG_TURN = 0.55  # of its time a diphthong spends on its first vowel
DIPHTHONG_GLIDE = 0.4  # of its time the one vowel fades and the other grows
STOP_HELD = 0.65  # of a /p b/ passes before its release
SHORTEST_VOWEL_S = 0.060  # a shorter one (aligners tell 30 ms) borrows from its neighbours ...
LENT = 0.3  # ... at most this share of each
FULL_VOWEL_S = 0.110  # a shorter vowel does not reach its target (Lindblom 1963) ...
SHORTEST_REACH = 0.55  # ... but this share of it at least

# The lip controls of the visemes; each but the middle ones is written to its left and right.
LIPS = (
    "mouthFunnel", "mouthPucker", "mouthSmile", "mouthStretch", "mouthRollLower",
    "mouthShrugLower", "mouthLowerDown", "mouthUpperUp",
)  # fmt: skip
PARTING = ("mouthFunnel", "mouthLowerDown", "mouthUpperUp")  # they would hold shut lips apart
CLOSED = {"mouthPress": 0.22, "mouthRollLower": 0.10, "mouthRollUpper": 0.12}
PUCKER_FOR_FUNNEL = 0.5  # a rounded mouth that shuts keeps its roundness so


class PhoneticTeacher(Teacher):
    """Rules of co-articulation over phonemes with times."""

    name = "phonetic"
    version = "4"
    fps: float = FPS
    rig: Rig = ARKIT_52

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """The face at k / 60 seconds: controls [n_frames, 52]."""
        n_frames = max(1, int(np.ceil(utterance.seconds * self.fps - 1e-9)))
        time_s = np.arange(n_frames) / self.fps
        articulations = articulate(utterance)
        jaw, lips, tongue = blend(articulations, time_s, LIPS)
        constrict(articulations, time_s, LIPS, jaw, lips)
        jaw, lips = smoothed(jaw, self.fps), smoothed(lips, self.fps)
        shut = closure(articulations, time_s)
        values = {name: lips[:, i] for i, name in enumerate(LIPS)}
        values["mouthPucker"] = values["mouthPucker"] + (
            shut * PUCKER_FOR_FUNNEL * values["mouthFunnel"]
        )
        for name in PARTING:
            values[name] = values[name] * (1 - shut)
        for name, value in CLOSED.items():
            values[name] = values.get(name, 0) * (1 - shut) + value * shut
        values |= {"jawOpen": jaw, "mouthClose": shut * jaw, "tongueOut": tongue * (1 - shut)}
        # The upper lip's inside follows the lower's, or teeth show under a rising lip.
        values["mouthShrugUpper"] = 0.5 * values["mouthShrugLower"]
        return self._controls(values, n_frames)

    def _controls(
        self, values: dict[str, NDArray[np.float64]], n_frames: int
    ) -> NDArray[np.float32]:
        controls = self.rig.neutral(n_frames)
        for name, value in values.items():
            sides = (name,) if name in self.rig.index else (f"{name}Left", f"{name}Right")
            for side in sides:
                controls[:, self.rig.index[side]] = value
        return self.rig.clamp(controls)


def articulate(utterance: Utterance) -> list[Articulation]:
    """The articulations of an utterance in order: phonemes by viseme, diphthongs parted, pauses.

    A repeat of a viseme is one articulation. Symbols that are no phonemes leave the face to their
    neighbours.
    """
    phones = [part for phone in utterance.phones for part in _normal(phone, utterance.language)]
    vowels = [is_vowel(p.ipa) for p in phones]
    prosody = Prosody.of(utterance.samples, utterance.rate)
    sizes = gains(phones, vowels, prosody)
    speech = SpeechLevel.of(prosody, phones, vowels)
    phones = _with_time_to_open(phones)
    result: list[Articulation] = []
    clock_s = 0.0
    for phone, size in zip(phones, sizes, strict=True):
        if phone.start_s - clock_s > PAUSE_S:
            result.extend(articulate_pause(clock_s, phone.start_s, prosody, speech))
        _extend(result, _parts(phone, float(size)))
        clock_s = phone.end_s
    if utterance.seconds > clock_s or not result:
        # The silence after the end goes on: the face settles, and stays settled.
        result.extend(
            articulate_pause(clock_s, max(utterance.seconds, clock_s) + PAUSE_S, prosody, speech)
        )
    return result


def is_vowel(ipa: str) -> bool:
    """Whether a phoneme is a vowel or a diphthong."""
    return ipa in DIPHTHONGS or VISEMES[ipa].vowel


def _normal(phone: Phone, language: str) -> list[Phone]:
    """A phoneme in symbols of the inventory; where these are several they share its time."""
    symbols = normalise(phone.ipa, language)
    edges_s = np.linspace(phone.start_s, phone.end_s, len(symbols) + 1).tolist()
    return [
        Phone(symbol, start_s, end_s, phone.stress)
        for symbol, start_s, end_s in zip(symbols, edges_s[:-1], edges_s[1:], strict=True)
    ]


def _with_time_to_open(phones: Sequence[Phone]) -> list[Phone]:
    """The phones, of which vowels too short for a jaw have borrowed time from the sounds beside."""
    starts, ends = [p.start_s for p in phones], [p.end_s for p in phones]
    for i, phone in enumerate(phones):
        lack_s = 0.5 * (SHORTEST_VOWEL_S - (phone.end_s - phone.start_s))
        if lack_s <= 0 or not is_vowel(phone.ipa):
            continue
        if i and _lends(phones[i - 1], phone.start_s - phones[i - 1].end_s):
            before = phones[i - 1]
            starts[i] -= min(lack_s, LENT * (before.end_s - before.start_s))
            ends[i - 1] = starts[i]
        if i + 1 < len(phones) and _lends(phones[i + 1], phones[i + 1].start_s - phone.end_s):
            after = phones[i + 1]
            ends[i] += min(lack_s, LENT * (after.end_s - after.start_s))
            starts[i + 1] = ends[i]
    return [
        replace(phone, start_s=start_s, end_s=end_s)
        for phone, start_s, end_s in zip(phones, starts, ends, strict=True)
    ]


def _lends(neighbour: Phone, apart_s: float) -> bool:
    return not is_vowel(neighbour.ipa) and apart_s < 1e-3


def _parts(phone: Phone, gain: float) -> Sequence[Articulation]:
    if is_vowel(phone.ipa):
        reach = (phone.end_s - phone.start_s) / FULL_VOWEL_S
        gain *= SHORTEST_REACH + (1 - SHORTEST_REACH) * min(1.0, reach)
    if phone.ipa in DIPHTHONGS:
        first, second = (VISEMES[ipa] for ipa in DIPHTHONGS[phone.ipa])
        length_s = phone.end_s - phone.start_s
        turn_s, glide_s = phone.start_s + DIPHTHONG_TURN * length_s, DIPHTHONG_GLIDE * length_s
        return (
            Articulation(first, phone.start_s, turn_s, gain, decay_s=glide_s),
            Articulation(second, turn_s, phone.end_s, gain, onset_s=glide_s),
        )
    held = STOP_HELD if phone.ipa in ("p", "b") else 1.0
    return (Articulation(VISEMES[phone.ipa], phone.start_s, phone.end_s, gain, held),)


def _extend(result: list[Articulation], parts: Sequence[Articulation]) -> None:
    for part in parts:
        last = result[-1] if result else None
        if last and last.viseme is part.viseme and part.start_s - last.end_s <= PAUSE_S:
            share = (
                part.start_s + part.closed_share * (part.end_s - part.start_s) - last.start_s
            ) / (part.end_s - last.start_s)
            gain = max(last.gain, part.gain)
            result[-1] = replace(
                last, end_s=part.end_s, gain=gain, closed_share=share, decay_s=part.decay_s
            )
        else:
            result.append(part)


def open_teacher(rest: str, curves: Sequence[Path]) -> PhoneticTeacher | None:
    """The teacher of the name `phonetic`; None where something follows it."""
    return None if rest else PhoneticTeacher()
