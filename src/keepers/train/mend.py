"""Let timm import torchvision where torchvision's compiled operators cannot be loaded.

torchvision ships no CPU build for every platform's torch. Its models and transforms are plain Python, but the import
stops at two missing operators. Declaring them is enough for all that keepers uses; neither is ever called.
"""

from typing import Any

_kept: list[Any] = []


def mend_torchvision() -> None:
    """Declare `torchvision::nms` and `qnms` if, and only if, importing torchvision fails without them."""
    import torch

    if _kept or hasattr(torch.ops.torchvision, "nms"):
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "nms" not in str(error):
            raise
        untyped: Any = torch.library
        library = untyped.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)  # the declaration lives as long as the object
        _forget_half_imported("torchvision")


def _forget_half_imported(package: str) -> None:
    import sys

    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]
