"""How every command ends: one sentence for what went wrong, and the exit code of the error tree.

0    done; single photos may have been unreadable
1    no photo could be read, or something unforeseen
2    the user can put it right: a wrong option, a missing path, an empty folder
3    the disk or the catalog failed
4    a model file is missing or damaged
130  Ctrl-C
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from keepers.errors import KeepersError

INTERRUPTED = 130


class KeepersGroup(TyperGroup):
    """Turns what a command raises into a sentence on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeepersError as error:
            complain(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            complain("Stopped.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # `keepers list ... | head` has seen enough. Python would complain once more when it flushes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None


def complain(sentence: str) -> None:
    """Print a sentence on stderr; a file's name in it may hold what does things to a terminal."""
    typer.echo("keepers: " + "".join(c if c.isprintable() else "?" for c in sentence), err=True)


def forgiving_streams() -> None:
    """File names may hold anything; printing one must not end in a UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
