"""An exported student (an ONNX file) in; controls of a rig for windows of samples out.

The file carries its contract. Nothing runs before the contract, the graph and the rig have been
checked against each other. `NAME.stream.onnx`, in the folder of `NAME.onnx`, holds the same network
in the form that a live stream runs (`marotte.model.streaming`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, shown
from marotte.face.rig import ARKIT_52, Rig
from marotte.model.contract import METADATA_KEY, Contract, golden_input
from marotte.model.seal import check_seal
from marotte.model.streaming import STREAMED, StreamedForm, read_streamed_form
from marotte.model.timing import WindowSpec

# An onnxruntime.InferenceSession: that package has no types.
Session = Any

INPUT, OUTPUT = "samples", "controls"
VERTICES = "vertices"  # the second output of a student of a mesh

STUDENTS = Path(__file__).parents[1] / "students"
DEFAULT_STUDENT = "live"
GOLDEN_TOLERANCE = 0.01  # of a control; processors differ by less than a thousandth of that


@final
@dataclass(frozen=True)
class Student:
    """A student that fits its rig, ready to run.

    Attributes:
        contract: the description in the student's file.
        rig: the rig of its controls.
        session: the ONNX session.
        steps: the streamed form, or None.
    """

    contract: Contract
    rig: Rig
    session: Session = field(repr=False)
    steps: StreamedForm | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name of the student."""
        return self.contract.name

    @property
    def window(self) -> WindowSpec:
        """The window of one frame."""
        return self.contract.window

    @property
    def delay_ms(self) -> float:
        """The look-ahead, and the delay of the smoothing in the contract."""
        return self.window.lookahead_ms + self.contract.smoothing.delay_ms

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        """The column of the rig that each output drives."""
        return np.array([self.rig.index[name] for name in self.contract.names])

    def outputs(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the raw outputs [batch, n_outputs] for windows [batch, n_samples] at 16 kHz."""
        if windows.ndim != 2 or windows.shape[1] != self.window.n_samples:
            raise MarotteError(
                f"student {self.name!r} takes windows [batch, {self.window.n_samples}], "
                f"got {list(windows.shape)}"
            )
        return self.session.run([OUTPUT], {INPUT: windows})[0]

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return controls [batch, n_controls] of the rig; 0 where the student drives none.

        Args:
            windows: samples [batch, n_samples] at 16 kHz, one window per frame.
        """
        return self.in_rig(self.outputs(windows))

    def in_rig(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return raw outputs [batch, n_outputs] as controls [batch, n_controls], within range.

        Raises:
            MarotteError: an output is not a finite number.
        """
        if not np.isfinite(outputs).all():
            raise MarotteError(
                f"student {self.name!r} computed a value that is not a finite number: its file is "
                "damaged or its training failed; use another student"
            )
        controls = self.rig.neutral(len(outputs))
        controls[:, self._columns] = outputs
        return self.rig.clamp(controls)

    def check_golden(self) -> float:
        """Return the largest difference to the exporter's output for `golden_input`."""
        output = self.outputs(golden_input(self.window.n_samples)[None])[0]
        return float(np.abs(output - np.array(self.contract.golden)).max())


def load_student(
    source: str | Path | None = None, rig: Rig | None = ARKIT_52, threads: int = 1
) -> Student:
    """Open an exported student and check that it is whole and fits its rig.

    Its digest is compared with its content, and its output for `golden_input` with the exporter's.

    Args:
        source: the name of a student that comes with Marotte, or the path of an ONNX file; None
            for the default student.
        rig: the rig to animate, which must have all controls of the student; None for a rig of
            just these controls, within -1..1.
        threads: number of CPU threads.

    Raises:
        MarotteError: the file is not a student, is damaged, or does not fit the rig.

    Example:
        >>> from marotte.model.session import load_student
        >>> student = load_student("live")
        >>> student.window.n_samples / 16  # ms
        500.0
        >>> student.check_golden() < 1e-3
        True
    """
    path = student_path(source)
    session = open_session(path, threads)
    contract = _contract_of(session, path)
    _check_graph(session, contract, path)
    fitting_rig = _fitting_rig(contract, rig)
    student = Student(contract, fitting_rig, session, _streamed_form(path, contract, threads))
    check_answer(student.check_golden, path)
    return student


def _fitting_rig(contract: Contract, rig: Rig | None) -> Rig:
    """Return the rig, or one of just the student's controls within -1..1.

    Raises:
        MarotteError: the rig lacks a control.
    """
    if rig is None:
        names = contract.names
        return Rig(contract.rig, names, (-1.0,) * len(names), (1.0,) * len(names), names)
    for name in contract.names:
        if name not in rig.index:
            raise MarotteError(
                f"student {contract.name!r} is for rig {contract.rig!r} and drives {name!r}, which "
                f"rig {rig.name!r} doesn't have: use a student of that rig"
            )
    return rig


def shipped_students() -> list[str]:
    """Return the names of the students that come with Marotte."""
    return sorted(m.stem for m in STUDENTS.glob("*.onnx") if not m.name.endswith(STREAMED))


def student_path(source: str | Path | None = None) -> Path:
    """Return the file of a student given by name or path, or of the default student.

    Raises:
        MarotteError: there is no such student.
    """
    source = source or DEFAULT_STUDENT
    shipped = STUDENTS / f"{source}.onnx"
    if os.path.isfile(shipped):  # `Path.is_file` raises where a name is too long
        return shipped
    if not os.path.isfile(source):
        names = ", ".join(shipped_students()) or "(none came with this copy)"
        raise MarotteError(
            f"there is no student {shown(str(source))}: give the path of an ONNX file, or one of "
            f"the names {names}"
        )
    path = Path(source)
    if path.name.endswith(STREAMED):
        whole = path.name.removesuffix(STREAMED) + ".onnx"
        raise MarotteError(f"{path} is the streamed form of a student: give {whole}, beside it")
    return path


def open_session(path: Path, threads: int) -> Session:
    """Open an ONNX file.

    Raises:
        MarotteError: the file can't be read, is damaged, or is not an ONNX file.
    """
    try:
        model = path.read_bytes()
        check_seal(model, str(path))
        return new_session(model, threads)
    except OSError as error:
        raise MarotteError(f"can't read {path}: {error.strerror or error}") from error
    except MarotteError:
        raise
    except Exception as error:  # the errors of ONNX Runtime have no other common base class
        raise MarotteError(f"{path} is cut short or not an ONNX file: get a whole copy") from error


def new_session(model: bytes, threads: int) -> Session:
    """Return a session for an ONNX model. Errors are ONNX Runtime's own."""
    onnxruntime = import_module("onnxruntime")
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(4)  # fatal only: errors arrive as exceptions
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 4
    # With a fallback, an error would be printed.
    return onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"], enable_fallback=0)


def _contract_of(session: Session, path: Path) -> Contract:
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    except UnicodeDecodeError:  # damaged
        text = None
    if text is None:
        raise MarotteError(f"{path} is not a Marotte student, or cut short: it carries no contract")
    return Contract.from_metadata(text, str(path))


def _streamed_form(path: Path, contract: Contract, threads: int) -> StreamedForm | None:
    """Open the streamed form in the folder of a student's file, if there is one.

    Raises:
        MarotteError: the streamed form belongs to another student, or is damaged.
    """
    streamed = path.with_suffix(STREAMED)
    if not streamed.is_file():
        return None
    session = open_session(streamed, threads)
    if _contract_of(session, streamed) != contract:
        raise MarotteError(
            f"{streamed} is not the streamed form of {path}: export the student again, or remove it"
        )
    form = read_streamed_form(session, contract, str(streamed))
    check_answer(lambda: form.check_golden(contract), streamed)
    return form


def check_answer(difference_of: Callable[[], float], path: Path) -> None:
    """Refuse a file whose output for `golden_input` differs from the exporter's.

    Args:
        difference_of: computes the output and returns the largest difference.
        path: the file, for messages.

    Raises:
        MarotteError: the difference is above 0.01, or not a number, or the graph can't be computed.
    """
    try:
        difference = difference_of()
    except MarotteError:
        raise
    except Exception as error:  # the errors of ONNX Runtime have no other common base class
        raise MarotteError(
            f"{path} is damaged: its output for the test signal can't be computed; get a whole "
            "copy, or export it again"
        ) from error
    if not difference <= GOLDEN_TOLERANCE:
        raise MarotteError(
            f"{path} is damaged: its output for the test signal differs by {difference:.2g} from "
            "that at its export; get a whole copy, or export it again"
        )


def _check_graph(session: Session, contract: Contract, path: Path) -> None:
    """Check the inputs and outputs of the graph against the contract."""
    for name, width, ports in (
        (INPUT, contract.window.n_samples, session.get_inputs()),
        (OUTPUT, len(contract.names), [o for o in session.get_outputs() if o.name != VERTICES]),
    ):
        try:
            got = [(port.name, port.type, *port.shape) for port in ports]
        except UnicodeDecodeError as error:
            raise MarotteError(
                f"{path} is damaged: a name in its graph is not text; get a whole copy"
            ) from error
        # The batch size is dynamic: ONNX Runtime reports its name, or None.
        batch = got[0][2] if len(got) == 1 and len(got[0]) == 4 else 0
        if isinstance(batch, int) or got != [(name, "tensor(float)", batch, width)]:
            raise MarotteError(
                f"{path} contradicts its contract: its graph needs float {name!r} "
                f"[batch, {width}], it has {got}: export it again"
            )
