"""`marotte mesh`: fit principal components to captured vertices; score students on vertices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.group import examples
from marotte.cli.progress_bars import bar, progress_bars
from marotte.cli.times import parse_fps
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.face.mesh import Mesh
    from marotte.learn.measure.mesh_score import MeshScore

app = typer.Typer(help="Animate a mesh: vertices instead of a rig.", no_args_is_help=True)


@app.command(epilog=examples("marotte mesh fit vertices/ -o face.npz --lips 3531,3504"))
def fit(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder of the .npy files of vertices.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The mesh's file to write, .npz.")],
    fps: Annotated[
        float,
        typer.Option(parser=parse_fps, metavar="NUMBER", help="Frames per second of the files."),
    ] = 30.0,
    unit_mm: Annotated[
        float,
        typer.Option(help="Millimetres per unit of the files: 1000 where the unit is a metre."),
    ] = 1.0,
    share: Annotated[float, typer.Option(help="Share of the variance to keep, 0 to 1.")] = 0.999,
    most: Annotated[int, typer.Option(min=1, help="Largest number of components.")] = 50,
    rest: Annotated[
        Path | None,
        typer.Option(
            help="A .npy file of the face at rest.",
            show_default="the mean of the files' first frames",
        ),
    ] = None,
    lips: Annotated[
        str | None,
        typer.Option(
            help="UPPER,LOWER: the vertices in the middle of the upper and the lower lip.",
            show_default=False,
        ),
    ] = None,
    mouth: Annotated[
        Path | None,
        typer.Option(
            help="A text file of all vertices of the lips, separated by commas, such as "
            "CodeTalker's lve.txt.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Find the principal components of how the vertices move."""
    from marotte.learn.data import mesh_pca as meshes
    from marotte.names import check_name
    from marotte.paths import check_writable

    check_writable(output)
    check_name(output.stem, "the mesh")
    middles = [part for part in (lips or "").split(",") if part]
    if not all(part.strip().isdigit() for part in middles) or len(middles) not in (0, 2):
        raise MarotteError(f"--lips must be two vertices, e.g. 3531,3504, got {lips!r}")
    mesh = meshes.fit(
        sorted(folder.rglob("*.npy")),
        output.stem,
        fps=fps,
        unit_mm=unit_mm,
        share=share,
        most=most,
        rest=rest,
        lips=(int(middles[0]), int(middles[1])) if middles else None,
        mouth=_vertices(mouth) if mouth else (),
    )
    mesh.save(output)
    typer.echo(
        f"{output}: {mesh.n_vertices} vertices by {len(mesh.components)} components, which keep "
        f"{mesh.share:.2%} of the variance"
    )
    typer.echo(f"next: marotte label CORPUS --teacher imported:{output} --curves {folder}")


def _vertices(path: Path) -> list[int]:
    """Read the vertices that a text file lists, separated by commas, spaces or lines."""
    try:
        return [int(word) for word in path.read_text(encoding="utf-8").replace(",", " ").split()]
    except (OSError, ValueError) as error:
        raise MarotteError(
            f"can't read vertices from {path} ({error}): separate whole numbers by commas"
        ) from error


@app.command(
    epilog=examples(
        "marotte mesh score CORPUS --student face.onnx --mesh face.npz --curves vertices/"
    )
)
def score(
    corpus: options.CorpusFolder,
    student: Annotated[
        str,
        typer.Option(
            help="The student: an ONNX file or a run folder.",
            autocompletion=completion.students,
        ),
    ],
    mesh: Annotated[Path, typer.Option(help="The mesh's file, .npz.")],
    curves: Annotated[
        list[Path],
        typer.Option(help="A folder of the captured vertices, .npy. May be given several times."),
    ],
    split: Annotated[str, typer.Option(help="The split of the speech.")] = "valid",
    speech: options.SpeechMinutes = None,
    closed_mm: Annotated[
        float | None,
        typer.Option(
            help="Largest distance between closed lips, in mm.",
            show_default="1.14 mm more than at rest",
        ),
    ] = None,
) -> None:
    """Compare a student's vertices with the captured ones.

    References are scored too: the captured vertices themselves, their best approximation
    by the components, and a still face.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from marotte.face.mesh import load_mesh
    from marotte.learn.data.store import Store
    from marotte.learn.measure import mesh_score

    loaded = load_mesh(mesh)
    vertices = mesh_score.student_vertices(loaded, student)
    motions = {
        "student": lambda utterance, _: vertices(utterance),
        **mesh_score.reference_motions(loaded),
    }
    with progress_bars() as bars:
        rows = mesh_score.score_motions(
            Store.open(corpus),
            mesh,
            curves,
            split,
            motions,
            bar(bars, "scoring"),
            minutes=speech,
            threshold_mm=closed_mm,
        )
    table = Table("", *rows, box=SIMPLE_HEAD)
    for name, show in MEASURES.items():
        table.add_row(name, *(show(each) for each in rows.values()))
    Console().print(table)
    print_closures(loaded, rows["student"], closed_mm)


def print_closures(mesh: Mesh, score: MeshScore, closed_mm: float | None) -> None:
    """Print when lips count as closed, or why closures are not measured."""
    from marotte.learn.measure.mesh_score import closed_threshold_mm

    if not mesh.lips:
        typer.echo("the lips of this mesh are not known: fit it with --lips to measure them")
        return
    if not len(score.closures.bilabial_mm) and not len(score.closures.open_mm):
        typer.echo(
            "none of this speech has phones with a /p b m/ or an open vowel, so closures are not "
            "counted; add its text or TextGrids to have it aligned"
        )
    threshold_mm = closed_threshold_mm(mesh) if closed_mm is None else closed_mm
    typer.echo(f"lips are closed at {threshold_mm:.2f} mm or less between their middles")


MEASURES: dict[str, Callable[[MeshScore], str]] = {
    "frames": lambda each: str(each.frames),
    "vertex error mm": lambda each: _number(each.vertex_error_mm),
    "lip vertex error mm²": lambda each: _number(each.lip_vertex_error_mm2),
    "MSE mm²": lambda each: _number(each.mse_mm2),
    "lip gap error mm": lambda each: _number(each.lip_gap_error_mm),
    "PBM % (how many)": lambda each: _share(each.closures.pbm, each.closures.bilabial_mm),
    "false closure %": lambda each: _share(each.closures.false_closure, each.closures.open_mm),
    "balanced %": lambda each: _number(100 * each.closures.balanced, ".1f"),
    "AUC": lambda each: _number(each.closures.auc, ".4f"),
    "timing ms": lambda each: _number(each.closures.timing_ms, "+.0f"),
    "contact ms": lambda each: _number(each.closures.mean_contact_ms, ".0f"),
    "jitter": lambda each: _number(each.jitter),
}


def _number(value: float, format: str = ".3f") -> str:
    return "–" if math.isnan(value) else f"{value:{format}}"


def _share(share: float, of: Sized) -> str:
    return f"{_number(100 * share, '.1f')} ({len(of)})"
