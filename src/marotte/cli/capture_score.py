"""`marotte capture score`: captured faces, and faces to compare, in; tables and a plot out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.progress_bars import bar, progress_bars
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marotte.learn.measure.capture.score import SetScore

EXAMPLES = (
    "marotte capture score faces/ --student live --student offline",
    "marotte capture score faces/ --teacher voice2face:RUN --held-out",
    "marotte capture score faces/ --curves other=CURVES -o scores/",
)
BEGIN, END = "<!-- real faces: written by `marotte capture score` -->", "<!-- end of real faces -->"


def score(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="The folder of captured faces: FACEGOOD's or GRID's, folders with a sound and "
            "curves.csv, or sounds with Live Link CSV, JSON or npz files of the same name.",
        ),
    ],
    student: Annotated[
        list[str] | None,
        typer.Option(
            help="A student: a name, an ONNX file or a run folder. May be given several times.",
            show_default="live, if no other face is given",
            autocompletion=completion.students,
        ),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help="A teacher. May be given several times.",
            show_default=False,
            autocompletion=completion.teachers,
        ),
    ] = None,
    curves: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR|NAME=DIR",
            help="A folder of curves of the same sounds, one file per take, and their name in the "
            "tables. May be given several times.",
            show_default=False,
        ),
    ] = None,
    fps: options.Fps = 60.0,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Score only the fifth of each set that training leaves out.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder to write: score.md, score.csv, and a plot of ten seconds per set.",
            show_default=False,
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A model card, whose section of real faces is replaced by the tables.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure how near faces are to captured ones with the same sound."""
    from marotte.learn.capture.loaders import load_takes
    from marotte.learn.measure.capture.faces import open_faces
    from marotte.learn.measure.capture.report import markdown
    from marotte.learn.measure.capture.score import score_sets
    from marotte.learn.measure.card import replace_section

    folders = named_folders(curves or ())
    students = student or ([] if teacher or folders else ["live"])
    takes = load_takes(folder)
    faces = open_faces(students, teacher or (), folders)
    with progress_bars() as bars:
        sets = score_sets(takes, faces, fps, held_out, bar(bars, "takes"))
    text = markdown(sets, held_out)
    if output:
        write(sets, text, output)
    if card:
        replace_section(card, deeper_headings(text), BEGIN, END)
    typer.echo(text)


def deeper_headings(text: str) -> str:
    """Return Markdown with each heading one level deeper, to stand below a section's own.

    Example:
        >>> deeper_headings("## GRID")
        '### GRID'
    """
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())


def named_folders(values: Sequence[Path]) -> dict[str, Path]:
    """Return the folders of `NAME=DIR`, or of `DIR` whose last part is the name, by their names.

    Raises:
        MarotteError: two folders have one name.
    """
    folders: dict[str, Path] = {}
    for value in values:
        first, equals, last = str(value).partition("=")
        folder = Path(last if equals else first)
        name = first if equals else folder.resolve().name
        if name in folders:
            raise MarotteError(f"two folders of curves are called {name!r}: use --curves NAME=DIR")
        folders[name] = folder
    return folders


def write(sets: Sequence[SetScore], text: str, folder: Path) -> None:
    """Write the scores as Markdown and as a table, and a plot per set."""
    from marotte.learn.data.csv_io import write_csv
    from marotte.learn.measure.capture.plot import plot_set
    from marotte.learn.measure.capture.report import Row, rows
    from marotte.names import path_inside
    from marotte.paths import replacing

    folder.mkdir(parents=True, exist_ok=True)
    for each in sets:
        plot_set(each, path_inside(folder, f"{each.scene.name}.png", "a set"))
    write_csv(folder / "score.csv", rows(sets), Row)
    with replacing(folder / "score.md") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
