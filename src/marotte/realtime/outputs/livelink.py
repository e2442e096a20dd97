"""Frames in; the datagrams that the iPhone app Live Link Face sends out.

Unreal's plugins Live Link and Apple ARKit Face Support listen for them on port 11111. All numbers
are big-endian:

    u8 6 | i32 length, device id | i32 length, subject | i32 frame, f32 part of a frame
    | i32 60, i32 1: frames a second | u8 61 | 61 x f32
"""

from __future__ import annotations

import struct
import time
import uuid
from typing import final

import numpy as np

from marotte.errors import MarotteError
from marotte.export.livelink_csv import POSES
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_NAMES
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.udp import Datagrams

PORT = 11111
VERSION = 6
# Unlike in the CSV, jawLeft comes before jawRight and mouthLeft before mouthRight.
N_VALUES = len(ARKIT_NAMES) + len(POSES)
FPS = 60  # what frames are counted in, whatever the take's rate
DAY_FRAMES = 24 * 3600 * FPS
SUBJECT = "marotte"


def connect(target: str, take: Take) -> Output:
    """Open `livelink[:HOST[:PORT]]`; in Unreal the subject is called `marotte`."""
    return LiveLinkFace(target, take, time_of_day_s())


def time_of_day_s() -> float:
    """Seconds since midnight: the app counts its frames from there."""
    now = time.time()
    local = time.localtime(now)
    return local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec + now % 1


@final
class LiveLinkFace(Output):
    """Sends a datagram a frame."""

    def __init__(self, target: str, take: Take, begins_s: float) -> None:
        """Open it; `begins_s` is the time of day of the sound's beginning.

        Raises:
            MarotteError: the rig has none of ARKit's controls, or there is no such host.
        """
        pairs = [(take.rig.index[n], i) for i, n in enumerate(ARKIT_NAMES) if n in take.rig.index]
        if not pairs:
            raise MarotteError(f"rig {take.rig.name!r} has none of ARKit's controls")
        self.source, self.place = np.array(pairs).T
        self.begins_s = begins_s
        device = str(uuid.uuid5(uuid.NAMESPACE_DNS, SUBJECT)).upper().encode("ascii")
        subject = SUBJECT.encode("utf-8")
        self.head = b"".join(
            (
                struct.pack(">B", VERSION),
                struct.pack(">i", len(device)) + device,
                struct.pack(">i", len(subject)) + subject,
            )
        )
        self.out = Datagrams(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the frame, and the head's pose."""
        values = np.zeros(N_VALUES, ">f4")
        values[self.place] = frame.controls[self.source]
        values[len(ARKIT_NAMES) : len(ARKIT_NAMES) + 3] = frame.head
        frames = (self.begins_s + frame.time_s) * FPS % DAY_FRAMES
        whole = int(frames)
        timing = struct.pack(">ifiiB", whole, frames - whole, FPS, 1, N_VALUES)
        self.out.send(self.head + timing + values.tobytes())

    def close(self) -> None:
        """Give the socket back."""
        self.out.close()
