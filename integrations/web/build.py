"""Build marotte.wasm from c/marotte.c; the result is the same on any machine.

pip install ziglang==0.17.1
python integrations/web/build.py           # writes marotte.wasm and marotte.wasm.sha256
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
C = HERE.parents[1] / "c"
SOURCES = (C / "marotte.h", C / "marotte.c", HERE / "freestanding" / "string.h")
COMPILER = "ziglang==0.17.1"
FUNCTIONS = (
    "student_size", "student_init", "student_info", "control_name", "voice_size", "voice_init",
    "push", "next", "at", "follow_level", "flush", "reset", "error",
)  # fmt: skip


def digest() -> str:
    """Return a hash of the sources and of the compiler's version."""
    content = COMPILER.encode() + b"".join(path.read_bytes() for path in SOURCES)
    return hashlib.sha256(content).hexdigest()


def build(path: Path) -> None:
    """Compile the library to WebAssembly with SIMD."""
    exports = [f"-Wl,--export=marotte_{name}" for name in FUNCTIONS]
    command = [
        *(sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding"),
        *("-std=c99", "-Os", "-msimd128", "-mbulk-memory", "-fno-builtin", "-nostdlib", "-s"),
        *("-I", "freestanding", "-I", "../../c", "-Wl,--no-entry", "-Wl,--export=__heap_base"),
        *exports,
        *("../../c/marotte.c", "-o", str(path.resolve())),
    ]
    subprocess.run(command, check=True, cwd=HERE)


if __name__ == "__main__":
    target = HERE / "marotte.wasm"
    build(target)
    (HERE / "marotte.wasm.sha256").write_text(digest() + "\n")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")
