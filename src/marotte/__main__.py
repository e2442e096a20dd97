"""`python -m marotte` is the command `marotte`."""

from __future__ import annotations

import sys

from marotte.version import __version__


def main() -> None:
    """Run the command line; what programs ask most, the version, is said without loading it."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout.write(f"marotte {__version__}\n")
        return
    from marotte.cli import main as run

    run()


if __name__ == "__main__":
    main()
