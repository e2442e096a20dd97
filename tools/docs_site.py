"""Add pages from outside `docs/` to the site and make their links work there: hooks of mkdocs.

README, CONTRIBUTING, CHANGELOG and the model cards stay where a code host shows them. On the site,
links between files of the repository become links between pages. A link to a file that is not a
page becomes the file's path.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = {  # page on the site: file in the repository
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "models/live.md": "src/marotte/students/live.md",
    "models/offline.md": "src/marotte/students/offline.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")
FENCED = re.compile(r"(^```.*?^```\s*?$)", re.DOTALL | re.MULTILINE)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside `docs/`."""
    from mkdocs.structure.files import File  # the tests run without mkdocs

    for page, path in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Rewrite a page's links, except in code blocks."""
    names = {file.src_uri for file in files}
    parts = FENCED.split(markdown)
    parts[::2] = [rewrite_links(text, page.file.src_uri, names) for text in parts[::2]]
    return "".join(parts)


def rewrite_links(markdown: str, page: str, names: set[str]) -> str:
    """Return Markdown whose links between repository files lead to the site's files.

    Args:
        markdown: the text of a page.
        page: the page's path on the site.
        names: the paths of all files on the site.

    Example:
        >>> rewrite_links("[training](docs/training.md#rigs)", "index.md", {"training.md"})
        '[training](training.md#rigs)'
        >>> rewrite_links("[the recipe](../recipes/live.toml)", "training.md", set())
        'the recipe (`recipes/live.toml`)'
    """
    page_of = {path: name for name, path in PAGES.items()}
    source = PAGES.get(page, f"docs/{page}")

    def rewrite(link: re.Match[str]) -> str:
        mark, text, target, anchor = link[1], link[2], link[3], link[4] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        name = page_of.get(path, path.removeprefix("docs/"))
        if name in names:
            relative = posixpath.relpath(name, posixpath.dirname(page) or ".")
            return f"{mark}[{text}]({relative}{anchor})"
        return text if path in text else f"{text} (`{path}`)"

    return LINK.sub(rewrite, markdown)
