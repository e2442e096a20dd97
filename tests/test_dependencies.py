"""Versions with known vulnerabilities are excluded: by declared bounds, and by an audit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
FIRST_SAFE = {
    "h11": "0.16",  # CVE-2025-43859: request smuggling
    "num2words": "0.5.13",  # 0.5.15 and 0.5.16 contained malware
    "onnx": "1.21",  # CVE-2026-27489: external data outside the model's folder
    "pillow": "12.2",  # CVE-2026-25990, CVE-2026-40192: memory errors
    "pyarrow": "23.0.1",  # CVE-2026-25087: use after free
    "pytest": "9.0.3",  # CVE-2025-71176: predictable temporary folders
    "ray": "2.55",  # CVE-2026-27482, CVE-2026-32981: the dashboard deletes jobs, shows files
    "scikit-learn": "1.5",  # CVE-2024-5206: leaks training data
    "soundfile": "0.13.1",  # contains libsndfile 1.2.2; CVE-2022-33065: integer overflows
    "starlette": "1.3.1",  # CVE-2026-48710: forged hosts; CVE-2025-62727: slow range headers
    "torch": "2.11",  # CVE-2025-32434, CVE-2026-24747: code from files loaded as weights only
    "transformers": "5.5",  # CVE-2026-1839, CVE-2026-5241: code from checkpoints
}
MALWARE = {"num2words": ("0.5.15", "0.5.16")}


def requirements() -> list[Requirement]:
    """Return all declared dependencies, with those of the extras."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(text) for each in lists for text in each]


@pytest.mark.parametrize("name", FIRST_SAFE)
def test_bounds_exclude_versions_with_known_vulnerabilities(name: str) -> None:
    from packaging.version import Version

    bounds = [each.specifier for each in requirements() if each.name == name]
    assert bounds
    for bound in bounds:
        lowest = max(Version(each.version) for each in bound if each.operator in (">=", "=="))
        assert lowest >= Version(FIRST_SAFE[name])
        assert not any(version in bound for version in MALWARE.get(name, ()))


@pytest.mark.network
def test_no_installed_package_has_a_known_vulnerability(tmp_path: Path) -> None:
    pytest.importorskip("pip_audit", reason="pip-audit is not installed")
    (tmp_path / "known.txt").write_text("h11==0.14.0")
    [h11] = audit("--requirement", str(tmp_path / "known.txt"), "--no-deps", "--disable-pip")
    if "skip_reason" in h11:
        pytest.skip("the database of vulnerabilities can't be reached")
    assert h11["vulns"]
    found = {each["name"]: each["vulns"] for each in audit("--skip-editable") if each.get("vulns")}
    assert not found


def audit(*arguments: str) -> list[dict[str, object]]:
    """Return the packages that pip-audit has looked up, with their vulnerabilities."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    completed = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert completed.stdout, completed.stderr
    return json.loads(completed.stdout)["dependencies"]
