"""What is added to the student's frames, and how much: one value, checked."""

from __future__ import annotations

from dataclasses import dataclass

from marotte.errors import MarotteError
from marotte.postprocess.moods import MOODS, mood_controls

AUTO = "auto"
LARGEST_GAIN = 3.0
SMALLEST_EFFORT, LARGEST_EFFORT = 0.5, 2.0


@dataclass(frozen=True)
class Motion:
    """The motion that is added to the student's frames; the default adds nothing.

    Attributes:
        gain: the factor of all movements of mouth and jaw, 0 to 3.
        effort: the factor of the mouth's opening, 0.5 to 2, or `"auto"` to follow the voice.
        mood: happy, angry, sad, fear, surprised, disgusted or neutral.
        intensity: how strong the mood is, 0 to 1.
        gaze: whether the eyes move.
        idle_motion: whether to add blinks and small movements of head and brows.
        seed: the seed of gaze and idle motion.

    Example:
        >>> from marotte.postprocess.motion import Motion
        >>> Motion(mood="happy", gaze=True)
        Motion(gain=1.0, effort=1.0, mood='happy', intensity=0.6, gaze=True, idle_motion=False, \
seed=0)
        >>> Motion(gain=4.0)
        Traceback (most recent call last):
        ...
        marotte.errors.MarotteError: gain must be 0 to 3, got 4.0
    """

    gain: float = 1.0
    effort: float | str = 1.0
    mood: str = "neutral"
    intensity: float = 0.6
    gaze: bool = False
    idle_motion: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that are out of range.

        Raises:
            MarotteError: says which value is wrong, and what is possible.
        """
        if not 0 <= self.gain <= LARGEST_GAIN:
            raise MarotteError(f"gain must be 0 to {LARGEST_GAIN:g}, got {self.gain}")
        if isinstance(self.effort, str):
            if self.effort != AUTO:
                raise MarotteError(f"effort must be 'auto' or a number, got {self.effort!r}")
        elif not SMALLEST_EFFORT <= self.effort <= LARGEST_EFFORT:
            raise MarotteError(
                f"effort must be {SMALLEST_EFFORT:g} to {LARGEST_EFFORT:g}, or 'auto', "
                f"got {self.effort}"
            )
        mood_controls(self.mood)
        if not 0 <= self.intensity <= 1:
            raise MarotteError(f"intensity must be 0 to 1, got {self.intensity}")
        if self.seed < 0:
            raise MarotteError(f"seed must be 0 or more, got {self.seed}")

    @property
    def moves_mouth(self) -> bool:
        """Whether gain or effort change the mouth's movements."""
        return self.gain != 1 or self.effort != 1

    @property
    def has_mood(self) -> bool:
        """Whether a mood is to be seen."""
        return bool(MOODS[self.mood]) and self.intensity > 0

    @property
    def opening(self) -> float | None:
        """Effort as a number, or None to follow the voice."""
        return None if isinstance(self.effort, str) else self.effort


NO_MOTION = Motion()


def parse_effort(text: str) -> float | str:
    """Return the effort that a user wrote: a number, or `auto`.

    Raises:
        MarotteError: the text is neither.

    Example:
        >>> from marotte.postprocess.motion import parse_effort
        >>> parse_effort("1.5"), parse_effort("auto")
        (1.5, 'auto')
    """
    if text == AUTO:
        return text
    try:
        return float(text)
    except ValueError:
        raise MarotteError(
            f"effort must be {AUTO!r} or a number, {SMALLEST_EFFORT:g} to {LARGEST_EFFORT:g}, "
            f"got {text!r}"
        ) from None
