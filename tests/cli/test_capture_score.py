"""`marotte capture score`: a small folder of takes, from the command line."""

from __future__ import annotations

import pytest
from captured_takes import mouth, write_table, write_take
from typer.testing import CliRunner

from marotte.cli import app
from marotte.cli.capture_score import BEGIN, END

pytest.importorskip("matplotlib", reason="plots need the extra 'train'")


def invoke(*arguments):
    return CliRunner().invoke(app, ["capture", "score", *map(str, arguments)])


def test_curves_are_scored_and_written(tmp_path) -> None:
    for name in ("me_1", "me_2"):
        write_take(tmp_path / "takes" / name)
    (tmp_path / "curves").mkdir()
    for name in ("me_1", "me_2"):
        write_table(tmp_path / "curves" / f"{name}.csv", 0.5 * mouth())
    result = invoke(tmp_path / "takes", "--curves", f"half={tmp_path / 'curves'}", "-o",
                    tmp_path / "scores")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "| half | 1.00 | 1.00 (+0 ms) | 0.50 |" in result.stdout
    text = (tmp_path / "scores" / "score.md").read_text(encoding="utf-8")
    assert text.strip() == result.stdout.strip()
    assert {path.name for path in (tmp_path / "scores").iterdir()} == {
        "score.md", "score.csv", "me.png",
    }  # fmt: skip
    held_out = invoke(tmp_path / "takes", "--curves", f"half={tmp_path / 'curves'}", "--held-out")
    assert "0.2 min" in held_out.stdout
    assert "Only the held-out fifth" in held_out.stdout


def test_a_cards_section_is_replaced(tmp_path) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_take(tmp_path / "takes" / "me_1")
    (tmp_path / "curves").mkdir()
    write_table(tmp_path / "curves" / "me_1.csv", mouth())
    result = invoke(tmp_path / "takes", "--curves", tmp_path / "curves", "--card", card)
    assert result.exit_code == 0, result.output
    text = card.read_text(encoding="utf-8")
    assert "old" not in text
    assert "\n### " in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


def test_a_student_is_scored(tmp_path, tiny_student) -> None:
    write_take(tmp_path / "takes" / "me_1", 2)
    result = invoke(tmp_path / "takes", "--student", tiny_student)
    assert result.exit_code == 0, result.output
    assert "| tiny |" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "there is no folder missing"),
        (["empty"], "expected one of the layouts"),
        (["takes", "--curves", "nothing"], "there is no folder nothing of the curves 'nothing'"),
        (["takes", "--curves", "a=b", "--curves", "c/a"], "two folders of curves are called 'a'"),
        (["takes", "--fps", "1"], "1 frames per second are too few"),
        (["takes", "--curves", "a=empty"], "there are no curves of the take me_1"),
        (["takes", "--student", "nobody"], "nobody"),
        (["takes", "--teacher", "nobody"], "no teacher is called 'nobody'"),
    ],
)
def test_bad_input_gives_one_sentence(tmp_path, monkeypatch, arguments, message) -> None:
    write_take(tmp_path / "takes" / "me_1", 1)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments, "-o", "scores")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "scores").exists()
