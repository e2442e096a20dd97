"""A student's answers to moments of a growing sound: window by window, or step by step.

In: samples as they come, kept as long as they may be needed. Out: bare answers, not yet in the rig,
to the window that begins at a given sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.model.session import Student
from marotte.model.smoothing import Smoothing, moments
from marotte.model.streaming import Ring, StreamedForm

Samples = NDArray[np.float32]
Answer = NDArray[np.float32]


@final
@dataclass
class SampleBuffer:
    """The samples at 16 kHz that may still be needed; `start` is the place of the first."""

    samples: Samples
    start: int

    @property
    def end(self) -> int:
        """The place after the last sample."""
        return self.start + len(self.samples)

    def add(self, samples: Samples, needed_from: int) -> None:
        """Append samples [n], and forget those before the place `needed_from`."""
        passed = min(max(needed_from - self.start, 0), len(self.samples))
        self.samples = np.concatenate([self.samples[passed:], samples])
        self.start += passed

    def cut(self, first: int, n: int) -> Samples:
        """The n samples from the place `first` on."""
        return self.samples[first - self.start : first - self.start + n]


@final
@dataclass
class WindowEvaluator:
    """Hears a whole window anew for every moment."""

    student: Student

    @property
    def n_samples(self) -> int:
        """What is heard for a moment."""
        return self.student.window.n_samples

    def answer(self, sound: SampleBuffer, start: int, lane: int) -> Answer:
        """The answer [n_outputs] to the window that begins at the sample `start`."""
        return self.student.outputs(sound.cut(start, self.n_samples)[None])[0]


@final
@dataclass
class Phase:
    """Steps of windows that stand a whole number of steps from each other."""

    ring: Ring
    next: int  # the sample at which the next step begins

    def take(self, start: int, form: StreamedForm) -> tuple[int, int]:
        """Go on to the window that begins at `start`: its first new sample, and its new steps."""
        first = max(self.next, start)  # after a gap of a window, nothing is left to reuse
        self.next = start + form.n_steps * form.step_samples
        return first, (self.next - first) // form.step_samples


@final
@dataclass
class StepEvaluator:
    """Hears every step once, for the windows that stand on one grid of 20 ms.

    Frames fall on several such grids: at 60 a second on six, at 30 on three, at 50 and 25 on one.
    """

    student: Student
    form: StreamedForm
    phases: dict[tuple[int, int], Phase] = field(default_factory=dict[tuple[int, int], Phase])

    @property
    def n_samples(self) -> int:
        """What is heard for a moment: a little less than the student's window."""
        return self.form.n_samples

    def phase(self, start: int, lane: int) -> Phase:
        """The phase of a window; in a lane, windows come in the order of time."""
        key = lane, start % self.form.step_samples
        if key not in self.phases:
            self.phases[key] = Phase(self.form.empty_ring(), start)
        return self.phases[key]

    def answer(self, sound: SampleBuffer, start: int, lane: int) -> Answer:
        """The answer [n_outputs] to the window that begins at the sample `start`."""
        phase = self.phase(start, lane)
        first, n_new = phase.take(start, self.form)
        new = sound.cut(first, self.form.samples_of(n_new))
        outputs, phase.ring = self.form.advance(new, phase.ring)
        return outputs[0]


Evaluator = WindowEvaluator | StepEvaluator


def choose_evaluator(student: Student, fps: float, smoothing: Smoothing) -> tuple[Evaluator, str]:
    """Step by step, where that costs less than whole windows; and what it costs, in words."""
    form, window = student.steps, student.window
    whole = f"each frame hears its whole window of {window.n_samples} samples anew"
    if form is None:
        return WindowEvaluator(student), f"{whole}: {student.name} has no streamed form"
    n_new, n_answers = work_of(StepEvaluator(student, form), fps, smoothing)
    if n_new > 0.9 * form.n_steps * n_answers:
        why = f"at {fps:g} fps too few of them share their steps"
        return WindowEvaluator(student), f"{whole}: {why}"
    return (
        StepEvaluator(student, form),
        f"each frame computes {n_new:.3g} steps of 20 ms anew, its window has {form.n_steps}",
    )


def work_of(ear: StepEvaluator, fps: float, smoothing: Smoothing) -> tuple[float, float]:
    """New steps, and answers, a frame: in the second of two seconds, when all is going."""
    n = max(2, int(2 * fps))
    seen: set[int] = set()
    n_new = n_answers = 0
    for frame, lanes in enumerate(moments(0, n, fps, smoothing).tolist()):
        for lane, moment in enumerate(lanes):
            if moment in seen:
                continue
            seen.add(moment)
            start = moment - ear.student.window.past_samples
            _, new = ear.phase(start, lane).take(start, ear.form)
            if frame >= n // 2:
                n_new, n_answers = n_new + new, n_answers + 1
    return n_new / (n - n // 2), n_answers / (n - n // 2)
