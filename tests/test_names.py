"""Names that become paths stay within their folder."""

from pathlib import Path

import pytest

from marotte.errors import MarotteError
from marotte.names import LONGEST_NAME, check_name, path_inside


@pytest.mark.parametrize("name", ["arkit52", "my-rig_2.0", "a", "x" * LONGEST_NAME])
def test_plain_names_are_kept(name: str) -> None:
    assert check_name(name, "a rig") == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "a/b", "a\\b", "/etc", "c:", "a b", "a\n", "é", "a\0", "x" * 65],
)
def test_names_that_could_leave_a_folder_are_refused(name: str) -> None:
    with pytest.raises(MarotteError, match=r"a rig has the name .* use 1 to 64 letters"):
        check_name(name, "a rig")


def test_a_path_of_several_parts_stays_inside() -> None:
    assert path_inside(Path("a"), "me/anna one/1@2.npy", "x") == Path("a/me/anna one/1@2.npy")
    for name in ("../b", "b/../../c", "/etc/passwd", "b//c", "c:/b", "b\\..\\..\\c", "b\0"):
        with pytest.raises(MarotteError, match="not a path below"):
            path_inside(Path("a"), name, "an utterance")
