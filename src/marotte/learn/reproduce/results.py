"""The lines of a table's CSV files: figures per test set, and costs per run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from marotte.learn.measure.evaluate import Score

CLEAN, OTHER, LANGUAGES = "test_clean", "test_other", "test_languages"
NOT_DEGRADED = "as it is"


@dataclass(frozen=True)
class Figures:
    """The scores of one run on one test set: a line of `TABLE.csv`.

    Attributes:
        row: the row's label.
        seed: the run's seed; -1 for a teacher.
        trained_frames: the number of frames that the run was trained on; 0 for a teacher.
        trained_minutes: how long the training took; NaN for a teacher.
        heard: `as it is`, or the name of a degradation of the sound.
        split: the test set.
        who: a speaker, a language or `all`.
        minutes: minutes of speech scored.
        pbm: PBM accuracy, 0..1; see `metrics.Closures` for this and the next figures.
        bilabials: the number of /p b m/.
        false_closure: the share of open vowels with closed lips, 0..1.
        vowels: the number of open vowels.
        balanced: the mean of `pbm` and 1 - `false_closure`.
        auc: the area under the ROC curve of the lip gap.
        own_mm: the row's own threshold: the lip gap at or below which 2 % of the open vowels of
            `valid` lie; NaN without such speech.
        own_pbm: the share of /p b m/ that are closed at the row's own threshold.
        own_false_closure: the share of open vowels that are closed at it.
        timing_ms: the median delay of closures.
        contact_ms: the mean duration of closures.
        taught_contact_ms: the same for the labels.
        mse: mean squared error to the labels that the run was trained on.
        jitter: see `metrics.jitter`.
        taught_jitter: the same for the labels.
    """

    row: str
    seed: int
    trained_frames: int
    trained_minutes: float
    heard: str
    split: str
    who: str
    minutes: float
    pbm: float
    bilabials: int
    false_closure: float
    vowels: int
    balanced: float
    auc: float
    own_mm: float
    own_pbm: float
    own_false_closure: float
    timing_ms: float
    contact_ms: float
    taught_contact_ms: float
    mse: float
    jitter: float
    taught_jitter: float


@dataclass(frozen=True)
class Costs:
    """The costs of one run's student, and where it opens its mouth: a line of `TABLE-costs.csv`.

    Attributes:
        row: the row's label.
        seed: the run's seed.
        parameters: see `cost.Cost`, as for `macs` and `paper_memory_mib`.
        macs: multiply-accumulates per frame for a whole window.
        streamed_macs: multiply-accumulates per frame of a live stream at 60 fps; -1 if the
            student can't be streamed.
        paper_memory_mib: memory by the paper's formula.
        peak_memory_mib: peak memory of a Python process that runs the student.
        lookahead_ms: look-ahead including smoothing.
        ms_a_frame: time per frame on one thread, window by window.
        open_silence: share of frames with open lips in digital silence.
        open_noise: the mean share in noises and hum.
        open_tones: the mean share in sines.
        open_music: the share in music.
        open_clicks: the share in clicks.
    """

    row: str
    seed: int
    parameters: int
    macs: int
    streamed_macs: int
    paper_memory_mib: float
    peak_memory_mib: float
    lookahead_ms: float
    ms_a_frame: float
    open_silence: float
    open_noise: float
    open_tones: float
    open_music: float
    open_clicks: float


@dataclass(frozen=True)
class Training:
    """How much a run has learnt from.

    Attributes:
        frames: the number of frames.
        minutes: the time that it took.
    """

    frames: int = 0
    minutes: float = float("nan")

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Training:
        """Return the training of a run from the state in its checkpoint."""
        progress, train = state["progress"], state["recipe"]["train"]
        frames = progress["step"] * train["batch"] * train["frames"]
        return cls(frames, progress["elapsed_s"] / 60)


def figures_of(
    label: str,
    seed: int,
    training: Training,
    degradation: str,
    split: str,
    score: Score,
    own_mm: float = float("nan"),
) -> Figures:
    """Return a score as a line of a table.

    Args:
        label: the row's label.
        seed: the run's seed; -1 for a teacher.
        training: what the run has learnt from.
        degradation: the name of a degradation, or `NOT_DEGRADED`.
        split: the test set.
        score: the score on the test set.
        own_mm: the row's own threshold.
    """
    c, own = score.closures, isfinite(own_mm)
    return Figures(
        row=label,
        seed=seed,
        trained_frames=training.frames,
        trained_minutes=training.minutes,
        heard=degradation,
        split=split,
        who=score.name,
        minutes=score.minutes,
        pbm=c.pbm,
        bilabials=len(c.bilabial_mm),
        false_closure=c.false_closure,
        vowels=len(c.open_mm),
        balanced=c.balanced,
        auc=c.auc,
        own_mm=own_mm,
        own_pbm=c.pbm_at(own_mm) if own else float("nan"),
        own_false_closure=c.false_closure_at(own_mm) if own else float("nan"),
        timing_ms=c.timing_ms,
        contact_ms=c.mean_contact_ms,
        taught_contact_ms=score.teacher_closures.mean_contact_ms,
        mse=score.mse,
        jitter=score.jitter,
        taught_jitter=score.teacher_jitter,
    )
