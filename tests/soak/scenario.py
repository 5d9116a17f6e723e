"""What is killed: a scenario, and the error that must never be raised."""

from __future__ import annotations

from pathlib import Path


class Lost(Exception):
    """What must never happen."""


def insist(right: bool, what: str) -> None:
    """Raise `Lost` unless `right`."""
    if not right:
        raise Lost(what)


class Scenario:
    """Something to do that is killed half way. A place is a folder that holds all that belongs to a trial."""

    name = ""

    def possible(self) -> bool:
        """Whether this machine can run it."""
        return True

    def prepare(self, place: Path) -> None:
        """Make what is needed."""
        raise NotImplementedError

    def ready(self, place: Path) -> None:
        """What comes before, in the process that is killed, but before it can be killed."""

    def act(self, place: Path) -> None:
        """Do it, in the process that is killed."""
        raise NotImplementedError

    def check_after_kill(self, place: Path) -> None:
        """Look at what the dead process left behind."""

    def start_again(self, place: Path) -> None:
        """What the next start of keepers does."""
        raise NotImplementedError

    def check(self, place: Path) -> None:
        """Look at what is there now, and take back what can be."""
        raise NotImplementedError

    def clean(self, place: Path) -> None:
        """Remove what lies outside the place."""
