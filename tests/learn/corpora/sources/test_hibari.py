"""Virtual speakers of hibari."""

from marotte.learn.corpora.sources.hibari import Hibari


def test_virtual_speakers_differ():
    pitches = {Hibari().utterance(f"{speaker:04d}/0000").samples.std() for speaker in range(4)}
    assert len(pitches) == 4
