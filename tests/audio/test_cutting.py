"""A part of a recording is the same sound, to the sample."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio.cutting import cut
from marotte.audio.recording import Recording
from marotte.errors import MarotteError

VOICE = make_voice(2, 16_000)
WHOLE = Recording.from_samples(np.stack([VOICE, VOICE], axis=1), 16_000)


def test_part_is_exact_in_blocks_of_any_size() -> None:
    part = cut(WHOLE, 0.5, 1.25)
    assert (part.seconds, part.n_channels) == (0.75, 2)
    expected = VOICE[8_000:20_000]
    for block_samples in (7, 1_000, 50_000):
        assert np.array_equal(np.concatenate(list(part.blocks(block_samples))), expected)
    original = np.concatenate(list(part.original_blocks(999)))
    assert np.array_equal(original, np.stack([expected, expected], axis=1))


def test_whole_recording_and_an_end_beyond_it() -> None:
    assert cut(WHOLE) is WHOLE
    assert cut(WHOLE, 0.0, 5.0) is WHOLE
    assert np.array_equal(cut(WHOLE, 1.5).read(), VOICE[24_000:])


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, None), (1.0, 1.0), (1.5, 0.5), (9.0, 10.0)])
def test_part_without_sound_is_an_error(start_s: float, end_s: float | None) -> None:
    with pytest.raises(MarotteError, match=r"there is no sound from .* the recording has 2.00 s"):
        cut(WHOLE, start_s, end_s)
