"""Small made-up data sets in the layout of each source."""

import gzip
import io
import json
import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from game_data import drascula_texts, game_file

from marotte.export.livelink_csv import COLUMNS, timecode
from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.asterisk import AsteriskEn
from marotte.learn.corpora.sources.beat import Beat
from marotte.learn.corpora.sources.drascula import DrasculaEn
from marotte.learn.corpora.sources.fillets import Fillets
from marotte.learn.corpora.sources.folder import Folder
from marotte.learn.corpora.sources.klettres import KLettres
from marotte.learn.corpora.sources.ktuberling import KTuberling
from marotte.learn.corpora.sources.librispeech import LibriSpeech
from marotte.learn.corpora.sources.livelink import LiveLink
from marotte.learn.corpora.sources.queen import Queen
from marotte.learn.corpora.sources.tuxpaint import TuxPaint
from marotte.learn.corpora.sources.vocaset import Vocaset
from marotte.learn.errors import Skip
from marotte.learn.speech.phones import INVENTORY
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.utterance import Phone

RATE = 16_000
CHAPTER = "train-clean-100/103/1240"
MA = (Phone("m", 0.0, 0.5), Phone("ʌ", 0.5, 1.0, 1))
"""The phones of `grid()`."""


def put(path, content):
    """Write a text, bytes, JSON, or samples as a sound file of the format of its ending."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, "utf-8")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, dict):
        path.write_text(json.dumps(content), "utf-8")
    else:
        soundfile.write(path, content, RATE)


def well_formed(utterance):
    """Check that the samples are audible and that known phones are in order."""
    assert np.isfinite(utterance.samples).all()
    assert 0 < np.abs(utterance.samples).max() <= 1
    assert all(phone.ipa in INVENTORY for phone in utterance.phones)
    assert all(0 <= phone.start_s < phone.end_s <= utterance.seconds for phone in utterance.phones)
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in pairwise(utterance.phones))
    return True


def skip_reason(source, key):
    """Return the reason why a source skips an item."""
    with pytest.raises(Skip) as reason:
        source.utterance(key)
    return str(reason.value)


def noise(seconds=1.0):
    return np.random.default_rng(0).uniform(-0.3, 0.3, int(seconds * RATE)).astype(np.float32)


def say(text):
    """Return English speech at `RATE`."""
    samples, _ = espeak().say(text, "en-us")
    return np.interp(
        np.arange(0, len(samples), espeak().rate / RATE), np.arange(len(samples)), samples
    )


def grid(seconds=1.0, phones=("M", "AH1"), words=("Ma",)):
    """Return a TextGrid in the short form; all its words, and all its phones, are equally long."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", 0, seconds, "<exists>", 2]
    for name, labels in (("words", words), ("phones", phones)):
        lines += ['"IntervalTier"', f'"{name}"', 0, seconds, len(labels)]
        for k, label in enumerate(labels):
            step = seconds / len(labels)
            lines += [k * step, (k + 1) * step, f'"{label}"']
    return "\n".join(map(str, lines)) + "\n"


def beat_json(seconds=1.0, fps=60, names=("jawOpen", "mouthSmileLeft")):
    """Return the content of a file of curves of BEAT."""
    frames = [{"weights": [0.5, 0.25], "time": k / fps} for k in range(int(seconds * fps))]
    return {"names": names, "frames": frames}


def take(seconds=1.0, fps=60):
    """Return the CSV file of a take of Live Link Face."""
    lines = [",".join(("Timecode", "BlendshapeCount", *COLUMNS))]
    for frame in range(int(seconds * fps)):
        lines.append(",".join([timecode(frame, Fraction(fps)), "61", *["0.5"] * 61]))
    return "\n".join(lines) + "\n"


def entry(seconds=1.0):
    """Return a sound as VOCASET stores it."""
    audio = (noise(seconds) * 32767).astype(np.int16)
    return {"audio": audio, "sample_rate": np.int64(RATE)}


def g722(samples):
    """Return samples at 16 kHz as a G.722 file without a header."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="g722") as container:
        stream = container.add_stream("g722", rate=16_000)
        stream.codec_context.layout = "mono"
        block = (samples * 32767).astype(np.int16)[None, :]
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate = 16_000
        for each in (frame, None):
            container.mux(stream.encode(each))
    return file.getvalue()


def mp3(text):
    """Return English speech at 11 kHz as an MP3 file."""
    import soundfile

    samples, _ = espeak().say(text, "en-us+m3")
    file = io.BytesIO()
    soundfile.write(file, samples[::2], espeak().rate // 2, format="MP3")
    return file.getvalue()


def say_in(language, text, rate):
    """Return speech in a language at a sample rate."""
    import soxr

    samples, _ = espeak().say(text, language)
    return soxr.resample(samples, espeak().rate, rate)


def ogg(path, text, language, rate=22_050):
    """Write speech as a stereo OGG file."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    sound = 0.5 * say_in(language, text, rate)
    soundfile.write(path, np.stack([sound, sound], 1), rate, format="OGG")


def als(text, language):
    """Return speech as a clip of Drascula."""
    sound = say_in(language, text, 11_025)
    middle = np.clip(sound * 127 + 128, 0, 255).astype(np.uint8).tobytes()
    return bytes([128]) * 32 + middle + bytes([128]) * 32


# Each function writes the files of a source below a folder and returns the source. The folder is
# the root of the Debian packages or the folder of a user.


def put_asterisk(root):
    folder = (root / debian.ASTERISK_EN[0].probe).parent
    put(folder / "activated.g722", b"")
    put(folder / "pound.g722", g722(say_in("en-us", "Please press the pound key.", 16_000)))
    put(
        root / debian.ASTERISK_EN[1].probe,
        gzip.compress(b"activated: Activated.\npound: Please press the pound key.\n"),
    )
    return AsteriskEn()


def put_beat(root):
    put(root / "1" / "1_wayne_0_1_1.wav", noise())
    put(root / "1" / "1_wayne_0_1_1.TextGrid", grid())
    put(root / "1" / "1_wayne_0_1_1.json", beat_json())
    return Beat(folder=str(root))


def put_drascula(root):
    empty = [[["x"], ["x"]]] * 10
    english = ["", "THE BIG PUMP", "MY MOTHER HAS A MAP"]
    put(root / debian.DRASCULA_EN.probe, drascula_texts([[english, ["x"]], *empty, [["x"]] * 2]))
    put((root / debian.DRASCULA_EN.probe).with_name("2.ALS"), als("my mother has a map", "en-us"))
    return DrasculaEn()


def put_fillets(root):
    text = "Podívej se na tu velkou modrou loď."
    ogg(root / debian.FILLETS.probe, text, "cs")
    put(
        root / debian.FILLETS_TEXT.probe,
        f'dialogId("let-m-oko", "font_small", "Look.")\ndialogStr("{text}")\n',
    )
    return Fillets()


def put_folder(root):
    put(root / "anna" / "one.wav", noise())
    put(root / "anna" / "one.TextGrid", grid())
    put(root / "anna" / "two.mp3", say("Bob put my map away."))
    put(root / "anna" / "two.txt", "Bob put my map away.")
    put(root / "bert" / "three.ogg", noise())
    return Folder(folder=str(root))


def put_klettres(root):
    probe = root / debian.KLETTRES.probe
    put(probe, '<klettres><sound name="MA" file="en/syllab/ma.ogg" /></klettres>')
    ogg(probe.parent / "syllab" / "ma.ogg", "ma", "en-us")
    ogg(probe.parents[1] / "pt_BR" / "alpha" / "b.ogg", "b", "pt")
    return KLettres()


def put_ktuberling(root):
    probe = root / debian.KTUBERLING.probe
    put(probe, '<language code="en"></language>')
    ogg(probe.parent / "el" / "moon_tree.ogg", "dentro", "el")
    ogg(probe.parent / "sr@latin" / "nos.ogg", "nos", "sr")
    put(probe.parent / "ga" / "srón.wav", noise())
    return KTuberling()


def put_librispeech(root):
    put(root / CHAPTER / "103-1240-0000.flac", noise())
    put(root / CHAPTER / "103-1240.trans.txt", "103-1240-0000 MA\n")
    put(root / "grids" / CHAPTER / "103-1240-0000.TextGrid", grid())
    return LibriSpeech(folder=str(root), textgrids=str(root / "grids"))


def put_livelink(root):
    put(root / "day" / "MySlate_1_iPhone_cal.csv", take())
    put(root / "day" / "MySlate_1_iPhone.wav", noise())
    put(root / "day" / "MySlate_1_iPhone.TextGrid", grid())
    return LiveLink(folder=str(root))


def put_queen(root):
    put(root / debian.QUEEN.probe, game_file({"51001AP1": mp3("Bob put my map away.")}))
    return Queen()


def put_tuxpaint(root):
    folder = root / debian.TUXPAINT.probe / "birds"
    ogg(folder / "duck_desc_fr.ogg", "Un beau canard bleu.", "fr", 44_100)
    put(folder / "duck.txt", "A duck.\nfr.utf8=Un beau canard bleu.\n")
    return TuxPaint(languages=("fr",))


def put_vocaset(root):
    np.save(root / "data_verts.npy", np.zeros((60, 3, 3), np.float32))
    rows = {"a": {"s1": {frame: frame for frame in range(60)}}}
    for name, table in (("raw_audio_fixed", {"a": {"s1": entry()}}), ("subj_seq_to_idx", rows)):
        put(root / f"{name}.pkl", pickle.dumps(table, 2))
    return Vocaset(folder=str(root))


LAYOUTS = (
    put_asterisk, put_beat, put_drascula, put_fillets, put_folder, put_klettres, put_ktuberling,
    put_librispeech, put_livelink, put_queen, put_tuxpaint, put_vocaset,
)  # fmt: skip
