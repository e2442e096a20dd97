"""All that one Voice2Face learns from, and is watched on, read from a corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.data.store import Store
from marotte.learn.teachers.encoders import Encoder
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.voice2face.examples import (
    Example,
    load_examples,
    noise_utterances,
    rest_example,
    select_utterances,
)
from marotte.learn.teachers.voice2face.recipe import TeachRecipe

STILL = 1e-3  # a control that never comes further from rest is none of the teacher's


@dataclass(frozen=True)
class TrainingSet:
    """Speech with features and faces.

    Attributes:
        names: the controls that the labels move, the columns of all curves.
        train: to learn from.
        valid: of other speakers, to watch.
        first_s: the moment of an utterance's first features.
        provenance: what the teacher's labels will say of where they come from.
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
        progress: Callable[[int, int], None] | None = None,
    ) -> TrainingSet:
        """Choose the recipe's speech and encode it; what was encoded before is not again.

        Args:
            recipe: see there.
            store: the corpus, labelled.
            encoder: the recipe's.
            progress: called with seconds done and seconds in all.

        Raises:
            MarotteError: the corpus lacks what the recipe asks for.
        """
        cache, choice = FeatureCache(encoder), recipe.speech
        sets = {
            split: select_utterances(store, recipe.labels, split, choice)
            for split in ("train", "valid")
        }
        total_s = sum(each.seconds for chosen in sets.values() for each in chosen)
        before_s, taught, columns = 0.0, {}, ()
        for split, chosen in sets.items():

            def told(done: int, _: int, before_s: float = before_s) -> None:
                if progress:
                    progress(round(before_s + done), round(total_s))

            taught[split], names = load_examples(
                store, recipe.labels, chosen, cache, choice.rough, told
            )
            columns = columns or names
            before_s += sum(each.seconds for each in chosen)
        if not taught["train"]:
            raise MarotteError(f"{recipe.labels!r} gave no curves to the speech of this recipe")
        rests = [
            rest_example(noise, cache, len(columns))
            for noise in noise_utterances(choice.noise_minutes, choice.seed)
        ]
        moved = _moved(taught["train"], columns)
        names = tuple(columns[column] for column in moved)
        return cls(
            names,
            [_only(each, moved) for each in taught["train"] + rests],
            [_only(each, moved) for each in taught["valid"]],
            encoder.first_s,
            encoder.provenance | {"corpus": PurePath(store.folder).name, "labels": recipe.labels},
        )


def _moved(speech: list[Example], names: tuple[str, ...]) -> list[int]:
    """The columns in which anything ever moves.

    Raises:
        MarotteError: nothing does, or a column is none of ARKit's.
    """
    if unknown := sorted(set(names) - set(ARKIT_52.names)):
        raise MarotteError(f"the labels' control {unknown[0]!r} is none of the rig arkit52")
    largest = np.max([each.curves.max(axis=0) for each in speech], axis=0)
    moved = np.flatnonzero(largest > STILL).tolist()
    if not moved:
        raise MarotteError("the labels to learn from never move the face: choose other speech")
    return moved


def _only(taught: Example, columns: list[int]) -> Example:
    return replace(taught, curves=np.ascontiguousarray(taught.curves[:, columns]))
