"""Send frames in the protocol of the iPhone app Live Link Face, one UDP datagram per frame.

Unreal's plugins Live Link and Apple ARKit Face Support listen on port 11111. All numbers are
big-endian:

    u8 6 | i32 length, device id | i32 length, subject | i32 frame, f32 subframe
    | i32 60, i32 1: frames per second | u8 61 | 61 x f32
"""

from __future__ import annotations

import struct
import time
import uuid
from typing import final

import numpy as np

from marotte.export.livelink_csv import POSES, match_columns
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_NAMES
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.udp import UdpSender

PORT = 11111
VERSION = 6
# Unlike in the CSV, jawLeft comes before jawRight and mouthLeft before mouthRight.
N_VALUES = len(ARKIT_NAMES) + len(POSES)
FPS = 60  # the unit of the frame number, at any frame rate of the take
FRAMES_PER_DAY = 24 * 3600 * FPS
SUBJECT = "marotte"


def connect(target: str, take: Take) -> Output:
    """Open `livelink[:HOST[:PORT]]`; the subject's name in Unreal is `marotte`."""
    return LiveLinkFace(target, take, time_of_day_s())


def time_of_day_s() -> float:
    """Return the seconds since local midnight, from which the app counts its frames."""
    now_s = time.time()
    local = time.localtime(now_s)
    return local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec + now_s % 1


@final
class LiveLinkFace(Output):
    """Sends one datagram per frame."""

    def __init__(self, target: str, take: Take, start_s: float) -> None:
        """Open the socket.

        Args:
            target: the address, `HOST`, `PORT` or `HOST:PORT`.
            take: the rig of the frames.
            start_s: the time of day at which the sound starts.

        Raises:
            MarotteError: the rig has none of ARKit's controls, or there is no such host.
        """
        self.source, self.target = match_columns(take.rig, ARKIT_NAMES)
        self.start_s = start_s
        device = str(uuid.uuid5(uuid.NAMESPACE_DNS, SUBJECT)).upper().encode("ascii")
        subject = SUBJECT.encode("utf-8")
        self.header = b"".join(
            (
                struct.pack(">B", VERSION),
                struct.pack(">i", len(device)) + device,
                struct.pack(">i", len(subject)) + subject,
            )
        )
        self.sender = UdpSender(target, PORT)

    def send(self, frame: Frame) -> None:
        """Send the controls and the head's angles."""
        values = np.zeros(N_VALUES, ">f4")
        values[self.target] = frame.controls[self.source]
        values[len(ARKIT_NAMES) : len(ARKIT_NAMES) + 3] = frame.head
        position = (self.start_s + frame.time_s) * FPS % FRAMES_PER_DAY
        number = int(position)
        timing = struct.pack(">ifiiB", number, position - number, FPS, 1, N_VALUES)
        self.sender.send(self.header + timing + values.tobytes())

    def close(self) -> None:
        """Close the socket."""
        self.sender.close()
