"""Packages that some commands need and a plain install lacks."""

from __future__ import annotations

from marotte.errors import missing_extra


def need_torch() -> None:
    """Check that networks can be trained and run by PyTorch.

    Raises:
        MarotteError: the extra `train` is not installed.
    """
    from importlib.util import find_spec

    for package in ("torch", "lightning_fabric"):
        if find_spec(package) is None:
            raise missing_extra(package, "train")
