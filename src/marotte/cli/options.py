"""Arguments and options that several commands share: each has one name, one meaning, one help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import completion
from marotte.cli.times import parse_fps

MOTION = "Motion"  # the titles of groups of options
RUNNING = "Processes and threads"
SCENE = "The avatar"
SOUND = "Sound"

Student = Annotated[
    str | None,
    typer.Option(
        help="The student: a name, such as live, offline or tiny, or the path of an ONNX file.",
        show_default="live",
        autocompletion=completion.students,
    ),
]
Rig = Annotated[
    Path | None,
    typer.Option(
        help="The rig: a JSON file, or the .npz file of a mesh.",
        show_default="ARKit's 52 blendshapes",
    ),
]
Fps = Annotated[
    float,
    typer.Option(
        parser=parse_fps,
        metavar="NUMBER",
        help="Frames per second: a number or a fraction. 23.976, 29.97 and 59.94 are taken for "
        "24000/1001, 30000/1001 and 60000/1001.",
    ),
]
Channel = Annotated[
    str,
    typer.Option(
        help="Which channel holds the voice: 1, 2, ..., mix (the mean of all), loudest, or auto "
        "(the mean of those that sound, or the loudest if they cancel each other).",
        rich_help_panel=SOUND,
    ),
]
Level = Annotated[
    bool,
    typer.Option(
        help="Bring quiet and loud speech to a usual level. `--no-level` leaves it as it is.",
        rich_help_panel=SOUND,
    ),
]
Smooth = Annotated[
    bool | None,
    typer.Option(
        help="Smooth the motion; adds up to 16.7 ms of delay. `--no-smooth` removes the delay "
        "and adds jitter.",
        show_default="the student's own setting",
        rich_help_panel=MOTION,
    ),
]
Retarget = Annotated[
    Path | None,
    typer.Option(
        help="A TOML file of gains, ranges and new names for the controls.",
        show_default=False,
        rich_help_panel=MOTION,
    ),
]
Gain = Annotated[
    float,
    typer.Option(
        help="Factor of all movements of mouth and jaw, 0 to 3. Closed lips stay closed.",
        rich_help_panel=MOTION,
    ),
]
Effort = Annotated[
    str,
    typer.Option(
        help="Factor of the mouth's opening, 0.5 to 2. `auto` follows the voice: loud speech opens "
        "the mouth wider, soft speech less.",
        rich_help_panel=MOTION,
    ),
]
Mood = Annotated[
    str,
    typer.Option(
        help="The mood: happy, angry, sad, fear, surprised, disgusted or neutral. Closed lips stay "
        "closed, and open ones open.",
        autocompletion=completion.moods,
        rich_help_panel=MOTION,
    ),
]
Intensity = Annotated[
    float, typer.Option(help="How strong the mood is, 0 to 1.", rich_help_panel=MOTION)
]
Gaze = Annotated[
    bool,
    typer.Option(
        "--gaze",
        help="Move the eyes: they look at the camera, around it, and away at times.",
        rich_help_panel=MOTION,
    ),
]
IdleMotion = Annotated[
    bool,
    typer.Option(
        "--idle-motion",
        help="Add blinks, and small movements of head and brows.",
        rich_help_panel=MOTION,
    ),
]
IdleMotionSeed = Annotated[
    int,
    typer.Option(
        help="Random seed of `--idle-motion` and `--gaze`: another seed gives another motion.",
        rich_help_panel=MOTION,
    ),
]

Names = Annotated[
    str,
    typer.Option(
        "--names",
        help="The names of the curves: arkit, oculus (15 visemes), rpm (the same, as viseme_aa) or "
        "vrm (aa, ih, ou, ee, oh).",
        autocompletion=completion.namings,
        rich_help_panel=SCENE,
    ),
]
SceneMesh = Annotated[
    str,
    typer.Option(
        help="The path of the face's mesh in your scene, for .anim and .tres.",
        rich_help_panel=SCENE,
    ),
]
Avatar = Annotated[
    Path | None,
    typer.Option(
        "--head",
        metavar="AVATAR",
        help="A GLB or VRM file with morph targets (ARKit, visemes or VRM), shown on the page in "
        "place of Marotte's head.",
        show_default=False,
        rich_help_panel=SCENE,
    ),
]
PerfectSync = Annotated[
    bool,
    typer.Option(
        "--perfect-sync",
        help="Write ARKit's 52 expressions to .vrma instead of the vowels that all avatars have.",
        rich_help_panel=SCENE,
    ),
]
WeightsOnly = Annotated[
    bool,
    typer.Option(
        "--weights-only",
        help="Leave Marotte's head out of .usda: curves for your own face.",
        rich_help_panel=SCENE,
    ),
]
Size = Annotated[
    str,
    typer.Option(
        metavar="WIDTHxHEIGHT",
        help="Width and height of a video in pixels, both even.",
        rich_help_panel=SCENE,
    ),
]
Background = Annotated[
    str | None,
    typer.Option(
        metavar="COLOR",
        help="The colour behind the head in a video: #rrggbb, black, white, grey, red, green, blue "
        "or magenta; transparent for .webm and .mov.",
        show_default="a light grey",
        rich_help_panel=SCENE,
    ),
]

AllowOrigin = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        metavar="URL",
        help="Another site whose pages may open the socket, e.g. http://localhost:8000; may be "
        "given several times.",
        show_default="only Marotte's own page",
    ),
]

CorpusFolder = Annotated[
    Path,
    typer.Argument(
        metavar="CORPUS", help="The corpus folder, as printed by `marotte corpus build`."
    ),
]
LabelledCorpus = Annotated[
    Path, typer.Argument(metavar="CORPUS", help="The corpus folder, labelled by `marotte label`.")
]
TrainedRun = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run folder, as printed by `marotte train`.")
]
NewRun = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="The run folder to write. A run that was stopped goes on from there.",
        show_default="runs/NAME in Marotte's cache",
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option(help="Training budget in minutes.", show_default="the recipe's own"),
]
Threads = Annotated[
    int | None,
    typer.Option(
        help="CPU threads for training.",
        show_default="as many as PyTorch takes",
        rich_help_panel=RUNNING,
    ),
]

SpeechMinutes = Annotated[
    float | None,
    typer.Option(
        help="Score at most this many minutes of speech per split; always the same speech.",
        show_default="all",
    ),
]
Ensemble = Annotated[
    bool,
    typer.Option(
        "--ensemble", help="Average three predictions per frame, as in equation 8 of the paper."
    ),
]
TrainMissing = Annotated[
    bool,
    typer.Option(help="Train the students that are missing. `--no-train` leaves them out."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Worker processes, of one thread each.",
        show_default="one per core",
        rich_help_panel=RUNNING,
    ),
]
OutputFolder = Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")]
