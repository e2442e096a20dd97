"""KTuberling: words of a made-up package."""

from layouts import (
    put_ktuberling,
)

from marotte.learn.data.splits import split_of


def test_words_have_no_text_and_occur_once(debroot):
    source = put_ktuberling(debroot)
    assert source.items() == ["el/moon_tree", "ga/srón"]
    greek, irish = map(source.utterance, source.items())
    assert (greek.language, greek.text, greek.phones) == ("el", "", ())
    assert (irish.id, irish.licence) == ("ktuberling/ga/srón", "GPL-2.0-or-later")
    assert (split_of(greek), split_of(irish)) == ("test_languages", "train")
