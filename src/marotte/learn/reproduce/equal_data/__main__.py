"""`python -m marotte.learn.reproduce.equal_data`: train rows of a table on the same crops.

`train` trains rows, `score` scores runs. On another machine, to which `marotte reproduce pack` took
the speech, `check` tests that machine; `unpack` turns the weights that come back into runs.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from marotte.learn.data.dataset import LabelledSpeech
    from marotte.learn.train.engine.group import Report
    from marotte.learn.train.engine.student_training import EngineSettings

ARCHIVE_SECONDS = 90.0
CHECK_SECONDS = 3.0
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Recipes = Annotated[list[Path], typer.Argument(help="Training recipes, .toml files.")]
Runs = Annotated[Path, typer.Option(help="The folder of the runs.")]
Batch = Annotated[int, typer.Option(help="Crops per step.")]
CropFrames = Annotated[int, typer.Option(help="Frames per crop.")]
Teacher = Annotated[str, typer.Option(help="The teacher whose labels are used.")]


@app.command()
def train(
    recipes: Recipes,
    runs: Runs,
    corpus: Annotated[Path | None, typer.Option(help="A labelled corpus.")] = None,
    packed: Annotated[
        Path | None, typer.Option(help="A folder written by `marotte reproduce pack`.")
    ] = None,
    frames: Annotated[float, typer.Option(help="Training frames per row.")] = 0.0,
    seconds: Annotated[float, typer.Option(help="Time for all rows, instead of --frames.")] = 0.0,
    batch: Batch = 8,
    crop_frames: CropFrames = 64,
    seeds: Annotated[str, typer.Option(help="Seeds, one run per row and seed.")] = "0",
    learning_rate: Annotated[float, typer.Option(help="0 keeps the recipes'.")] = 0.0,
    finetune: Annotated[bool, typer.Option(help="Keep the recipes' fine-tuning.")] = False,
    archives: Annotated[Path | None, typer.Option(help="Also write the weights here.")] = None,
    exact: Annotated[bool, typer.Option(help="Compute in 32 bits only.")] = False,
    graphs: Annotated[bool, typer.Option(help="Record steps on a GPU.")] = True,
) -> None:
    """Train rows, all on the same crops of the same speech."""
    import torch

    from marotte.learn.train.engine.memory import keep_freed_memory
    from marotte.learn.train.engine.rows import RowBudget, train_rows
    from marotte.learn.train.recipe import read_training_recipe

    keep_freed_memory()
    rows = [read_training_recipe(path) for path in recipes]
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    all_seeds = tuple(map(int, seeds.split(",")))
    used = train_rows(
        rows,
        _speech(corpus, packed, rows[0].teacher),
        runs,
        RowBudget(int(frames), batch, crop_frames, all_seeds, finetune, learning_rate),
        _settings(exact=exact, graphs=graphs),
        seconds=seconds,
        report=_reporter(runs, archives),
        trained=lambda: _write_archives(runs, archives),
    )
    if len(set(used.values())) > 1:
        typer.echo("the time ran out, so rows were trained on different amounts of data:")
    for name, count in used.items():
        typer.echo(f"{name}: {count} frames")


@app.command()
def check(
    recipe: Annotated[Path, typer.Argument(help="A training recipe.")],
    packed: Annotated[Path, typer.Option(help="A folder written by `marotte reproduce pack`.")],
    batch: Batch = 8,
    crop_frames: CropFrames = 64,
) -> None:
    """Check predictions, recorded steps and speed. Fails if steps should not be recorded."""
    from marotte.learn.train.engine import check
    from marotte.learn.train.engine.rows import RowBudget, plan_row
    from marotte.learn.train.recipe import read_training_recipe

    speech = _speech(None, packed)
    (row,) = plan_row(read_training_recipe(recipe), RowBudget(10**9, batch, crop_frames))
    settings = _settings(exact=False, graphs=False)
    error = check.prediction_error(row, speech.names, settings.device)
    typer.echo(f"{settings.device}: predictions differ from the student's by {error:.1e}")
    if settings.device.type == "cpu":
        raise typer.Exit(1)
    problem = check.graph_problem([row], speech, settings)
    typer.echo(problem or "recorded steps train like plain ones")
    for graphs in (False,) if problem else (False, True):
        speed = check.frames_per_second(
            row, speech, replace(settings, graphs=graphs), CHECK_SECONDS
        )
        typer.echo(f"{'recorded' if graphs else 'plain'}: {speed:.0f} frames/s of {row.name}")
    raise typer.Exit(1 if problem else 0)


@app.command()
def unpack(
    weights: Annotated[list[Path], typer.Argument(help="Weight archives.")], runs: Runs
) -> None:
    """Write runs from the weight archives of another machine."""
    from marotte.learn.reproduce.equal_data.weight_archives import read_archives

    for run in read_archives(weights, runs):
        typer.echo(str(run))


@app.command()
def score(
    folders: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    corpus: Annotated[Path, typer.Option(help="A labelled corpus.")],
    output: Annotated[Path, typer.Option(help="A CSV file; lines are appended.")],
    splits: Annotated[str, typer.Option(help="Test sets.")] = "test_clean,test_other",
    speech: Annotated[float, typer.Option(help="Minutes of each that are scored; 0: all.")] = 0.0,
    teacher: Teacher = "captured",
) -> None:
    """Score runs on test sets; runs that the file already contains are skipped."""
    from marotte.learn.data.store import Store
    from marotte.learn.reproduce.equal_data.row_scores import as_csv, as_table, score_run

    store = Store.open(corpus)
    lines = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    scored = {line.split(",")[0] for line in lines}
    for folder in folders:
        if folder.name in scored:
            continue
        scores = score_run(folder, store, splits.split(","), teacher, speech or None)
        typer.echo(as_table(scores))
        header, *rows = as_csv(scores).splitlines()
        with output.open("a", encoding="utf-8") as file:
            file.write("".join(f"{row}\n" for row in ([] if lines else [header]) + rows))
        lines = lines or [header]


def _settings(*, exact: bool, graphs: bool) -> EngineSettings:
    """Return the settings of the GPU if there is one, else of the CPU."""
    import torch

    from marotte.learn.train.engine.student_training import EngineSettings

    if not torch.cuda.is_available():
        return EngineSettings()
    dtype = torch.float32 if exact else torch.bfloat16
    return EngineSettings(torch.device("cuda"), dtype, graphs)


def _write_archives(runs: Path, archives: Path | None) -> None:
    from marotte.learn.reproduce.equal_data.weight_archives import write_archives

    folders = sorted(each.parent for each in runs.glob("*/checkpoint.pt"))
    if archives and folders:
        write_archives(folders, archives)


def _reporter(runs: Path, archives: Path | None) -> Report:
    """Return a function that prints progress, and writes the weights now and then."""
    written = time.monotonic()

    def report(step: int, steps: int, losses: dict[str, dict[str, float]]) -> None:
        nonlocal written
        each = "  ".join(f"{name} {parts['total']:.5f}" for name, parts in losses.items())
        typer.echo(f"{step}/{steps}  {each}")
        if time.monotonic() - written > ARCHIVE_SECONDS:
            written = time.monotonic()
            _write_archives(runs, archives)

    return report


def _speech(corpus: Path | None, packed: Path | None, teacher: str = "") -> LabelledSpeech:
    from marotte.face.rig import ARKIT_52
    from marotte.learn.data.dataset import load_speech
    from marotte.learn.data.store import Store
    from marotte.learn.reproduce.equal_data.packing import unpack_speech

    if packed:
        return unpack_speech(packed, threads=os.cpu_count() or 1)
    if corpus:
        return load_speech(Store.open(corpus), teacher, "train", ARKIT_52.speech)
    raise typer.BadParameter("give --corpus or --packed")


if __name__ == "__main__":
    app()
