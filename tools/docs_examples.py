"""Show the `Example:` sections of docstrings as code on the site: an extension of griffe."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class ExampleSections(Extension):
    """Renames `Example:` to `Examples:`, the name that makes griffe show doctests as code."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Rename the section in an object's docstring."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub("Examples:", obj.docstring.value)
