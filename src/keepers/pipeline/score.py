"""One source in, one `Report` out, whatever the file does short of killing the process.

The function that does it is built once per process (it holds the network's session) and may be called from
several threads at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keepers.errors import PhotoError
from keepers.types import Frame, Photo, Report, Source

if TYPE_CHECKING:
    from keepers.models.engines import Wish
    from keepers.models.faces import FaceStage
    from keepers.models.zoo import Networks

Scorer = Callable[[Source], Report]
"""Turns a source into its facts; never raises an `Exception`; safe to call from several threads."""
Keep = Callable[[Photo, Frame], None]
"""What is done with the pixels of a measured photo before they are gone, such as making a small picture of it.

Picklable as `BuildScorer` is, safe to call from several threads, and it raises nothing."""
BuildScorer = Callable[[], Scorer]
"""Picklable by reference (a module-level function or a `functools.partial` of one), called once per process."""


@dataclass(frozen=True, slots=True)
class Network:
    """Which network to run: the packaged one, the one in `path`, or none at all; `alone` leaves out the packaged one
    for patches, which otherwise runs beside it. engine: what runs this and the networks for faces, see
    `models.engines.Wish`; memory: the file of that."""

    kind: Literal["packaged", "file", "none"] = "packaged"
    path: Path | None = None
    alone: bool = False
    engine: str = "onnxruntime"
    memory: Path | None = None


PACKAGED = Network()


@dataclass(frozen=True, slots=True)
class Upload(Source):
    """A picture that is in memory only: `data` is the whole file, `path` no more than its name."""

    data: bytes


class Stopwatch:
    """CPU milliseconds of this thread by stage."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._last = time.thread_time()

    def lap(self, stage: str) -> None:
        """Charge the time since the last lap to `stage`."""
        now = time.thread_time()
        self.timings[stage] = self.timings.get(stage, 0.0) + 1000.0 * (now - self._last)
        self._last = now


def load_network(network: Network) -> Networks | None:
    """The networks that `network` names, or None for none.

    Raises:
        ModelError: the file is missing or damaged. MissingExtra: the engine is not installed.
    """
    if network.kind == "none":
        return None
    from keepers.models import zoo

    if network.alone:
        return zoo.Networks(zoo.load_classifier(network.path, _wish(network)))
    return zoo.load_networks(network.path, _wish(network))


def _wish(network: Network) -> Wish:
    from keepers.models.engines import Wish

    return Wish(network.engine, network.memory)


def build_scorer(network: Network, keep: Keep | None = None) -> Scorer:
    """The scorer of a worker: reads the file or the upload, observes it once and runs every check; see `Keep`."""
    import cv2

    from keepers.io import decode
    from keepers.models.faces import Faces

    # OpenCV's own pool fights with ours and cost 36 % of the throughput when it was measured.
    cv2.setNumThreads(1)
    classifier = load_network(network)
    faces = Faces(wish=_wish(network))

    def scorer(source: Source) -> Report:
        if isinstance(source, Upload):
            name, data = source.path.name, source.data
            plain = Source(source.path, source.files)  # the report must not carry the bytes back
            return score_photo(plain, lambda lap: decode.decode_bytes(name, data), classifier, faces)
        return score_photo(source, lambda lap: decode.read(source, lap=lap), classifier, faces, keep)

    return scorer


def score_photo(
    source: Source,
    read: Callable[[Callable[[str], None]], tuple[Photo, Frame]],
    classifier: Networks | None,
    faces: FaceStage | None = None,
    keep: Keep | None = None,
) -> Report:
    """Measure one photo; every failure becomes `Report.error`, one sentence that names the file.

    `read` is given the stopwatch's `lap`, for stages of its own before decoding. Without `faces` nobody looks for any.
    """
    watch = Stopwatch()
    model = classifier.name if classifier else None
    passing = True
    try:
        photo, frame = read(watch.lap)
        watch.lap("decode")
        report = _measured(photo, frame, classifier, faces, watch)
        if keep is not None:
            keep(photo, frame)
            watch.lap("encode")
        return report
    except PhotoError as error:
        sentence, passing = str(error), _may_pass(error)
    except MemoryError:
        sentence = f"{source.path.name} needs more memory than there is; close other programs and try again."
    except Exception as error:  # a defect of ours on one photo must not cost the other ten thousand
        what = f"{type(error).__name__}: {error}".strip().rstrip(".:")
        sentence = f"{source.path.name} made keepers stumble ({what}); please report this."
    return Report(source=source, error=sentence, model=model, timings=watch.timings, passing=passing)


def _may_pass(error: PhotoError) -> bool:
    """Whether the system refused, and not the file the decoder (Pillow's OSErrors carry no number)."""
    cause = error.__cause__
    return isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno is not None)


def _measured(
    photo: Photo, frame: Frame, classifier: Networks | None, stage: FaceStage | None, watch: Stopwatch
) -> Report:
    from keepers.pipeline.measure import measure
    from keepers.pipeline.observe import observe, sign
    from keepers.pipeline.people import look

    model = classifier.name if classifier else None
    faces = look(frame, photo, stage) if stage is not None else ()
    watch.lap("faces")
    evidence = observe(frame, photo, classifier, faces, watch.lap)
    measurements = measure(evidence, model)
    watch.lap("checks")
    signature = sign(evidence)
    watch.lap("hash")
    return Report(
        photo.source,
        photo,
        measurements,
        model=model,
        timings=watch.timings,
        signature=signature,
        faces=faces,
    )
