"""The sentence below in, samples/hello.wav out: a voice to try Marotte with. Needs hibari-tts."""

from __future__ import annotations

from pathlib import Path

import hibari
import numpy as np

# Rich in p, b and m, on which lips must visibly meet.
TEXT = (
    "Hello! My name is Marotte. Give me your voice, and my face speaks: "
    "papa, mama, bubble, people humming."
)
MISREAD, MAROTTE = "mˈæɹɑt", "məɹˈɑt"
SPEED = 1.1
LOUDEST = 0.7
PAUSE_S = 0.25  # of silence before and after, in which the lips rest


def main() -> None:
    """Write the sample."""
    import soundfile

    voice = hibari.Hibari()
    phonemes = [part.replace(MISREAD, MAROTTE) for part in voice.phonemize(TEXT)]
    speech = np.concatenate([voice.from_phonemes(part, SPEED, seed=0) for part in phonemes])
    speech *= LOUDEST / np.abs(speech).max()
    sound = np.pad(speech, round(PAUSE_S * voice.sample_rate))
    path = Path(__file__).parents[1] / "samples" / "hello.wav"
    soundfile.write(path, sound, voice.sample_rate, subtype="PCM_16")
    print(f"{path}: {len(sound) / voice.sample_rate:.1f} s")


if __name__ == "__main__":
    main()
