"""Model cards: model hubs can read their metadata, and new results leave it as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from marotte.learn.measure.card import replace_section
from marotte.model.session import load_student, shipped_students, student_path


def card_of(student: str) -> Path:
    """The model card beside a student's file."""
    return student_path(student).with_suffix(".md")


def front_matter(card: Path) -> dict[str, Any]:
    """The metadata at the top of a card."""
    empty, metadata, _ = card.read_text(encoding="utf-8").split("---\n", 2)
    assert not empty
    return yaml.safe_load(metadata)


@pytest.mark.parametrize("student", shipped_students())
def test_a_card_has_the_metadata_that_model_hubs_read(student: str) -> None:
    metadata = front_matter(card_of(student))
    assert metadata["library_name"] == "marotte"
    assert metadata["license"] == load_student(student).contract.licence.lower()
    assert {"pipeline_tag", "tags", "language"} <= metadata.keys()
    assert all(isinstance(code, str) and len(code) in (2, 3) for code in metadata["language"])


@pytest.mark.parametrize("student", shipped_students())
def test_new_results_leave_the_metadata_as_it_is(student: str, tmp_path: Path) -> None:
    card = Path(shutil.copy(card_of(student), tmp_path))
    replace_section(card, "new results")
    assert "new results" in card.read_text(encoding="utf-8")
    assert front_matter(card) == front_matter(card_of(student))
    old = card_of(student).read_text(encoding="utf-8").split("## Results")
    assert card.read_text(encoding="utf-8").split("## Results")[0] == old[0]
