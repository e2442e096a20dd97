import pytest
from marotte_blender import names
from marotte_blender.names import Row, match, parse


@pytest.mark.parametrize(
    ("spelled", "base", "side"),
    [
        ("jawOpen", "jawopen", ""),
        ("JAWOPEN", "jawopen", ""),
        ("blendShape1.jawOpen", "jawopen", ""),
        ("ARKit_jaw_open", "jawopen", ""),
        ("MouthSmileLeft", "mouthsmile", "left"),
        ("mouthSmile_L", "mouthsmile", "left"),
        ("mouthSmile.r", "mouthsmile", "right"),
        ("mouthSmileR", "mouthsmile", "right"),
        ("mouth smile left", "mouthsmile", "left"),
        ("jaw_L", "jaw", "left"),
        ("mouthRollLower", "mouthrolllower", ""),
        ("viseme_PP", "pp", ""),
        ("viseme_RR", "rr", ""),
        ("viseme_I", "ih", ""),
        ("viseme_ih", "ih", ""),
        ("vrc.v_aa", "aa", ""),
        ("vrc.v_e", "e", ""),
        ("E", "e", ""),
        ("ee", "e", ""),
        ("A", "aa", ""),
        ("Face.M_F00_000_00_Fcl_MTH_U", "ou", ""),
        ("Fcl_EYE_Close_R", "eyeblink", "right"),
        ("blinkLeft", "eyeblink", "left"),
        ("Blink", "eyeblink", ""),
        ("あ", "aa", ""),
        ("まばたき", "eyeblink", ""),
    ],
)
def test_known_names_are_understood_in_any_spelling(spelled, base, side):
    name = parse(spelled)
    assert (name.base, name.side, name.is_known) == (base, side, True)


@pytest.mark.parametrize(
    "name", ["Beard", "Custom_A", "nose up", "", "_L", "Fcl_MTH_Up", "layer_i"]
)
def test_other_names_are_not_mistaken_for_known_ones(name):
    assert not parse(name).is_known


def test_all_of_arkits_names_match_themselves_in_four_spellings():
    spellings = (
        str.upper,
        lambda name: name[0].upper() + name[1:],
        lambda name: name.replace("Left", "_L").replace("Right", "_R"),
        lambda name: f"head.{name}",
    )
    for spell in spellings:
        keys = [spell(name) for name in names.ARKIT]
        found = match(names.ARKIT, keys)
        assert found.drives == {
            key: {name: 1.0} for key, name in zip(keys, names.ARKIT, strict=True)
        }
        assert not found.unmatched
        assert not found.idle


def test_the_name_that_is_most_alike_wins():
    found = match(["jawOpen"], ["old_jawOpen", "JawOpen", "mouthOpen"])
    assert found.drives == {"JawOpen": {"jawOpen": 1.0}}
    assert found.idle == ["old_jawOpen", "mouthOpen"]
    assert list(match(["jawOpen"], ["mouthOpen"]).drives) == ["mouthOpen"]


def test_one_key_for_both_sides_gets_the_mean_and_two_keys_share_one_curve():
    found = match(["mouthSmileLeft", "mouthSmileRight"], ["mouthSmile"])
    assert found.drives == {"mouthSmile": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}}
    found = match(["browInnerUp"], ["browInnerUp_L", "browInnerUp_R"])
    assert found.drives == {
        "browInnerUp_L": {"browInnerUp": 1.0},
        "browInnerUp_R": {"browInnerUp": 1.0},
    }


def test_a_key_for_both_sides_stays_out_where_each_side_has_its_own():
    # Ready Player Me has all three: smiling with all of them would be twice a smile.
    keys = ["mouthSmile", "mouthSmileLeft", "mouthSmileRight"]
    found = match(["mouthSmileLeft", "mouthSmileRight"], keys)
    assert set(found.drives) == set(keys[1:])


def test_motion_to_a_side_has_no_mean():
    assert not match(["jawLeft", "jawRight", "mouthLeft"], ["Jaw", "Mouth"]).drives


def test_what_does_not_match_is_listed():
    found = match(["jawOpen", "tongueOut"], ["Jaw_Open", "mouthPucker", "Beard"])
    assert found.unmatched == ["tongueOut"]
    assert found.idle == ["mouthPucker"]


def test_the_table_goes_before_names():
    table = [
        Row("JAWOPEN", "Mouth Wide", 0.8),
        Row("jawOpen", "Chin"),
        Row("cheekPuff", ""),
        Row("mouthPucker", "gone"),
        Row("of another naming", "Chin"),
    ]
    keys = ["jawOpen", "Mouth Wide", "Chin", "cheekPuff"]
    found = match(["jawOpen", "cheekPuff", "mouthPucker"], keys, table)
    assert found.drives == {"Mouth Wide": {"jawOpen": 0.8}, "Chin": {"jawOpen": 1.0}}
    assert found.left_out == ["cheekPuff"]
    assert found.faults == ["the table sends mouthPucker to 'gone', which is no shape key"]


def test_a_table_is_read_and_written():
    rows = names.read_table('# a comment\n\njawOpen, Mouth Open\ncheekPuff,\n"a,b", "c, d", -0.5\n')
    assert rows == [Row("jawOpen", "Mouth Open"), Row("cheekPuff", ""), Row("a,b", "c, d", -0.5)]
    curves, keys = ["jawOpen", "mouthSmileLeft", "x, y"], ["JawOpen", "mouthSmile", "x, y", "Beard"]
    text = names.write_table(curves, keys)
    assert match(curves, keys, names.read_table(text)).drives == match(curves, keys).drives
    assert "Beard" in text


@pytest.mark.parametrize("line", ["jawOpen", "jawOpen, a, much", "a, b, 1, 2", ", b"])
def test_a_line_that_is_not_a_row_is_named(line):
    with pytest.raises(ValueError, match="line 2 of the table is"):
        names.read_table("# table\n" + line)


@pytest.mark.parametrize(
    ("keys", "naming"),
    [
        (names.ARKIT, "arkit"),
        ([f"viseme_{name}" for name in names.VISEMES], "oculus"),
        ([*names.ARKIT, *(f"viseme_{name}" for name in names.VISEMES)], "arkit"),
        (["vrc.v_" + name.lower() for name in names.VISEMES], "oculus"),
        (names.VRM, "vrm"),
        ([f"Fcl_MTH_{name}" for name in "AIUEO"], "vrm"),
        (["あ", "い", "う", "え", "お", "まばたき"], "vrm"),
        (["jawOpen"], "arkit"),
        (["Beard", "Basis"], ""),
        (["Blink"], ""),
    ],
)
def test_the_naming_that_suits_a_mesh(keys, naming):
    assert names.naming(keys) == naming
