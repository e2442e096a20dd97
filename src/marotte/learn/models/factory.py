"""A network by its configuration: a student, or one of the paper's baselines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from marotte.learn.models.student import StudentConfig, StudentNet

if TYPE_CHECKING:
    from marotte.learn.models.baselines import HubertNet


def network(config: StudentConfig) -> StudentNet:
    """The network that a configuration describes, at random weights.

    A baseline is no `StudentNet`, but has what training, evaluation and export use of one.
    """
    if config.frontend not in ("mfcc", "hubert"):
        return StudentNet(config)
    from marotte.learn.models.baselines import HubertNet, MfccNet

    kind = MfccNet if config.frontend == "mfcc" else HubertNet
    return cast("StudentNet", kind(config))


def take_encoder(net: StudentNet) -> None:
    """Fill a frozen encoder from the checkpoint its configuration names, if it names one.

    Raises:
        MarotteError: the checkpoint is not what it should be.
    """
    if net.config.encoder:
        cast("HubertNet", net).take_over(Path(net.config.encoder).expanduser())
