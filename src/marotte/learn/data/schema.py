"""Schema of the corpus files: an utterance to a row of a Parquet file, and back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.utterance import Phone, Utterance

MOST_SAMPLES_PER_BYTE = 6000  # of FLAC: digital silence in the largest blocks
ENTRY_COLUMNS = ["id", "source", "speaker", "language", "licence", "text", "rate", "seconds"]


@dataclass(frozen=True)
class Entry:
    """An utterance's metadata, read without decoding its sound; see `Utterance`."""

    id: str
    source: str
    speaker: str
    language: str
    licence: str
    text: str
    rate: int
    seconds: float


def schema(pa: Any) -> Any:
    """Return the schema of `audio/*.parquet`; `pa` is the module pyarrow."""
    phone = [("ipa", pa.string()), ("start_s", pa.float64()), ("end_s", pa.float64())]
    return pa.schema(
        [(name, pa.string()) for name in ("id", "source", "speaker", "language", "licence", "text")]
        + [
            ("rate", pa.int32()),
            ("seconds", pa.float64()),
            ("flac", pa.binary()),
            ("phones", pa.list_(pa.struct([*phone, ("stress", pa.int8())]))),
        ]
    )


def to_row(utterance: Utterance) -> dict[str, Any]:
    """Convert an utterance to a row; its sound is encoded as 16-bit FLAC."""
    import soundfile

    flac = io.BytesIO()
    sound = np.clip(utterance.samples, -1.0, 1.0)
    soundfile.write(flac, sound, utterance.rate, format="FLAC", subtype="PCM_16")
    row = {name: getattr(utterance, name) for name in ENTRY_COLUMNS}
    return row | {"flac": flac.getvalue(), "phones": [vars(each) for each in utterance.phones]}


def from_row(row: dict[str, Any]) -> Utterance:
    """Convert a row to an utterance.

    Raises:
        MarotteError: the FLAC bytes are damaged.
    """
    import soundfile

    flac = row.pop("flac")
    try:
        with soundfile.SoundFile(io.BytesIO(flac)) as file:
            n_samples = min(file.frames, MOST_SAMPLES_PER_BYTE * len(flac))
            samples, rate = file.read(n_samples, dtype="float32"), file.samplerate
    except (soundfile.SoundFileError, MemoryError) as error:
        raise MarotteError(f"the sound of {row['id']} in the corpus is damaged: {error}") from error
    phones = tuple(Phone(**each) for each in row.pop("phones"))
    row.pop("seconds")
    return Utterance(**{**row, "rate": rate, "samples": samples, "phones": phones})
