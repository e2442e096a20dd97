"""A face for an agent that speaks: a streaming voice in, frames in step with the sound out.

Text-to-speech gives its sound in bursts, faster than it is heard, with pauses between sentences.
`TalkingFace` plays it at its own pace, moves on in the pauses, and can be interrupted when the user
speaks (barge-in):

    face = TalkingFace(marotte.load("live"), rate=24_000)
    face.speak(samples)                # whenever the voice has some; never waits
    seconds = face.flush()             # how long until all of it has been heard
    face.interrupt()                   # drop what was not heard yet: the mouth closes
    samples, frames = face.advance()   # call it for each picture: play these, show those

Run it to see the mouth as a bar: `python examples/talking_agent.py`.
"""

import time
from pathlib import Path

import numpy as np

import marotte

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"


class TalkingFace:
    """Paces a voice and animates it. There is no thread: everything happens in `advance`."""

    def __init__(self, model, rate, clock=time.perf_counter):
        self.stream = model.stream(rate, idle_motion=True)
        self.rate, self.clock, self.start_s = rate, clock, clock()
        self.voice = np.zeros(0, np.float32)  # not animated yet
        # A frame comes some milliseconds after its moment: the sound waits for it.
        self.held_back = np.zeros(round(rate * self.stream.delay_ms / 1000), np.float32)

    def speak(self, samples):
        """Queue mono samples [n] of the voice, floats within -1..1."""
        self.voice = np.concatenate([self.voice, np.asarray(samples, np.float32)])

    def flush(self):
        """Return in how many seconds all that was queued has been heard."""
        return (len(self.voice) + len(self.held_back)) / self.rate if len(self.voice) else 0.0

    def interrupt(self):
        """Drop what was not heard yet. Silence follows, so the next frames close the mouth."""
        self.voice, self.held_back = self.voice[:0], np.zeros_like(self.held_back)

    def advance(self):
        """Return the samples [n] to play now, and the frames to show."""
        n = round((self.clock() - self.start_s) * self.rate) - self.stream.n_pushed
        samples, self.voice = self.voice[:n], self.voice[n:]
        samples = np.pad(samples, (0, n - len(samples)))  # silence while the voice pauses
        waiting = np.concatenate([self.held_back, samples])
        heard, self.held_back = waiting[:n], waiting[n:]
        return heard, self.stream.push(samples)


def bursts(sound, rate):
    """Yield what a streaming voice gives: when, in seconds, and half a second of samples."""
    for k in range(8):
        yield 0.1 * k + (1.0 if k >= 4 else 0.0), sound[k * rate // 2 : (k + 1) * rate // 2]


def main():
    """Speak for some seconds, and be interrupted."""
    recording = marotte.open_recording(HELLO)
    rate, sound = 16_000, recording.read()
    face = TalkingFace(marotte.load("live"), rate)
    jaw = face.stream.rig.index["jawOpen"]
    voice, start_s, interrupted = list(bursts(sound, rate)), time.perf_counter(), False
    while (now_s := time.perf_counter() - start_s) < 4.5:
        while voice and voice[0][0] < now_s:
            face.speak(voice.pop(0)[1])
        if now_s > 3.5 and not interrupted:
            interrupted = True
            print(f"\ninterrupted: {face.flush():.1f} s were not heard")
            face.interrupt()
        _heard, frames = face.advance()  # a game or an agent plays what is heard
        for frame in frames:
            print(f"\r{frame.time_s:5.2f} s  {'█' * round(60 * frame.controls[jaw]):30}", end="")
        time.sleep(1 / 60)
    print()


if __name__ == "__main__":
    main()
