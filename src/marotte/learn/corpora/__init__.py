"""Sources of speech, one module each, found by name: the built-in ones and those of plug-ins.

A plug-in is a package with an entry point in the group `marotte.corpora` that names a subclass of
`marotte.learn.corpora.source.Source`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source

_BUILT_IN = {
    "asterisk_en": "marotte.learn.corpora.asterisk:AsteriskEn",
    "asterisk_es": "marotte.learn.corpora.asterisk:AsteriskEs",
    "asterisk_fr": "marotte.learn.corpora.asterisk:AsteriskFr",
    "asterisk_it": "marotte.learn.corpora.asterisk:AsteriskIt",
    "asterisk_ru": "marotte.learn.corpora.asterisk:AsteriskRu",
    "beat": "marotte.learn.corpora.beat:Beat",
    "drascula": "marotte.learn.corpora.drascula:DrasculaEn",
    "drascula_es": "marotte.learn.corpora.drascula:DrasculaEs",
    "espeak": "marotte.learn.corpora.espeak:Espeak",
    "espeak_languages": "marotte.learn.corpora.espeak:EspeakLanguages",
    "festival": "marotte.learn.corpora.festival:Festival",
    "fillets": "marotte.learn.corpora.fillets:Fillets",
    "folder": "marotte.learn.corpora.folder:Folder",
    "flite": "marotte.learn.corpora.flite:Flite",
    "hibari": "marotte.learn.corpora.hibari:Hibari",
    "klettres": "marotte.learn.corpora.klettres:KLettres",
    "kokoro": "marotte.learn.corpora.kokoro:Kokoro",
    "ktuberling": "marotte.learn.corpora.ktuberling:KTuberling",
    "librispeech": "marotte.learn.corpora.librispeech:LibriSpeech",
    "livelink": "marotte.learn.corpora.livelink:LiveLink",
    "queen": "marotte.learn.corpora.queen:Queen",
    "queen_untold": "marotte.learn.corpora.queen:QueenUntold",
    "tuxpaint": "marotte.learn.corpora.tuxpaint:TuxPaint",
    "vocaset": "marotte.learn.corpora.vocaset:Vocaset",
}


def source_names() -> list[str]:
    """The names of all sources that can be asked for."""
    return sorted(_BUILT_IN | {each.name: "" for each in entry_points(group="marotte.corpora")})


def source_class(name: str) -> type[Source]:
    """The source of a name.

    Raises:
        MarotteError: there is none of that name.
    """
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name].split(":")
        return getattr(import_module(module), attribute)
    for each in entry_points(group="marotte.corpora", name=name):
        return each.load()
    raise MarotteError(
        f"there is no source {name!r}: there are {', '.join(source_names())}; "
        'or say of what `kind` it is, e.g. kind = "folder"'
    )
