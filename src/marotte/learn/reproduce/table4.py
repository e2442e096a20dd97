"""Table 4: students of a mesh in; their figures in mesh space, and the table's page, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marotte.face.mesh import load_mesh
from marotte.learn.measure import mesh_score
from marotte.learn.measure.card import markdown_table
from marotte.learn.measure.evaluate import Score, held_out_splits
from marotte.learn.measure.mesh_score import TRUE_VERTICES, MeshScore, Motion, closed_threshold_mm
from marotte.learn.measure.nonspeech import open_shares
from marotte.learn.reproduce.meshes import MESH_FPS, SPLITS
from marotte.learn.reproduce.results import (
    CLEAN,
    Costs,
    Figures,
    ScoredSpeech,
    costs_of,
    figures_of,
    key_of,
    remembered,
)
from marotte.learn.reproduce.rows import TEACHER, Row
from marotte.learn.reproduce.runs import Meshes, TablePlan
from marotte.learn.reproduce.tables import (
    budget_of,
    costs_lines,
    notes_of,
    of_row,
    percent,
    seeds_of,
    speech_of,
    spread,
)
from marotte.learn.train import checkpoint
from marotte.progress import Progress

PAPER = (
    "The paper's CodeTalker has PBM accuracies of 68.5 / 72.7 % and a jitter of 2.67; its S0 has "
    "67.7 / 66.7 %, an MSE of 1.06, a jitter of 1.73, 3.73 M parameters, 0.32 G "
    "multiply-accumulates and 24 MB. Its mesh, its threshold and its units are others."
)


@dataclass(frozen=True)
class MeshFigures(Figures):
    """How one run did on one test set, in mesh space: a line of `table4.csv`.

    `mse` is in mm², and `seed` is -1 for what is no student; see `MeshScore`.
    """

    vertex_error_mm: float
    lip_vertex_error_mm2: float
    lip_gap_error_mm: float


def measure_teacher(
    row: Row, plan: TablePlan, teacher: str, speech: ScoredSpeech
) -> list[MeshFigures]:
    """The figures of what is no student: the files themselves, or what the row names."""
    meshes = _meshes(plan)
    motion = mesh_score.reference_motions(load_mesh(meshes.file))[row.teacher or TRUE_VERTICES]
    return _figures(row, -1, float("nan"), 0, meshes, motion, speech)


def measure(
    row: Row, seed: int, plan: TablePlan, speech: ScoredSpeech, progress: Progress | None = None
) -> tuple[list[MeshFigures], Costs]:
    """Score and weigh a trained run; what was found before is kept in its folder."""
    meshes = _meshes(plan)
    folder = plan.folder(row, seed)
    state = checkpoint.read(folder / checkpoint.FILE)
    key = key_of(state, plan, speech)
    mesh = load_mesh(meshes.file)
    vertices = mesh_score.student_vertices(mesh, str(folder))

    def find() -> tuple[list[MeshFigures], Costs]:
        budget, steps = state["recipe"]["train"]["minutes"], state["progress"]["step"]
        figures = _figures(
            row, seed, budget, steps, meshes, lambda each, _: vertices(each), speech, progress
        )
        line_mm = closed_threshold_mm(mesh)
        still = open_shares(
            lambda sound: mesh_score.gap_from_threshold_mm(mesh, vertices(sound), line_mm)
        )
        return figures, costs_of(row, seed, folder, still, key)

    return remembered(row, folder / "figures.json", key, MeshFigures, find)


def _meshes(plan: TablePlan) -> Meshes:
    assert plan.meshes is not None, "a table of meshes is prepared first"
    return plan.meshes


def _figures(
    row: Row,
    seed: int,
    budget: float,
    steps: int,
    meshes: Meshes,
    motion: Motion,
    speech: ScoredSpeech,
    progress: Progress | None = None,
) -> list[MeshFigures]:
    found: list[MeshFigures] = []
    for split in held_out_splits(meshes.spoken):
        if split not in SPLITS:
            continue
        scores = mesh_score.score_motions(
            meshes.spoken,
            meshes.file,
            [meshes.vertices],
            split,
            {row.label: motion},
            progress,
            minutes=speech.minutes,
        )
        each = scores[row.label]
        line = figures_of(row.label, seed, budget, steps, "as it is", split, _as_score(each))
        found.append(
            MeshFigures(
                **vars(line),
                vertex_error_mm=each.vertex_error_mm,
                lip_vertex_error_mm2=each.lip_vertex_error_mm2,
                lip_gap_error_mm=each.lip_gap_error_mm,
            )
        )
    return found


def _as_score(each: MeshScore) -> Score:
    """What a score in mesh space has in common with one of a rig."""
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
    """The table's page: how near the rows are to the meshes, and what they cost."""
    mesh = load_mesh(meshes.file)
    parts = [
        f"{budget_of(figures)} They learnt the {mesh.n_vertices} vertices of the packaged head, "
        f"moved by the teacher `{meshes.teacher}` in up to {meshes.minutes:g} minutes of speech at "
        f"{mesh.fps:g} frames a second, as {len(mesh.components)} principal components, which keep "
        f"{100 * mesh.share:.2f} % of the variance. {speech_of(figures)} All figures are in mesh "
        f"space; lips count as closed at {closed_threshold_mm(mesh):.2f} mm or less. "
        "What the words mean: "
        "[metrics](metrics.md#meshes).",
        "\n".join(_quality(rows, figures)),
        "Parameters, multiply-accumulates and memory count the decoder to the vertices.",
        "\n".join(costs_lines(rows, costs)),
        *notes_of(rows),
        PAPER,
    ]
    return "\n\n".join(part for part in parts if part)


def _ratio(value: float, to: float) -> float:
    return value / to if to else float("nan")


def _quality(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    taught = {split: of_row(figures, TEACHER, split) for split in SPLITS}

    def pair(label: str, name: str, show: Callable[[float], str]) -> str:
        """On clean and other speech."""
        values = [[getattr(e, name) for e in of_row(figures, label, split)] for split in SPLITS]
        return " / ".join(spread(each, show) for each in values)

    lines: list[list[str]] = []
    for row in rows:
        clean = of_row(figures, row.label, CLEAN)
        kept = [
            spread(
                [_ratio(e.pbm, taught[split][0].pbm) for e in of_row(figures, row.label, split)],
                percent,
            )
            if taught[split]
            else "–"
            for split in SPLITS
        ]
        lines.append(
            [
                row.label,
                pair(row.label, "pbm", percent),
                " / ".join(kept),
                pair(row.label, "false_closure", percent),
                pair(row.label, "balanced", percent),
                pair(row.label, "auc", "{:.4f}".format),
                pair(row.label, "vertex_error_mm", "{:.3f}".format),
                pair(row.label, "lip_vertex_error_mm2", "{:.2f}".format),
                pair(row.label, "mse", "{:.4f}".format),
                pair(row.label, "lip_gap_error_mm", "{:.2f}".format),
                spread([_ratio(e.jitter, e.taught_jitter) for e in clean], "{:.2f}".format),
                spread([e.jitter for e in clean], "{:.3f}".format),
                spread([e.timing_ms for e in clean], "{:+.0f}".format),
                spread([_ratio(e.contact_ms, e.taught_contact_ms) for e in clean], "{:.2f}".format),
                seeds_of(clean),
                "–" if row.paper_pbm is None else "{:.1f} / {:.1f}".format(*row.paper_pbm),
            ]
        )
    columns = (
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
        "seeds: steps",
        "paper's PBM",
    )
    return markdown_table(columns, lines)
