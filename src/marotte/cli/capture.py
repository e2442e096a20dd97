"""`marotte capture`: faces of real people, captured beside their sound."""

from __future__ import annotations

import typer

from marotte.cli import capture_score, capture_track
from marotte.cli.group import examples

app = typer.Typer(help="Captured faces: make your own, and score faces.", no_args_is_help=True)
app.command(epilog=examples(*capture_track.EXAMPLES))(capture_track.track)
app.command(epilog=examples(*capture_score.EXAMPLES))(capture_score.score)
