"""Random sentences."""

import numpy as np

from marotte.learn.speech.synthesisers.texts import sentence


def test_sentences_depend_on_the_seed_only():
    one, same, other = (
        [sentence(np.random.default_rng([seed, n])) for n in range(30)] for seed in (1, 1, 2)
    )
    assert one == same != other
    assert len(set(one)) > 25
    assert not any("{" in each or "_" in each for each in one)
