"""What every host's receiver must make of names: a control, a mesh's names, and those it moves."""

CASES = (
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
