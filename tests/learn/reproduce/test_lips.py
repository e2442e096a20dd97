"""Figs 6-8: the sentence that is shown."""

import pytest

from marotte.errors import MarotteError
from marotte.learn.data.store import Store
from marotte.learn.reproduce import lips


def test_a_sentence_is_the_same_each_time(labelled):
    store = Store(labelled)
    assert (
        lips.choose_sentence(store, "test_clean").id == lips.choose_sentence(store, "test_clean").id
    )
    with pytest.raises(MarotteError, match="no sentence"):
        lips.choose_sentence(store, "test_clean", "fr")
