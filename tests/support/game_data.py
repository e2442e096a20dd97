"""Small made-up data files of the games `queen` and `drascula`."""

import struct


def text_field(text, align=2, offset=0):
    """Return a string of the game `queen` for an offset in its member."""
    data = bytes([len(text)]) + text.encode("latin-1")
    return data + bytes(-(offset + len(data)) % align if text else 0)


def strings(texts, offset, align=2):
    """Return several strings of the game `queen`."""
    data = b""
    for text in texts:
        data += text_field(text, align, offset + len(data))
    return data


def dialogue():
    """Return a dialogue with key 51: two lines of Joe and one of Sparky."""
    joe, person = b"", b""
    for number, text in ((0, "Hi, Sparky!*03"), (0x1A, "*FLLook.*04*02Bye.")):
        joe += struct.pack(">HH", 0, number) + text_field(text, 4)
    person += struct.pack(">HH", 0, 0x1A) + text_field("Bob put my map away.", 4)
    first = 32 + len(joe)
    second = first + len(person)
    head = struct.pack(">5h", 0, 1, 51, 2, 1) + bytes(12) + struct.pack(">3H", first, 0, second)
    tail = strings(["Back again?", "Yes."], second)
    return bytes(20) + head.ljust(32, b"\0") + joe + person + tail


def scene():
    """Return a scene: a list of pictures, Joe, object 1 (a person), and a thing without a name."""
    records = [
        struct.pack(">18h", 3, 0, 0, 0, 1, 1, *[0] * 11, 1) + struct.pack(">h", 9)
        + struct.pack(">10h", 3, *[0] * 9) + struct.pack(">h", -2),
        struct.pack(">18h", 0, *[0] * 17),
        struct.pack(">18h", 1, *[0] * 17),
        struct.pack(">18h", -3, *[0] * 17),
    ]  # fmt: skip
    data = b"".join(records)
    texts = strings(["", "*", "Wow!*01", "*FROh dear.", "Meanwhile"], 12 + len(data))
    head = struct.pack(">2hh3H", 0, -len(records), 0, 12 + len(data), 12 + len(data), 0)
    return bytes(20) + head + data + texts


def game_file(clips):
    """Return the data file of the game `queen` with some clips."""
    objects = struct.pack(">8h", -2, *[0] * 6, -3) + struct.pack(">8h", 1, *[0] * 7) * 2
    texts = ["It is a *14map*02", "boat", "Trader Bob", "room"] + ["verb"] * 12 + ["No way.*03"]
    members = {
        "QUEEN.JAS": bytes(20) + struct.pack(">4H", 1, 2, 3, 1) + objects,
        "QUEEN2.JAS": "\r\n".join([*texts, *["x"] * 40]).encode("latin-1"),
        "SPARKY1.DOG": dialogue(),
        "C9A.CUT": scene(),
        **{f"{name}.SB": data for name, data in clips.items()},
    }
    data = b"QTBLCEM10\0\0\0\0" + struct.pack(">H", len(members))
    offset = len(data) + 21 * len(members)
    for name, each in members.items():
        data += struct.pack(">12sBII", name.encode(), 0, offset, len(each))
        offset += len(each)
    return data + b"".join(members.values())


def drascula_texts(lists):
    """Return the data file of Drascula, with texts by list and language."""
    data = b"DRASCULA\x06"
    for size in (4, 4, 4, 2, 4, 2, 4, 2, 2, 20, 20, 10, 8):
        data += struct.pack(">H", 2) + bytes(2 * size)
    data += struct.pack(">H", 2)
    for languages in lists:
        data += struct.pack(">H", len(languages[0]))
        for texts in languages:
            block = bytes(2)
            for text in texts:
                entry = text.encode("cp850") + bytes(3)
                block += struct.pack(">H", len(entry) + 2) + entry
            data += struct.pack(">H", len(block)) + block
    return data
