"""What every host's receiver must make of names and of messages that are damaged or foreign."""

# A control, the names of a mesh, and those that the control moves.
NAMES = (
    ("jawOpen", ("jawOpen", "JawOpen"), ("jawOpen",)),  # the exact name wins
    ("jawOpen", ("JawOpen",), ("JawOpen",)),
    ("jawOpen", ("jaw_open",), ("jaw_open",)),
    ("jawOpen", ("Face.M_JawOpen", "Teeth.jawOpen"), ("Face.M_JawOpen", "Teeth.jawOpen")),
    ("jawOpen", ("blendShape1:head_jawOpen",), ("blendShape1:head_jawOpen",)),
    ("eyeBlinkLeft", ("eyeBlink_L", "eyeBlink_R"), ("eyeBlink_L",)),
    ("eyeBlinkRight", ("eyeBlinkL", "eyeBlinkR"), ("eyeBlinkR",)),
    ("eyeBlinkLeft", ("eyeBlink.l",), ("eyeBlink.l",)),
    ("eyeBlink_L", ("eyeBlinkLeft",), ("eyeBlinkLeft",)),
    ("browInnerUp", ("browInnerUp_L", "browInnerUp_R"), ("browInnerUp_L", "browInnerUp_R")),
    ("browInnerUp", ("browInnerUp", "browInnerUp_L"), ("browInnerUp",)),
    ("viseme_aa", ("viseme_aa", "viseme_E"), ("viseme_aa",)),
    ("aa", ("Fcl_MTH_aa",), ()),  # short names are the ends of too many others
    ("jawOpen", ("jawOpenExtra", "openJaw"), ()),
    ("mouthLeft", ("mouthLeft", "mouthSmileLeft"), ("mouthLeft",)),
)

# Messages that must give no frame.
NO_FRAMES = (
    b"",
    b"hello",
    b"{",
    b'{"controls": ' + b"[" * 9000,
    b"\6",
    b"\6" + b"\xff" * 300,
    b"\6" + bytes(8) + bytes(16) + b"\x3d" + bytes(61 * 4),  # a frame rate of 0 / 0
    b"\x81[",
    b"\x81null",
    b"\x82" + bytes(34),
    b'{"controls": 3}',
    b'{"controls": {"jawOpen": null}}',
    b'{"controls": {"jawOpen": "1"}}',
    b'{"controls": {"jawOpen": 1e999}}',
    b'{"controls": {"jawOpen": 1}, "head": [0]}',
    b'{"controls": {"jawOpen": 1}, "head": null}',
    b'{"controls": {"jawOpen": 1}, "time_s": "now"}',
)
