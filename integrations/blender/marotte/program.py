"""A sound file in; the program `marotte` makes a file of curves of it.

The program is the one that the preferences name, or that is found on this machine, or the wheel
that Blender's own Python has. It runs in its own process, so that Blender stays usable. Needs
neither Blender nor NumPy.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

INSTALL = "install Marotte, or name its program in the extension's preferences"
_FOLDERS = ("~/.local/bin", "~/bin", "/opt/homebrew/bin", "/usr/local/bin")
_WINDOWS = "AppData/Roaming/Python/Python3*/Scripts"


class ProgramError(Exception):
    """The program is missing or has failed; the text is a sentence for the user."""


@dataclass(frozen=True)
class Options:
    """How a face speaks; the fields are options of `marotte animate`."""

    student: str = "live"
    mood: str = "neutral"
    intensity: float = 0.6
    idle_motion: bool = False
    gaze: bool = False

    def arguments(self) -> list[str]:
        """Return them as the program takes them."""
        result = ["--student", self.student, "--mood", self.mood]
        result += ["--intensity", f"{self.intensity:g}"] if self.mood != "neutral" else []
        result += ["--idle-motion"] if self.idle_motion else []
        return result + (["--gaze"] if self.gaze else [])


def find(preferred: str = "") -> list[str]:
    """Return how to call the program.

    Args:
        preferred: the path that the user gave; "" looks for the program.

    Raises:
        ProgramError: there is none.
    """
    if preferred:
        path = Path(preferred).expanduser()
        if not path.is_file():
            raise ProgramError(f"there is no program {path}: {INSTALL}")
        return [str(path)]
    found = shutil.which("marotte") or _beside_path()
    if found:
        return [found]
    if importlib.util.find_spec("marotte"):
        return [sys.executable, "-m", "marotte"]
    raise ProgramError(f"the program marotte was not found: {INSTALL}")


def _beside_path() -> str | None:
    """Look where installers put programs; Blender may have been started without a shell's PATH."""
    folders = [Path(each).expanduser() for each in _FOLDERS]
    if sys.platform == "win32":
        folders += Path.home().glob(_WINDOWS)
    places = os.pathsep.join(str(folder) for folder in folders)
    return shutil.which("marotte", path=places)


def version(command: list[str]) -> str:
    """Return the version that a program reports.

    Raises:
        ProgramError: it is another program, or fails.
    """
    run = Run([*command, "--version"])
    try:
        run.process.wait(timeout=60)
        run.check()
        said = run.output()
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"{command[0]} did not answer within a minute") from error
    finally:
        run.cancel()
        run.close()
    found = re.search(r"^(?:marotte )?(\d+\.\d+\S*)", said)
    if not found:
        raise ProgramError(f"{command[0]} is not Marotte: it answered {said[:80]!r}")
    return found[1]


def animate(command: list[str], sound: Path, fps: float, naming: str, options: Options) -> "Run":
    """Start the program; when it ends, `Run.result` is a file of curves.

    Args:
        command: what `find` returned.
        sound: the recording.
        fps: frames per second.
        naming: arkit, oculus or vrm.
        options: how the face speaks.

    Raises:
        ProgramError: the program can't be started.
    """
    if not sound.is_file():
        raise ProgramError(f"there is no file {sound}")
    folder = tempfile.TemporaryDirectory(prefix="marotte-", ignore_cleanup_errors=True)
    result = Path(folder.name) / "face.npz"
    arguments = ["animate", str(sound.absolute()), "-o", str(result), "--fps", repr(fps)]
    # `--names` is younger than the rest: a program without it still serves most faces.
    arguments += ["--names", naming] if naming != "arkit" else []
    return Run([*command, *arguments, *options.arguments()], folder, result)


class Run:
    """A program that runs.

    Attributes:
        process: the process.
        result: the file that it writes, in a folder that goes when the run is closed.
    """

    def __init__(
        self,
        command: list[str],
        folder: "tempfile.TemporaryDirectory[str] | None" = None,
        result: Path | None = None,
    ) -> None:
        """Start a program.

        Raises:
            ProgramError: it can't be started.
        """
        self._folder, self.result = folder, result
        # A pipe that nobody reads would stop the program; `close` closes this file.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        # Plain lines: no colours, and no line breaks within a sentence.
        environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "400"}
        spec = importlib.util.find_spec("marotte") if "-m" in command[:2] else None
        if spec and spec.origin:
            environment["PYTHONPATH"] = str(Path(spec.origin).parents[1])
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self.close()
            raise ProgramError(f"can't start {command[0]}: {error.strerror or error}") from error

    def ended(self) -> bool:
        """Return whether the program has ended."""
        return self.process.poll() is not None

    def output(self) -> str:
        """Return what the program has printed."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace").strip()

    def check(self) -> None:
        """Wait for the end, and refuse a failure.

        Raises:
            ProgramError: the program failed; the text is its own last sentence.
        """
        code = self.process.wait()
        if code:
            lines = [line.strip(" │╭╮╰╯─") for line in self.output().splitlines()]
            said = next((line for line in reversed(lines) if line), f"exit code {code}")
            raise ProgramError(f"marotte: {said.removeprefix('marotte: ')}")
        if self.result and not self.result.is_file():
            raise ProgramError("marotte ended without a file of curves")

    def cancel(self) -> None:
        """End the program."""
        if not self.ended():
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Remove the folder of the result."""
        self._log.close()
        if self._folder:
            self._folder.cleanup()
