"""What a student's layers know (Fig. 12): a network and held-out English in, F1 a layer out.

512 ms windows of speech go through the network; the first 100 principal components of each layer
are what a small perceptron (two layers of 300 units) must tell the phoneme from, or the viseme, at
the window's frame. Layers are numbered as in Table 1 of the paper.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import missing_extra
from marotte.learn.data.store import Store
from marotte.learn.measure.probe.phoneme_maps import MAPS, PHONEMES
from marotte.learn.measure.probe.sampling import Sizes, Windows, draw

if TYPE_CHECKING:
    from torch import Tensor

    from marotte.learn.models.student import StudentNet

COMPONENTS = 100
FITTED = 5_000  # windows that principal components are found from
POOLED_STEPS = 25  # what has more steps than the layers after the front end is averaged to so many
UNITS = (300, 300)
FEW: dict[str, Any] = {"zero_division": 0}  # of a class that is never said
BATCH = 64

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Probed:
    """How well a probe tells classes from a layer.

    Attributes:
        layer: its number in Table 1, or a name for what stands before them.
        of: `phonemes`, or a map of visemes.
        f1: weighted by how often classes are.
        guessed: the F1 of always saying the commonest class.
    """

    layer: str
    of: str
    f1: float
    guessed: float


def analyse(
    net: StudentNet, store: Store, sizes: Sizes, seed: int = 0, progress: Progress | None = None
) -> list[Probed]:
    """Probe every layer of a network.

    Args:
        net: in evaluation mode.
        store: a corpus with English test sets.
        sizes: of the probes' training and test.
        seed: of what is drawn.
        progress: told what goes on, how much of it is done and of how much.

    Raises:
        MarotteError: the extra `train` is missing, or there is too little speech.
    """
    windows = draw(net.config.window, store, sizes, seed)
    layers = _components(net, windows, progress)
    found: list[Probed] = []
    for name, values in layers.items():
        for of, labels in windows.labels.items():
            f1, guessed = _probe(values, labels, windows.is_test, seed)
            found.append(Probed(name, of, f1, guessed))
            if progress:
                progress("probing", len(found), len(layers) * len(windows.labels))
    return found


def layers_of(net: StudentNet, samples: Tensor) -> dict[str, Tensor]:
    """What each layer makes of windows [batch, n_samples]: [batch, n], or [batch, n, n_steps].

    Layers are numbered as in Table 1. The `mel` front end has `mel`, `mel 1` and `mel 2` in place
    of layers 1 to 7.
    """
    from torch.nn.functional import gelu

    from marotte.learn.models.frontends import MelFrontend

    found: dict[str, Tensor] = {}
    front = net.frontend
    if isinstance(front, MelFrontend):
        x = found["mel"] = front.log_mel(samples)
        for number, layer in enumerate(front.convolutions, start=1):
            x = found[f"mel {number}"] = gelu(layer(x))
    else:
        x = samples.unsqueeze(1)
        for number, layer in enumerate(front.convolutions, start=1):
            x = layer(x)
            x = found[str(number)] = gelu(front.norm(x) if number == 1 else x)
    x = found["8"] = net.project(x)
    x = found["9"] = x + gelu(net.global_context(x))
    x = net.norm(x)
    for number, layer in enumerate(net.reduce, start=10):
        x = found[str(number)] = gelu(layer(x))
    x = x.squeeze(-1)
    for number, layer in enumerate(net.hidden, start=14):
        x = found[str(number)] = gelu(layer(x))
    found["16"] = net.output(x).tanh()
    return found


def _embeddings(
    net: StudentNet, windows: Windows, at: NDArray[np.int64]
) -> Iterator[tuple[slice, dict[str, NDArray[np.float32]]]]:
    """Each layer's values [batch, n] for some windows, a batch at a time."""
    import torch
    from torch.nn.functional import adaptive_avg_pool1d

    length = net.config.window.n_samples
    for first in range(0, len(at), BATCH):
        places = at[first : first + BATCH]
        samples = np.stack(
            [
                windows.sounds[int(windows.utterance[place])][start : start + length]
                for place, start in zip(places, windows.start[places].tolist(), strict=True)
            ]
        )
        with torch.inference_mode():
            layers = layers_of(net, torch.from_numpy(samples))
            pooled = {
                name: adaptive_avg_pool1d(x, POOLED_STEPS)
                if x.ndim == 3 and x.shape[2] > POOLED_STEPS
                else x
                for name, x in layers.items()
            }
        yield (
            slice(first, first + len(places)),
            {name: x.flatten(1).numpy() for name, x in pooled.items()},
        )


def _components(
    net: StudentNet, windows: Windows, progress: Progress | None
) -> dict[str, NDArray[np.float32]]:
    """The first principal components [n, <=100] of each layer, of unit variance as a whole."""
    try:
        from sklearn.decomposition import PCA
    except ImportError as error:
        raise missing_extra("scikit-learn", "train") from error
    train = np.flatnonzero(~windows.is_test)
    fitted = train[:: max(1, len(train) // FITTED)][:FITTED]
    batches = [batch for _, batch in _embeddings(net, windows, fitted)]
    found: dict[str, Any] = {}
    for name in list(batches[0]):
        values = np.concatenate([batch.pop(name) for batch in batches])
        n = min(COMPONENTS, *values.shape)
        found[name] = PCA(n, svd_solver="randomized", random_state=0).fit(values)
    total = len(windows.start)
    result = {name: np.zeros((total, pca.n_components_), np.float32) for name, pca in found.items()}
    for where, batch in _embeddings(net, windows, np.arange(total)):
        for name, values in batch.items():
            result[name][where] = found[name].transform(values)
        if progress:
            progress("hearing", where.stop, total)
    return {name: values / max(values.std(), 1e-9) for name, values in result.items()}


def _probe(
    values: NDArray[np.float32],
    labels: NDArray[np.str_],
    is_test: NDArray[np.bool_],
    seed: int,
) -> tuple[float, float]:
    """The weighted F1 of a perceptron, and of a guess."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import f1_score
    from sklearn.neural_network import MLPClassifier

    settings: dict[str, Any] = {"batch_size": 256, "max_iter": 30, "n_iter_no_change": 3}
    probe = MLPClassifier(UNITS, early_stopping=True, random_state=seed, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 30 rounds are enough
        probe.fit(values[~is_test], labels[~is_test])
    truth = labels[is_test]
    names, counts = np.unique(labels[~is_test], return_counts=True)
    guess = np.full(len(truth), names[counts.argmax()])
    scores = [
        f1_score(truth, said, average="weighted", **FEW)
        for said in (probe.predict(values[is_test]), guess)
    ]
    return float(scores[0]), float(scores[1])


def plot(found: Sequence[Probed], title: str, path: Path) -> None:
    """Draw Fig. 12: F1 over the layers, a line a map; dotted what a guess gets."""
    from marotte.learn.measure.plot_style import COLOURS, figure

    layers = list(dict.fromkeys(each.layer for each in found))
    with figure(path, (9.5, 5)) as (_, axis):
        for name, colour in zip((PHONEMES, *MAPS), COLOURS, strict=False):
            line = [each for each in found if each.of == name]
            places = [layers.index(each.layer) for each in line]
            axis.plot(places, [each.f1 for each in line], "o-", color=colour, label=name)
            axis.axhline(line[0].guessed, color=colour, linestyle=":", linewidth=1)
        axis.set(
            title=title,
            xlabel="layer (Table 1); dotted: always the commonest class",
            ylabel="weighted F1 of a probe",
            ylim=(0, 1),
        )
        axis.set_xticks(range(len(layers)), layers)
        axis.legend(loc="upper left", ncols=4)
