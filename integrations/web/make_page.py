"""Write one HTML file with engine, student and program: it needs no server and no network.

marotte export live -o live.mrt --int8
python integrations/web/make_page.py live.mrt -o live.html
"""

from __future__ import annotations

import argparse
import re
import sys
from base64 import b64encode
from pathlib import Path

HERE = Path(__file__).parent


def page(student: bytes) -> str:
    """Return the page for the bytes of a .mrt file."""

    def text(name: str) -> str:
        lines = (HERE / name).read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(("import ", "export {"))]
        return "\n".join(kept).replace("export ", "").replace("import.meta.url", "location.href")

    slots = {
        "wasm": b64encode((HERE / "marotte.wasm").read_bytes()).decode(),
        "student": b64encode(student).decode(),
        "engine": text("engine.js"),
        "worklet": text("worklet.js"),
        "module": text("engine.js") + "\n" + text("marotte.js"),
        "program": text("page.js"),
    }
    template = (HERE / "page.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], template)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("student", type=Path, help="a .mrt file")
    parser.add_argument("-o", "--output", type=Path, default=Path("live.html"))
    options = parser.parse_args()
    content = options.student.read_bytes()
    if content[:4] != b"MRT\0":
        raise SystemExit(f"{options.student} is not a .mrt file: marotte export live -o live.mrt")
    options.output.write_text(page(content), "utf-8")
    sys.stdout.write(f"{options.output}: {options.output.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
