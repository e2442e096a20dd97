"""Fig. 5: the sounds that are shown."""

import pytest

from marotte.learn.data.store import Store
from marotte.learn.reproduce.frames import find_moments


def test_the_words_of_figure_5_are_found(labelled):
    phones = {moment.word: moment.phone for moment in find_moments(Store(labelled))}
    assert set(phones) == {"silence", "time", "big"}
    assert phones["time"].ipa == "m"
    assert phones["big"].ipa == "b"
    assert phones["silence"].start_s == pytest.approx(2.2)
