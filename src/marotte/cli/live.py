"""`marotte live`: a voice in, as it is spoken; its face, frame by frame, out to other programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.realtime.inputs import Input
    from marotte.realtime.output_queue import OutputQueue
    from marotte.realtime.outputs import Take
    from marotte.realtime.runner import LiveRunner


EXAMPLES = (
    "marotte live -o livelink -o vmc:192.168.1.5",
    "marotte live -o csv:take.csv -o wav:take.wav",
    "marotte live --input samples/hello.wav --fast -o json",
)
SOUND = options.SOUND
CLIPPED = 0.99  # of full scale
LOW_DB, HIGH_DB = -60.0, 0.0  # the ends of the level meter


def live(
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            help="An output for the frames, e.g. vmc, livelink:192.168.1.5, csv:take.csv or json. "
            "May be given several times.",
            autocompletion=completion.outputs,
        ),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            help="A sound file, or - for raw 16-bit mono samples on standard input.",
            show_default="the microphone",
            rich_help_panel=SOUND,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="The microphone: its number in `--devices`, or a part of its name.",
            show_default="the system's default",
            rich_help_panel=SOUND,
        ),
    ] = None,
    devices: Annotated[
        bool,
        typer.Option(
            "--devices",
            help="List the microphones with their channels and sample rates, and exit.",
            rich_help_panel=SOUND,
        ),
    ] = False,
    rate: Annotated[
        int, typer.Option(help="Sample rate of standard input, in Hz.", rich_help_panel=SOUND)
    ] = 16_000,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast",
            help="Read a file or standard input as fast as possible, not in real time.",
            rich_help_panel=SOUND,
        ),
    ] = False,
    play: Annotated[
        bool,
        typer.Option(
            "--play",
            help="Play the sound in step with the frames, e.g. of a text-to-speech program.",
            rich_help_panel=SOUND,
        ),
    ] = False,
    channel: options.Channel = "auto",
    level: options.Level = True,
    fps: options.Fps = 60.0,
    student: options.Student = None,
    smooth: options.Smooth = None,
    retarget: options.Retarget = None,
    gain: options.Gain = 1.0,
    effort: options.Effort = "1.0",
    mood: options.Mood = "neutral",
    intensity: options.Intensity = 0.6,
    gaze: options.Gaze = False,
    idle_motion: options.IdleMotion = False,
    seed: options.IdleMotionSeed = 0,
    names: options.Names = "arkit",
    allow_origin: options.AllowOrigin = None,
) -> None:
    """Animate a voice while it speaks, and send the frames to other programs."""
    from marotte.audio.channels import parse_channel
    from marotte.export.naming import FrameNaming
    from marotte.infer.stream import Stream
    from marotte.model.session import load_student
    from marotte.postprocess.motion import Motion, parse_effort
    from marotte.postprocess.processors import make_processors
    from marotte.realtime.interrupts import noted_interrupts
    from marotte.realtime.outputs import Take
    from marotte.realtime.runner import LiveRunner

    if devices:
        list_devices()
        return
    if play and fast:
        raise MarotteError("--play plays in real time: leave --fast or --play out")
    output = wanted_outputs(output or [], play, names, allow_origin)
    motion = Motion(gain, parse_effort(effort), mood, intensity, gaze, idle_motion, seed)
    actor = load_student(student)
    source = open_input(input, device, rate, fast, parse_channel(channel))
    processors = make_processors(actor.rig, source.rate, motion, retarget=retarget)
    if names != "arkit":
        processors.append(FrameNaming(processors[-1].rig if processors else actor.rig, names))
    stream = Stream(actor, source.rate, fps, smooth, processors, level=level)
    origins = tuple(allow_origin or ())
    take = Take(stream.rig, fps, source.rate, actor.name, stream.delay_ms, origins)
    with noted_interrupts() as interrupt:
        queues = open_queues(output, take, fast)
        say(f"{source.name} → {actor.name}, {stream.delay_ms:.0f} ms → {', '.join(output)}")
        say(stream.cost)
        with status_line() as show:
            running = LiveRunner(
                source, stream, queues, fast=fast, ended=interrupt.__bool__, report=say, show=show
            )
            try:
                running.run()
            finally:
                show(None)
                say(summary(running, queues))
    check_outputs(queues)
    if interrupt:
        raise KeyboardInterrupt


def wanted_outputs(
    outputs: list[str], play: bool, naming: str, origins: list[str] | None
) -> list[str]:
    """Return the outputs to open.

    Raises:
        MarotteError: there is none, or one does not fit an option.
    """
    from marotte.realtime.outputs import check_named_outputs, names

    if not outputs:
        known = ", ".join(names())
        raise MarotteError(f"the frames need an output: give at least one -o: {known}")
    check_named_outputs(outputs, naming)
    if origins and not any(each.partition(":")[0] == "websocket" for each in outputs):
        raise MarotteError("--allow-origin is for -o websocket: add it, or leave the option out")
    return [*outputs, "speaker"] if play else outputs


def list_devices() -> None:
    """Print the microphones, the default one first."""
    from marotte.realtime.inputs.microphone import ALTERNATIVE, microphones, sound_devices

    devices = sound_devices()
    found = microphones(devices)
    for number, name in found:
        device = devices.query_devices(number)
        inputs = int(device["max_input_channels"])
        channels = "1 channel" if inputs == 1 else f"{inputs} channels"
        typer.echo(f"{number:3}  {name}  ({channels}, {device['default_samplerate']:.0f} Hz)")
    if not found:
        say(f"there is no microphone: {ALTERNATIVE}")


def open_input(
    source: str | None, device: str | None, rate: int, fast: bool, channel: int | str
) -> Input:
    """Open the input that the options name. Packages for devices are imported only if needed."""
    if source == "-":
        from marotte.realtime.inputs.pipe import PipeInput

        return PipeInput(rate, fast)
    if source:
        from marotte.realtime.inputs.file import FileInput

        return FileInput(Path(source), fast, channel)
    from marotte.realtime.inputs.microphone import Microphone

    return Microphone(device, channel)


def open_queues(specs: list[str], take: Take, fast: bool) -> list[OutputQueue]:
    """Open all outputs, or none; return their queues.

    Raises:
        MarotteError: an output can't be opened. The others are closed.
    """
    from marotte.realtime.output_queue import OutputQueue
    from marotte.realtime.outputs import open_output
    from marotte.realtime.outputs.recorder import Recorder
    from marotte.realtime.outputs.unfinished import save_unfinished

    outputs = []
    try:
        for spec in specs:
            outputs.append(open_output(spec, take))
        recorders = [each for each in outputs if isinstance(each, Recorder)]
        for line in save_unfinished(recorder.path.parent for recorder in recorders):
            say(line)
        for recorder in recorders:
            recorder.check_free()
    except BaseException:
        for output in outputs:
            output.close()
        raise
    return [
        OutputQueue(spec, output, drop=not fast, report=say)
        for spec, output in zip(specs, outputs, strict=True)
    ]


def check_outputs(queues: list[OutputQueue]) -> None:
    """Refuse to call a take a success when an output has failed.

    Raises:
        MarotteError: names the outputs that failed; each has said why.
    """
    failed = [queue.name for queue in queues if queue.failure]
    if failed:
        raise MarotteError(
            f"{len(failed)} of {len(queues)} outputs failed: {', '.join(failed)}; see above"
        )


def say(line: str) -> None:
    """Print to the error stream, because frames may go to standard output."""
    typer.echo(line, err=True)


@contextmanager
def status_line() -> Iterator[Callable[[LiveRunner | None], None]]:
    """Give a function that updates a status line on a terminal; None removes the line."""
    from rich.console import Console
    from rich.live import Live as Line
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda live: None
        return
    with Line(console=console, transient=True, auto_refresh=False) as line:

        def show(live: LiveRunner | None) -> None:
            line.update(Text(status(live) if live else ""), refresh=True)

        yield show


def status(live: LiveRunner) -> str:
    """Return the time, the level of the sound, the delay and what was dropped, in one line."""
    level_db = 20 * math.log10(max(live.level, 1e-6))
    share = (min(HIGH_DB, max(LOW_DB, level_db)) - LOW_DB) / (HIGH_DB - LOW_DB)
    parts = [
        f"{live.stream.next_frame / live.stream.fps:7.1f} s",
        f"{'█' * round(20 * share):20}",
        f"{level_db:4.0f} dB" if level_db > LOW_DB else "quiet  ",
    ]
    if live.level >= CLIPPED:
        parts.append("too loud: turn the microphone down")
    if live.delays_ms:
        parts.append(f"delay {sorted(live.delays_ms)[len(live.delays_ms) // 2]:.0f} ms")
    if live.n_skipped:
        parts.append(f"{live.n_skipped} frames dropped")
    return "  ".join(parts)


def summary(live: LiveRunner, queues: list[OutputQueue]) -> str:
    """Return how many frames there were, how late they were, and how many were dropped."""
    lines = [f"{live.n_frames} frames of {live.stream.n_pushed / live.stream.rate:.1f} s of sound"]
    if live.delays_ms and not live.fast:
        ordered = sorted(live.delays_ms)
        median, most = ordered[len(ordered) // 2], ordered[int(0.99 * len(ordered))]
        lines[0] += f", {median:.0f} ms after their moment, 99 % of them within {most:.0f} ms"
    if live.n_skipped or live.n_lost:
        lines.append(f"too late: {live.n_skipped} frames, {live.n_lost} samples of sound")
    lines += [f"{s.name} dropped {s.n_dropped} frames" for s in queues if s.n_dropped]
    return "\n".join(lines)
