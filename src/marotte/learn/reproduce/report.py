"""A whole table: train its runs, measure them, and write text, CSV, pictures and videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.data.csv_io import read_csv, write_csv
from marotte.learn.measure.card import replace_section
from marotte.learn.measure.degraded import DEGRADATIONS, DegradedPredictor
from marotte.learn.measure.predictors import (
    Predictor,
    RunPredictor,
    SmoothedPredictor,
    StoredLabelPredictor,
)
from marotte.learn.reproduce import table4
from marotte.learn.reproduce.claims import CLAIMS
from marotte.learn.reproduce.comparisons import comparison_table
from marotte.learn.reproduce.frames import draw_frames, find_moments
from marotte.learn.reproduce.lips import choose_sentence, plot_lips
from marotte.learn.reproduce.measuring import ScoredSpeech, measure, measure_teacher
from marotte.learn.reproduce.mesh_predictors import MeshRunPredictor
from marotte.learn.reproduce.meshes import with_meshes
from marotte.learn.reproduce.plots import plot_frontier, plot_metrics
from marotte.learn.reproduce.results import CLEAN, LANGUAGES, OTHER, Costs, Figures
from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.runs import TablePlan, Trainer, is_trained, runs_of
from marotte.learn.reproduce.tables import markdown
from marotte.learn.reproduce.verdicts import Measured, verdict_table
from marotte.paths import replacing
from marotte.progress import StageProgress

# The students in Figs 6-8 and in the videos of § 4.4.4, by file name.
LIPS = {"fig6": ("S0", "MFCC+KD"), "fig7": ("S2", "S2+"), "fig8": ("S4", "S4+")}
VIDEOS = {
    "mfcc": ("MFCC+KD", "S0"),
    "small": ("S1", "S2", "S2+"),
    "quick": ("S4", "S4+", "S4+ smooth"),
    "small-and-quick": ("S5+", "S5+ smooth"),
}
HARD_VIDEO = ("MFCC+KD", "S0", "S1+")  # on degraded sound and other languages
FRAMES = ("MFCC+KD", "S0", "S1", "S1+", "S2", "S2+", "S4+ smooth", "S5+ smooth")


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        name: e.g. `table2`.
        rows: the table's rows.
        plan: the settings that all runs share.
        folder: where to write Markdown, CSV, pictures and videos.
    """

    name: str
    rows: Sequence[Row]
    plan: TablePlan
    folder: Path

    @property
    def teacher(self) -> str:
        """The teacher of all runs; `phonetic` if the table has no runs.

        Raises:
            MarotteError: the runs have different teachers.
        """
        runs = runs_of(self.rows)
        if not runs:
            return "phonetic"
        teachers = {self.plan.recipe(row, seed).teacher for row, seed in runs}
        if len(teachers) != 1:
            raise MarotteError(
                f"the rows of a table must share one teacher, got {sorted(teachers)}"
            )
        return teachers.pop()

    def predictors(self, labels: Sequence[str]) -> dict[str, Predictor]:
        """Return the teacher and the rows with these labels that have runs, by label."""
        meshes = self.plan.meshes
        name = meshes.teacher if meshes else self.teacher
        source = meshes.predictor if meshes else StoredLabelPredictor(self.plan.store, name)
        predictors: dict[str, Predictor] = {f"teacher ({name})": source}
        by_label = {row.label: row for row in self.rows}
        for label in labels:
            row = by_label.get(label)
            if row and row.recipe:
                run = self.plan.folder(row, row.seeds[0])
                predictor = MeshRunPredictor(run) if meshes else RunPredictor(run)
                predictors[label] = SmoothedPredictor(predictor) if row.smooth else predictor
        return predictors


def with_training_data(
    table: Table, speech_minutes: float | None, progress: StageProgress
) -> Table:
    """Return the table with its training data: for table4, missing meshes are made."""
    if table.name != "table4":
        return table
    return replace(table, plan=with_meshes(table.plan, speech_minutes, progress))


def train(table: Table, progress: StageProgress) -> None:
    """Train the runs that are missing."""
    trainer = Trainer(table.plan, progress)
    for row, seed in runs_of(table.rows):
        trainer.train(row, seed)


def trained_only(table: Table) -> Table:
    """Return the table with those rows and seeds whose run is finished.

    Raises:
        MarotteError: no run is finished.
    """

    def finished(row: Row) -> tuple[int, ...]:
        plan = table.plan
        return tuple(
            seed for seed in row.seeds if is_trained(plan.folder(row, seed), plan.recipe(row, seed))
        )

    rows: list[Row] = []
    for row in table.rows:
        if not row.recipe:
            rows.append(row)
        elif seeds := finished(row):
            rows.append(replace(row, seeds=seeds))
    if runs_of(table.rows) and not runs_of(rows):
        raise MarotteError(
            f"no run is finished in {table.plan.runs_folder}: run again without --no-train"
        )
    return replace(table, rows=rows)


def measure_rows(
    table: Table, speech: ScoredSpeech, progress: StageProgress
) -> tuple[Sequence[Figures], Sequence[Costs]]:
    """Measure every row, write the CSV files and return their lines."""
    in_mesh = table.plan.meshes is not None
    measure_teacher_row = table4.measure_teacher if in_mesh else measure_teacher
    measure_run = table4.measure if in_mesh else measure
    figures: list[Figures] = []
    costs: list[Costs] = []
    for row in table.rows:
        if not row.recipe:
            progress(f"{table.name}: {row.label}", 0, 1)
            figures += measure_teacher_row(row, table.plan, table.teacher, speech)
            continue
        for seed in row.seeds:
            title = f"{table.name}: {row.label}, seed {seed}"
            run_figures, cost = measure_run(
                row,
                seed,
                table.plan,
                speech,
                lambda done, total, title=title: progress(title, done, total),
            )
            figures += run_figures
            costs.append(cost)
    kind = table4.MeshFigures if in_mesh else Figures
    write_csv(table.folder / f"{table.name}.csv", figures, kind)
    write_csv(table.folder / f"{table.name}-costs.csv", costs, Costs)
    return figures, costs


def write(
    table: Table, figures: Sequence[Figures], costs: Sequence[Costs], page: Path | None
) -> str:
    """Write the table as Markdown, also between its markers in a page; return the text."""
    text = (
        table4.markdown(table.plan.meshes, table.rows, figures, costs)
        if table.plan.meshes
        else markdown(table.rows, figures, costs, comparison_table(table.rows, table.plan))
    )
    with replacing(table.folder / f"{table.name}.md") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    if page:
        replace_section(page, text, *section_markers(table.name))
    return text


def section_markers(name: str) -> tuple[str, str]:
    """Return the lines before and after a table in a page."""
    return f"<!-- {name}: written by `marotte reproduce {name}` -->", f"<!-- end of {name} -->"


def draw_pictures(
    table: Table, figures: Sequence[Figures], costs: Sequence[Costs], progress: StageProgress
) -> None:
    """Draw the table's plots; for table2 and table4 also the lips over a sentence and frames."""
    folder, store = table.folder, table.plan.store
    if table.name == "frontier":
        plot_frontier(table.rows, figures, costs, folder / "frontier.png")
        return
    progress("drawing", 0, 2)
    if table.name == "table4":
        _draw_meshes(table, figures)
        return
    plot_metrics(table.rows, figures, folder / f"{table.name}-metrics.png")
    if table.name != "table2":
        return
    plot_frontier(table.rows, figures, costs, folder / "table2-frontier.png")
    sentence = choose_sentence(store, CLEAN)
    for name, labels in LIPS.items():
        predictors = table.predictors(labels)
        if len(predictors) > 1:
            plot_lips(sentence, predictors, folder / f"{name}-lips.png")
    progress("drawing", 1, 2)
    predictors = table.predictors(FRAMES)
    if len(predictors) == 1:
        predictors = table.predictors([row.label for row in table.rows])
    draw_frames(find_moments(store), predictors, folder / "fig5-frames.png")


def _draw_meshes(table: Table, figures: Sequence[Figures]) -> None:
    """Draw the plots of table4, the lips over a sentence, and the frames of all students."""
    folder, store = table.folder, table.plan.store
    if table.plan.meshes:
        store = table.plan.meshes.full_corpus
    plot_metrics(table.rows, figures, folder / "table4-metrics.png", "MSE of the vertices, mm²", 1)
    predictors = table.predictors([row.label for row in table.rows])
    plot_lips(choose_sentence(store, CLEAN), predictors, folder / "table4-lips.png")
    draw_frames(find_moments(store), predictors, folder / "table4-frames.png")


def write_videos(table: Table, progress: StageProgress) -> None:
    """Write videos of students beside the teacher: clean, degraded and foreign speech."""
    from marotte.learn.measure import videos

    jobs = [(name, CLEAN, "en", labels, None) for name, labels in VIDEOS.items()]
    jobs.append(("other", OTHER, "en", HARD_VIDEO, None))
    jobs += [(name.replace(" ", "-"), CLEAN, "en", HARD_VIDEO, name) for name in DEGRADATIONS]
    languages = {
        e.language for e in table.plan.store.entries() if e.source.endswith(("_es", "_it"))
    }
    jobs += [(name, LANGUAGES, name, HARD_VIDEO, None) for name in sorted(languages & {"es", "it"})]
    for done, (name, split, language, labels, degradation) in enumerate(jobs):
        progress(f"video {name}", done, len(jobs))
        predictors: Mapping[str, Predictor] = table.predictors(labels)
        if len(predictors) < 2:  # none of these students is trained
            continue
        if degradation:
            predictors = {
                label: DegradedPredictor(each, degradation) if label in labels else each
                for label, each in predictors.items()
            }
        sentence = choose_sentence(table.plan.store, split, language)
        path = table.folder / f"video-{name}.mp4"
        videos.write_comparison(sentence, predictors, path, degradation)


def check_claims(folder: Path) -> str:
    """Check the paper's claims against a folder's CSV files; write and return the verdicts.

    Raises:
        MarotteError: the folder has no CSV files.
    """
    figures: list[Figures] = []
    costs: list[Costs] = []
    for name in ("table2", "table3", "teacher-window"):
        if (folder / f"{name}.csv").is_file():
            known = {(each.row, each.seed) for each in figures}
            figures += [
                each
                for each in read_csv(folder / f"{name}.csv", Figures)
                if (each.row, each.seed) not in known
            ]
            costs += read_csv(folder / f"{name}-costs.csv", Costs)
    if not figures:
        raise MarotteError(f"{folder} holds no table: run `marotte reproduce table2` first")
    text = verdict_table(CLAIMS, Measured(figures, costs))
    with replacing(folder / "claims.md") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return text
