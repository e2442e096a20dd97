"""Draw captured faces above others with the same sound, moment by moment, to look at.

    python tools/draw_strips.py FOLDER --student live -o OUT [--clips 8] [--seed 0] [--video]

FOLDER is a folder of captured faces, as `marotte capture score` reads it. Writes a picture per
excerpt into OUT: the mouths every 120 ms, the lip gaps and the sound. `--video` also writes an MP4
of the faces side by side with the sound. Excerpts are taken from what training leaves out. Needs
the extra `train`; videos need `video`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from marotte.cli.capture_score import named_folders
from marotte.cli.progress_bars import bar, progress_bars
from marotte.errors import MarotteError
from marotte.learn.capture.loaders import load_takes
from marotte.learn.measure.capture.faces import open_faces
from marotte.learn.measure.capture.strips import choose_excerpts, draw_strips, make_strips


def draw(options: argparse.Namespace) -> None:
    """Draw the strips that the options ask for."""
    faces = open_faces(options.student, options.teacher, named_folders(options.curves))
    takes = load_takes(options.folder)
    excerpts = choose_excerpts(takes, options.clips, options.seconds, options.seed)
    with progress_bars() as bars:
        strips = make_strips(takes, faces, excerpts, bar(bars, "strips"))
        written = draw_strips(strips, options.output, options.video)
    print(*written, sep="\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--student", action="append", default=[], metavar="NAME")
    parser.add_argument("--teacher", action="append", default=[], metavar="NAME")
    parser.add_argument("--curves", action="append", default=[], type=Path, metavar="NAME=DIR")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--clips", type=int, default=8, help="how many excerpts")
    parser.add_argument("--seconds", type=float, default=3.0, help="duration of each")
    parser.add_argument("--seed", type=int, default=0, help="chooses others")
    parser.add_argument("--video", action="store_true", help="write an MP4 of each, too")
    try:
        draw(parser.parse_args())
    except MarotteError as error:
        print(f"draw_strips: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
