"""`marotte mesh`: fit principal components to vertices, and score students in mesh space."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli.progress import bar, progress

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
) -> None:
    """Find the principal components by which vertices move."""
    from marotte.errors import MarotteError
    from marotte.files import check_writable
    from marotte.learn import mesh as meshes

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
    )
    found.save(output)
    typer.echo(
        f"{output}: {found.n_vertices} vertices by {len(found.components)} components, which keep "
        f"{found.share:.2%} of the variance"
    )
    typer.echo(f"next: marotte label CORPUS --teacher imported:{output} --curves {folder}")


@app.command()
def score(
    corpus: Annotated[Path, typer.Argument(help="The corpus folder.")],
    student: Annotated[str, typer.Option(help="The student's file, .onnx.")],
    mesh: Annotated[Path, typer.Option(help="The mesh's file.")],
    curves: Annotated[list[Path], typer.Option(help="Where the true vertices are.")],
    split: Annotated[str, typer.Option(help="Which speech.")] = "valid",
) -> None:
    """Compare a student's vertices with those of files, beside the best and the least there is."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from marotte.learn.mesh_score import score_student
    from marotte.learn.store import Store

    with progress() as bars:
        rows = score_student(Store.open(corpus), student, mesh, curves, split, bar(bars, "scoring"))
    table = Table(
        "", "frames", "vertex mm", "MSE mm²", "lip gap mm", "jitter", "true", box=SIMPLE_HEAD
    )
    for name, each in rows.items():
        figures = (each.vertex_error_mm, each.mse_mm2, each.lip_gap_error_mm)
        trembling = (each.jitter, each.taught_jitter)
        table.add_row(
            name,
            str(each.frames),
            *(f"{figure:.3f}" for figure in figures),
            *(f"{figure:.3f}" for figure in trembling),
        )
    Console().print(table)
