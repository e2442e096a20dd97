"""`marotte mesh`: fit principal components to vertices, and score students in mesh space."""

from __future__ import annotations

import math
from collections.abc import Callable, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli.progress import bar, progress

if TYPE_CHECKING:
    from marotte.learn.measure.mesh_score import MeshScore

app = typer.Typer(help="Students of meshes: vertices instead of a rig.", no_args_is_help=True)


@app.command()
def fit(
    folder: Annotated[Path, typer.Argument(help="Where the .npy files of vertices are.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The mesh's file, .npz.")],
    fps: Annotated[float, typer.Option(help="The files' frames a second.")] = 30.0,
    unit_mm: Annotated[
        float, typer.Option(help="Millimetres in the files' unit: 1000 for VOCASET's metres.")
    ] = 1.0,
    share: Annotated[float, typer.Option(help="Of the variance to keep, 0 to 1 ...")] = 0.999,
    most: Annotated[int, typer.Option(min=1, help="... in so many components at most.")] = 50,
    rest: Annotated[
        Path | None,
        typer.Option(
            help="A .npy of the face at rest.", show_default="the mean of the files' first frames"
        ),
    ] = None,
    lips: Annotated[
        str | None,
        typer.Option(
            help="UPPER,LOWER: the vertices in the middle of the lips.", show_default=False
        ),
    ] = None,
    mouth: Annotated[
        Path | None,
        typer.Option(
            help="A text file of all the lips' vertices, by commas, as CodeTalker's lve.txt.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Find the principal components by which vertices move."""
    from marotte.errors import MarotteError
    from marotte.learn.data import mesh_pca as meshes
    from marotte.paths import check_writable

    check_writable(output)
    middles = [part for part in (lips or "").split(",") if part]
    if not all(part.strip().isdigit() for part in middles) or len(middles) not in (0, 2):
        raise MarotteError(f"--lips must be two vertices, e.g. 3531,3504, got {lips!r}")
    found = meshes.fit(
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
    found.save(output)
    typer.echo(
        f"{output}: {found.n_vertices} vertices by {len(found.components)} components, which keep "
        f"{found.share:.2%} of the variance"
    )
    typer.echo(f"next: marotte label CORPUS --teacher imported:{output} --curves {folder}")


def _vertices(path: Path) -> list[int]:
    """The vertices that a text file names, by commas, spaces or lines."""
    from marotte.errors import MarotteError

    try:
        return [int(word) for word in path.read_text(encoding="utf-8").replace(",", " ").split()]
    except (OSError, ValueError) as error:
        raise MarotteError(
            f"can't read vertices from {path} ({error}): give whole numbers by commas"
        ) from error


@app.command()
def score(
    corpus: Annotated[Path, typer.Argument(help="The corpus folder.")],
    student: Annotated[str, typer.Option(help="The student's file, .onnx, or its run's folder.")],
    mesh: Annotated[Path, typer.Option(help="The mesh's file.")],
    curves: Annotated[list[Path], typer.Option(help="Where the true vertices are.")],
    split: Annotated[str, typer.Option(help="Which speech.")] = "valid",
    minutes: Annotated[
        float | None,
        typer.Option(help="Score at most so many minutes of it.", show_default="all"),
    ] = None,
    closed_mm: Annotated[
        float | None,
        typer.Option(
            help="Lips no further apart than this are closed.",
            show_default="1.14 mm more than at rest",
        ),
    ] = None,
) -> None:
    """Compare a student's vertices with those of files, beside the best and the least there is."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from marotte.face.mesh import load_mesh
    from marotte.learn.data.store import Store
    from marotte.learn.measure import mesh_score

    opened = load_mesh(mesh)
    spoken = mesh_score.student_vertices(opened, student)
    moved = {"student": lambda each, _: spoken(each), **mesh_score.reference_motions(opened)}
    with progress() as bars:
        rows = mesh_score.score_motions(
            Store.open(corpus),
            mesh,
            curves,
            split,
            moved,
            bar(bars, "scoring"),
            minutes=minutes,
            threshold_mm=closed_mm,
        )
    table = Table("", *rows, box=SIMPLE_HEAD)
    for name, show in MEASURES.items():
        table.add_row(name, *(show(each) for each in rows.values()))
    Console().print(table)
    first = rows["student"]
    if not opened.lips:
        typer.echo("the lips of this mesh are not known: fit it with --lips to measure them")
        return
    if not len(first.closures.bilabial_mm) and not len(first.closures.open_mm):
        typer.echo(
            "none of this speech has phones with a /p b m/ or an open vowel: no closures are "
            "counted; bring its text, or textgrids, to have it aligned"
        )
    threshold_mm = mesh_score.closed_threshold_mm(opened) if closed_mm is None else closed_mm
    typer.echo(f"lips are closed at {threshold_mm:.2f} mm or less of their middles' distance")


MEASURES: dict[str, Callable[[MeshScore], str]] = {
    "frames": lambda each: str(each.frames),
    "vertex error mm": lambda each: _told(each.vertex_error_mm),
    "lip vertex error mm²": lambda each: _told(each.lip_vertex_error_mm2),
    "MSE mm²": lambda each: _told(each.mse_mm2),
    "lip gap error mm": lambda each: _told(each.lip_gap_error_mm),
    "PBM % (how many)": lambda each: _share(each.closures.pbm, each.closures.bilabial_mm),
    "false closure %": lambda each: _share(each.closures.false_closure, each.closures.open_mm),
    "balanced %": lambda each: _told(100 * each.closures.balanced, ".1f"),
    "AUC": lambda each: _told(each.closures.auc, ".4f"),
    "timing ms": lambda each: _told(each.closures.timing_ms, "+.0f"),
    "contact ms": lambda each: _told(each.closures.mean_contact_ms, ".0f"),
    "jitter": lambda each: _told(each.jitter),
}


def _told(value: float, how: str = ".3f") -> str:
    return "–" if math.isnan(value) else f"{value:{how}}"


def _share(share: float, of: Sized) -> str:
    return f"{_told(100 * share, '.1f')} ({len(of)})"
