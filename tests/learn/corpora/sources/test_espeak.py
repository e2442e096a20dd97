"""The lines of a game by the voices of espeak-ng."""

import pytest
from layouts import put, well_formed

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.espeak import EspeakLanguages


def test_lines_of_the_game_in_several_languages(debroot):
    script = (debroot / debian.FILLETS_TEXT.probe).parent
    put(script / "dialogs_cs.lua", b"")
    for language, text in (("es", "Hay un password en la mesa."), ("fr", "Ma mère boit un verre.")):
        lines = f'dialogId("a", "font_big", "")\ndialogStr("{text}")\n'
        lines += 'dialogId("b", "font_big", "")\ndialogStr("Ah")\n'
        put(script / f"dialogs_{language}.lua", lines.encode())
    source = EspeakLanguages(languages=("es", "fr"), variants=("m3", "f4"), sentences=2)
    assert source.items()[:3] == ["es+m3/0000", "es+m3/0001", "es+f4/0000"]
    spanish, french = source.utterance("es+m3/0001"), source.utterance("fr+f4/0000")
    assert well_formed(spanish)
    assert well_formed(french)
    assert spanish.text == "Hay un password en la mesa."
    assert (french.speaker, french.language) == ("fr+f4", "fr")
    with pytest.raises(MarotteError, match="not translated into 'sv'"):
        EspeakLanguages(languages=("sv",)).items()
