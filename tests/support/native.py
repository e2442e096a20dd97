"""The C library in `c/`, compiled and called from Python."""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parents[2] / "c"
COMPILER = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
MOST_CONTROLS = 1024
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


class Info(ctypes.Structure):
    """marotte_info."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_char_p),
        ("licence", ctypes.c_char_p),
        ("n_controls", ctypes.c_int),
        ("frame_rate", ctypes.c_double),
        ("delay", ctypes.c_double),
    ]


def compile_library(folder, *flags):
    """Compile the library with these flags; return it."""
    name = "lib" + "".join(c for c in "".join(flags) if c.isalnum()) + ".so"
    subprocess.run(
        [
            *(COMPILER, *WARNINGS, "-O2", *flags, "-shared", "-fPIC"),
            *(SOURCES / "marotte.c", "-o", folder / name),
        ],
        check=True,
    )
    library = ctypes.CDLL(str(folder / name))
    size, text, pointer = ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p
    for function, returned, arguments in (
        ("student_size", size, [pointer, size]),
        ("student_init", ctypes.c_int, [pointer, pointer, size]),
        ("student_info", Info, [pointer]),
        ("control_name", text, [pointer, ctypes.c_int]),
        ("voice_size", size, [pointer, ctypes.c_int]),
        ("voice_init", ctypes.c_int, [pointer, pointer, ctypes.c_int]),
        ("push", size, [pointer, pointer, size]),
        ("push_int16", size, [pointer, pointer, size]),
        ("next", ctypes.c_int, [pointer, pointer, pointer]),
        ("at", ctypes.c_int, [pointer, ctypes.c_double, pointer]),
        ("follow_level", None, [pointer, ctypes.c_int]),
        ("flush", None, [pointer]),
        ("reset", None, [pointer]),
        ("error", text, [ctypes.c_int]),
        ("instructions", text, []),
    ):
        symbol = getattr(library, f"marotte_{function}")
        symbol.restype, symbol.argtypes = returned, arguments
    return library


class Refused(Exception):
    """The library returned an error; the argument is its number."""


class Student:
    """A student opened by the library."""

    def __init__(self, library, content):
        self.library = library
        self.content = ctypes.create_string_buffer(content, len(content))
        n = library.marotte_student_size(self.content, len(content))
        self.memory = ctypes.create_string_buffer(n or 1)
        result = library.marotte_student_init(self.memory, self.content, len(content))
        if result:
            assert n == 0
            raise Refused(result)
        self.info = library.marotte_student_info(self.memory)

    def voice(self, rate=16_000, *, level=True):
        """Start a voice."""
        return Voice(self, rate, level)


class Voice:
    """A voice of a student."""

    def __init__(self, student, rate, level):
        self.library, self.student = student.library, student
        self.n = self.library.marotte_voice_size(student.memory, rate)
        self.memory = ctypes.create_string_buffer(self.n or 1)
        result = self.library.marotte_voice_init(self.memory, student.memory, rate)
        if result:
            raise Refused(result)
        if not level:
            self.library.marotte_follow_level(self.memory, 0)
        self._face = np.zeros(MOST_CONTROLS, np.float32)
        self._time = ctypes.c_double()

    def push(self, samples, function="marotte_push"):
        """Push samples; return the frames that they complete."""
        kind = np.int16 if function == "marotte_push_int16" else np.float32
        samples = np.ascontiguousarray(samples, kind)
        frames, at = [], 0
        while at < len(samples):
            rest = samples[at:]
            at += getattr(self.library, function)(self.memory, rest.ctypes.data, len(rest))
            frames += self.frames()
        return frames

    def frames(self):
        """Return the frames that are complete, as (time, controls)."""
        found = []
        while self.library.marotte_next(
            self.memory, self._face.ctypes.data, ctypes.byref(self._time)
        ):
            found.append((self._time.value, self._face[: self.student.info.n_controls].copy()))
        return found

    def flush(self):
        """End the sound; return the last frames."""
        self.library.marotte_flush(self.memory)
        return self.frames()

    def at(self, time):
        """Return the face at a time, or None."""
        if not self.library.marotte_at(self.memory, time, self._face.ctypes.data):
            return None
        return self._face[: self.student.info.n_controls].copy()

    def animate(self, samples, piece=None):
        """Return the frames [n, n_controls] of a whole sound, pushed in pieces."""
        piece = piece or max(1, len(samples))
        pieces = [samples[i : i + piece] for i in range(0, len(samples), piece)]
        frames = [frame for each in pieces for frame in self.push(each)] + self.flush()
        self.library.marotte_reset(self.memory)
        return np.array([controls for _, controls in frames])
