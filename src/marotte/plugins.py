"""What can be added to Marotte by name: the built-in ones, and those of installed packages.

A package adds its own by an entry point of one of these groups, e.g. in its `pyproject.toml`:

    [project.entry-points."marotte.outputs"]
    blinker = "my_package.blinker:connect"
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

FORMATS, OUTPUTS = "marotte.formats", "marotte.outputs"
CORPORA, TEACHERS = "marotte.corpora", "marotte.teachers"

_SOURCES = "marotte.learn.corpora.sources"

BUILT_IN: dict[str, dict[str, str]] = {
    FORMATS: {  # an ending, without its dot: a function `write(animation, path, progress)`
        "csv": "marotte.export.livelink_csv:write",
        "json": "marotte.export.a2f_json:write",
        "npz": "marotte.export.npz:write",
        "npy": "marotte.export.npy:write",
        "html": "marotte.export.html:write",
        "glb": "marotte.export.glb:write",
        "mp4": "marotte.export.video:write",
    },
    OUTPUTS: {  # the first word of a spec: a function `connect(target, take)`
        "livelink": "marotte.realtime.outputs.livelink:connect",
        "vmc": "marotte.realtime.outputs.vmc:connect",
        "vmc-vrm0": "marotte.realtime.outputs.vmc:connect_vrm0",
        "vrchat": "marotte.realtime.outputs.vrchat:connect",
        "vrchat-visemes": "marotte.realtime.outputs.vrchat:connect_visemes",
        "ifacialmocap": "marotte.realtime.outputs.ifacialmocap:connect",
        "maya": "marotte.realtime.outputs.maya:connect",
        "websocket": "marotte.realtime.outputs.websocket:connect",
        "json": "marotte.realtime.outputs.jsonl:connect",
        "csv": "marotte.realtime.outputs.csv:connect",
        "wav": "marotte.realtime.outputs.wav:connect",
    },
    CORPORA: {  # a source's name in corpus recipes: a subclass of `Source`
        "asterisk_en": f"{_SOURCES}.asterisk:AsteriskEn",
        "asterisk_es": f"{_SOURCES}.asterisk:AsteriskEs",
        "asterisk_fr": f"{_SOURCES}.asterisk:AsteriskFr",
        "asterisk_it": f"{_SOURCES}.asterisk:AsteriskIt",
        "asterisk_ru": f"{_SOURCES}.asterisk:AsteriskRu",
        "beat": f"{_SOURCES}.beat:Beat",
        "drascula": f"{_SOURCES}.drascula:DrasculaEn",
        "drascula_es": f"{_SOURCES}.drascula:DrasculaEs",
        "espeak": f"{_SOURCES}.espeak:Espeak",
        "espeak_languages": f"{_SOURCES}.espeak:EspeakLanguages",
        "festival": f"{_SOURCES}.festival:Festival",
        "fillets": f"{_SOURCES}.fillets:Fillets",
        "folder": f"{_SOURCES}.folder:Folder",
        "flite": f"{_SOURCES}.flite:Flite",
        "hibari": f"{_SOURCES}.hibari:Hibari",
        "klettres": f"{_SOURCES}.klettres:KLettres",
        "kokoro": f"{_SOURCES}.kokoro:Kokoro",
        "ktuberling": f"{_SOURCES}.ktuberling:KTuberling",
        "librispeech": f"{_SOURCES}.librispeech:LibriSpeech",
        "livelink": f"{_SOURCES}.livelink:LiveLink",
        "queen": f"{_SOURCES}.queen:Queen",
        "queen_untold": f"{_SOURCES}.queen:QueenUntold",
        "tuxpaint": f"{_SOURCES}.tuxpaint:TuxPaint",
        "vocaset": f"{_SOURCES}.vocaset:Vocaset",
    },
    TEACHERS: {  # the first word of a teacher's name: a function `open_teacher(rest, curves)`
        "phonetic": "marotte.learn.teachers.phonetic:open_teacher",
        "imported": "marotte.learn.teachers.imported:open_teacher",
        "voice2face": "marotte.learn.teachers.voice2face:open_teacher",
    },
}


def names(group: str) -> list[str]:
    """Return the names of a group: the built-in ones, then those of installed packages, sorted."""
    added = {point.name for point in entry_points(group=group)} - BUILT_IN[group].keys()
    return [*BUILT_IN[group], *sorted(added)]


def find(group: str, name: str) -> Any | None:
    """Import what a name of a group stands for; None where nobody knows the name."""
    if place := BUILT_IN[group].get(name):
        module, attribute = place.split(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=group):
        if point.name == name:
            return point.load()
    return None
