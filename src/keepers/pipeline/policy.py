"""What the user asks of a triage, and what follows from it for each photo."""

from __future__ import annotations

from dataclasses import dataclass, field

from keepers.errors import UserError
from keepers.pipeline.budget import MAX_FALSE_REJECTS, Budget
from keepers.pipeline.shoot_type import GENERAL, ShootType

NORMAL = 0.5
STRICTNESS = {"gentle": 0.25, "normal": NORMAL, "strict": 0.75}
"""Names of the usual ones."""
_SPAN = 4.0
"""Log odds between the gentlest and the strictest threshold of Maybe."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for a shoot, and stored with it.

    keep: how many Must Haves, such as "300" or "20%". max_false_rejects: the budget, a share 0..1. strictness: 0
    (gentle) .. 1 (strict). shoot_type: the name of a packaged shoot type, or the TOML text of another; see
    `ShootType.stored`.
    """

    keep: str | None = None
    max_false_rejects: float = MAX_FALSE_REJECTS
    strictness: float = NORMAL
    shoot_type: str = GENERAL.name


@dataclass(frozen=True, slots=True)
class Policy:
    """The same, ready to judge with. budget: None lets the rules alone decide."""

    keep: str | None = None
    budget: Budget | None = field(default=None)
    strictness: float = NORMAL
    shoot_type: ShootType = GENERAL

    def sooner(self, flaw: str, strictness: float | None = None) -> float:
        """Log odds by which the flaw becomes a Maybe sooner (or later, where negative) than usual."""
        asked = self.strictness if strictness is None else strictness
        return (asked - NORMAL) * _SPAN + self.shoot_type.strictness(flaw)

    @property
    def can_delete(self) -> bool:
        """Whether any photo may be deleted for its flaws."""
        return self.budget is None or self.budget.can_delete


def parse_strictness(text: str) -> float:
    """`gentle`, `normal`, `strict` or a number 0..1. Raises UserError for anything else."""
    try:
        value = STRICTNESS[text] if text in STRICTNESS else float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise UserError(f"{text!r} is no strictness; write {', '.join(STRICTNESS)}, or a number from 0 to 1.")
    return value
