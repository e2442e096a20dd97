"""VOCASET: 480 sentences by 12 people, with their faces as FLAME meshes at 60 frames per second.

```
raw_audio_fixed.pkl    {subject: {sequence: {"audio": int16 [n_samples], "sample_rate": 22000}}}
subj_seq_to_idx.pkl    {subject: {sequence: {frame: row of data_verts.npy}}}
data_verts.npy         [n_rows, 5023, 3] float32, in metres
```

Pickles can run programs, so this module reads them with a reader that calls nothing in the file and
refuses everything but plain data (`marotte.learn.corpora.plain_pickle`). An utterance contains the
sound only. `Vocaset.vertices` reads the meshes, for training on meshes; their topology is not that
of Marotte's head.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from marotte.archives import open_array
from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.corpora.folders import FolderSource
from marotte.learn.corpora.plain_pickle import read_plain_pickle
from marotte.learn.errors import Skip
from marotte.learn.speech.textgrid import MAX_MISMATCH_S
from marotte.learn.utterance import Utterance
from marotte.names import check_name

FPS = 60.0


@final
@dataclass(frozen=True)
class Vocaset(FolderSource):
    """The sequences in the three files of the data set in `folder`."""

    name: ClassVar[str] = "vocaset"

    def items(self) -> Sequence[str]:
        """Return the keys `subject/sequence` of all sequences with sound or vertices."""
        keys = {
            f"{subject}/{sequence}"
            for table in (self._sounds, self._rows)
            for subject, sequences in table.items()
            for sequence in sequences
        }
        return sorted(keys)

    def utterance(self, key: str) -> Utterance:
        """Read the sound of a sequence."""
        subject, sequence = key.split("/")
        entry = self._sounds.get(subject, {}).get(sequence)
        if entry is None:
            raise Skip("no sound for the vertices")
        samples = _samples(entry)
        n_rows = len(self._rows.get(subject, {}).get(sequence, ()))
        if n_rows and abs(n_rows / FPS - len(samples) / SAMPLE_RATE) > MAX_MISMATCH_S:
            raise Skip("vertices of another length than the sound")
        return Utterance(
            id=f"{self.name}/{subject}/{subject}_{sequence}",
            source=self.name,
            speaker=subject,
            language="en",
            licence="LicenseRef-VOCASET",
            text="",
            samples=samples,
            rate=SAMPLE_RATE,
            phones=(),
        )

    def vertices(self, key: str) -> NDArray[np.float32]:
        """Read the vertices [n_frames, n_vertices, 3] of a sequence, in metres, at 60 fps.

        Raises:
            Skip: the sequence has no vertices.
        """
        subject, sequence = key.split("/")
        rows = self._rows.get(subject, {}).get(sequence, {})
        try:
            indices = [int(rows[frame]) for frame in sorted(rows)]
            if len(indices) > len(self._vertices):  # memory follows the size of the file
                raise Skip("more frames of vertices than data_verts.npy has rows")
            return self._vertices[indices]
        except (IndexError, TypeError, ValueError) as error:
            raise Skip("vertices that are not in data_verts.npy") from error

    @functools.cached_property
    def _sounds(self) -> Mapping[str, Mapping[str, Any]]:
        return _read_table(self.root / "raw_audio_fixed.pkl")

    @functools.cached_property
    def _rows(self) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        return _read_table(self.root / "subj_seq_to_idx.pkl")

    @functools.cached_property
    def _vertices(self) -> NDArray[np.float32]:
        path = self.root / "data_verts.npy"
        try:
            return open_array(path)
        except (OSError, ValueError) as error:
            raise MarotteError(
                f"{path} is not the array of vertices of VOCASET: {error}"
            ) from error


def _read_table(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read a pickled table of subjects and their sequences."""
    table = read_plain_pickle(path)
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise MarotteError(f"{path} is not a file of VOCASET: it contains no sequences by subject")
    for subject, sequences in table.items():
        for name in (subject, *sequences):
            check_name(str(name), f"{path}: a subject or sequence")
    return table


def _samples(entry: Any) -> NDArray[np.float32]:
    """Return the samples [n_samples] of an entry at 16 kHz."""
    try:
        audio, rate = entry["audio"], int(entry["sample_rate"])
        if not isinstance(audio, np.ndarray):
            raise TypeError("the sound is not an array")
        scale = 32768 if audio.dtype == np.int16 else 1
        return Recording.from_samples(np.divide(audio, scale, dtype=np.float32), rate).read()
    except (KeyError, TypeError, ValueError, MarotteError) as error:
        raise Skip("a sound that is not an array of samples with a sample rate") from error
