"""Figs 6-8: the heights of both lips over a sentence, with its sounds and closures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.head import Head
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.measure.plot_style import COLOURS, figure
from marotte.learn.measure.predictors import FPS, Predictor
from marotte.learn.metrics import CLOSED_MM, closures
from marotte.learn.speech.phones import BILABIALS
from marotte.learn.utterance import Phone, Utterance

LONGEST_S, SHORTEST_S = 5.0, 2.5
FEWEST_BILABIALS = 4
CLOSED_COLOUR, MISSED_COLOUR = "#009E73", "#C00000"


def choose_sentence(store: Store, split: str, language: str = "en") -> Utterance:
    """Return a short sentence of a test set with many /p b m/: the first by a hash of the ids.

    Raises:
        MarotteError: there is no such sentence.
    """
    candidates: list[tuple[bytes, Utterance]] = []
    for part in store.parts():
        ids = {
            entry.id
            for entry in store.entries([part])
            if split_of(entry) == split
            and entry.language == language
            and SHORTEST_S <= entry.seconds <= LONGEST_S
            and entry.text
        }
        if ids:
            for each in store.utterances([part], ids=ids):
                if sum(phone.ipa in BILABIALS for phone in each.phones) >= FEWEST_BILABIALS:
                    candidates.append((hashlib.sha256(each.id.encode()).digest(), each))
    if not candidates:
        raise MarotteError(
            f"{store.folder} has no sentence of {SHORTEST_S:g} to {LONGEST_S:g} s with "
            f"{FEWEST_BILABIALS} bilabials in {split!r}: use a larger corpus"
        )
    return min(candidates, key=lambda each: each[0])[1]


def lip_heights(
    head: Head, controls: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the heights of the middles of both lips [n_frames], upper lip first.

    Heights are in mm above the middle of the lips at rest.

    Raises:
        MarotteError: the head's lips are not known.
    """
    if head.upper_lip is None or head.lower_lip is None:
        raise MarotteError(f"head {head.name!r} has no known lips")
    neutral, matrix = head.basis(ARKIT_52.names)
    columns = [3 * vertex + 1 for vertex in (head.upper_lip, head.lower_lip)]
    heights = neutral[columns] + controls @ matrix[:, columns] - neutral[columns].mean()
    return heights[:, 0], heights[:, 1]


def plot_lips(utterance: Utterance, predictors: Mapping[str, Predictor], path: Path) -> None:
    """Draw the motion of the lips in an utterance, one plot per predictor.

    Frames with closed lips are shaded. A /p b m/ has a green mark if the lips closed at it, and a
    red mark if they did not.
    """
    head = load_head()
    width = min(14.0, 3 + 2.4 * utterance.seconds)
    n_rows = len(predictors)
    with figure(path, (width, 1 + 2.1 * n_rows), nrows=n_rows, squeeze=False, sharey=True) as (
        drawn,
        axes,
    ):
        for axis, (name, predictor) in zip(axes[:, 0], predictors.items(), strict=True):
            _plot_heights(axis, *lip_heights(head, predictor(utterance)), utterance)
            axis.set(title=name, ylabel="height, mm", xlim=(0, utterance.seconds))
            axis.title.set_horizontalalignment("left")
            axis.title.set_position((0, 1))
            _write_phones(axis, utterance.phones)
        lowest, highest = axes[0, 0].get_ylim()
        axes[0, 0].set_ylim(lowest - 0.16 * (highest - lowest), highest)  # room for the sounds
        axes[-1, 0].set_xlabel("seconds", labelpad=2)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=10)
        drawn.suptitle(f"“{utterance.text}”", x=0.01, ha="left", fontsize=12)


def _plot_heights(
    axis: Any, upper: NDArray[np.float32], lower: NDArray[np.float32], utterance: Utterance
) -> None:
    """Draw both lips' heights, shade frames with closed lips and mark /p b m/."""
    times = np.arange(len(upper)) / FPS
    axis.plot(times, upper, color=COLOURS[1], linewidth=1.6, label="upper lip")
    axis.plot(times, lower, color=COLOURS[0], linewidth=1.6, label="lower lip")
    axis.fill_between(
        times,
        0,
        1,
        where=upper - lower <= CLOSED_MM,
        step="mid",
        transform=axis.get_xaxis_transform(),
        color=CLOSED_COLOUR,
        alpha=0.13,
        linewidth=0,
        label=f"closed: gap ≤ {CLOSED_MM:g} mm",
    )
    for phone in utterance.phones:
        if phone.ipa not in BILABIALS:
            continue
        closed = closures(upper - lower, FPS, [phone]).pbm == 1
        axis.axvline(
            0.5 * (phone.start_s + phone.end_s),
            color=CLOSED_COLOUR if closed else MISSED_COLOUR,
            linewidth=1.2,
            linestyle="-" if closed else "--",
            zorder=0,
        )


def _write_phones(axis: Any, phones: tuple[Phone, ...]) -> None:
    """Write each sound under the curves, /p b m/ in bold."""
    for phone in phones:
        bold = phone.ipa in BILABIALS
        axis.text(
            0.5 * (phone.start_s + phone.end_s),
            0.02,
            phone.ipa,
            transform=axis.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=11 if bold else 9,
            fontweight="bold" if bold else "normal",
            color="#000000" if bold else "#777777",
        )
