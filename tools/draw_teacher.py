"""Draws what the phonetic teacher makes of speech, to look at.

    python tools/draw_teacher.py words
    python tools/draw_teacher.py languages CORPUS -o FOLDER [--only fr,cs] [--seconds 20]

`words` writes docs/images/phonetic.png: words by the voice hibari, frame by frame, with their
phonemes and the lip gap. `languages` takes a corpus as `marotte corpus build` makes it and writes,
for each of its languages, a video of one speaker (LANGUAGE.mp4) and a sheet of the mouth at the
middle of every phoneme of it (LANGUAGE.png). Needs the extras `video`, `speech` and `train`, and
Pillow.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from marotte.audio.recording import Recording
from marotte.export import video
from marotte.face.animation import Animation
from marotte.face.head import Head, subdivide
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.splits import SYNTHETIC
from marotte.learn.data.store import Store
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.speech.phones import BILABIALS, OPEN_VOWELS
from marotte.learn.speech.synthesisers.hibari import RATE, VirtualSpeaker, hibari_voice
from marotte.learn.teachers.phonetic import PhoneticTeacher
from marotte.learn.utterance import Phone, Utterance
from marotte.render import Renderer, open_renderer

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "phonetic.png"
WORDS = ("time", "help", "life", "big", "bob", "church", "we", "shoe")
FRAMES = 10  # of each word
TILE = (112, 80)
LABEL_HEIGHT, TRACK_HEIGHT = 18, 64
AROUND_S = 0.08  # shown before and after a word
INK, PAPER, LINE, BAD, GRID = (
    (40, 44, 56),
    (250, 250, 252),
    (200, 60, 70),
    (220, 0, 0),
    (190, 194, 206),
)

JOINED_RATE = 24_000
PAUSE_S = 0.35  # between utterances of a video
COLUMNS = 20
DEJAVU = "DejaVuSans.ttf"  # it has the letters of IPA; Pillow looks where fonts are installed


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """A font with IPA where there is one."""
    try:
        return ImageFont.truetype(DEJAVU, size)
    except OSError:
        return ImageFont.load_default(size)


def spoken(word: str) -> Utterance:
    """A word by the neural voice."""
    samples, phones = hibari_voice().say(f"{word}.", VirtualSpeaker(speed=0.9), seed=1)
    return Utterance(word, "hibari", "one", "en", "", word, samples, RATE, phones)


def tile(renderer: Renderer, controls: NDArray[np.float32]) -> Image.Image:
    """The lips and what is around them, out of a picture of the mouth."""
    picture = Image.fromarray(renderer.frame(controls, ARKIT_52.names))
    width, height = picture.size
    lips = (0.17 * width, 0.2 * height, 0.83 * width, 0.86 * height)
    return picture.resize(TILE, Image.Resampling.LANCZOS, box=lips)


def draw_track(word: str, speech: Utterance, gap: NDArray[np.float32]) -> Image.Image:
    """What stands under a word's frames: its phonemes, and the lip gap up to 12 mm."""
    scale = 2  # drawn larger than shown: Pillow's lines have stairs
    width, height = scale * FRAMES * TILE[0], scale * TRACK_HEIGHT
    top = scale * LABEL_HEIGHT
    track = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(track)
    first_s, last_s = span(speech)

    def place(time_s: float, mm: float) -> tuple[float, float]:
        y = height - 8 - min(max(mm, 0.0), 12.0) / 12 * (height - top - 16)
        return (time_s - first_s) / (last_s - first_s) * width, y

    for phone in speech.phones:
        for time_s in (phone.start_s, phone.end_s):
            draw.line([(place(time_s, 0)[0], 0), (place(time_s, 0)[0], height)], fill=GRID)
        middle, _ = place(0.5 * (phone.start_s + phone.end_s), 0)
        draw.text((middle, 2), phone.ipa, fill=INK, font=font(14 * scale), anchor="ma")
    draw.line([place(first_s, CLOSED_MM), place(last_s, CLOSED_MM)], fill=GRID, width=scale)
    points = [place(k / PhoneticTeacher.fps, float(mm)) for k, mm in enumerate(gap)]
    draw.line(points, fill=LINE, width=2 * scale, joint="curve")
    draw.text((8, 2), word, fill=LINE, font=font(14 * scale))
    return track.resize((width // scale, height // scale), Image.Resampling.LANCZOS)


def span(speech: Utterance) -> tuple[float, float]:
    """From when to when a word is shown."""
    return speech.phones[0].start_s - AROUND_S, speech.phones[-1].end_s + AROUND_S


def draw_word(word: str, renderer: Renderer, head: Head, teacher: PhoneticTeacher) -> Image.Image:
    """A row: frames along the word, its phonemes under them, and the lip gap."""
    speech = spoken(word)
    controls = teacher.curves(speech)
    first_s, last_s = span(speech)
    row = Image.new("RGB", (FRAMES * TILE[0], TILE[1] + TRACK_HEIGHT), PAPER)
    for i in range(FRAMES):
        time_s = first_s + (i + 0.5) / FRAMES * (last_s - first_s)
        k = min(max(0, round(time_s * teacher.fps)), len(controls) - 1)
        row.paste(tile(renderer, controls[k]), (i * TILE[0], 0))
    gap = head.lip_gap(controls, ARKIT_52.names)
    row.paste(draw_track(word, speech, gap), (0, TILE[1]))
    return row


def draw_words() -> None:
    """All words below each other, as one picture."""
    head, teacher = load_head(), PhoneticTeacher()
    renderer = open_renderer(subdivide(head), (3 * TILE[0], 3 * TILE[1]), "mouth")
    rows = [np.asarray(draw_word(word, renderer, head, teacher)) for word in WORDS]
    picture = Image.fromarray(np.concatenate(rows))
    picture.quantize(64, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def of_one_speaker(store: Store, language: str, seconds: float) -> Utterance | None:
    """Some seconds of the language by whoever says most in it, real voices before made ones."""
    said: Counter[tuple[bool, str, str]] = Counter()
    parts: defaultdict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for part in store.parts():
        for entry in store.entries([part]):
            if entry.language == language:
                who = (entry.source not in SYNTHETIC, entry.source, entry.speaker)
                said[who] += entry.seconds
                if part not in parts[who]:
                    parts[who].append(part)
    if not said:
        return None
    who = max(said, key=lambda each: (each[0], min(said[each], seconds), said[each]))
    found = (
        each
        for each in store.utterances(parts[who])
        if each.language == language and each.phones and (each.source, each.speaker) == who[1:]
    )
    return joined(found, seconds)


def joined(utterances: Iterator[Utterance], seconds: float) -> Utterance:
    """Utterances of a speaker one after the other, as one."""
    import soxr

    sounds: list[NDArray[np.float32]] = []
    phones: list[Phone] = []
    clock_s = 0.0
    for each in utterances:
        sound = soxr.resample(each.samples, each.rate, JOINED_RATE)
        sounds += [sound, np.zeros(int(PAUSE_S * JOINED_RATE), np.float32)]
        phones += [
            Phone(p.ipa, clock_s + p.start_s, clock_s + p.end_s, p.stress) for p in each.phones
        ]
        clock_s += (len(sound) + len(sounds[-1])) / JOINED_RATE
        if clock_s >= seconds:
            break
    name = f"{each.source}/{each.speaker}"
    samples = np.concatenate(sounds)
    return Utterance(
        name, each.source, each.speaker, each.language, "", "", samples, JOINED_RATE, tuple(phones)
    )


def draw_sheet(
    speech: Utterance, controls: NDArray[np.float32], renderer: Renderer, head: Head
) -> Image.Image:
    """The mouth at the middle of every phoneme, its gap beside its name, red where it is wrong."""
    gap = head.lip_gap(controls, ARKIT_52.names)
    rows = -(-len(speech.phones) // COLUMNS)
    height = TILE[1] + LABEL_HEIGHT
    sheet = Image.new("RGB", (COLUMNS * TILE[0], rows * height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for i, phone in enumerate(speech.phones):
        k = min(round(30 * (phone.start_s + phone.end_s)), len(controls) - 1)
        x, y = i % COLUMNS * TILE[0], i // COLUMNS * height
        sheet.paste(tile(renderer, controls[k]), (x, y + LABEL_HEIGHT))
        wrong = (phone.ipa in BILABIALS) != (gap[k] <= CLOSED_MM) and (
            phone.ipa in BILABIALS or phone.ipa in OPEN_VOWELS
        )
        text = f"{phone.ipa} {gap[k]:.1f}  {phone.start_s:.1f} s"
        draw.text((x + 3, y + 1), text, fill=BAD if wrong else INK, font=font(13))
    return sheet


def draw_languages(corpus: Path, folder: Path, only: Sequence[str], seconds: float) -> None:
    """A video and a sheet for each language of a corpus."""
    store, head, teacher = Store.open(corpus), load_head(), PhoneticTeacher()
    languages = only or sorted({entry.language for entry in store.entries()})
    renderer = open_renderer(subdivide(head), (2 * TILE[0], 2 * TILE[1]), "mouth")
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages:
        speech = of_one_speaker(store, language, seconds)
        if speech is None:
            print(f"{language}: no speech of it in {corpus}")
            continue
        print(f"{language}: {speech.id}, {speech.seconds:.0f} s, {len(speech.phones)} phonemes")
        controls = teacher.curves(speech)
        draw_sheet(speech, controls, renderer, head).save(folder / f"{language}.png")
        recording = Recording.from_samples(speech.samples, speech.rate)
        animation = Animation(controls, teacher.fps, ARKIT_52, recording, "phonetic")
        video.write(animation, folder / f"{language}.mp4")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("words", help="docs/images/phonetic.png")
    languages = commands.add_parser("languages", help="a video and a sheet of each language")
    languages.add_argument("corpus", type=Path)
    languages.add_argument("-o", "--output", type=Path, required=True)
    languages.add_argument("--only", default="", help="languages, with commas between them")
    languages.add_argument("--seconds", type=float, default=20.0)
    said = parser.parse_args()
    if said.command == "words":
        draw_words()
    else:
        only = [each for each in said.only.split(",") if each]
        draw_languages(said.corpus, said.output, only, said.seconds)


if __name__ == "__main__":
    main()
