"""The error for a missing package."""

from marotte.errors import missing_extra


def test_missing_extra_names_the_command_that_installs_it() -> None:
    assert str(missing_extra("av", "video")) == (
        "this needs the package 'av', which is not installed: "
        "pip install '.[video]' in a clone of Marotte"
    )
