"""A configuration in; the network that it describes out: a student, or a baseline of the paper."""

from __future__ import annotations

from pathlib import Path

from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.student import StudentConfig, StudentNet


def build_network(config: StudentConfig) -> FaceNet:
    """Build the network that a configuration describes, with random weights."""
    if config.frontend not in ("mfcc", "hubert"):
        return StudentNet(config)
    from marotte.learn.models.baselines import HubertNet, MfccNet

    return MfccNet(config) if config.frontend == "mfcc" else HubertNet(config)


def load_frozen_encoder(net: FaceNet) -> None:
    """Load the frozen convolutions of a `HubertNet` whose configuration names a checkpoint.

    Other networks stay as they are.

    Raises:
        MarotteError: the checkpoint is missing, damaged, or of another shape.
    """
    if net.config.encoder:
        from marotte.learn.models.baselines import HubertNet

        assert isinstance(net, HubertNet)  # StudentConfig allows no other network an encoder
        net.load_encoder(Path(net.config.encoder).expanduser())
