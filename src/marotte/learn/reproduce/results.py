"""What was measured: runs in; figures a test set and costs a run out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from marotte.learn.export.cost import (
    cost_of,
    milliseconds_a_frame,
    process_memory_mib,
    streamed_macs,
)
from marotte.learn.measure.degraded import DEGRADATIONS, DegradedPredictor
from marotte.learn.measure.evaluate import Score, evaluate, held_out_splits
from marotte.learn.measure.nonspeech import open_shares_by_sound
from marotte.learn.measure.predictors import (
    LabelPredictor,
    Predictor,
    RunPredictor,
    SmoothedPredictor,
    open_predictor,
)
from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.runs import TablePlan
from marotte.model.smoothing import EQUATION_8
from marotte.paths import replacing
from marotte.progress import Progress

FORMAT = 1  # of what is kept in a run's folder
CLEAN = "test_clean"
F = TypeVar("F", bound="Figures")


@dataclass(frozen=True)
class Figures:
    """How one run did on one test set: a line of `TABLE.csv`.

    Attributes:
        row: the row's label.
        seed: of the run, -1 for a teacher.
        budget_minutes: what the run was given to train, NaN for a teacher.
        steps: that it took in them.
        heard: `as it is`, or how the sound was degraded.
        split: the test set.
        who: a speaker, a language, or `all`.
        minutes: of speech scored.
        pbm: see `metrics.Closures`, as all to `contact_ms`.
        bilabials: how many /p b m/.
        vowels: how many open vowels.
        mse: to the labels the run learnt from.
        taught_jitter: the labels' own, as `taught_contact_ms`.
    """

    row: str
    seed: int
    budget_minutes: float
    steps: int
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
    timing_ms: float
    contact_ms: float
    taught_contact_ms: float
    mse: float
    jitter: float
    taught_jitter: float


@dataclass(frozen=True)
class Costs:
    """What one run's student costs, and where it opens its mouth: a line of `TABLE-costs.csv`.

    Attributes:
        row: the row's label.
        seed: of the run.
        parameters: see `cost.Cost`, as `macs` and `paper_memory_mib`.
        streamed_macs: a frame of a live stream at 60 fps; -1 where nothing is shared.
        peak_memory_mib: of a Python process that runs it.
        lookahead_ms: future sound, smoothing included.
        ms_a_frame: on one thread, a window at a time.
        open_silence: share of frames with open lips in digital silence.
        open_noise: in noises and hum, the mean.
        open_tones: in sines, the mean.
        open_music: in music.
        open_clicks: in clicks.
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
class ScoredSpeech:
    """What is scored: at most `minutes` of each test set, by a pool of `workers.processes`."""

    minutes: float | None
    pool: Executor | None = None


def measure_teacher(row: Row, plan: TablePlan, teacher: str, speech: ScoredSpeech) -> list[Figures]:
    """The figures of a teacher: of the labels themselves, unless the row names another."""
    found: list[Figures] = []
    face = open_predictor(plan.store, row.teacher) if row.teacher else LabelPredictor(teacher)
    for split in held_out_splits(plan.store):
        scores = _scores(face, plan, split, teacher, speech)
        found += [figures_of(row.label, -1, float("nan"), 0, "as it is", split, s) for s in scores]
    return found


def measure(
    row: Row, seed: int, plan: TablePlan, speech: ScoredSpeech, progress: Progress | None = None
) -> tuple[list[Figures], Costs]:
    """Score and weigh a trained run; what was found before is kept in its folder."""
    from marotte.learn.train import checkpoint

    if row.hard_to_score and speech.minutes:
        speech = replace(speech, minutes=speech.minutes / 4)
    folder = plan.folder(row, seed)
    state = checkpoint.read(folder / checkpoint.FILE)
    key = key_of(state, plan, speech)
    face: Predictor = RunPredictor(folder)
    face = SmoothedPredictor(face) if row.smooth else face

    def find() -> tuple[list[Figures], Costs]:
        figures = _all_figures(row, seed, plan, face, state, speech, progress)
        return figures, costs_of(row, seed, folder, open_shares_by_sound(face), key)

    kept = folder / f"figures{'-smooth' if row.smooth else ''}.json"
    return remembered(row, kept, key, Figures, find)


def key_of(state: dict[str, Any], plan: TablePlan, speech: ScoredSpeech) -> dict[str, Any]:
    """What a run's figures depend on."""
    return {
        "format": FORMAT,
        "speech": speech.minutes,
        "elapsed_s": state["progress"]["elapsed_s"],
        "steps": state["progress"]["step"],
        "corpus": plan.corpus,
        "labels": len(plan.store.labelled_parts(state["recipe"]["teacher"])),
    }


def remembered(
    row: Row,
    kept: Path,
    key: dict[str, Any],
    kind: type[F],
    find: Callable[[], tuple[list[F], Costs]],
) -> tuple[list[F], Costs]:
    """The figures of this kind, and the costs, that a file keeps; else they are found, and kept."""
    found = _kept(kept, key)
    if found is None:
        figures, costs = find()
        found = [[asdict(each) for each in figures], asdict(costs)]
        _keep(kept, key, found)
    # Rows may be called otherwise in another table.
    figures = [kind(**{**each, "row": row.label}) for each in found[0]]
    return figures, Costs(**{**found[1], "row": row.label})


def _kept(path: Path, key: dict[str, Any]) -> Any:
    """What `_keep` kept, if it was of this key."""
    try:
        of, value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if of == key else None


def _keep(path: Path, key: dict[str, Any], value: Any) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps([key, value]), encoding="utf-8")


def _all_figures(
    row: Row,
    seed: int,
    plan: TablePlan,
    face: Predictor,
    state: dict[str, Any],
    speech: ScoredSpeech,
    progress: Progress | None,
) -> list[Figures]:
    """On every test set as it is, and on the clean one degraded."""
    teacher, run = state["recipe"]["teacher"], state["progress"]["step"]
    budget = state["recipe"]["train"]["minutes"]
    found: list[Figures] = []
    splits = held_out_splits(plan.store)
    heard = [("as it is", split) for split in splits]
    if not row.hard_to_score and CLEAN in splits:
        heard += [(how, CLEAN) for how in DEGRADATIONS]
    for how, split in heard:
        listener = face if how == "as it is" else DegradedPredictor(face, how)
        scores = _scores(listener, plan, split, teacher, speech, progress)
        found += [figures_of(row.label, seed, budget, run, how, split, s) for s in scores]
    return found


def _scores(
    face: Predictor,
    plan: TablePlan,
    split: str,
    teacher: str,
    speech: ScoredSpeech,
    progress: Progress | None = None,
) -> list[Score]:
    return evaluate(
        face,
        plan.store,
        split,
        "all",
        teacher,
        progress,
        minutes=speech.minutes,
        pool=speech.pool,
    )


def figures_of(
    label: str, seed: int, budget: float, steps: int, heard: str, split: str, score: Score
) -> Figures:
    """A score as a line of a table."""
    c = score.closures
    return Figures(
        row=label,
        seed=seed,
        budget_minutes=budget,
        steps=steps,
        heard=heard,
        split=split,
        who=score.name,
        minutes=score.minutes,
        pbm=c.pbm,
        bilabials=len(c.bilabial_mm),
        false_closure=c.false_closure,
        vowels=len(c.open_mm),
        balanced=c.balanced,
        auc=c.auc,
        timing_ms=c.timing_ms,
        contact_ms=c.mean_contact_ms,
        taught_contact_ms=score.teacher_closures.mean_contact_ms,
        mse=score.mse,
        jitter=score.jitter,
        taught_jitter=score.teacher_jitter,
    )


def costs_of(
    row: Row, seed: int, folder: Path, still: Mapping[str, float], key: dict[str, Any]
) -> Costs:
    """The costs of a run's network, weighed once, and what this way to use it adds.

    Args:
        row: the table's.
        seed: of the run.
        folder: the run's.
        still: see `open_shares_by_sound`.
        key: see `key_of`.
    """
    kept = folder / "costs.json"
    weighed = _kept(kept, key)
    if weighed is None:
        weighed = _weigh(folder)
        _keep(kept, key, weighed)
    weighed["lookahead_ms"] += EQUATION_8.delay_ms if row.smooth else 0
    return Costs(
        row=row.label,
        seed=seed,
        open_silence=still["silence"],
        open_noise=_mean(still[name] for name in ("white noise", "brown noise", "hum")),
        open_tones=_mean(share for name, share in still.items() if "sine" in name),
        open_music=still["music"],
        open_clicks=still["clicks"],
        **weighed,
    )


def _weigh(folder: Path) -> dict[str, Any]:
    """A run's network as it is exported; of a mesh's, with the decoder to its vertices."""
    from marotte.learn.data.mesh_pca import mesh_of
    from marotte.learn.export.onnx import export
    from marotte.learn.train.checkpoint import FILE, load_net
    from marotte.model.session import load_student

    net, state = load_net(folder / FILE)
    mesh = mesh_of(folder)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "student.onnx"
        export(net, path, name=state["recipe"]["name"], mesh=mesh)
        cost, streamed = cost_of(path), streamed_macs(path)
        if mesh and streamed is not None:  # whoever streams has to decode each frame
            streamed += mesh.components.size
        return {
            **asdict(cost),
            "streamed_macs": -1 if streamed is None else streamed,
            "peak_memory_mib": process_memory_mib(path),
            "ms_a_frame": milliseconds_a_frame(path),
            "lookahead_ms": load_student(path, rig=None).delay_ms,
        }


def _mean(values: Iterable[float]) -> float:
    each = list(values)
    return sum(each) / len(each)
