"""A random generator in, English sentences with many lip sounds out, for synthetic voices.

A small grammar makes the sentences from everyday words and from words of a pronunciation
dictionary, so that every phone occurs beside every other. The sentences need not make sense.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import numpy as np

from marotte.errors import missing_extra

_RARE_SHARE = 0.25  # share of the nouns that come from the dictionary

_WORDS = {
    "noun": """
        apple baby balloon bear bird boat book bottle box boy bread bridge brother bubble bus
        butterfly button camera captain car cat chair cheese chicken child church city clock cloud
        coffee computer cow cup daughter doctor dog door dream drum egg elephant engine eye family
        farmer father film fire fish flower fox friend game garden ghost girl glove hammer hand
        hat head heart home horse house island job judge juice key king kitchen lamp leaf letter
        lip map market measure member milk mirror mob money monkey moon mother mouse mouth movie
        mushroom music name neighbour newspaper nose number office orange owl page paper parrot
        party pebble people pepper photograph piano picture pie pig pillow pilot pizza plane plum
        pocket poem potato problem puppet pump queen question rabbit radio river road robot rope
        sandwich school shadow sheep ship shirt shoe shop sister snow soap song soup spoon spring
        station story summer table teacher team telephone thumb ticket tiger tomato tooth tower
        toy train treasure tree umbrella uncle valley village violin voice wall watch water
        weather whale wheel window winter witch woman world yacht zebra
    """,
    "verb": """
        asks_about bakes beats believes borrows breaks brings brushes builds buys carries catches
        chases chooses climbs combs covers draws drops eats empties explains fetches finds follows
        forgets gives_up hears helps hides hopes_for improves invites jumps_over keeps knows
        laughs_at leaves likes listens_to looks_for loses loves measures mentions misses moves
        needs opens paints picks_up plays_with pops promises pulls pushes puts_away reaches
        remembers repairs reveals rubs sees sells shakes shows sings_for smells speaks_of stops
        studies swaps takes teaches thinks_of throws touches tries_out washes watches whispers_to
        wraps
    """,
    "adjective": """
        amazing average awful bad beautiful big bitter blue bold brave bright broken busy calm
        cheap clever cold comfortable empty enormous fabulous famous fast fat favourite forgotten
        foolish funny gentle good grumpy happy heavy huge hungry impossible invisible jolly kind
        lazy little lonely long lovely loud lucky magic marvellous mighty modern mysterious narrow
        new nice noisy obvious old open ordinary perfect plain pleasant poor possible pretty proud
        purple quick quiet remarkable rich round rough sad shabby shy simple sleepy small smooth
        soft special strange strong sweet terrible thick tiny tired ugly unusual usual warm wet
        white whole wild wise wooden yellow young
    """,
    "place": """
        above_the_shop at_home at_the_beach before_breakfast behind_the_barn below_the_bridge
        beside_the_pond between_two_hills by_the_window for_the_first_time from_the_top
        in_the_bath in_the_garden in_the_middle_of_the_night in_town inside_the_box near_the_pub
        next_to_the_pump on_a_ship on_the_moon on_the_table over_the_river under_the_bed
        up_the_mountain
    """,
    "adverb": """
        about_now always badly barely carefully finally happily hardly_ever maybe mostly never
        nobly obviously often perhaps probably properly quickly quietly rarely simply slowly
        sometimes softly suddenly usually very_often warmly
    """,
    "name": """
        Abby Amy Barbara Ben Bob Emma Frank Grace Hugh Jim Joe Judy Kim Lily Mabel Martha Mary
        Mike Mum Nora Olive Pam Paul Peter Philip Poppy Robin Rose Sam Sue Thomas Toby Tom Vera
        Wally Yvonne Zoe
    """,
    "question": "why how when where",
    "aux": "would could should might will can must did",
    "plain_verb": """
        beat become believe bring build buy carry choose climb come dream eat fall feel find fly
        forget go have help hope improve jump keep know laugh leave listen live look make measure
        meet mix move open pay play pop promise pull push put reach remember run say see shop sing
        sleep speak stay stop swim take talk teach think throw try wait walk wash watch wave win
        wish work
    """,
    "exclaim": """
        Oh_boy Wow Ouch Help Brilliant My_goodness Oops Bravo Hurry_up Be_quiet Beware Never_mind
    """,
    "number": """
        one two three four five six seven eight nine ten eleven twelve thirteen twenty fifty
        hundred thousand million
    """,
}
_TEMPLATES = (
    "The {adjective} {noun} {verb} the {noun}.",
    "The {noun} and the {noun} {verb} my {adjective} {noun} {place}.",
    "{name} {verb} a {adjective} {noun} {place}.",
    "{name} and {name} {aux} {plain_verb} {place}, but {name} {aux} never {plain_verb}.",
    "{adverb}, the {noun} {verb} {number} of them.",
    "{question} {aux} the {noun} {plain_verb}?",
    "{question} {aux} {name} {plain_verb} {place}?",
    "{aux} you {plain_verb} my {adjective} {noun}?",
    "{exclaim}!",
    "{exclaim}, the {noun} {verb} {name}!",
    "I {aux} {adverb} {plain_verb}.",
    "I {aux} {plain_verb} if you {aux} {plain_verb}.",
    "We {plain_verb} {place} and they {plain_verb} {place}.",
    "My {noun}, your {noun}, and {name}'s {adjective} {noun}.",
    "Is it {adjective}, or is it {adjective}?",
    "What a {adjective} {noun}!",
    "If {name} {verb} the {noun}, maybe we {aux} {plain_verb}.",
    "{number}, {number}, {number}, {plain_verb}!",
    "People say the {noun} {place} is {adverb} {adjective}.",
    "{name} said, please {plain_verb} before the {noun} {verb} the {noun}.",
    "You {aux} not {plain_verb} with that {adjective}, {adjective} {noun}.",
    "Both boys {plain_verb} {place}.",
    "There was a {noun} {place}, and nobody {verb} it.",
    "{plain_verb} me the {noun}, {name}.",
)
_LISTS = {
    name: [word.replace("_", " ") for word in words.split()] for name, words in _WORDS.items()
}


def sentence(rng: np.random.Generator) -> str:
    """Draw a sentence of three syllables to about twenty words.

    Args:
        rng: the source of randomness; the same state gives the same sentence.
    """
    template = _TEMPLATES[rng.integers(len(_TEMPLATES))]
    filled = re.sub(r"\{(\w+)\}", lambda slot: _word(slot[1], rng), template)
    return filled[0].upper() + filled[1:]


def _word(kind: str, rng: np.random.Generator) -> str:
    words = _LISTS[kind]
    if kind == "noun" and rng.random() < _RARE_SHARE:
        words = _dictionary()
    return words[rng.integers(len(words))]


@functools.cache
def _dictionary() -> list[str]:
    """Return the words of the CMU dictionary in pocketsphinx, with all combinations of phones."""
    try:
        import pocketsphinx
    except ImportError as error:
        raise missing_extra("pocketsphinx", "speech") from error
    path = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    words = (line.split(" ", 1)[0] for line in path.read_text("utf-8").splitlines())
    return [word for word in words if word.isalpha() and word.isascii() and 3 <= len(word) <= 12]
