"""Loaders: a folder of captured faces in, takes out. One module per layout of folders.

A loader is a function from a folder to its takes, which returns nothing if the folder has another
layout.
"""

from __future__ import annotations

from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.capture.loaders import facegood, grid, sounds, takes
from marotte.learn.capture.take import Take

LOADERS = (takes.load, facegood.load, grid.load, sounds.load)
LAYOUTS = (
    "NAME/audio.* + NAME/curves.csv",
    "wav/*.wav + bs_value/*.npy (FACEGOOD)",
    "NAME.align + sound or video + curves (GRID)",
    "NAME.wav + NAME.csv, .json or .npz",
)


def load_takes(folder: Path) -> list[Take]:
    """Load the takes of a folder, whatever its layout, in the order of their names.

    Raises:
        MarotteError: there is no such folder, it has no known layout, or a file can't be used.
    """
    if not folder.is_dir():
        raise MarotteError(f"there is no folder {folder}: give the folder of captured faces")
    for load in LOADERS:
        if loaded := load(folder):
            return sorted(loaded, key=lambda take: take.name)
    raise MarotteError(
        f"no captured faces in {folder}: expected one of the layouts {'; '.join(LAYOUTS)}"
    )
