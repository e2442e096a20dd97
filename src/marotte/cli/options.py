"""Options that several commands have, each with one form and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Student = Annotated[
    str | None, typer.Option(help="The student: a name, or an ONNX file.", show_default=False)
]
Rig = Annotated[
    Path | None,
    typer.Option(help="A JSON file of another rig, or a mesh's file.", show_default="ARKit's 52"),
]
Smooth = Annotated[
    bool | None,
    typer.Option(
        help="Tremble less, up to 16.7 ms later, or more, sooner.",
        show_default="as the student is made",
    ),
]
Retarget = Annotated[
    Path | None, typer.Option(help="A TOML file of gains, ranges and names.", show_default=False)
]
Life = Annotated[bool, typer.Option("--life", help="Blink, and move head and brows.")]
LifeSeed = Annotated[int, typer.Option(help="Of --life: other seeds move otherwise.")]

CorpusFolder = Annotated[Path, typer.Argument(help="The corpus folder, as `corpus build` says it.")]
LabelledCorpus = Annotated[Path, typer.Option(help="The labelled corpus folder.")]
TrainedRun = Annotated[Path, typer.Argument(help="A run's folder, as `train` says it.")]
NewRun = Annotated[
    Path | None,
    typer.Option(help="The run's folder.", show_default="runs/<name> in Marotte's cache"),
]
Minutes = Annotated[float | None, typer.Option(help="A time budget other than the recipe's.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads that train.")]

SpeechMinutes = Annotated[
    float | None,
    typer.Option(help="Score at most so many minutes of each test set.", show_default="all"),
]
TrainMissing = Annotated[
    bool, typer.Option(help="Train what is missing; else only what is trained is measured.")
]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes that score, of one thread each.", show_default="one a core"),
]
