"""Where Marotte keeps what can be made or fetched again: one folder, chosen by the environment."""

from __future__ import annotations

import os
from pathlib import Path

from marotte.errors import missing_extra


def cache_folder() -> Path:
    """The folder in MAROTTE_CACHE if that is set, else the one the system gives each program."""
    if chosen := os.environ.get("MAROTTE_CACHE"):
        return Path(chosen)
    try:
        import platformdirs
    except ImportError as error:
        raise missing_extra("platformdirs", "train") from error
    return platformdirs.user_cache_path("marotte", appauthor=False)
