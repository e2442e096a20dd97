"""Make samples/hello.wav: the sentence below, spoken by the voice hibari. Needs hibari-tts."""

from __future__ import annotations

from pathlib import Path

import hibari
import numpy as np

# The text has many p, b and m, at which the lips must close.
TEXT = (
    "Hello! My name is Marotte. Give me your voice, and my face speaks: "
    "papa, mama, bubble, people humming."
)
WRONG, MAROTTE = "mˈæɹɑt", "məɹˈɑt"
SPEED = 1.1
LOUDEST = 0.7
PAUSE_S = 0.25  # silence before and after the sentence


def main() -> None:
    """Write the sample."""
    import soundfile

    voice = hibari.Hibari()
    phonemes = [part.replace(WRONG, MAROTTE) for part in voice.phonemize(TEXT)]
    speech = np.concatenate([voice.from_phonemes(part, SPEED, seed=0) for part in phonemes])
    speech *= LOUDEST / np.abs(speech).max()
    sound = np.pad(speech, round(PAUSE_S * voice.sample_rate))
    path = Path(__file__).parents[1] / "samples" / "hello.wav"
    soundfile.write(path, sound, voice.sample_rate, subtype="PCM_16")
    print(f"{path}: {len(sound) / voice.sample_rate:.1f} s")


if __name__ == "__main__":
    main()
