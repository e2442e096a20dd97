"""Work that never ends, for tests that kill the process in the middle of it."""

import numpy as np

from marotte.learn.corpora import build as builder
from marotte.learn.corpora.recipe import CorpusRecipe
from marotte.learn.data.store import Store
from marotte.learn.utterance import Utterance


def build(folder):
    """Build a corpus of sixty parts in two processes."""
    builder.PART_ITEMS = 1
    recipe = CorpusRecipe("big", {"espeak": {"voices": ["en-us"], "sentences": 60}})
    list(builder.build(builder.plan_build(recipe, folder), folder, 2))


def write(folder):
    """Write one long part again and again."""
    sound = np.random.default_rng(0).uniform(-0.9, 0.9, 160_000).astype(np.float32)
    long = [
        Utterance(f"fake/ann/{n:04d}", "fake", "ann", "en", "CC0-1.0", "", sound, 16_000, ())
        for n in range(20)
    ]
    while True:
        Store(folder).write_part("fake-00000", long)
