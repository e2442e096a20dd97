"""Standard input, output and error, made safe to use whatever the caller did with them."""

from __future__ import annotations

import io
import os
import sys


def prepare_streams() -> None:
    """Take the place of closed streams, and let no character be an error.

    A file that is opened while standard output is closed would get its number, and whatever a
    library prints would be written into the file. A character that the terminal's encoding lacks
    (`×` in ASCII or code page 437) becomes `?`.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
