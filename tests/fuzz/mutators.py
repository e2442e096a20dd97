"""Damaged and hostile files from whole ones: bytes and a random generator in, other bytes out."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from random import Random

Mutator = Callable[[bytes, Random], bytes]

INTEGERS = (0, 1, 2, 255, 2**15 - 1, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1,
            2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip
WORDS = (
    b"", b"0", b"-0", b"-1", b"5", b"1e-7", b"1e39", b"1e400", b"inf", b"-inf", b"nan", b"NaN",
    b"Infinity", b"9" * 25, b"9" * 5000, b"true", b"null", b"[]", b"{}", b'""', b"''", b'"', b"#",
    b"..", b"../../../x", b"/etc/x", b"a" * 300, b"%s%n", b"\0", b"\xff\xfe", b"\xed\xa0\x80",
    "é\u202e😀".encode(), b"[" * 3000, b'{"a":' * 3000, b"\n" * 50, b",", b"=", b"[x]\n", b"\r",
)  # fmt: skip
LONGEST = 8_000_000  # bytes: a mutated file is never longer


def mutate_bytes(data: bytes, random: Random) -> bytes:
    """Change bits, bytes, integers and blocks, or cut the file short."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        _CHANGES[random.randrange(len(_CHANGES))](changed, random)
    return bytes(changed[:LONGEST])


def _flip(data: bytearray, random: Random) -> None:
    data[_place(data, random)] ^= 1 << random.randrange(8)


def _set(data: bytearray, random: Random) -> None:
    data[_place(data, random)] = random.choice((0, 1, 127, 128, 254, 255))


def _integer(data: bytearray, random: Random) -> None:
    place, code = _place(data, random), random.choice("BHIQ")
    order = random.choice("<>")
    size = struct.calcsize(order + code)
    value = random.choice(INTEGERS) % (1 << 8 * size)
    data[place : place + size] = struct.pack(order + code, value)


def _float(data: bytearray, random: Random) -> None:
    place = _place(data, random)
    value = random.choice((float("nan"), float("inf"), -float("inf"), 3e38, 1e-45))
    data[place : place + 4] = struct.pack("<f", value)


def _cut(data: bytearray, random: Random) -> None:
    del data[_place(data, random) :]


def _remove(data: bytearray, random: Random) -> None:
    place = _place(data, random)
    del data[place : place + random.choice((1, 4, 16, 1000))]


def _repeat(data: bytearray, random: Random) -> None:
    place = _place(data, random)
    block = data[place : place + random.choice((1, 4, 64, 4096))]
    data[place:place] = block * random.choice((1, 2, 50))


def _move(data: bytearray, random: Random) -> None:
    source, target, size = _place(data, random), _place(data, random), random.choice((4, 64, 1024))
    data[target : target + size] = data[source : source + size]


def _erase(data: bytearray, random: Random) -> None:
    place, size = _place(data, random), random.choice((4, 64, 4096))
    data[place : place + size] = bytes([random.choice((0, 255))]) * len(data[place : place + size])


_CHANGES = (_flip, _set, _integer, _integer, _float, _cut, _remove, _repeat, _move, _erase)


def _place(data: bytearray, random: Random) -> int:
    """Return a place in the file; every other time in its first bytes, where headers are."""
    return random.randrange(min(len(data), 128) if random.random() < 0.5 else len(data))


def mutate_text(data: bytes, random: Random) -> bytes:
    """Replace, remove, double and exchange words of a text."""
    words = re.split(rb"([\w.+-]+|\s+|[^\w\s])", data)
    words = [word for word in words if word]
    for _ in range(random.choice((1, 1, 2, 4))):
        if not words:
            break
        place = random.randrange(len(words))
        change = random.randrange(6)
        if change <= 2:
            words[place] = random.choice(WORDS)
        elif change == 3:
            del words[place : place + random.choice((1, 3, 20))]
        elif change == 4:
            words[place:place] = words[place : place + 20] * random.choice((1, 2, 100))
        else:
            words[place] = words[random.randrange(len(words))]
    return b"".join(words)[:LONGEST]


def mutate_archive(data: bytes, random: Random) -> bytes:
    """Change one member of a zip archive, whose checksums stay right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = random.choice(sorted(members))
    change = random.randrange(4)
    if change == 0:
        del members[chosen]
    elif change == 1:
        members[chosen] = members[random.choice(sorted(members))]
    else:
        members[chosen] = mutate_bytes(members[chosen], random)
    written = io.BytesIO()
    compression = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def mutate_json(data: bytes, random: Random) -> bytes:
    """Replace one value in a JSON text by another kind of value."""
    tree = json.loads(data)
    parent, key, node = None, None, tree
    for _ in range(random.choice((1, 2, 3, 4, 6, 8))):
        if isinstance(node, dict) and node:
            parent, key = node, random.choice(sorted(node))
        elif isinstance(node, list) and node:
            parent, key = node, random.randrange(len(node))
        else:
            break
        node = parent[key]
    if parent is None:
        return data
    change = random.randrange(8)
    if change == 0:
        del parent[key]
    elif change == 1 and isinstance(parent, dict):
        parent[random.choice(("name", "x" * 100, "", "count", "min"))] = parent.pop(key)
    else:
        parent[key] = random.choice(
            (None, True, -1, 0, 2**31, 2**63, -(2**40), 1e39, -1e300, float("nan"), float("inf"),
             "", "..", "a" * 300, "\0", [], {}, [[]] * 4, {"a": {}}, [1e308, "x"], 3, 5126)
        )  # fmt: skip
    return json.dumps(tree).encode()


def mutate_glb(data: bytes, random: Random) -> bytes:
    """Change the JSON of a GLB file, whose lengths stay right."""
    (size,) = struct.unpack_from("<I", data, 12)
    changed = random.choice((mutate_json, mutate_json, mutate_text))(data[20 : 20 + size], random)
    changed += b" " * (-len(changed) % 4)
    rest = data[20 + size :]
    head = struct.pack(
        "<4sIIII", b"glTF", 2, 20 + len(changed) + len(rest), len(changed), 0x4E4F534A
    )
    return head + changed + rest
