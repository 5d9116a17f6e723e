"""What the sample shoot holds: a table, one row a photo, in the order they were taken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame of the sample shoot.

    picture: stem of a file in `data/`. at_s: seconds after the first frame; frames less than a second apart
    are a burst. dx, dy: where the crop lies, 0 (left, top) .. 1 (right, bottom) of the room that `keep` leaves;
    a hand moves a little between two frames. keep: edge of the crop over edge of the picture, 0 .. 1.
    flaw: an entry of `keepers.flaws.FLAWS`, or empty for a good frame. severity: 0 .. 1.
    """

    picture: str
    at_s: float
    dx: float = 0.5
    dy: float = 0.5
    keep: float = 0.95
    flaw: str = ""
    severity: float = 0.0


SHOTS: tuple[Shot, ...] = (
    # A portrait, eyes open in every frame: four at five frames a second, then one with the flash too bright.
    Shot("astronaut", 0.0, 0.4, 0.5),
    Shot("astronaut", 0.2, 0.6, 0.4, flaw="hand_shake", severity=0.7),
    Shot("astronaut", 0.4, 0.7, 0.6),
    Shot("astronaut", 0.6, 0.5, 0.8, flaw="defocus", severity=0.6),
    Shot("astronaut", 9.3, 0.5, 0.5, flaw="overexposure", severity=0.6),
    # A cat that will not wait: focus missed, then found.
    Shot("cat", 184.0, 0.2, 0.3, 0.97, flaw="gaussian_blur", severity=0.75),
    Shot("cat", 184.3, 0.5, 0.5, 0.97),
    Shot("cat", 184.6, 0.9, 0.6, 0.97),
    Shot("cat", 184.9, 0.8, 0.2, 0.97, flaw="remap_shake", severity=0.8),
    Shot("cat", 190.2, 0.5, 0.5, 0.97, flaw="stretch", severity=0.8),
    # A still life: the meter was wrong twice.
    Shot("coffee", 431.5, 0.5, 0.5),
    Shot("coffee", 440.1, 0.4, 0.6, flaw="underexposure", severity=0.6),
    Shot("coffee", 452.8, 0.5, 0.4, flaw="overexposure", severity=0.9),
    Shot("coffee", 470.2, 0.6, 0.5, flaw="stretch", severity=0.6),
    # Night: dark on purpose, and one that is dark by mistake.
    Shot("rocket", 1302.0, 0.5, 0.5),
    Shot("rocket", 1302.7, 0.6, 0.4, flaw="hand_shake", severity=0.9),
    Shot("rocket", 1316.4, 0.3, 0.5, flaw="underexposure", severity=0.9),
    # Wildlife at three frames a second, and one at a far too high ISO.
    Shot("raccoon", 2115.0, 0.1, 0.5),
    Shot("raccoon", 2115.3, 0.4, 0.4),
    Shot("raccoon", 2115.6, 0.8, 0.5, flaw="defocus", severity=0.45),
    Shot("raccoon", 2127.9, 0.5, 0.6, flaw="sensor_noise", severity=0.9),
    # A second portrait.
    Shot("admiral", 2760.0, 0.5, 0.3),
    Shot("admiral", 2760.5, 0.7, 0.4, flaw="gaussian_blur", severity=0.5),
)

DUPLICATE_OF = 18
"""Place in `SHOTS` of the photo that is copied byte for byte, as when a card is imported twice."""
