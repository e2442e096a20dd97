"""`marotte analyse`: a trained student in, a picture of what each of its layers knows out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.progress_bars import progress_bars, stage_bar
from marotte.cli.requirements import need_torch
from marotte.errors import MarotteError

EXAMPLES = ("marotte analyse RUN CORPUS --quick",)


def analyse(
    run: options.TrainedRun,
    corpus: Annotated[
        Path,
        typer.Argument(metavar="CORPUS", help="The folder of a corpus with English test sets."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The picture to write, .png; a table is written next to it, .csv.",
            show_default="layers.png in RUN",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Train on 5,000 windows, not 50,000; test on 1,000."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Random seed of the windows.")] = 0,
) -> None:
    """Measure which phonemes and visemes each layer of a trained student tells apart (Fig. 12)."""
    need_torch()
    from marotte.learn.data.csv_io import write_csv
    from marotte.learn.data.store import Store
    from marotte.learn.measure.card import markdown_table
    from marotte.learn.measure.probe import layers as probes
    from marotte.learn.measure.probe.phoneme_maps import MAPS, PHONEMES
    from marotte.learn.measure.probe.sampling import QUICK, Sizes
    from marotte.learn.models.student import StudentNet
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net
    from marotte.paths import check_writable

    store = Store.open(corpus)
    net, state = load_net(run / CHECKPOINT_FILE)
    if not isinstance(net, StudentNet):
        raise MarotteError(f"{run} is a baseline: only the layers of a student can be probed")
    picture = output or run / "layers.png"
    check_writable(picture)
    sizes = QUICK if quick else Sizes()
    with progress_bars() as bars:
        results = probes.probe_layers(net, store, sizes, seed, stage_bar(bars))
    name = state["recipe"]["name"]
    title = f"What the layers of {name} know: probes of {sizes.train} windows, seed {seed}"
    probes.plot(results, title, picture)
    write_csv(picture.with_suffix(".csv"), results, probes.ProbeResult)
    layers = dict.fromkeys(result.layer for result in results)
    rows = [[layer, *(f"{r.f1:.3f}" for r in results if r.layer == layer)] for layer in layers]
    typer.echo("\n".join(markdown_table(("layer", PHONEMES, *MAPS), rows)))
    typer.echo(f"{picture}, and {picture.with_suffix('.csv').name} next to it")
