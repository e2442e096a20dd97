"""`marotte export`: a trained run in, an ONNX file that carries the student's contract out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.requirements import need_torch

EXAMPLES = ("marotte export RUN -o my-student.onnx",)


def export(
    run: options.TrainedRun,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write, .onnx.")],
    student_version: Annotated[
        str, typer.Option(help="Version of the student, written into the file.")
    ] = "1",
    half: Annotated[
        bool, typer.Option("--half", help="Store the weights in 16 bits: half the file size.")
    ] = False,
) -> None:
    """Export a trained student as an ONNX file."""
    need_torch()
    from marotte.learn.data.mesh_pca import mesh_of
    from marotte.learn.export.onnx import export as write
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net
    from marotte.paths import check_writable

    check_writable(output)
    net, state = load_net(run / CHECKPOINT_FILE)
    recipe = state["recipe"]
    contract = write(
        net,
        output,
        name=output.stem,
        version=student_version,
        rig=state["rig"],
        teacher=recipe["teacher"],
        mesh=mesh_of(run),
        half=half,
    )
    size_kb = output.stat().st_size / 1000
    typer.echo(f"{output}: {len(contract.names)} controls, {size_kb:.0f} kB")
