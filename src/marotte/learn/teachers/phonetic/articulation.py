"""Articulation: an utterance's phones and sound in, its articulations in order out.

Diphthongs become two articulations, short vowels are lengthened, repeated visemes are joined, and
pauses are filled with silence, with the sounds in them and with the opening before speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from marotte.learn.speech.phones import BILABIALS, normalise
from marotte.learn.teachers.phonetic.coarticulation import Articulation
from marotte.learn.teachers.phonetic.effort import effort
from marotte.learn.teachers.phonetic.nonspeech import SpeechLevel, articulate_pause
from marotte.learn.teachers.phonetic.prosody import Prosody, gains
from marotte.learn.teachers.phonetic.visemes import (
    DIPHTHONGS,
    PREPARATION,
    VISEMES,
)
from marotte.learn.utterance import Phone, Utterance

PAUSE_S = 0.150  # the lips stay in position over a shorter gap between phonemes
PREPARATION_S = 0.280  # the mouth opens this long before speech ...
PREPARATION_SHARE = 0.5  # ... but in at most this share of a pause
SILENCE_BEFORE_S = 0.6  # of silence before a sound: a file may begin with speech, people do not
PREPARED_TO_CLOSE = 0.65  # size of this opening before /p b m/
FINAL_DECAY_S = 0.090  # decay of the last sound before a pause
DIPHTHONG_TURN = 0.55  # share of a diphthong's time that belongs to its first vowel
DIPHTHONG_GLIDE = 0.4  # share of a diphthong's time in which the vowels cross-fade
STOP_CLOSED_SHARE = 0.65  # share of a /p b/ before its release
SHORTEST_VOWEL_S = 0.060  # shorter vowels (aligners give down to 30 ms) borrow from neighbours ...
MAX_LENT_SHARE = 0.3  # ... at most this share of each neighbour
FULL_VOWEL_S = 0.090  # a shorter vowel does not reach its target (Lindblom 1963) ...
SMALLEST_REACH = 0.7  # ... but at least this share of it


def articulate(utterance: Utterance, prosody: Prosody | None = None) -> list[Articulation]:
    """Return the articulations of an utterance in order: phonemes and pauses.

    A diphthong gives two articulations. Consecutive phonemes with the same viseme give one.
    Symbols that are not phonemes give none. Before the sound is silence: the mouth opens for a
    first phoneme at 0.1 s before the sound begins.

    Args:
        utterance: sound and phones.
        prosody: prosody of the sound, if it is known already.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic.articulation import articulate
        >>> from marotte.learn.utterance import Phone, Utterance
        >>> phones = (Phone("m", 0.1, 0.2), Phone("p", 0.2, 0.3))
        >>> sound = np.zeros(8_000, np.float32)
        >>> speech = Utterance("mine/me/1", "mine", "me", "en", "", "", sound, 16_000, phones)
        >>> [articulation.viseme.name for articulation in articulate(speech)]
        ['silence', 'preparation', 'bilabial', 'silence']
    """
    phones = [part for phone in utterance.phones for part in _normalise(phone, utterance.language)]
    vowels = [is_vowel(p.ipa) for p in phones]
    prosody = prosody or Prosody.of(utterance.samples, utterance.rate)
    sizes = gains(phones, vowels, prosody) * effort(phones, vowels, prosody)
    speech = SpeechLevel.of(prosody, phones, vowels)
    phones = _lengthen_short_vowels(phones)
    result: list[Articulation] = []
    clock_s = -SILENCE_BEFORE_S
    for phone, size in zip(phones, sizes, strict=True):
        if phone.start_s - clock_s > PAUSE_S:
            _end_speech(result)
            before = _preparation(clock_s, phone, float(size))
            result.extend(articulate_pause(clock_s, before.start_s, prosody, speech))
            result.append(before)
        _extend(result, _parts(phone, float(size)))
        clock_s = phone.end_s
    _end_speech(result)
    if utterance.seconds > clock_s or not result:
        # The silence lasts beyond the end of the sound, so that the face settles.
        result.extend(
            articulate_pause(clock_s, max(utterance.seconds, clock_s) + PAUSE_S, prosody, speech)
        )
    return result


def _preparation(clock_s: float, phone: Phone, gain: float) -> Articulation:
    """Return the opening of the mouth before the first phone after a pause."""
    length_s = min(PREPARATION_S, PREPARATION_SHARE * (phone.start_s - clock_s))
    if phone.ipa in BILABIALS:
        gain *= PREPARED_TO_CLOSE
    return Articulation(PREPARATION, phone.start_s - length_s, phone.start_s, gain)


def _end_speech(articulations: list[Articulation]) -> None:
    """Make the last articulation decay quickly, in place: the mouth closes after speech."""
    if articulations:
        articulations[-1] = replace(articulations[-1], decay_s=FINAL_DECAY_S)


def is_vowel(ipa: str) -> bool:
    """Return whether a phoneme is a vowel or a diphthong.

    Example:
        >>> from marotte.learn.teachers.phonetic.articulation import is_vowel
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


def _same(first: Articulation, second: Articulation) -> bool:
    """Return whether two articulations are one movement; lips do not part between /p/ and /m/."""
    return first.viseme is second.viseme or (first.viseme.closes and second.viseme.closes)


def _extend(result: list[Articulation], parts: Sequence[Articulation]) -> None:
    """Append articulations; merge one into the last one if both are one movement."""
    for part in parts:
        last = result[-1] if result else None
        if last and _same(last, part) and part.start_s - last.end_s <= PAUSE_S:
            share = (
                part.start_s + part.closed_share * (part.end_s - part.start_s) - last.start_s
            ) / (part.end_s - last.start_s)
            gain = max(last.gain, part.gain)
            result[-1] = replace(
                last, end_s=part.end_s, gain=gain, closed_share=share, decay_s=part.decay_s
            )
        else:
            result.append(part)
