"""Probes of a student's layers (Fig. 12): a network and held-out English in, F1 per layer out.

Windows of 512 ms go through the network. A small perceptron (two layers of 300 units) predicts the
phoneme or viseme at the window's frame from the first 100 principal components of each layer.
Layers are numbered as in Table 1 of the paper.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import missing_extra
from marotte.learn.data.store import Store
from marotte.learn.measure.probe.phoneme_maps import MAPS, PHONEMES
from marotte.learn.measure.probe.sampling import Sizes, Windows, draw_windows
from marotte.progress import StageProgress

if TYPE_CHECKING:
    from torch import Tensor

    from marotte.learn.models.student import StudentNet

COMPONENTS = 100
FIT_WINDOWS = 5_000  # windows to which the principal components are fitted
POOLED_STEPS = 25  # layers with more steps, which only the front end has, are averaged to these
UNITS = (300, 300)
F1_OPTIONS: dict[str, Any] = {"zero_division": 0}  # for classes that are never predicted
BATCH = 64


@dataclass(frozen=True)
class ProbeResult:
    """How well a probe predicts classes from a layer.

    Attributes:
        layer: the layer's number in Table 1, or the name of a layer before those.
        of: `phonemes`, or the name of a viseme map.
        f1: the F1 score, weighted by the frequency of the classes.
        guessed: the F1 score of always predicting the most frequent class.
    """

    layer: str
    of: str
    f1: float
    guessed: float


def probe_layers(
    net: StudentNet,
    store: Store,
    sizes: Sizes,
    seed: int = 0,
    progress: StageProgress | None = None,
) -> list[ProbeResult]:
    """Probe every layer of a network.

    Args:
        net: the network, in evaluation mode.
        store: a corpus with English test sets.
        sizes: the numbers of windows for training and testing the probes.
        seed: the seed of the random choice of windows.
        progress: called with the current stage, the amount done and the total.

    Raises:
        MarotteError: the extra `train` is missing, or there is too little speech.
    """
    windows = draw_windows(net.config.window, store, sizes, seed)
    layers = _components(net, windows, progress)
    results: list[ProbeResult] = []
    for name, values in layers.items():
        for of, labels in windows.labels.items():
            f1, guessed = _probe(values, labels, windows.is_test, seed)
            results.append(ProbeResult(name, of, f1, guessed))
            if progress:
                progress("probing", len(results), len(layers) * len(windows.labels))
    return results


def layer_outputs(net: StudentNet, samples: Tensor) -> dict[str, Tensor]:
    """Return the output of each layer, [batch, n] or [batch, n, n_steps], by its number in Table 1.

    The `mel` front end has `mel`, `mel 1` and `mel 2` in place of layers 1 to 7.

    Args:
        net: the network.
        samples: windows [batch, n_samples] at 16 kHz.
    """
    from torch.nn.functional import gelu

    from marotte.learn.models.frontends import MelFrontend

    outputs: dict[str, Tensor] = {}
    front = net.frontend
    if isinstance(front, MelFrontend):
        x = outputs["mel"] = front.log_mel(samples)
        for number, layer in enumerate(front.convolutions, start=1):
            x = outputs[f"mel {number}"] = gelu(layer(x))
    else:
        x = samples.unsqueeze(1)
        for number, layer in enumerate(front.convolutions, start=1):
            x = layer(x)
            x = outputs[str(number)] = gelu(front.norm(x) if number == 1 else x)
    x = outputs["8"] = net.project(x)
    x = outputs["9"] = x + gelu(net.global_context(x))
    x = net.norm(x)
    for number, layer in enumerate(net.reduce, start=10):
        x = outputs[str(number)] = gelu(layer(x))
    x = x.squeeze(-1)
    for number, layer in enumerate(net.hidden, start=14):
        x = outputs[str(number)] = gelu(layer(x))
    outputs["16"] = net.output(x).tanh()
    return outputs


def _batches(
    net: StudentNet, windows: Windows, indices: NDArray[np.int64]
) -> Iterator[tuple[slice, dict[str, NDArray[np.float32]]]]:
    """Yield the outputs [batch, n] of all layers for some windows, one batch at a time."""
    import torch
    from torch.nn.functional import adaptive_avg_pool1d

    length = net.config.window.n_samples
    for first in range(0, len(indices), BATCH):
        batch = indices[first : first + BATCH]
        samples = np.stack(
            [
                windows.sounds[int(windows.utterance[index])][start : start + length]
                for index, start in zip(batch, windows.start[batch].tolist(), strict=True)
            ]
        )
        with torch.inference_mode():
            outputs = layer_outputs(net, torch.from_numpy(samples))
            pooled = {
                name: adaptive_avg_pool1d(x, POOLED_STEPS)
                if x.ndim == 3 and x.shape[2] > POOLED_STEPS
                else x
                for name, x in outputs.items()
            }
        yield (
            slice(first, first + len(batch)),
            {name: x.flatten(1).numpy() for name, x in pooled.items()},
        )


def _components(
    net: StudentNet, windows: Windows, progress: StageProgress | None
) -> dict[str, NDArray[np.float32]]:
    """Return the first principal components [n, <=100] of each layer, scaled to unit variance."""
    try:
        from sklearn.decomposition import PCA
    except ImportError as error:
        raise missing_extra("scikit-learn", "train") from error
    train = np.flatnonzero(~windows.is_test)
    fit_to = train[:: max(1, len(train) // FIT_WINDOWS)][:FIT_WINDOWS]
    batches = [batch for _, batch in _batches(net, windows, fit_to)]
    fitted: dict[str, Any] = {}
    for name in list(batches[0]):
        values = np.concatenate([batch.pop(name) for batch in batches])
        n = min(COMPONENTS, *values.shape)
        fitted[name] = PCA(n, svd_solver="randomized", random_state=0).fit(values)
    total = len(windows.start)
    result = {
        name: np.zeros((total, pca.n_components_), np.float32) for name, pca in fitted.items()
    }
    for rows, batch in _batches(net, windows, np.arange(total)):
        for name, values in batch.items():
            result[name][rows] = fitted[name].transform(values)
        if progress:
            progress("computing layers", rows.stop, total)
    return {name: values / max(values.std(), 1e-9) for name, values in result.items()}


def _probe(
    values: NDArray[np.float32],
    labels: NDArray[np.str_],
    is_test: NDArray[np.bool_],
    seed: int,
) -> tuple[float, float]:
    """Return the weighted F1 score of a perceptron, and that of the most frequent class."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import f1_score
    from sklearn.neural_network import MLPClassifier

    settings: dict[str, Any] = {"batch_size": 256, "max_iter": 30, "n_iter_no_change": 3}
    probe = MLPClassifier(UNITS, early_stopping=True, random_state=seed, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 30 epochs are enough
        probe.fit(values[~is_test], labels[~is_test])
    truth = labels[is_test]
    names, counts = np.unique(labels[~is_test], return_counts=True)
    most_frequent = np.full(len(truth), names[counts.argmax()])
    scores = [
        f1_score(truth, predicted, average="weighted", **F1_OPTIONS)
        for predicted in (probe.predict(values[is_test]), most_frequent)
    ]
    return float(scores[0]), float(scores[1])


def plot(results: Sequence[ProbeResult], title: str, path: Path) -> None:
    """Draw Fig. 12: F1 over the layers, one line per map; dotted lines are the baseline."""
    from marotte.learn.measure.plot_style import COLOURS, figure

    layers = list(dict.fromkeys(each.layer for each in results))
    with figure(path, (9.5, 5)) as (_, axis):
        for name, colour in zip((PHONEMES, *MAPS), COLOURS, strict=False):
            line = [each for each in results if each.of == name]
            places = [layers.index(each.layer) for each in line]
            axis.plot(places, [each.f1 for each in line], "o-", color=colour, label=name)
            axis.axhline(line[0].guessed, color=colour, linestyle=":", linewidth=1)
        axis.set(
            title=title,
            xlabel="layer (Table 1); dotted: always the most frequent class",
            ylabel="weighted F1 of a probe",
            ylim=(0, 1),
        )
        axis.set_xticks(range(len(layers)), layers)
        axis.legend(loc="upper left", ncols=4)
