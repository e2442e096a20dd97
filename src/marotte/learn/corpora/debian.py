"""Debian packages that contain speech: find their files, download and unpack them.

The packages are games and telephone prompts. They need not be installed: `marotte corpus fetch`
downloads them, checks their SHA-256 against the package index that apt-get verified, unpacks each
into a folder in Marotte's cache folder, and runs nothing in them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import final

from marotte.errors import MarotteError
from marotte.paths import cache_folder, make_folder, partial_folder


@final
@dataclass(frozen=True)
class Package:
    """A Debian package that contains speech or its texts.

    Attributes:
        name: the name of the package.
        probe: a file in the package, relative to the root of the file system.
        megabytes: the size of the download.
        licence: the licence of the speech.
    """

    name: str
    probe: str
    megabytes: float
    licence: str


QUEEN = Package(
    "flight-of-the-amazon-queen",
    "usr/share/scummvm/flight-of-the-amazon-queen/queen.1c",
    35,
    "LicenseRef-Flight-of-the-Amazon-Queen",
)


def _asterisk(language: str, probe: str, megabytes: float, licence: str) -> tuple[Package, Package]:
    """Return the packages of the sounds and of the texts of a language."""
    name = f"asterisk-core-sounds-{language}"
    text = f"usr/share/doc/{name}/core-sounds-{language}.txt.gz"
    return (
        Package(f"{name}-g722", f"usr/share/asterisk/sounds/{probe}", megabytes, licence),
        Package(name, text, 0.02, licence),
    )


ASTERISK_EN = _asterisk("en", "en_US_f_Allison/activated.g722", 11, "CC-BY-SA-3.0")
# The same woman speaks English and Spanish.
ASTERISK_ES = _asterisk("es", "es_MX_f_Allison/agent-pass.g722", 13, "CC-BY-SA-3.0")
ASTERISK_FR = _asterisk("fr", "fr_CA_f_June/agent-pass.g722", 11, "CC-BY-SA-3.0")
ASTERISK_IT = _asterisk("it", "it_IT_m_Carlo/agent-pass.g722", 10, "CC-BY-3.0")
ASTERISK_RU = _asterisk("ru", "ru_RU_f_IvrvoiceRU/agent-pass.g722", 11, "CC-BY-3.0")
TUXPAINT = Package(
    "tuxpaint-stamps-default",
    "usr/share/tuxpaint/stamps/animals",
    161,
    "GPL-2.0-only",
)
FILLETS = Package(
    "fillets-ng-data-cs",
    "usr/share/games/fillets-ng/sound/airplane/cs/let-m-oko.ogg",
    39,
    "GPL-2.0-only",
)
FILLETS_TEXT = Package(
    "fillets-ng-data",
    "usr/share/games/fillets-ng/script/airplane/dialogs_cs.lua",
    71,
    "GPL-2.0-only",
)
DRASCULA_EN = Package(
    "drascula",
    "usr/share/scummvm/drascula/en/drascula.dat",
    26,
    "LicenseRef-Drascula",
)
DRASCULA_ES = Package(
    "drascula-spanish",
    "usr/share/scummvm/drascula/es/drascula.dat",
    13,
    "LicenseRef-Drascula",
)
KLETTRES = Package(
    "klettres-data",
    "usr/share/klettres/en/sounds.xml",
    40,
    "GPL-2.0-or-later",
)
KTUBERLING = Package(
    "ktuberling-data",
    "usr/share/ktuberling/sounds/en.soundtheme",
    47,
    "GPL-2.0-or-later",
)


def roots() -> list[Path]:
    """Return the folders where packages may be unpacked, in the order of the search."""
    user_root = os.environ.get("MAROTTE_DEBROOT")
    fetched = unpacked_folder()
    each = sorted(path for path in fetched.glob("[!.]*.deb") if path.is_dir())
    # Earlier versions unpacked all packages into one folder.
    return [*([Path(user_root)] if user_root else []), *each, fetched, Path("/")]


def unpacked_folder() -> Path:
    """Return the folder in which `fetch` makes a folder for each package."""
    return cache_folder() / "debs"


def root_of(package: Package) -> Path:
    """Return the folder in which a package is unpacked.

    Raises:
        MarotteError: the package is not found.
    """
    for root in roots():
        if (root / package.probe).exists():
            return root
    raise MarotteError(
        f"the Debian package {package.name} is not found: run `marotte corpus fetch RECIPE`, "
        "or unpack it with `dpkg -x` into a folder and set MAROTTE_DEBROOT to that folder"
    )


def probe_path(package: Package) -> Path:
    """Return the path of the probe file of a package.

    Raises:
        MarotteError: the package is not found.
    """
    return root_of(package) / package.probe


def fetch(package: Package) -> Path:
    """Download a package with apt-get and unpack it without installing it.

    A package whose SHA-256 is not that of the package index is refused. An unpacked package appears
    whole or not at all.

    Returns:
        The folder in which the package is unpacked.

    Raises:
        MarotteError: the system has no apt-get or dpkg, the download failed or is another file than
            the index says, or the disk is full.
    """
    for program in ("apt-get", "dpkg"):
        if shutil.which(program) is None:
            raise MarotteError(
                f"fetching {package.name} needs the program {program} of Debian or Ubuntu: "
                "unpack the package elsewhere and set MAROTTE_DEBROOT to its folder"
            )
    folder = unpacked_folder()
    make_folder(folder)
    try:
        # The temporary folder is on the same disk, so that the unpacked package can be moved.
        with partial_folder(folder) as temporary:
            file = _download(package, temporary)
            _run(["dpkg", "-x", str(file), "unpacked"], temporary)
            target = folder / f"{package.name}.deb"
            shutil.rmtree(target, ignore_errors=True)
            (temporary / "unpacked").replace(target)
    except OSError as error:
        raise MarotteError(
            f"can't unpack {package.name} into {folder}: {error.strerror or error}"
        ) from error
    return root_of(package)


def _download(package: Package, folder: Path) -> Path:
    """Download a package into a folder and check its hash; return the file.

    Raises:
        MarotteError: the download failed, or the file is not that of the index.
    """
    index = _run(["apt-get", "download", "--print-uris", package.name], folder)
    # 'address' name size SHA256:hash
    match = re.fullmatch(r"'.*' \S+ \d+ SHA256:([0-9a-f]{64})", index.strip())
    if match is None:
        raise MarotteError(
            f"the package index has no SHA-256 of {package.name}: run `apt-get update` first"
        )
    _run(["apt-get", "download", package.name], folder)
    [file] = folder.glob("*.deb")
    digest = hashlib.sha256()
    with file.open("rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != match[1]:
        raise MarotteError(
            f"{package.name} is not the file of the package index: its SHA-256 is "
            f"{digest.hexdigest()}, expected {match[1]}; run `apt-get update` and fetch it again"
        )
    return file


def _run(command: list[str], folder: Path) -> str:
    """Run a program in a folder; return what it printed.

    Raises:
        MarotteError: the program failed.
    """
    completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        reason = (completed.stderr.strip().splitlines() or ["no message"])[-1]
        raise MarotteError(f"`{' '.join(command)}` failed: {reason}")
    return completed.stdout
