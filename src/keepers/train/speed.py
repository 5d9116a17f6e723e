"""How long a network takes for one photo on one core, as fp32 ONNX."""

import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keepers.io.files import replacing
from keepers.models.session import OnnxSession
from keepers.train import config as configs
from keepers.train import data, export, loop

WARM_UP, REPEATS = 3, 25


def processor() -> str:
    """The processor's name, as far as the system tells."""
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def architecture(run: Path) -> str:
    """What decides how long a run's network takes."""
    config = configs.read(run)
    layers = "-".join(map(str, config.hidden))
    return f"{config.backbone} {config.variant} {config.pooling} {config.extra_conv} {layers} {config.tiny}"


def measure(run: Path, repeats: int = REPEATS) -> dict[str, Any]:
    """Median CPU milliseconds of one 224-pixel photo on one core, ONNX Runtime in fp32.

    In the session that culling uses. CPU time, because other work on the machine does not count in it.
    """
    net, _ = loop.make_net(configs.read(run), pretrained=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export.to_onnx(net, path)
        session = OnnxSession(path.read_bytes(), path)
    x = np.random.default_rng(0).standard_normal((1, 3, data.CROP, data.CROP), dtype=np.float32)
    times = []
    for _ in range(WARM_UP + repeats):
        began = time.process_time()
        session.run(x)
        times.append(1000 * (time.process_time() - began))
    median = statistics.median(times[WARM_UP:])
    facts = {"repeats": repeats, "processor": processor(), "runtime": "fp32 ONNX, 1 core"}
    return {"latency_ms": round(median, 2), **facts}


def measure_all(runs: list[Path], progress: Callable[[str, int, int, str], None] | None = None) -> None:
    """Write RUN/speed.json for all runs, measuring each architecture once, one after the other.

    If a single one is missing, all are measured anew: latencies are compared only within one sitting.
    """
    if all((run / "speed.json").is_file() for run in runs):
        return
    kinds: dict[str, list[Path]] = {}
    for run in runs:
        kinds.setdefault(architecture(run), []).append(run)
    found = {}
    for number, (kind, own) in enumerate(sorted(kinds.items()), start=1):
        found[kind] = measure(own[0])
        if progress:
            progress("timing networks", number, len(kinds), f"{kind.split()[0]} {found[kind]['latency_ms']} ms")
    for kind, own in kinds.items():
        for run in own:
            with replacing(run / "speed.json") as partial:
                partial.write_text(json.dumps(found[kind], indent=2) + "\n", encoding="utf-8")
