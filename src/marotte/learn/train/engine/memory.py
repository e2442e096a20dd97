"""Memory of a process on Linux: large arrays stay allocated between training steps.

Each step allocates the same arrays as the step before. By default, glibc returns large arrays to
the system, and each page costs a page fault when it is used again. With 256 channels these faults
took longer than the computation.
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h
THRESHOLD_BYTES = 2**30


def keep_freed_memory() -> bool:
    """Keep freed memory for later arrays; return whether the system supports it."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # not glibc
        return False
    options = (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD)
    return all(bool(set_option(option, THRESHOLD_BYTES)) for option in options)
