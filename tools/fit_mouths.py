"""Print the typical mouth of each Oculus viseme, for `marotte.face.visemes`.

    python tools/fit_mouths.py CORPUS --teacher captured [--sources queen,takes]

CORPUS is a corpus with phonemes and a teacher's labels. For each viseme it prints the mean of each
feature in the middle of its phonemes, then each feature's standard deviation within a viseme.
`visemes.py` is edited by hand: it rounds the means, leaves lips free where they are not pressed,
and opens `aa` wider. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52
from marotte.face.visemes import VISEMES, Visemes
from marotte.learn.data.store import Store
from marotte.learn.speech.phones import VISEME_OF

Features = dict[str, list[NDArray[np.float64]]]


def features_of(store: Store, teacher: str, sources: list[str]) -> Features:
    """Return the features [8] in the middle of each phoneme, by viseme."""
    visemes, found = Visemes(ARKIT_52), defaultdict[str, list[NDArray[np.float64]]](list)
    for part in store.labelled_parts(teacher):
        if sources and part.rpartition("-")[0] not in sources:
            continue
        labels = store.labels(teacher, part)
        for utterance in store.utterances([part]):
            if (curves := labels.curves.get(utterance.id)) is None:
                continue
            values = visemes.features(np.asarray(curves, np.float32))
            for phone in utterance.phones:
                frame = round((phone.start_s + phone.end_s) / 2 * labels.fps)
                if phone.ipa in VISEME_OF and frame < len(values):
                    found[VISEME_OF[phone.ipa]].append(values[frame])
    return found


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("--teacher", default="captured")
    parser.add_argument("--sources", default="", help="separated by commas; all by default")
    arguments = parser.parse_args()
    sources = [name for name in arguments.sources.split(",") if name]
    found = features_of(Store.open(arguments.corpus), arguments.teacher, sources)
    for name in VISEMES:
        if name in found:
            mean = np.mean(found[name], axis=0)
            print(f"{name:4}{len(found[name]):7}", *(f"{value:6.2f}" for value in mean))
    sds = np.sqrt(np.mean([np.var(values, axis=0) for values in found.values()], axis=0))
    print("standard deviations", *(f"{value:6.3f}" for value in sds))


if __name__ == "__main__":
    main()
