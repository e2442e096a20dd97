"""The training set of Voice2Face: a labelled corpus in, training and validation examples out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.take import Take
from marotte.learn.data.store import Store
from marotte.learn.teachers.encoders import Encoder
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.voice2face.captures import load_captures
from marotte.learn.teachers.voice2face.examples import (
    CAPTURED,
    ROUGH,
    Example,
    load_examples,
    noise_utterances,
    rest_example,
    select_utterances,
)
from marotte.learn.teachers.voice2face.recipe import TeachRecipe
from marotte.progress import Progress

MIN_MOTION = 1e-3  # controls that never exceed this are left out


@dataclass(frozen=True)
class TrainingSet:
    """Examples to train and to validate on.

    Attributes:
        names: the controls that the labels move, one per column of all curves.
        train: training examples.
        valid: validation examples, of other speakers.
        first_s: time of an utterance's first features.
        provenance: provenance that the trained teacher stores with its labels.
    """

    names: tuple[str, ...]
    train: list[Example]
    valid: list[Example]
    first_s: float
    provenance: dict[str, Any]

    @classmethod
    def prepare(
        cls,
        recipe: TeachRecipe,
        store: Store,
        encoder: Encoder,
        progress: Progress | None = None,
        takes: Sequence[Take] = (),
    ) -> TrainingSet:
        """Draw the recipe's speech and encode it; the features are cached.

        Args:
            recipe: the recipe.
            store: the labelled corpus.
            encoder: the recipe's encoder.
            progress: called with the seconds of speech done and of all speech.
            takes: captured faces, for a recipe with a share of them.

        Raises:
            MarotteError: the corpus lacks speech or labels that the recipe needs, or the recipe
                needs captured faces and there are none.
        """
        _check_captures(recipe, takes)
        cache, config = FeatureCache(encoder), recipe.speech
        examples, columns = _load_splits(recipe, store, cache, progress)
        if not examples["train"]:
            raise MarotteError(
                f"{recipe.labels!r} left out all speech of this recipe: change the recipe's speech"
            )
        tags = (CAPTURED, ROUGH) if recipe.captures.share else (CAPTURED,)
        rest_examples = [
            rest_example(noise, cache, len(columns), tags[number % len(tags)])
            for number, noise in enumerate(noise_utterances(config.noise_minutes, config.seed))
        ]
        captured = _captured(recipe, takes, cache, columns, progress)
        train = examples["train"] + rest_examples + captured
        moving = _moving_columns(examples["train"] + captured, columns)
        return cls(
            tuple(columns[column] for column in moving),
            [_with_columns(each, moving) for each in train],
            [_with_columns(each, moving) for each in examples["valid"]],
            encoder.first_s,
            encoder.provenance | {"corpus": PurePath(store.folder).name, "labels": recipe.labels},
        )


def _load_splits(
    recipe: TeachRecipe, store: Store, cache: FeatureCache, progress: Progress | None
) -> tuple[dict[str, list[Example]], tuple[str, ...]]:
    """Return the examples of `train` and `valid`, and the controls in the curves' columns."""
    selected = {
        split: select_utterances(store, recipe.labels, split, recipe.speech)
        for split in ("train", "valid")
    }
    total_s = sum(each.seconds for split in selected.values() for each in split)
    before_s, columns = 0.0, ()
    examples: dict[str, list[Example]] = {}
    for split, utterances in selected.items():

        def split_progress(done: int, _: int, before_s: float = before_s) -> None:
            if progress:
                progress(round(before_s + done), round(total_s))

        examples[split], names = load_examples(
            store, recipe.labels, utterances, cache, recipe.speech.rough, split_progress
        )
        columns = columns or names
        before_s += sum(each.seconds for each in utterances)
    return examples, columns


def _check_captures(recipe: TeachRecipe, takes: Sequence[Take]) -> None:
    """Check that there are captured faces if, and only if, the recipe learns from them.

    Raises:
        MarotteError: there are captured faces and the recipe has no share of them, or the reverse.
    """
    if bool(recipe.captures.share) != bool(takes):
        raise MarotteError(
            f"{recipe.name} learns from captured faces: give their folder by --captures"
            if recipe.captures.share
            else f"{recipe.name} has no share of captured faces: set captures.share, e.g. to 0.5"
        )


def _captured(
    recipe: TeachRecipe,
    takes: Sequence[Take],
    cache: FeatureCache,
    columns: Sequence[str],
    progress: Progress | None,
) -> list[Example]:
    """Return the captured examples, with the labels' controls in the columns."""
    if not takes:
        return []
    order = [ARKIT_52.index[name] for name in columns]
    return [
        replace(each, curves=each.curves[:, order], known=_in_order(each.known, order))
        for each in load_captures(takes, recipe.captures, cache, progress).train
    ]


def _in_order(known: NDArray[np.bool_] | None, order: Sequence[int]) -> NDArray[np.bool_] | None:
    return None if known is None else known[list(order)]


def _moving_columns(examples: list[Example], names: tuple[str, ...]) -> list[int]:
    """Return the columns of the controls that move.

    Raises:
        MarotteError: no control moves, or a control is not one of ARKit's.
    """
    if unknown := sorted(set(names) - set(ARKIT_52.names)):
        raise MarotteError(
            f"the labels' control {unknown[0]!r} is not in the rig arkit52: use labels of that rig"
        )
    largest = np.max([each.curves.max(axis=0) for each in examples], axis=0)
    moving = np.flatnonzero(largest > MIN_MOTION).tolist()
    if not moving:
        raise MarotteError("the labels never move the face: change the recipe's speech")
    return moving


def _with_columns(example: Example, columns: list[int]) -> Example:
    return replace(
        example,
        curves=np.ascontiguousarray(example.curves[:, columns]),
        known=_in_order(example.known, columns),
    )
