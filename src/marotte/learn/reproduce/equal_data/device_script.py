"""A folder with everything another machine needs: program, recipes, speech and a script."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import marotte
from marotte.errors import MarotteError
from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.recipes import recipe_of_clone
from marotte.learn.reproduce.equal_data import packing
from marotte.learn.train.recipe import TrainingRecipe, read_training_recipe

SCRIPT_FILE = "run.sh"
PROGRAM_PATTERNS = ("*.py", "*.toml", "*.json", "*.txt", "*.npz")
UNUSED_FOLDERS = ("web", "students", "__pycache__")
MAX_FILE_BYTES = 4 * 2**20  # larger files of the program are left out

PLAIN = ("s0", "s1", "s2", "s3", "s4", "s5")
HYBRID = ("s1-plus", "s2-plus", "s3-plus", "s4-plus", "s5-plus")
MEL = ("offline", "live", "tiny", "tiny-feature", "tiny-attention", "tiny-both")
FAMILIES = (  # share of the remaining time, options, recipes
    (0.75, "", [f"table2/{row}.toml" for row in (*PLAIN, *HYBRID)]),
    (0.98, "--finetune", [f"hybrid/{row}.toml" for row in MEL]),
)

TEMPLATE = """\
#!/bin/bash
# Train all rows within a time:  run.sh SECONDS OUT
# SECONDS include the time of unpacking. The weights are written to OUT every minute or two, so they
# are kept if the script is killed. Missing Python packages can be put as wheels into whl/.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
SECONDS=0
LIMIT=$1
OUT=$2
cd "$HERE"
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
export PYTHONPATH=$HERE/src
if ls whl/*.whl > /dev/null 2>&1; then
  SITE=$(mktemp -d)
  python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$SITE" \\
    whl/*.whl
  export PYTHONPATH=$PYTHONPATH:$SITE
fi
RUNS=$(mktemp -d)
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader || true
ROWS="python3 -m marotte.learn.reproduce.equal_data"
train() { # seconds, then further arguments of `train`
  local time=$1
  shift
  $ROWS train --packed "$HERE" --runs "$RUNS" --archives "$OUT" --seconds "$time" "$@"
}
GRAPHS=--graphs
rows() { # share of the remaining time, then further arguments of `train`
  local share=$1
  shift
  train "$(python3 -c "print($share * ($LIMIT - $SECONDS - 12))")" $GRAPHS "$@" && return
  # Recorded steps may fail where plain steps work: try those in the remaining time.
  train "$(python3 -c "print($share * ($LIMIT - $SECONDS - 12))")" --no-graphs "$@"
}
$ROWS check "${CHECKED:-recipes/table2/s0.toml}" --packed "$HERE" \\
  --batch "${BATCH:-32}" --crop-frames "${CROP:-64}" || GRAPHS=--no-graphs
echo "checked after $SECONDS s: $GRAPHS"
"""


def packed_recipes(recipes: Path) -> list[TrainingRecipe]:
    """Return the recipes of all rows that the script trains.

    Raises:
        MarotteError: one is missing or wrong.
    """
    names = [name for _, _, rows in FAMILIES for name in rows]
    return [read_training_recipe(recipe_of_clone(recipes / name)) for name in names]


def write_package(
    folder: Path,
    speech: LabelledSpeech,
    recipes: Path,
    hours: Mapping[str, float] | None = None,
    most_bytes: int = 48_000_000,
) -> float:
    """Write speech, labels, program, recipes and the script into a folder; return the hours packed.

    Args:
        folder: the folder that is taken to the other machine.
        speech: the labelled speech.
        recipes: the folder of all recipes.
        hours: the hours by source; None for the same share of each source, as much as fits.
        most_bytes: the size of speech and labels, if no hours are given.

    Raises:
        MarotteError: a source has no labelled speech.
    """
    if hours is None:
        hours = packing.fitting_hours(folder, speech, most_bytes)
    for source in hours:
        if source not in speech.source:
            known = ", ".join(sorted(set(speech.source)))
            raise MarotteError(f"no speech of {source!r}: the labelled sources are {known}")
    chosen = packing.choose_speech(speech, hours)
    packing.pack_speech(folder, speech, chosen)
    copy_program(folder)
    copy_recipes(folder, recipes)
    write_script(folder, FAMILIES)
    return float(speech.seconds[chosen].sum()) / 3600


def write_script(folder: Path, families: Iterable[tuple[float, str, list[str]]]) -> None:
    """Write the script that trains families of rows, one after another.

    Args:
        folder: the folder that is taken to the other machine.
        families: for each, its share of the remaining time, further options of `train`, and its
            recipes.
    """
    lines = [TEMPLATE]
    for share, options, recipes in families:
        paths = " \\\n  ".join(f"recipes/{each}" for each in recipes)
        size = '--batch "${BATCH:-32}" --crop-frames "${CROP:-64}"'
        lines.append(f"rows {share} {size} {options} \\\n")
        lines.append(f'  {paths}\necho "done after $SECONDS s"\n')
    path = folder / SCRIPT_FILE
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o755)


def copy_program(folder: Path) -> None:
    """Copy the part of Marotte that trains students."""
    package = Path(marotte.__file__).parent
    for pattern in PROGRAM_PATTERNS:
        for path in package.rglob(pattern):
            name = path.relative_to(package)
            if path.stat().st_size > MAX_FILE_BYTES or set(name.parts) & set(UNUSED_FOLDERS):
                continue
            target = folder / "src" / "marotte" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def copy_recipes(folder: Path, recipes: Path) -> None:
    """Copy all recipes of a folder, because any of them can be the base of another one."""
    for path in recipes.rglob("*.toml"):
        target = folder / "recipes" / path.relative_to(recipes)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
