"""Checks find flaws: each turns evidence into one raw number, or None where it does not apply."""

# Importing a module of checks registers them; this is the list a new module joins.
from keepers.checks import composition, learned, people, technical
from keepers.checks.base import CHECKS, Check, check

__all__ = ["CHECKS", "Check", "check", "composition", "learned", "people", "technical"]
