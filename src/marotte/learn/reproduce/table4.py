"""Table 4: students of a mesh in; their scores in mesh space and the table's page out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marotte.face.mesh import load_mesh
from marotte.learn.measure import mesh_score
from marotte.learn.measure.card import markdown_table
from marotte.learn.measure.evaluate import Score, held_out_splits
from marotte.learn.measure.mesh_score import TRUE_VERTICES, MeshScore, Motion, closed_threshold_mm
from marotte.learn.measure.nonspeech import open_shares
from marotte.learn.reproduce.measuring import ScoredSpeech
from marotte.learn.reproduce.meshes import MESH_FPS, SPLITS
from marotte.learn.reproduce.result_cache import cache_key, cached_results
from marotte.learn.reproduce.results import (
    CLEAN,
    NOT_DEGRADED,
    Costs,
    Figures,
    Training,
    figures_of,
)
from marotte.learn.reproduce.rows import TEACHER, Row
from marotte.learn.reproduce.run_costs import run_costs
from marotte.learn.reproduce.runs import Meshes, TablePlan
from marotte.learn.reproduce.tables import (
    cost_table,
    mean_and_deviation,
    notes_of,
    paper_pbm,
    percent,
    seeds_and_frames,
    select,
    speech_sentence,
    training_sentence,
)
from marotte.learn.train import checkpoint
from marotte.progress import Progress

PAPER = (
    "The paper's CodeTalker has PBM accuracies of 68.5 / 72.7 % and a jitter of 2.67. Its S0 has "
    "67.7 / 66.7 %, an MSE of 1.06, a jitter of 1.73, 3.73 M parameters, 0.32 G "
    "multiply-accumulates and 24 MB. The paper's mesh, threshold and units differ from ours."
)


@dataclass(frozen=True)
class MeshFigures(Figures):
    """The scores of one run on one test set in mesh space: a line of `table4.csv`.

    `mse` is in mm², and `seed` is -1 for motions that are not of a student.

    Attributes:
        vertex_error_mm: see `MeshScore`, as for the next figures.
        lip_vertex_error_mm2: see `MeshScore`.
        lip_gap_error_mm: see `MeshScore`.
    """

    vertex_error_mm: float
    lip_vertex_error_mm2: float
    lip_gap_error_mm: float


def measure_teacher(
    row: Row, plan: TablePlan, teacher: str, speech: ScoredSpeech
) -> list[MeshFigures]:
    """Return the figures of the files of vertices, or of the motion that the row names."""
    meshes = _meshes(plan)
    motion = mesh_score.reference_motions(load_mesh(meshes.file))[row.teacher or TRUE_VERTICES]
    return _figures(row, -1, Training(), meshes, motion, speech)


def measure(
    row: Row, seed: int, plan: TablePlan, speech: ScoredSpeech, progress: Progress | None = None
) -> tuple[list[MeshFigures], Costs]:
    """Return the figures and costs of a trained run, from its folder if they are cached there."""
    meshes = _meshes(plan)
    folder = plan.folder(row, seed)
    state = checkpoint.read_checkpoint(folder / checkpoint.CHECKPOINT_FILE)
    key = cache_key(state, plan, speech.minutes)
    mesh = load_mesh(meshes.file)
    vertices = mesh_score.student_vertices(mesh, str(folder))

    def compute() -> tuple[list[MeshFigures], Costs]:
        training = Training.of(state)
        figures = _figures(
            row, seed, training, meshes, lambda each, _: vertices(each), speech, progress
        )
        threshold_mm = closed_threshold_mm(mesh)
        shares = open_shares(
            lambda sound: mesh_score.gap_from_threshold_mm(mesh, vertices(sound), threshold_mm)
        )
        return figures, run_costs(row, seed, folder, shares, key)

    return cached_results(row, folder / "figures.json", key, MeshFigures, compute)


def _meshes(plan: TablePlan) -> Meshes:
    assert plan.meshes is not None, "with_training_data adds the meshes to the plan of table4"
    return plan.meshes


def _figures(
    row: Row,
    seed: int,
    training: Training,
    meshes: Meshes,
    motion: Motion,
    speech: ScoredSpeech,
    progress: Progress | None = None,
) -> list[MeshFigures]:
    """Score a motion on both test sets of the table."""
    figures: list[MeshFigures] = []
    for split in held_out_splits(meshes.full_corpus):
        if split not in SPLITS:
            continue
        scores = mesh_score.score_motions(
            meshes.full_corpus,
            meshes.file,
            [meshes.vertices],
            split,
            {row.label: motion},
            progress,
            minutes=speech.minutes,
        )
        each = scores[row.label]
        line = figures_of(row.label, seed, training, NOT_DEGRADED, split, _as_score(each))
        figures.append(
            MeshFigures(
                **vars(line),
                vertex_error_mm=each.vertex_error_mm,
                lip_vertex_error_mm2=each.lip_vertex_error_mm2,
                lip_gap_error_mm=each.lip_gap_error_mm,
            )
        )
    return figures


def _as_score(each: MeshScore) -> Score:
    """Return the metrics that a score in mesh space shares with a score of controls."""
    return Score(
        name="all",
        minutes=each.frames / MESH_FPS / 60,
        closures=each.closures,
        teacher_closures=each.target_closures,
        mse=each.mse_mm2,
        jitter=each.jitter,
        teacher_jitter=each.target_jitter,
    )


def markdown(
    meshes: Meshes, rows: Sequence[Row], figures: Sequence[Figures], costs: Sequence[Costs]
) -> str:
    """Return the table's page: the rows' errors and closures, and their costs."""
    mesh = load_mesh(meshes.file)
    parts = [
        f"{training_sentence(figures)} The students learn the {mesh.n_vertices} vertices of the "
        f"packaged head, moved by the teacher `{meshes.teacher}` in up to {meshes.minutes:g} "
        f"minutes of speech at {mesh.fps:g} frames per second. The vertices are encoded as "
        f"{len(mesh.components)} principal components, which keep {100 * mesh.share:.2f} % of the "
        f"variance. {speech_sentence(figures)} All figures are in mesh space; lips count as "
        f"closed at {closed_threshold_mm(mesh):.2f} mm or less. [metrics](metrics.md#meshes) "
        "defines the columns.",
        "\n".join(_quality(rows, figures)),
        "Parameters, multiply-accumulates and memory include the decoder to the vertices.",
        "\n".join(cost_table(rows, costs)),
        *notes_of(rows),
        PAPER,
    ]
    return "\n\n".join(part for part in parts if part)


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference else float("nan")


COLUMNS = (
    "model, clean / other",
    "PBM %",
    "of the meshes' %",
    "false closure %",
    "balanced %",
    "AUC",
    "vertex error mm",
    "lip vertex error mm²",
    "MSE mm²",
    "lip gap error mm",
    "jitter / meshes', clean",
    "jitter, clean",
    "timing ms, clean",
    "contact / meshes', clean",
    "seeds × frames M",
    "paper's PBM",
)


BOTH_SETS = (
    ("false_closure", percent),
    ("balanced", percent),
    ("auc", "{:.4f}".format),
    ("vertex_error_mm", "{:.3f}".format),
    ("lip_vertex_error_mm2", "{:.2f}".format),
    ("mse", "{:.4f}".format),
    ("lip_gap_error_mm", "{:.2f}".format),
)
"""The figures that are shown on clean and on other speech, with their formats."""


def _quality(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    lines: list[list[str]] = []
    for row in rows:
        clean = select(figures, row.label, CLEAN)
        jitter = [_ratio(e.jitter, e.taught_jitter) for e in clean]
        contact = [_ratio(e.contact_ms, e.taught_contact_ms) for e in clean]
        lines.append(
            [
                row.label,
                _on_both_sets(figures, row, "pbm", percent),
                _pbm_share(figures, row),
                *(_on_both_sets(figures, row, name, show) for name, show in BOTH_SETS),
                mean_and_deviation(jitter, "{:.2f}".format),
                mean_and_deviation([e.jitter for e in clean], "{:.3f}".format),
                mean_and_deviation([e.timing_ms for e in clean], "{:+.0f}".format),
                mean_and_deviation(contact, "{:.2f}".format),
                seeds_and_frames(clean),
                paper_pbm(row),
            ]
        )
    return markdown_table(COLUMNS, lines)


def _on_both_sets(
    figures: Sequence[Figures], row: Row, name: str, show: Callable[[float], str]
) -> str:
    """Return a cell with a figure on clean and on other speech."""
    return " / ".join(
        mean_and_deviation([getattr(e, name) for e in select(figures, row.label, split)], show)
        for split in SPLITS
    )


def _pbm_share(figures: Sequence[Figures], row: Row) -> str:
    """Return a cell with the PBM accuracy divided by that of the files of vertices."""
    shares: list[str] = []
    for split in SPLITS:
        target = select(figures, TEACHER, split)
        values = [_ratio(e.pbm, t.pbm) for e in select(figures, row.label, split) for t in target]
        shares.append(mean_and_deviation(values, percent))
    return " / ".join(shares)
