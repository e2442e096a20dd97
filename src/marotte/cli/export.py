"""`marotte export`: a trained run in, a student file out: ONNX, or `.mrt` for the C library."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from marotte.cli.requirements import need_torch
from marotte.errors import MarotteError

EXAMPLES = ("marotte export RUN -o my-student.onnx", "marotte export live -o live.mrt --int8")


def export(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="A run folder, as printed by `marotte train`. For a .mrt file also a student: a "
            "name, such as live, or the path of an ONNX file.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write, .onnx or .mrt.")
    ],
    student_version: Annotated[
        str, typer.Option(help="Version of the student, written into the file.")
    ] = "1",
    half: Annotated[
        bool, typer.Option("--half", help="Store the weights in 16 bits: half the file size.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Store the weights of a .mrt file in 8 bits.")
    ] = False,
    c_array: Annotated[
        bool,
        typer.Option(
            "--c-array", help="Also write a .mrt file as an array in C source, NAME.mrt.c."
        ),
    ] = False,
) -> None:
    """Export a trained student as an ONNX file, or as a .mrt file for the C library."""
    from marotte.device.mrt import ENDING, write_mrt
    from marotte.paths import check_writable

    check_writable(output)
    if output.suffix != ENDING:
        if int8 or c_array:
            raise MarotteError(
                f"--int8 and --c-array are for {ENDING} files, got {output}: write -o "
                f"{output.with_suffix(ENDING).name}"
            )
        n_controls = _export_run(source, output, student_version, half)
        size_kb = output.stat().st_size / 1000
        typer.echo(f"{output}: {n_controls} controls, {size_kb:.0f} kB")
        return
    with tempfile.TemporaryDirectory() as folder:
        student = source
        if source.is_dir():
            student = Path(folder) / f"{output.stem}.onnx"
            _export_run(source, student, student_version, half)
        n_bytes = write_mrt(student, output, int8=int8, array=c_array)
    typer.echo(f"{output}: {n_bytes / 1000:.0f} kB")


def _export_run(run: Path, output: Path, version: str, half: bool) -> int:
    """Write a trained run's student as an ONNX file; return the number of its controls."""
    need_torch()
    from marotte.learn.data.mesh_pca import mesh_of
    from marotte.learn.export.onnx import export as write
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net

    net, state = load_net(run / CHECKPOINT_FILE)
    contract = write(
        net,
        output,
        name=output.stem,
        version=version,
        rig=state["rig"],
        teacher=state["recipe"]["teacher"],
        mesh=mesh_of(run),
        half=half,
    )
    return len(contract.names)
