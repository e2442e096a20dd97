"""The plug-in points: formats, live outputs, corpus sources and teachers, found by name.

An installed package adds one by an entry point in one of four groups, e.g. in `pyproject.toml`:

    [project.entry-points."marotte.outputs"]
    blinker = "my_package.blinker:connect"
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

FORMATS, OUTPUTS = "marotte.formats", "marotte.outputs"
CORPORA, TEACHERS = "marotte.corpora", "marotte.teachers"

_SOURCES = "marotte.learn.corpora.sources"

BUILT_IN: dict[str, dict[str, str]] = {
    FORMATS: {  # a file ending without its dot -> `write(animation, path, progress)`
        "csv": "marotte.export.livelink_csv:write",
        "json": "marotte.export.a2f_json:write",
        "npz": "marotte.export.npz:write",
        "npy": "marotte.export.npy:write",
        "html": "marotte.export.html:write",
        "glb": "marotte.export.glb:write",
        "mp4": "marotte.export.video:write",
        "webm": "marotte.export.video:write",
        "mov": "marotte.export.video:write",
        "vrma": "marotte.export.vrma:write",
        "usda": "marotte.export.usd:write",
        "anim": "marotte.export.unity_anim:write",
        "tres": "marotte.export.godot_tres:write",
    },
    OUTPUTS: {  # the first word of an output -> `connect(target, take)`
        "livelink": "marotte.realtime.outputs.livelink:connect",
        "vmc": "marotte.realtime.outputs.vmc:connect",
        "vmc-vrm0": "marotte.realtime.outputs.vmc:connect_vrm0",
        "vrchat": "marotte.realtime.outputs.vrchat:connect",
        "vrchat-visemes": "marotte.realtime.outputs.vrchat:connect_visemes",
        "ifacialmocap": "marotte.realtime.outputs.ifacialmocap:connect",
        "vts": "marotte.realtime.outputs.vts:connect",
        "udp": "marotte.realtime.outputs.json_udp:connect",
        "maya": "marotte.realtime.outputs.json_udp:connect",
        "websocket": "marotte.realtime.outputs.websocket:connect",
        "json": "marotte.realtime.outputs.jsonl:connect",
        "csv": "marotte.realtime.outputs.csv:connect",
        "wav": "marotte.realtime.outputs.wav:connect",
        "speaker": "marotte.realtime.outputs.speaker:connect",
    },
    CORPORA: {  # the name of a source in corpus recipes -> a subclass of `Source`
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
        "takes": f"{_SOURCES}.takes:Takes",
        "tuxpaint": f"{_SOURCES}.tuxpaint:TuxPaint",
        "vocaset": f"{_SOURCES}.vocaset:Vocaset",
    },
    TEACHERS: {  # the first word of a teacher's name -> `open_teacher(suffix, curves)`
        "phonetic": "marotte.learn.teachers.phonetic:open_teacher",
        "imported": "marotte.learn.teachers.imported:open_teacher",
        "voice2face": "marotte.learn.teachers.voice2face:open_teacher",
    },
}


def entry_points(group: str) -> EntryPoints:
    """Return what installed packages add to a group."""
    from importlib import metadata  # slow to import, and most runs use what is built in

    return metadata.entry_points(group=group)


def names(group: str) -> list[str]:
    """Return the names in a group: the built-in ones, then those of installed packages.

    Example:
        >>> from marotte import plugins
        >>> plugins.names(plugins.FORMATS)[:3]
        ['csv', 'json', 'npz']
    """
    added = {point.name for point in entry_points(group=group)} - BUILT_IN[group].keys()
    return [*BUILT_IN[group], *sorted(added)]


def find(group: str, name: str) -> Any | None:
    """Import and return the object that a name in a group stands for; None if it is unknown.

    Example:
        >>> from marotte import plugins
        >>> plugins.find(plugins.FORMATS, "csv").__name__
        'write'
    """
    if location := BUILT_IN[group].get(name):
        module, attribute = location.split(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=group):
        if point.name == name:
            return point.load()
    return None
