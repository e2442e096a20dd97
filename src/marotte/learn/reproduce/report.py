"""A whole table: trained, measured and written, with its pictures and videos, into a folder."""

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
    TeacherPredictor,
)
from marotte.learn.reproduce import table4
from marotte.learn.reproduce.claims import CLAIMS
from marotte.learn.reproduce.frames import draw_frames, moments
from marotte.learn.reproduce.lips import plot_lips, sentence
from marotte.learn.reproduce.meshes import MeshRunPredictor, with_meshes
from marotte.learn.reproduce.plots import plot_frontier, plot_metrics
from marotte.learn.reproduce.results import (
    CLEAN,
    Costs,
    Figures,
    ScoredSpeech,
    measure,
    measure_teacher,
)
from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.runs import TablePlan, Trainer, is_trained, runs_of
from marotte.learn.reproduce.tables import LANGUAGES, OTHER, markdown
from marotte.learn.reproduce.verdicts import Measured, verdicts
from marotte.paths import replacing
from marotte.progress import StageProgress

# The comparisons of Figs 6-8, and of the videos of § 4.4.4, by file name.
LIPS = {"fig6": ("S0", "MFCC+KD"), "fig7": ("S2", "S2+"), "fig8": ("S4", "S4+")}
FILMS = {
    "mfcc": ("MFCC+KD", "S0"),
    "small": ("S1", "S2", "S2+"),
    "quick": ("S4", "S4+", "S4+ smooth"),
    "small-and-quick": ("S5+", "S5+ smooth"),
}
HARD_FILM = ("MFCC+KD", "S0", "S1+")  # with noise, downsampled, in other languages
FRAMES = ("MFCC+KD", "S0", "S1", "S1+", "S2", "S2+", "S4+ smooth", "S5+ smooth")


@dataclass(frozen=True)
class Table:
    """A table of the paper and where it goes.

    Attributes:
        name: e.g. `table2`.
        rows: of it.
        plan: what its runs have in common.
        folder: for Markdown, CSV, pictures and videos.
    """

    name: str
    rows: Sequence[Row]
    plan: TablePlan
    folder: Path

    @property
    def teacher(self) -> str:
        """Who taught the rows; the phonetic one, where nothing is taught.

        Raises:
            MarotteError: rows were taught by different teachers.
        """
        runs = runs_of(self.rows)
        if not runs:
            return "phonetic"
        teachers = {self.plan.recipe(row, seed).teacher for row, seed in runs}
        if len(teachers) != 1:
            raise MarotteError(f"the rows of a table need one teacher, got {sorted(teachers)}")
        return teachers.pop()

    def faces(self, labels: Sequence[str]) -> dict[str, Predictor]:
        """The faces of those rows that are trained, the teacher's first, by label."""
        meshes = self.plan.meshes
        name = meshes.teacher if meshes else self.teacher
        source = meshes.source if meshes else TeacherPredictor(name)
        found: dict[str, Predictor] = {f"teacher ({name})": source}
        by_label = {row.label: row for row in self.rows}
        for label in labels:
            row = by_label.get(label)
            if row and row.recipe:
                run = self.plan.folder(row, row.seeds[0])
                face = MeshRunPredictor(run) if meshes else RunPredictor(run)
                found[label] = SmoothedPredictor(face) if row.smooth else face
        return found


def prepared(table: Table, speech_minutes: float | None, told: StageProgress) -> Table:
    """The table with what its students learn: the meshes are made where they are missing."""
    if table.name != "table4":
        return table
    return replace(table, plan=with_meshes(table.plan, speech_minutes, told))


def train(table: Table, told: StageProgress) -> None:
    """Train the runs that are missing."""
    trainer = Trainer(table.plan, told)
    for row, seed in runs_of(table.rows):
        trainer.train(row, seed)


def trained_only(table: Table) -> Table:
    """The table without rows of which a run is missing or unfinished.

    Raises:
        MarotteError: none is left.
    """
    left = [
        row
        for row in table.rows
        if not row.recipe
        or all(
            is_trained(table.plan.folder(row, seed), table.plan.recipe(row, seed))
            for seed in row.seeds
        )
    ]
    if runs_of(table.rows) and not runs_of(left):
        raise MarotteError(f"no run is finished in {table.plan.home}: leave --no-train out")
    return replace(table, rows=left)


def collect(
    table: Table, speech: ScoredSpeech, told: StageProgress
) -> tuple[Sequence[Figures], Sequence[Costs]]:
    """Measure every row, and write the CSV files."""
    in_mesh = table.plan.meshes is not None
    of_teacher = table4.measure_teacher if in_mesh else measure_teacher
    of_run = table4.measure if in_mesh else measure
    figures: list[Figures] = []
    costs: list[Costs] = []
    for row in table.rows:
        if not row.recipe:
            told(f"{table.name}: {row.label}", 0, 1)
            figures += of_teacher(row, table.plan, table.teacher, speech)
            continue
        for seed in row.seeds:
            title = f"{table.name}: {row.label}, seed {seed}"
            found, cost = of_run(
                row,
                seed,
                table.plan,
                speech,
                lambda done, total, title=title: told(title, done, total),
            )
            figures += found
            costs.append(cost)
    kind = table4.MeshFigures if in_mesh else Figures
    write_csv(table.folder / f"{table.name}.csv", figures, kind)
    write_csv(table.folder / f"{table.name}-costs.csv", costs, Costs)
    return figures, costs


def write(
    table: Table, figures: Sequence[Figures], costs: Sequence[Costs], page: Path | None
) -> str:
    """Write the table as Markdown, and between its markers in a page; gives the text."""
    text = (
        table4.markdown(table.plan.meshes, table.rows, figures, costs)
        if table.plan.meshes
        else markdown(table.rows, figures, costs)
    )
    with replacing(table.folder / f"{table.name}.md") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    if page:
        replace_section(page, text, *markers(table.name))
    return text


def markers(name: str) -> tuple[str, str]:
    """The lines in a page between which a table is written."""
    return f"<!-- {name}: written by `marotte reproduce {name}` -->", f"<!-- end of {name} -->"


def draw(
    table: Table, figures: Sequence[Figures], costs: Sequence[Costs], told: StageProgress
) -> None:
    """Draw what the table's figures look like, the lips over a sentence, and the frames."""
    folder, store = table.folder, table.plan.store
    if table.name == "frontier":
        plot_frontier(table.rows, figures, costs, folder / "frontier.png")
        return
    told("drawing", 0, 2)
    if table.name == "table4":
        _draw_meshes(table, figures)
        return
    plot_metrics(table.rows, figures, folder / f"{table.name}-metrics.png")
    if table.name != "table2":
        return
    plot_frontier(table.rows, figures, costs, folder / "table2-frontier.png")
    said = sentence(store, CLEAN)
    for name, labels in LIPS.items():
        faces = table.faces(labels)
        if len(faces) > 1:
            plot_lips(said, faces, folder / f"{name}-lips.png")
    told("drawing", 1, 2)
    faces = table.faces(FRAMES)
    faces = faces if len(faces) > 1 else table.faces([row.label for row in table.rows])
    draw_frames(moments(store), faces, folder / "fig5-frames.png")


def _draw_meshes(table: Table, figures: Sequence[Figures]) -> None:
    """Draw the figures of meshes, the lips over a sentence, and the frames of all students."""
    folder, spoken = table.folder, table.plan.store
    if table.plan.meshes:
        spoken = table.plan.meshes.spoken
    plot_metrics(table.rows, figures, folder / "table4-metrics.png", "MSE of the vertices, mm²", 1)
    faces = table.faces([row.label for row in table.rows])
    plot_lips(sentence(spoken, CLEAN), faces, folder / "table4-lips.png")
    draw_frames(moments(spoken), faces, folder / "table4-frames.png")


def film(table: Table, told: StageProgress) -> None:
    """Write the videos: students beside the teacher, on clean, noisy, narrow and foreign speech."""
    from marotte.learn.measure import videos

    jobs = [(name, CLEAN, "en", labels, None) for name, labels in FILMS.items()]
    jobs.append(("other", OTHER, "en", HARD_FILM, None))
    jobs += [(how.replace(" ", "-"), CLEAN, "en", HARD_FILM, how) for how in DEGRADATIONS]
    languages = {
        e.language for e in table.plan.store.entries() if e.source.endswith(("_es", "_it"))
    }
    jobs += [(name, LANGUAGES, name, HARD_FILM, None) for name in sorted(languages & {"es", "it"})]
    for done, (name, split, language, labels, heard) in enumerate(jobs):
        told(f"video {name}", done, len(jobs))
        faces: Mapping[str, Predictor] = table.faces(labels)
        if len(faces) < 2:  # none of these students was made
            continue
        if heard:
            faces = {
                label: DegradedPredictor(face, heard) if label in labels else face
                for label, face in faces.items()
            }
        said = sentence(table.plan.store, split, language)
        videos.write_comparison(said, faces, table.folder / f"video-{name}.mp4", heard)


def claims(folder: Path) -> str:
    """Hold the paper's claims against the CSV files of a folder; written there, and given.

    Raises:
        MarotteError: there are none.
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
    text = verdicts(CLAIMS, Measured(figures, costs))
    with replacing(folder / "claims.md") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return text
