"""How far the student's sound is disturbed: the recipe's table `[augment]`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from marotte.errors import MarotteError


@dataclass(frozen=True)
class AugmentConfig:
    """How often and how far the sound is disturbed. A share is of the crops, 0 to 1.

    Attributes:
        loudest_dbfs: the level of an utterance's speech is drawn evenly between this ...
        softest_dbfs: ... and this.
        best_snr_db: what is added lies under the speech by a level drawn evenly between this ...
        worst_snr_db: ... and this.
        no_speech: share whose speech is taken away, for silence, noise, music, clicks, a steady
            tone or breath of the same level: the face is to rest.
        room: share heard in a simulated room.
        noise: share with steady noise, from blue to brown.
        babble: share with two to six other voices.
        music: share with music.
        clicks: share with clicks and knocks.
        tones: share with mains hum or a steady sine.
        recordings: a folder of sounds without speech in it, music or noises, of any length; none
            are needed.
        recorded: share with one of them, where there are some.
        tilt_db: largest tilt of the microphone's response, in dB an octave, either way.
        low_cut: share whose deep sounds are cut off, somewhere up to 300 Hz.
        band_limit: share whose sound ends near one of ...
        band_limits_hz: ... these, within a tenth. More than 8000 would be no limit here.
        clipping: share clipped where the speech is loud.
        codec: share that went through a codec: 8-bit companding as in telephones, a few bits a
            sample, or a coarse spectrum as MP3 leaves it at low rates.
        speed: largest change of speed, and with it of pitch and formants, either way.
    """

    loudest_dbfs: float = -10.0
    softest_dbfs: float = -60.0
    best_snr_db: float = 45.0
    worst_snr_db: float = 5.0
    no_speech: float = 0.1
    room: float = 0.3
    noise: float = 0.6
    babble: float = 0.08
    music: float = 0.08
    clicks: float = 0.08
    tones: float = 0.08
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
                raise MarotteError(f"augment.{field.name} is a share, 0 to 1, got {value:g}")
        for low, high in (("softest_dbfs", "loudest_dbfs"), ("worst_snr_db", "best_snr_db")):
            if getattr(self, low) > getattr(self, high):
                raise MarotteError(f"augment.{low} is above augment.{high}: give it a lower value")
        limits = self.band_limits_hz
        if self.band_limit and not limits:
            raise MarotteError("augment.band_limits_hz is empty: list some, or set band_limit = 0")
        if any(isinstance(each, str) or not 1000 <= each <= 8000 for each in limits):
            raise MarotteError(f"augment.band_limits_hz are numbers, 1000 to 8000, got {limits}")


_SHARES = frozenset(
    [
        *("no_speech", "room", "noise", "babble", "music", "clicks", "tones", "recorded"),
        *("low_cut", "band_limit", "clipping", "codec", "speed"),
    ]
)
