"""The predictions of a student in a growing sound: window by window, or step by step.

Samples come in and are kept as long as a window may need them. The raw output of the student comes
out, for the window that begins at a given sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.model.session import Student
from marotte.model.smoothing import Smoothing, moments
from marotte.model.streaming import Ring, StreamedForm

Samples = NDArray[np.float32]
INAUDIBLE = 1e-15  # 300 dB under full scale; its square is still far from 1e-38

Prediction = NDArray[np.float32]


def without_denormals(samples: Samples) -> Samples:
    """Return samples [n] with zeros in place of values that nobody could hear.

    A fade or a reverb tail ends in numbers near 1e-40, with which processors compute up to a
    hundred times slower.

    Example:
        >>> import numpy as np
        >>> without_denormals(np.float32([0.5, 1e-42, -1e-20])).tolist()
        [0.5, 0.0, 0.0]
    """
    heard = np.abs(samples) > INAUDIBLE
    return samples if heard.all() else np.where(heard, samples, np.float32(0))


@final
@dataclass
class SampleBuffer:
    """The samples at 16 kHz that may still be needed; `start` is the position of the first.

    Example:
        >>> import numpy as np
        >>> from marotte.infer.evaluators import SampleBuffer
        >>> sound = SampleBuffer(np.zeros(100, np.float32), start=0)
        >>> sound.add(np.ones(50, np.float32), needed_from=80)
        >>> sound.start, sound.end, len(sound.cut(90, 20))
        (80, 150, 20)
    """

    samples: Samples
    start: int

    @property
    def end(self) -> int:
        """The position after the last sample."""
        return self.start + len(self.samples)

    def add(self, samples: Samples, needed_from: int) -> None:
        """Append samples [n] and drop those before the position `needed_from`."""
        dropped = min(max(needed_from - self.start, 0), len(self.samples))
        self.samples = np.concatenate([self.samples[dropped:], samples])
        self.start += dropped

    def cut(self, first: int, n: int) -> Samples:
        """Return n samples from the position `first` on."""
        return self.samples[first - self.start : first - self.start + n]


@final
@dataclass
class WindowEvaluator:
    """Computes the whole window again for every moment."""

    student: Student

    @property
    def n_samples(self) -> int:
        """Samples needed per moment."""
        return self.student.window.n_samples

    def predict(self, sound: SampleBuffer, start: int, tap: int) -> Prediction:
        """Return the output [n_outputs] for the window that begins at the sample `start`."""
        return self.student.outputs(sound.cut(start, self.n_samples)[None])[0]


@final
@dataclass
class Phase:
    """The features of windows whose distance is a whole number of steps.

    Attributes:
        ring: the features of the last window.
        next: the sample at which the next step begins.
    """

    ring: Ring
    next: int

    def take(self, start: int, form: StreamedForm) -> tuple[int, int]:
        """Move to the window that begins at `start`; return its first new sample and step count."""
        first = max(self.next, start)  # after a gap longer than a window, no step can be reused
        self.next = start + form.n_steps * form.step_samples
        return first, (self.next - first) // form.step_samples


@final
@dataclass
class StepEvaluator:
    """Computes each step once for all windows on the same grid of 20 ms.

    Frames fall on several such grids: on six at 60 frames per second, on three at 30, on one at 50
    and at 25.
    """

    student: Student
    form: StreamedForm
    phases: dict[tuple[int, int], Phase] = field(default_factory=dict[tuple[int, int], Phase])

    @property
    def n_samples(self) -> int:
        """Samples needed per moment: a little less than the window of the student."""
        return self.form.n_samples

    def phase(self, start: int, tap: int) -> Phase:
        """Return the grid of a window. Windows of one tap must come in the order of time."""
        key = tap, start % self.form.step_samples
        if key not in self.phases:
            self.phases[key] = Phase(self.form.empty_ring(), start)
        return self.phases[key]

    def predict(self, sound: SampleBuffer, start: int, tap: int) -> Prediction:
        """Return the output [n_outputs] for the window that begins at the sample `start`."""
        phase = self.phase(start, tap)
        first, n_new = phase.take(start, self.form)
        new = sound.cut(first, self.form.samples_of(n_new))
        outputs, phase.ring = self.form.advance(new, phase.ring)
        return outputs[0]


Evaluator = WindowEvaluator | StepEvaluator


def choose_evaluator(student: Student, fps: float, smoothing: Smoothing) -> tuple[Evaluator, str]:
    """Return the cheaper evaluator, and a sentence about its cost."""
    form = student.steps
    window_ms = 1000 * student.window.n_samples / SAMPLE_RATE
    whole = f"each frame takes its full time: it looks at {window_ms:.0f} ms of sound anew"
    if form is None:
        return WindowEvaluator(student), f"{whole}, because {student.name} has no form for streams"
    n_new, n_predictions = work_of(StepEvaluator(student, form), fps, smoothing)
    if n_new > 0.9 * form.n_steps * n_predictions:
        return WindowEvaluator(student), f"{whole}; at 60, 50, 30 or 25 fps it takes less"
    return (
        StepEvaluator(student, form),
        f"each frame computes only what is new: {100 * n_new / form.n_steps / n_predictions:.0f} % "
        "of its full time",
    )


def work_of(evaluator: StepEvaluator, fps: float, smoothing: Smoothing) -> tuple[float, float]:
    """Return the new steps and predictions per frame, measured over the second of two seconds."""
    n = max(2, int(2 * fps))
    seen: set[int] = set()
    n_new = n_predictions = 0
    for frame, taps in enumerate(moments(0, n, fps, smoothing).tolist()):
        for tap, moment in enumerate(taps):
            if moment in seen:
                continue
            seen.add(moment)
            start = moment - evaluator.student.window.past_samples
            _, new = evaluator.phase(start, tap).take(start, evaluator.form)
            if frame >= n // 2:
                n_new, n_predictions = n_new + new, n_predictions + 1
    return n_new / (n - n // 2), n_predictions / (n - n // 2)
