from marotte.errors import missing_extra


def test_a_missing_extra_says_what_to_install() -> None:
    assert str(missing_extra("av", "video")) == (
        "this needs the package 'av', which is not installed: "
        "pip install '.[video]' in a clone of Marotte"
    )
