"""The error for users, and the values in its message."""

from marotte.errors import LONGEST_MESSAGE, MarotteError, missing_extra, shown


def test_missing_extra_names_the_command_that_installs_it() -> None:
    assert str(missing_extra("av", "video")) == (
        "this needs the package 'av', which is not installed: "
        "pip install '.[video]' in a clone of Marotte"
    )


def test_a_message_that_quotes_a_damaged_file_is_short() -> None:
    message = str(MarotteError("begins " + "9" * 5000 + " ends"))
    assert len(message) < LONGEST_MESSAGE
    assert message.startswith("begins 9")
    assert message.endswith("9 ends")


def test_any_value_is_shown_in_a_few_characters() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in ("x" * 999, 10**9999, deep):
        assert len(shown(value)) <= 80
    assert shown("jawOpen") == "'jawOpen'"
