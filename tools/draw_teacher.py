"""Draw the phonetic teacher's animation of words, or of a corpus by language, for inspection.

    python tools/draw_teacher.py words
    python tools/draw_teacher.py languages CORPUS -o FOLDER [--only fr,cs] [--seconds 20]

`words` writes docs/images/phonetic.png: words of the voice hibari, frame by frame, with their
phonemes and the lip gap. `languages` reads a corpus of `marotte corpus build`. For each language it
writes a video of one speaker (LANGUAGE.mp4) and a sheet of the mouth at the middle of every phoneme
(LANGUAGE.png). Needs the extras `video`, `speech` and `train`, and Pillow.
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
FRAMES = 10  # per word
TILE = (112, 80)
LABEL_HEIGHT, TRACK_HEIGHT = 18, 64
TRACK_MM = 18.0  # lip gap at the top of a track
MARGIN_S = 0.08  # shown before and after a word
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
DEJAVU = "DejaVuSans.ttf"  # has the letters of IPA; Pillow searches the installed fonts


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Return a font with IPA if one is installed, else Pillow's default font."""
    try:
        return ImageFont.truetype(DEJAVU, size)
    except OSError:
        return ImageFont.load_default(size)


def speak(word: str) -> Utterance:
    """Return a word spoken by the neural voice."""
    samples, phones = hibari_voice().say(f"{word}.", VirtualSpeaker(speed=0.9), seed=1)
    return Utterance(word, "hibari", "one", "en", "", word, samples, RATE, phones)


def tile(renderer: Renderer, controls: NDArray[np.float32]) -> Image.Image:
    """Render the mouth and crop it around the lips."""
    picture = Image.fromarray(renderer.frame(controls, ARKIT_52.names))
    width, height = picture.size
    lips = (0.17 * width, 0.2 * height, 0.83 * width, 0.86 * height)
    return picture.resize(TILE, Image.Resampling.LANCZOS, box=lips)


def draw_track(word: str, speech: Utterance, gap: NDArray[np.float32]) -> Image.Image:
    """Draw the phonemes of a word and its lip gap up to `TRACK_MM`."""
    scale = 2  # drawn at twice the size: Pillow does not anti-alias lines
    width, height = scale * FRAMES * TILE[0], scale * TRACK_HEIGHT
    top = scale * LABEL_HEIGHT
    track = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(track)
    first_s, last_s = span(speech)

    def place(time_s: float, mm: float) -> tuple[float, float]:
        y = height - 8 - min(max(mm, 0.0), TRACK_MM) / TRACK_MM * (height - top - 16)
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
    """Return the first and the last time that is shown of a word."""
    return speech.phones[0].start_s - MARGIN_S, speech.phones[-1].end_s + MARGIN_S


def draw_word(word: str, renderer: Renderer, head: Head, teacher: PhoneticTeacher) -> Image.Image:
    """Draw a row: frames of the word above its phonemes and lip gap."""
    speech = speak(word)
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
    """Draw all words below each other in one picture."""
    head, teacher = load_head(), PhoneticTeacher()
    renderer = open_renderer(subdivide(head), (3 * TILE[0], 3 * TILE[1]), "mouth")
    rows = [np.asarray(draw_word(word, renderer, head, teacher)) for word in WORDS]
    picture = Image.fromarray(np.concatenate(rows))
    picture.quantize(64, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def speech_of_one_speaker(store: Store, language: str, seconds: float) -> Utterance | None:
    """Return speech of the speaker with most speech in a language; real voices come first."""
    seconds_of: Counter[tuple[bool, str, str]] = Counter()
    parts: defaultdict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for part in store.parts():
        for entry in store.entries([part]):
            if entry.language == language:
                speaker = (entry.source not in SYNTHETIC, entry.source, entry.speaker)
                seconds_of[speaker] += entry.seconds
                if part not in parts[speaker]:
                    parts[speaker].append(part)
    if not seconds_of:
        return None
    speaker = max(
        seconds_of,
        key=lambda each: (each[0], min(seconds_of[each], seconds), seconds_of[each]),
    )
    utterances = (
        each
        for each in store.utterances(parts[speaker])
        if each.language == language and each.phones and (each.source, each.speaker) == speaker[1:]
    )
    return joined(utterances, seconds)


def joined(utterances: Iterator[Utterance], seconds: float) -> Utterance:
    """Join the first utterances of a speaker into one of about this many seconds."""
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
    """Draw the mouth at the middle of every phoneme, labelled with its lip gap; red if wrong."""
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
    """Write a video and a sheet for each language of a corpus."""
    store, head, teacher = Store.open(corpus), load_head(), PhoneticTeacher()
    languages = only or sorted({entry.language for entry in store.entries()})
    renderer = open_renderer(subdivide(head), (2 * TILE[0], 2 * TILE[1]), "mouth")
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages:
        speech = speech_of_one_speaker(store, language, seconds)
        if speech is None:
            print(f"{language}: {corpus} has no speech of it")
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
    languages.add_argument("--only", default="", help="languages, separated by commas")
    languages.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    if options.command == "words":
        draw_words()
    else:
        only = [each for each in options.only.split(",") if each]
        draw_languages(options.corpus, options.output, only, options.seconds)


if __name__ == "__main__":
    main()
