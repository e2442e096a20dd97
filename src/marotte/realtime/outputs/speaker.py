"""Play the sound of a take in step with its frames. Needs the extra `live`.

A frame leaves when its student can know it, some milliseconds after its moment. The sound is held
back by as much, so that whoever sees the frame hears its moment.
"""

from __future__ import annotations

from threading import Condition
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.realtime.inputs.microphone import sound_devices
from marotte.realtime.outputs import Output, Take

CAPACITY_S = 2.0  # of sound that waits; the oldest is dropped


def connect(target: str, take: Take) -> Output:
    """Open `speaker[:NAME]`: a sound device, by a part of its name.

    Raises:
        MarotteError: there is no such device, it can't be opened, or a package is missing.
    """
    return Speaker(target, take)


@final
class Speaker(Output):
    """A sound device that plays what the frames are made from."""

    max_queued_frames = 400  # blocks of sound, some seconds

    def __init__(self, name: str, take: Take) -> None:
        """Open the device; `name` is a part of its name, or "" for the default one."""
        self.devices = sound_devices()
        self._waiting: NDArray[np.float32] = np.zeros(0, np.float32)
        self._playing = False
        self._changed = Condition()
        self._rate = take.rate
        try:
            self._stream: Any = self.devices.OutputStream(
                samplerate=take.rate,
                device=name or None,
                channels=1,
                dtype="float32",
                latency="low",
                callback=self._fill,
            )
        except (self.devices.PortAudioError, ValueError) as error:
            raise MarotteError(
                f"can't play sound ({error}): give another device as -o speaker:NAME, or leave "
                "--play out"
            ) from error
        held_back_s = max(0.0, take.delay_ms / 1000 - float(self._stream.latency))
        self._n_held_back = round(held_back_s * take.rate)
        self._stream.start()

    def send(self, frame: Frame) -> None:
        """Do nothing: a loudspeaker shows no frames."""

    def send_samples(self, samples: NDArray[np.float32], first: int) -> None:
        """Play the samples after those before them."""
        with self._changed:
            waiting = np.concatenate([self._waiting, samples])
            self._waiting = waiting[-round(CAPACITY_S * self._rate) :]

    def close(self) -> None:
        """Play what is left and close the device."""
        with self._changed:
            left_s = len(self._waiting) / self._rate
            self._changed.wait_for(lambda: not len(self._waiting), left_s + 1)
        self._stream.stop()  # after the last buffer has been played
        self._stream.close()

    def abandon(self) -> str:
        """Close the device at once."""
        self._stream.close()
        return ""

    def _fill(self, out: NDArray[np.float32], n: int, _time: Any, _status: Any) -> None:
        """Give the device its next n samples [n, 1]; it calls this from its own thread."""
        with self._changed:
            if not self._playing and len(self._waiting):
                # The sound begins, or goes on after a pause: hold it back again.
                self._playing = True
                silence = np.zeros(self._n_held_back, np.float32)
                self._waiting = np.concatenate([silence, self._waiting])
            samples, self._waiting = self._waiting[:n], self._waiting[n:]
            self._playing = len(samples) == n
            self._changed.notify_all()
        out[: len(samples), 0] = samples.clip(-1, 1)
        out[len(samples) :] = 0
