"""The phonetic teacher: phonemes with times and the sound in, ARKit curves out, by rule.

The rules are those of JALI (Edwards et al. 2016) for two axes, jaw and lips. A third channel closes
the lips for /p b m/, whatever the two axes do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52, Rig
from marotte.learn.data.labels import frame_count
from marotte.learn.speech.phones import normalise
from marotte.learn.teachers import Teacher
from marotte.learn.teachers.phonetic.coarticulation import (
    Articulation,
    blend,
    closure,
    constrict,
    smooth,
)
from marotte.learn.teachers.phonetic.nonspeech import SpeechLevel, articulate_pause
from marotte.learn.teachers.phonetic.prosody import Prosody, gains
from marotte.learn.teachers.phonetic.visemes import DIPHTHONGS, VISEMES
from marotte.learn.utterance import Phone, Utterance

FPS = 60.0
PAUSE_S = 0.150  # the lips stay in position over a shorter gap between phonemes
DIPHTHONG_TURN = 0.55  # share of a diphthong's time that belongs to its first vowel
DIPHTHONG_GLIDE = 0.4  # share of a diphthong's time in which the vowels cross-fade
STOP_CLOSED_SHARE = 0.65  # share of a /p b/ before its release
SHORTEST_VOWEL_S = 0.060  # shorter vowels (aligners give down to 30 ms) borrow from neighbours ...
MAX_LENT_SHARE = 0.3  # ... at most this share of each neighbour
FULL_VOWEL_S = 0.110  # a shorter vowel does not reach its target (Lindblom 1963) ...
SMALLEST_REACH = 0.55  # ... but at least this share of it

# The lip controls of the visemes; a control with a left and a right side is written to both.
LIPS = (
    "mouthFunnel", "mouthPucker", "mouthSmile", "mouthStretch", "mouthRollLower",
    "mouthShrugLower", "mouthLowerDown", "mouthUpperUp",
)  # fmt: skip
PARTING = ("mouthFunnel", "mouthLowerDown", "mouthUpperUp")  # they would keep closed lips apart
CLOSED = {"mouthPress": 0.22, "mouthRollLower": 0.10, "mouthRollUpper": 0.12}
PUCKER_FOR_FUNNEL = 0.5  # pucker that replaces the funnel, so that closed lips stay rounded


class PhoneticTeacher(Teacher):
    """Labels speech by rules of coarticulation over phonemes with times.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic import PhoneticTeacher
        >>> from marotte.learn.utterance import Phone, Utterance
        >>> sound, phones = np.zeros(8_000, np.float32), (Phone("ɑ", 0.1, 0.3),)
        >>> speech = Utterance("mine/me/1", "mine", "me", "en", "", "", sound, 16_000, phones)
        >>> PhoneticTeacher().curves(speech).shape
        (30, 52)
    """

    name = "phonetic"
    version = "4"
    fps: float = FPS
    rig: Rig = ARKIT_52

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the face at k / 60 seconds: controls [n_frames, 52]."""
        n_frames = frame_count(utterance.seconds, self.fps)
        time_s = np.arange(n_frames) / self.fps
        articulations = articulate(utterance)
        jaw, lips, tongue = blend(articulations, time_s, LIPS)
        constrict(articulations, time_s, LIPS, jaw, lips)
        jaw, lips = smooth(jaw, self.fps), smooth(lips, self.fps)
        closed = closure(articulations, time_s)
        values = {name: lips[:, i] for i, name in enumerate(LIPS)}
        values["mouthPucker"] = values["mouthPucker"] + (
            closed * PUCKER_FOR_FUNNEL * values["mouthFunnel"]
        )
        for name in PARTING:
            values[name] = values[name] * (1 - closed)
        for name, value in CLOSED.items():
            values[name] = values.get(name, 0) * (1 - closed) + value * closed
        values |= {"jawOpen": jaw, "mouthClose": closed * jaw, "tongueOut": tongue * (1 - closed)}
        # The upper lip follows the lower lip, or the upper teeth would show.
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
    """Return the articulations of an utterance in order: phonemes and pauses.

    A diphthong gives two articulations. Consecutive phonemes with the same viseme give one.
    Symbols that are not phonemes give none.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic import articulate
        >>> from marotte.learn.utterance import Phone, Utterance
        >>> phones = (Phone("m", 0.1, 0.2), Phone("p", 0.2, 0.3))
        >>> sound = np.zeros(8_000, np.float32)
        >>> speech = Utterance("mine/me/1", "mine", "me", "en", "", "", sound, 16_000, phones)
        >>> [articulation.viseme.name for articulation in articulate(speech)]
        ['bilabial', 'silence']
    """
    phones = [part for phone in utterance.phones for part in _normalise(phone, utterance.language)]
    vowels = [is_vowel(p.ipa) for p in phones]
    prosody = Prosody.of(utterance.samples, utterance.rate)
    sizes = gains(phones, vowels, prosody)
    speech = SpeechLevel.of(prosody, phones, vowels)
    phones = _lengthen_short_vowels(phones)
    result: list[Articulation] = []
    clock_s = 0.0
    for phone, size in zip(phones, sizes, strict=True):
        if phone.start_s - clock_s > PAUSE_S:
            result.extend(articulate_pause(clock_s, phone.start_s, prosody, speech))
        _extend(result, _parts(phone, float(size)))
        clock_s = phone.end_s
    if utterance.seconds > clock_s or not result:
        # The silence lasts beyond the end of the sound, so that the face settles.
        result.extend(
            articulate_pause(clock_s, max(utterance.seconds, clock_s) + PAUSE_S, prosody, speech)
        )
    return result


def is_vowel(ipa: str) -> bool:
    """Return whether a phoneme is a vowel or a diphthong.

    Example:
        >>> from marotte.learn.teachers.phonetic import is_vowel
        >>> is_vowel("aɪ"), is_vowel("m")
        (True, False)
    """
    return ipa in DIPHTHONGS or VISEMES[ipa].vowel


def _normalise(phone: Phone, language: str) -> list[Phone]:
    """Return a phoneme in symbols of the inventory; several symbols share its time equally."""
    symbols = normalise(phone.ipa, language)
    edges_s = np.linspace(phone.start_s, phone.end_s, len(symbols) + 1).tolist()
    return [
        Phone(symbol, start_s, end_s, phone.stress)
        for symbol, start_s, end_s in zip(symbols, edges_s[:-1], edges_s[1:], strict=True)
    ]


def _lengthen_short_vowels(phones: Sequence[Phone]) -> list[Phone]:
    """Return the phones with short vowels lengthened at the cost of adjacent consonants.

    The jaw could not open in a vowel shorter than `SHORTEST_VOWEL_S`.
    """
    starts, ends = [p.start_s for p in phones], [p.end_s for p in phones]
    for i, phone in enumerate(phones):
        missing_s = 0.5 * (SHORTEST_VOWEL_S - (phone.end_s - phone.start_s))
        if missing_s <= 0 or not is_vowel(phone.ipa):
            continue
        if i and _can_lend(phones[i - 1], phone.start_s - phones[i - 1].end_s):
            before = phones[i - 1]
            starts[i] -= min(missing_s, MAX_LENT_SHARE * (before.end_s - before.start_s))
            ends[i - 1] = starts[i]
        if i + 1 < len(phones) and _can_lend(phones[i + 1], phones[i + 1].start_s - phone.end_s):
            after = phones[i + 1]
            ends[i] += min(missing_s, MAX_LENT_SHARE * (after.end_s - after.start_s))
            starts[i + 1] = ends[i]
    return [
        replace(phone, start_s=start_s, end_s=end_s)
        for phone, start_s, end_s in zip(phones, starts, ends, strict=True)
    ]


def _can_lend(neighbour: Phone, gap_s: float) -> bool:
    """Return whether a neighbour is an adjacent consonant, which can lend time to a vowel."""
    return not is_vowel(neighbour.ipa) and gap_s < 1e-3


def _parts(phone: Phone, gain: float) -> Sequence[Articulation]:
    """Return the articulations of one phoneme: two for a diphthong, else one."""
    if is_vowel(phone.ipa):
        reach = (phone.end_s - phone.start_s) / FULL_VOWEL_S
        gain *= SMALLEST_REACH + (1 - SMALLEST_REACH) * min(1.0, reach)
    if phone.ipa in DIPHTHONGS:
        first, second = (VISEMES[ipa] for ipa in DIPHTHONGS[phone.ipa])
        length_s = phone.end_s - phone.start_s
        turn_s, glide_s = phone.start_s + DIPHTHONG_TURN * length_s, DIPHTHONG_GLIDE * length_s
        return (
            Articulation(first, phone.start_s, turn_s, gain, decay_s=glide_s),
            Articulation(second, turn_s, phone.end_s, gain, onset_s=glide_s),
        )
    closed_share = STOP_CLOSED_SHARE if phone.ipa in ("p", "b") else 1.0
    return (Articulation(VISEMES[phone.ipa], phone.start_s, phone.end_s, gain, closed_share),)


def _extend(result: list[Articulation], parts: Sequence[Articulation]) -> None:
    """Append articulations; merge one with the same viseme as the last one into it."""
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


def open_teacher(suffix: str, curves: Sequence[Path]) -> PhoneticTeacher | None:
    """Open `phonetic`, given the name after `phonetic`; None if that is not empty."""
    return None if suffix else PhoneticTeacher()
