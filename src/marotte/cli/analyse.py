"""`marotte analyse`: what a student's layers know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.learn import need_torch
from marotte.cli.progress import progress, teller


def analyse(
    run: options.TrainedRun,
    corpus: Annotated[Path, typer.Option(help="A corpus with English test sets.")],
    to: Annotated[
        Path | None, typer.Option(help="The picture, .png.", show_default="layers.png in RUN")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="5 k windows to learn from and 1 k to test, not 50 k.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
) -> None:
    """Ask each layer of a trained student which phoneme or viseme it hears (Fig. 12)."""
    need_torch()
    from marotte.learn.data.csv_io import write_csv
    from marotte.learn.data.store import Store
    from marotte.learn.measure.card import markdown_table
    from marotte.learn.measure.probe import layers as probes
    from marotte.learn.measure.probe.phoneme_maps import MAPS, PHONEMES
    from marotte.learn.measure.probe.sampling import QUICK, Sizes
    from marotte.learn.train.checkpoint import FILE, load_net
    from marotte.paths import check_writable

    store = Store.open(corpus)
    net, state = load_net(run / FILE)
    picture = to or run / "layers.png"
    check_writable(picture)
    sizes = QUICK if quick else Sizes()
    with progress() as bars:
        found = probes.probe_layers(net, store, sizes, seed, teller(bars))
    name = state["recipe"]["name"]
    title = f"What the layers of {name} know: probes of {sizes.train} windows, seed {seed}"
    probes.plot(found, title, picture)
    write_csv(picture.with_suffix(".csv"), found, probes.ProbeResult)
    layers = dict.fromkeys(each.layer for each in found)
    lines = [[layer, *(f"{e.f1:.3f}" for e in found if e.layer == layer)] for layer in layers]
    typer.echo("\n".join(markdown_table(("layer", PHONEMES, *MAPS), lines)))
    typer.echo(f"{picture}, and {picture.with_suffix('.csv').name} beside it")
