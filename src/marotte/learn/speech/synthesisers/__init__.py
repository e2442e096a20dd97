"""Synthesisers that tell when they say what, and texts for them to say."""

from __future__ import annotations

import shutil

from marotte.errors import MarotteError


def program_of(package: str) -> str:
    """Where the program is that has the name of its Debian package.

    Raises:
        MarotteError: it is not installed.
    """
    program = shutil.which(package)
    if program is None:
        raise MarotteError(
            f"the program {package} is not here: install the Debian package {package}"
        )
    return program
