"""The phonetic teacher: phonemes with times and the sound in, ARKit curves out, by rule.

The rules are those of JALI (Edwards et al. 2016) for two axes, jaw and lips. A third channel closes
the lips for /p b m/, whatever the two axes do. Sizes and slow variation follow captured faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52, Rig
from marotte.learn.data.labels import frame_count
from marotte.learn.teachers import Teacher
from marotte.learn.teachers.phonetic.articulation import articulate, is_vowel
from marotte.learn.teachers.phonetic.coarticulation import Articulation
from marotte.learn.teachers.phonetic.composition import compose
from marotte.learn.teachers.phonetic.prosody import Prosody
from marotte.learn.utterance import Utterance

__all__ = ["FPS", "PhoneticTeacher", "articulate", "is_vowel", "open_teacher"]

FPS = 60.0


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
    version = "6"
    fps: float = FPS
    rig: Rig = ARKIT_52

    def curves(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the face at k / 60 seconds: controls [n_frames, 52]."""
        prosody = Prosody.of(utterance.samples, utterance.rate)
        return self.curves_of(utterance, articulate(utterance, prosody), prosody)

    def curves_of(
        self, utterance: Utterance, articulations: Sequence[Articulation], prosody: Prosody
    ) -> NDArray[np.float32]:
        """Return the face of an utterance whose articulations and prosody are known already."""
        n_frames = frame_count(utterance.seconds, self.fps)
        values = compose(articulations, prosody, utterance.id, n_frames, self.fps)
        controls = self.rig.neutral(n_frames)
        for name, value in values.items():
            controls[:, self.rig.index[name]] = value
        return self.rig.clamp(controls)


def open_teacher(suffix: str, curves: Sequence[Path]) -> PhoneticTeacher | None:
    """Open `phonetic`, given the name after `phonetic`; None if that is not empty."""
    return None if suffix else PhoneticTeacher()
