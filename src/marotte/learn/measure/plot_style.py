"""The style of all plots: large letters, and colours that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marotte.errors import missing_extra
from marotte.paths import replacing

# Okabe and Ito's palette without yellow, which is too light for lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#666666")
TEACHER_COLOUR = "#222222"
DPI = 120
STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "marotte",  # the same figures give the same file
}


@contextmanager
def figure(path: Path, size: tuple[float, float], **layout: Any) -> Generator[tuple[Any, Any]]:
    """Open a figure and its axes; write it to `path` when the block succeeds.

    Args:
        path: the picture's path; its ending chooses the format.
        size: width and height in inches, at 120 pixels per inch.
        layout: more arguments of `pyplot.subplots`.

    Raises:
        MarotteError: the extra `train` is missing, or the file can't be written.
    """
    try:
        import matplotlib

        matplotlib.use("agg", force=False)
        from matplotlib import pyplot
    except ImportError as error:
        raise missing_extra("matplotlib", "train") from error
    with pyplot.rc_context(STYLE):
        drawn, axes = pyplot.subplots(figsize=size, layout="constrained", **layout)
        try:
            yield drawn, axes
            with replacing(path) as temporary:
                drawn.savefig(temporary, dpi=DPI)
        finally:
            pyplot.close(drawn)
