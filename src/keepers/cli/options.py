"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Catalog = Annotated[
    Path | None,
    typer.Option(
        "--catalog",
        metavar="FILE",
        help="Where the facts are kept. Default: $KEEPERS_CATALOG, else the user-data directory.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-j", metavar="N", help="Threads. Default: $KEEPERS_WORKERS, else one per core."
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="What runs the networks: auto, onnxruntime, openvino ... Default: $KEEPERS_ENGINE, else auto.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="Another ONNX network, or 'none'. Default: $KEEPERS_MODEL, else the packaged one.",
    ),
]
