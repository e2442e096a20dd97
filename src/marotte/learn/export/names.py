"""Names of tensors in a student file that more than one module relies on."""

from __future__ import annotations

NET_PREFIX = "net."  # precedes the names of a network's own weights
HALF_SUFFIX = ".half"  # ends the names of tensors that are stored in 16 bits
