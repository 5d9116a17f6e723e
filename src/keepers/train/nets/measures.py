"""Numbers that say how good answers are."""

import numpy as np
import numpy.typing as npt


def auc(positive: npt.NDArray[np.float32], negative: npt.NDArray[np.float32]) -> float:
    """Area under the ROC curve: the share of pairs in the right order; NaN where one side is empty."""
    if not len(positive) or not len(negative):
        return float("nan")
    both = np.concatenate([positive, negative])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    pairs = len(positive) * len(negative)
    return float((ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2) / pairs)
