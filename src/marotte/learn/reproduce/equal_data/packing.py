"""A corpus packed for another machine: labelled speech in, two small files out, and back.

Sound becomes Ogg Vorbis, and labels become 8-bit numbers at 30 frames per second. Both are a little
coarser than in the corpus.
"""

from __future__ import annotations

import io
import itertools
import json
import lzma
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.data.dataset import LabelledSpeech

STREAM_SECONDS = 300  # sound per stream: short, so that several are decoded at the same time
COMPRESSION = 1.0  # 18 kbit/s; Opus needs 10 to 15, but takes nine times as long to write
FPS = 30.0
LEVELS = 127.0  # from 0 to 1
SOUND_FILE, LABEL_FILE = "sound.bin", "labels.xz"
TRIAL_SECONDS = 900.0  # packed first, to know the size of a second
SPARE = 0.04  # of the limit, because other speech packs better or worse


def fitting_hours(folder: Path, speech: LabelledSpeech, most_bytes: int) -> dict[str, float]:
    """Return the hours of each source that fit into a size: the same share of every source.

    A quarter of an hour is packed to find how large speech gets.

    Args:
        folder: a folder for the trial; `pack_speech` overwrites its files.
        speech: the labelled speech.
        most_bytes: the size of both files of `pack_speech` together.
    """
    by_source: dict[str, float] = {}
    for source, seconds in zip(speech.source, speech.seconds, strict=True):
        by_source[source] = by_source.get(source, 0.0) + float(seconds) / 3600
    trial = TRIAL_SECONDS / 3600 / sum(by_source.values())
    chosen = choose_speech(speech, {name: trial * each for name, each in by_source.items()})
    pack_speech(folder, speech, chosen)
    size = sum((folder / name).stat().st_size for name in (SOUND_FILE, LABEL_FILE))
    per_hour = size / float(speech.seconds[chosen].sum()) * 3600
    share = min(1.0, (1 - SPARE) * most_bytes / per_hour / sum(by_source.values()))
    return {name: share * each for name, each in by_source.items()}


def choose_speech(speech: LabelledSpeech, hours: Mapping[str, float]) -> list[int]:
    """Return random utterances of each source until it has its hours; other sources are left out.

    Args:
        speech: the labelled speech.
        hours: the hours by source.
    """
    order = np.random.default_rng(0).permutation(len(speech.source))
    chosen: list[int] = []
    for source, limit in hours.items():
        indices = np.array([each for each in order if speech.source[each] == source], int)
        before_s = np.cumsum(speech.seconds[indices]) - speech.seconds[indices]
        chosen += [int(each) for each in indices[before_s < 3600 * limit]]
    return chosen


def pack_speech(folder: Path, speech: LabelledSpeech, chosen: Sequence[int]) -> None:
    """Write some utterances into a folder, at a tenth of their size or less."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = [_utterance(speech.samples, speech.first_sample, each) for each in chosen]
    curves = [_curves_at_30_fps(speech, each) for each in chosen]
    joined, length = np.concatenate(samples), STREAM_SECONDS * SAMPLE_RATE
    streams = [_encode(joined[first : first + length]) for first in range(0, len(joined), length)]
    (folder / SOUND_FILE).write_bytes(b"".join(streams))
    levels = np.round(np.concatenate(curves) * LEVELS).clip(-127, 127).astype(np.int8)
    header = {
        "streams": [len(each) for each in streams],
        "samples": [len(each) for each in samples],
        "frames": [len(each) for each in curves],
        "level": [round(float(speech.level[each]), 6) for each in chosen],
        "source": [speech.source[each] for each in chosen],
        "language": [speech.language[each] for each in chosen],
        "names": list(speech.names),
    }
    changes = np.diff(levels, axis=0, prepend=np.zeros((1, levels.shape[1]), np.int8))
    data = changes.astype(np.int8).T.tobytes()  # by column: a control at rest is a run of zeros
    text = json.dumps(header).encode()
    packed = lzma.compress(len(text).to_bytes(8, "little") + text + data)
    (folder / LABEL_FILE).write_bytes(packed)


def unpack_speech(folder: Path, threads: int = 4) -> LabelledSpeech:
    """Return the speech that `pack_speech` wrote into a folder."""
    packed = lzma.decompress((folder / LABEL_FILE).read_bytes())
    n = int.from_bytes(packed[:8], "little")
    header = json.loads(packed[8 : 8 + n])
    changes = np.frombuffer(packed[8 + n :], np.int8).reshape(len(header["names"]), -1)
    curves = np.cumsum(changes.T, axis=0, dtype=np.int8).astype(np.float16) / np.float16(LEVELS)
    sound, first = (folder / SOUND_FILE).read_bytes(), np.cumsum([0, *header["streams"]])
    streams = [sound[start:end] for start, end in itertools.pairwise(first)]
    with ThreadPoolExecutor(threads) as pool:
        samples = np.concatenate(list(pool.map(_decode, streams)))
    total = sum(header["samples"])
    assert len(samples) >= total, f"{folder / SOUND_FILE} holds less sound than {LABEL_FILE} says"
    return LabelledSpeech(
        samples=samples[:total],
        curves=curves,
        first_sample=np.cumsum([0, *header["samples"]]),
        first_frame=np.cumsum([0, *header["frames"]]),
        level=np.array(header["level"], np.float32),
        source=tuple(header["source"]),
        language=tuple(header["language"]),
        fps=FPS,
        names=tuple(header["names"]),
    )


def _utterance(
    values: NDArray[np.generic], first: NDArray[np.int64], index: int
) -> NDArray[np.generic]:
    return values[first[index] : first[index + 1]]


def _curves_at_30_fps(speech: LabelledSpeech, index: int) -> NDArray[np.float32]:
    """Return an utterance's curves at 30 frames per second: every second frame of 60."""
    every = round(speech.fps / FPS)
    assert every * FPS == speech.fps, f"labels at {speech.fps} fps"
    return np.asarray(_utterance(speech.curves, speech.first_frame, index)[::every], np.float32)


def _encode(samples: NDArray[np.generic]) -> bytes:
    import soundfile

    stream = io.BytesIO()
    with soundfile.SoundFile(
        stream, "w", SAMPLE_RATE, 1, format="OGG", subtype="VORBIS", compression_level=COMPRESSION
    ) as file:
        # libsndfile's Vorbis encoder copies each block onto the stack, so blocks must be short.
        for first in range(0, len(samples), SAMPLE_RATE):
            file.write(samples[first : first + SAMPLE_RATE].astype(np.float32) / 32768)
    return stream.getvalue()


def _decode(stream: bytes) -> NDArray[np.int16]:
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(stream), dtype="int16")
    assert rate == SAMPLE_RATE, f"a stream at {rate} Hz"
    return np.asarray(samples, np.int16)
