"""Settings of the augmentation: a recipe's table `[augment]`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from marotte.errors import MarotteError


@dataclass(frozen=True)
class AugmentConfig:
    """How often and how strongly training crops are augmented.

    A share is a fraction of the crops, 0 to 1.

    Attributes:
        loudest_dbfs: highest level of an utterance's speech; the level is drawn uniformly
            between this and `softest_dbfs`.
        softest_dbfs: lowest level of an utterance's speech.
        best_snr_db: highest signal-to-noise ratio of a background sound; the ratio is drawn
            uniformly between this and `worst_snr_db`.
        worst_snr_db: lowest signal-to-noise ratio of a background sound.
        no_speech: share whose speech is replaced by silence or one of the sounds below, or by
            breath, of the same level; the face should rest.
        cut: share whose speech is cut off at a random moment, mostly in a word; the face eases to
            rest within 120 ms.
        room: share with the reverberation of a simulated room.
        noise: share with steady noise, from blue to brown.
        babble: share with two to six other voices.
        music: share with music.
        clicks: share with clicks and knocks.
        tones: share with mains hum or a steady sine.
        rings: share with tones that come and go, as of telephones and alarms.
        bursts: share with claps, keys, barks or applause.
        recordings: a folder of recordings without speech, such as music or noises, of any
            length; optional.
        recorded: share with one of the recordings, if there are any.
        tilt_db: largest tilt of the microphone's response, up or down, in dB per octave.
        low_cut: share with a low cut, at most at 300 Hz.
        band_limit: share whose bandwidth is limited.
        band_limits_hz: the bandwidths to choose from, varied by up to 10 %. Values above 8000
            would not limit 16 kHz sound.
        clipping: share with clipped peaks.
        codec: share that passes a codec: 8-bit companding as in telephones, a few bits per
            sample, or a coarse spectrum like that of an MP3 at a low bit rate.
        speed: largest change of speed, up or down; pitch and formants change with it.
    """

    loudest_dbfs: float = -10.0
    softest_dbfs: float = -60.0
    best_snr_db: float = 45.0
    worst_snr_db: float = 5.0
    no_speech: float = 0.1
    cut: float = 0.0
    room: float = 0.3
    noise: float = 0.6
    babble: float = 0.08
    music: float = 0.08
    clicks: float = 0.08
    tones: float = 0.08
    rings: float = 0.04
    bursts: float = 0.04
    recordings: str = ""
    recorded: float = 0.15
    tilt_db: float = 3.0
    low_cut: float = 0.3
    band_limit: float = 0.4
    band_limits_hz: tuple[float, ...] = (3400.0, 4000.0, 5500.0, 7000.0)
    clipping: float = 0.08
    codec: float = 0.15
    speed: float = 0.12

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _SHARES and not 0 <= value <= 1:
                raise MarotteError(f"augment.{field.name} must be a share, 0 to 1, got {value:g}")
        for low, high in (("softest_dbfs", "loudest_dbfs"), ("worst_snr_db", "best_snr_db")):
            if getattr(self, low) > getattr(self, high):
                raise MarotteError(f"augment.{low} is above augment.{high}: lower augment.{low}")
        limits = self.band_limits_hz
        if self.band_limit and not limits:
            raise MarotteError(
                "augment.band_limits_hz is empty: list bandwidths, or set band_limit = 0"
            )
        if any(isinstance(each, str) or not 1000 <= each <= 8000 for each in limits):
            raise MarotteError(
                f"augment.band_limits_hz must be numbers from 1000 to 8000, got {limits}"
            )


_SHARES = frozenset(
    [
        *("no_speech", "cut", "room", "noise", "babble", "music", "clicks", "tones", "rings"),
        *("bursts", "recorded", "low_cut", "band_limit", "clipping", "codec", "speed"),
    ]
)
