"""Fish Fillets: lines of made-up scripts."""

import pytest
from layouts import (
    ogg,
    put,
    well_formed,
)

from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.fillets import Fillets
from marotte.learn.errors import Skip


def test_lines_are_aligned_by_character(debroot):
    sound = (debroot / debian.FILLETS.probe).parents[2]
    script = (debroot / debian.FILLETS_TEXT.probe).parents[1]
    text = "Podívej se na tu velkou modrou loď."
    ogg(sound / "airplane" / "cs" / "let-m-oko.ogg", text, "cs")
    ogg(sound / "share" / "border" / "cs" / "ob-v-ven.ogg", "Plaveme ven.", "cs")
    for name in ("let-m-nic", "let-both", "let-v-zle"):
        put(sound / "airplane" / "cs" / f"{name}.ogg", b"not an Ogg file")
    put(
        script / "airplane" / "dialogs_cs.lua",
        f'\ndialogId("let-m-oko", "font_small", "Look (at) \\"that\\".")\ndialogStr("{text}")\n'
        'dialogId("let-both", "font_both", "Oh!")\ndialogStr("Ach!")\n\n'
        'dialogId("let-v-zle", "font_big", "Bad.")\ndialogStr("Je to \\"zlé\\".")\n'.encode(),
    )
    put(
        script / "share" / "border_dialogs_cs.lua",
        b'dialogId("ob-v-ven", "font_big", "Out.")\ndialogStr("Plaveme ven.")\n',
    )
    source = Fillets()
    assert source.items() == [
        *(f"airplane/let-{name}" for name in ("both", "m-nic", "m-oko", "v-zle")),
        "share/ob-v-ven",
    ]
    utterance = source.utterance("airplane/let-m-oko")
    assert well_formed(utterance)
    assert (utterance.id, utterance.text) == ("fillets/small/airplane/let-m-oko", text)
    assert source.utterance("share/ob-v-ven").speaker == "big"
    for key, reason in (
        ("m-nic", "no text"),
        ("both", "several"),
        ("v-zle", "a sound file that can't be read"),
    ):
        with pytest.raises(Skip, match=reason):
            source.utterance(f"airplane/let-{key}")
    assert source._lines["airplane/let-v-zle"] == ("big", 'Je to "zlé".')
