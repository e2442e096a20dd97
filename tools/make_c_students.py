"""Write the small random students that the C library's own tests open: c/tests/*.mrt.

python tools/make_c_students.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from random_students import random_records, random_student  # noqa: E402

from marotte.device.records import to_bytes  # noqa: E402


def main() -> None:
    """Write the files; hidden layers have 8 units instead of 150, to keep the files small."""
    with mock.patch("marotte.learn.models.student.HIDDEN", 8):
        mel = random_student(4, "mel", smooth_behind=1, smooth_ahead=1).half().float()
        waveform = random_student(4, "waveform").half().float()
    for name, net, int8 in (
        ("mel", mel, False),
        ("waveform", waveform, False),
        ("bytes", mel, True),
    ):
        path = ROOT / "c" / "tests" / f"{name}.mrt"
        path.write_bytes(to_bytes(random_records(net, int8=int8)))
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
