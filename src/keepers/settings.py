"""What a user may set, and the defaults. Passed along as values; nothing here is read behind anyone's back.

    KEEPERS_CATALOG   file of the catalog             (default: the platform's user-data directory)
    KEEPERS_MODEL     an ONNX file to use instead of the packaged network; `none` for no network
    KEEPERS_CACHE     folder of the small pictures that the page shows (default: the platform's user-cache directory)
    KEEPERS_WORKERS   threads that score photos       (default: one per CPU core)
    KEEPERS_ENGINE    what runs the networks          (default: auto, the fastest of those that are installed)

An option on the command line wins over the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import UserError

CATALOG_NAME = "catalog.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """`catalog`: file of the catalog; `model`: ONNX file, "none" or None for the packaged network;
    `workers`: threads, at least 1; `engine`: "auto" or a name of `models.engines.ENGINES`."""

    catalog: Path
    model: str | None
    workers: int
    engine: str = "auto"


def settings(
    *,
    catalog: Path | str | None = None,
    model: Path | str | None = None,
    workers: int | None = None,
    engine: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Arguments where given, else the environment, else the defaults.

    Raises:
        UserError: a number of workers that is none.
    """
    named_catalog = catalog or environment.get("KEEPERS_CATALOG") or default_catalog()
    named_model = model or environment.get("KEEPERS_MODEL") or None
    return Settings(
        catalog=Path(named_catalog).expanduser(),
        model=str(named_model) if named_model is not None else None,
        workers=_workers(workers, environment.get("KEEPERS_WORKERS")),
        engine=engine or environment.get("KEEPERS_ENGINE") or "auto",
    )


def default_catalog() -> Path:
    """`catalog.db` in the directory where this platform keeps the data of programs."""
    from platformdirs import user_data_path

    return user_data_path("keepers", appauthor=False) / CATALOG_NAME


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where files lie that can be made again at any time: `KEEPERS_CACHE`, else where this platform keeps such."""
    from platformdirs import user_cache_path

    named = environment.get("KEEPERS_CACHE")
    return Path(named).expanduser() if named else user_cache_path("keepers", appauthor=False)


def cpu_count() -> int:
    """Cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _workers(given: int | None, named: str | None) -> int:
    if given is None and named:
        if not named.strip().isdecimal():
            raise UserError(f"KEEPERS_WORKERS is {named!r}; set it to a number of threads such as 4.")
        given = int(named)
    if given is None:
        return cpu_count()
    if given < 1:
        raise UserError(f"{given} workers cannot do anything; ask for at least 1.")
    return given
