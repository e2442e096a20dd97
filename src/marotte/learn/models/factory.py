"""A configuration in; the network that it describes out: a student, or a baseline of the paper."""

from __future__ import annotations

from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.student import StudentConfig, StudentNet


def build_network(config: StudentConfig) -> FaceNet:
    """Build the network that a configuration describes, with random weights."""
    from marotte.learn.models.baselines import MfccNet
    from marotte.learn.models.frozen_encoders import HubertNet, WhisperNet

    baselines = {"mfcc": MfccNet, "hubert": HubertNet, "whisper": WhisperNet}
    return baselines.get(config.frontend, StudentNet)(config)


def load_frozen_encoder(net: FaceNet) -> None:
    """Load the frozen convolutions of a network whose configuration names an encoder.

    Other networks stay as they are.

    Raises:
        MarotteError: the encoder is missing, damaged, or of another shape.
    """
    if net.config.encoder:
        from marotte.learn.models.frozen_encoders import FrozenEncoderNet

        assert isinstance(net, FrozenEncoderNet)  # StudentConfig allows no other an encoder
        net.load_encoder(net.config.encoder)
