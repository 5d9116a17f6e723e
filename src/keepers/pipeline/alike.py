"""How alike photos look, for many pairs at once, and what follows from pairs: clusters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from keepers.pipeline.frames import Codes, Floats, Ints

_CHUNK = 16_384
_PARTS, _BITS = 4, 16
MOST_NEIGHBOURS = 256
"""Photos that share a quarter of a hash beyond this number are not compared: a thousand frames of one grey sky would
cost a million comparisons."""

Planes = npt.NDArray[np.float32]


def resemblance(structure: Codes, one: Ints, other: Ints, *, enough: float = 0.8, reach: int = 1) -> Floats:
    """Correlation -1 .. 1 of the structures of P pairs, the best over shifts of up to `reach` cells each way.

    A hand-held camera moves between two frames; one cell is 6 % of the frame. NaN for a picture without structure.

    Args:
        structure: int8 N x 16 x 16.
        one, other: P indices each.
        enough: no better shift is looked for where the pair resembles each other so much as it lies.
    """
    result = np.full(len(one), np.nan)
    steps = [(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1) if (y, x) != (0, 0)]
    for part in _parts(len(one)):
        a, b = _planes(structure, one[part]), _planes(structure, other[part])
        best = _correlation(a, b, 0, 0)
        unsure = np.flatnonzero(best < enough)
        if unsure.size:
            a, b = a[unsure], b[unsure]
            for y, x in steps:
                best[unsure] = np.fmax(best[unsure], _correlation(a, b, y, x))
        result[part] = best
    return result


def shift(structure: Codes, one: Ints, other: Ints) -> tuple[Floats, Ints, Ints]:
    """Where the second picture of P pairs continues the first: the parts that overlap, as in a panorama.

    Returns:
        correlation -1 .. 1 of the overlap; rows and columns, of 16, by which the second view lies further down and
        right. Overlaps of 15 to 85 % along one axis are looked at, with up to one cell along the other.
    """
    size = structure.shape[-1]
    far = [s * d for d in range(round(0.15 * size) + 1, round(0.85 * size)) for s in (1, -1)]
    steps = [(y, x) for y in (-1, 0, 1) for x in far] + [(y, x) for y in far for x in (-1, 0, 1)]
    score, rows, columns = np.full(len(one), -1.0), np.zeros(len(one), np.int64), np.zeros(len(one), np.int64)
    for part in _parts(len(one)):
        a, b = _planes(structure, one[part]), _planes(structure, other[part])
        for y, x in steps:
            found = np.nan_to_num(_correlation(a, b, y, x), nan=-1.0)
            better = found > score[part]
            for array, value in ((score, found), (rows, y), (columns, x)):
                array[part] = np.where(better, value, array[part])
    return score, rows, columns


def _planes(structure: Codes, which: Ints) -> Planes:
    return np.asarray(structure[which], dtype=np.float32)


def _correlation(a: Planes, b: Planes, y: int, x: int) -> Floats:
    """Of the overlap when `b` shows what lies `y` rows further down and `x` columns further right than in `a`."""
    height, width = a.shape[1:]
    a = a[:, max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)].reshape(len(a), -1)
    b = b[:, max(0, -y) : height + min(0, -y), max(0, -x) : width + min(0, -x)].reshape(len(b), -1)
    count = a.shape[1]
    sum_a, sum_b = a.sum(axis=1), b.sum(axis=1)
    both = np.einsum("ij,ij->i", a, b) - sum_a * sum_b / count
    power = (np.einsum("ij,ij->i", a, a) - sum_a**2 / count) * (np.einsum("ij,ij->i", b, b) - sum_b**2 / count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(power > 1.0, both / np.sqrt(np.maximum(power, 1.0)), np.nan).astype(np.float64)


def _parts(count: int) -> Iterator[slice]:
    """So many at a time that they stay in the processor's cache, more or less."""
    return (slice(start, start + _CHUNK) for start in range(0, count, _CHUNK))


def near(hashes: npt.NDArray[np.uint64], queries: Ints, radius: int = 7) -> tuple[Ints, Ints]:
    """Pairs (query, other) of different photos whose 64-bit hashes differ in at most `radius` bits, up to 7.

    A multi-index (Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index hashing", 2012): of four
    parts of 16 bits, one differs in at most one bit. Photos of one and the same hash are found through the first of
    them; of other hashes that share a part, `MOST_NEIGHBOURS` are compared.
    """
    distinct, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    asked = np.unique(which[queries])
    found = [_same_hash(which, first, queries)]
    for part in range(_PARTS):
        keys = ((distinct >> np.uint64(_BITS * part)) & np.uint64(0xFFFF)).astype(np.int64)
        order = np.argsort(keys, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << _BITS))])
        flips = (0, *(1 << bit for bit in range(_BITS)))
        for some, flip in itertools.product(_parts(len(asked)), flips):
            one, other = _sharing(keys, order, starts, asked[some], flip)
            keep = (np.bitwise_count(distinct[one] ^ distinct[other]) <= radius) & (one != other)
            found.append(np.stack([first[one[keep]], first[other[keep]]]))
    pairs = np.concatenate(found, axis=1)
    once = np.unique(pairs[0] * len(hashes) + pairs[1])
    return once // len(hashes), once % len(hashes)


def _sharing(keys: Ints, order: Ints, starts: Ints, asked: Ints, flip: int) -> tuple[Ints, Ints]:
    """Pairs (asked, other) whose parts of the hash are the same once the bits of `flip` are turned."""
    wanted = keys[asked] ^ flip
    low = starts[wanted]
    length = np.minimum(starts[wanted + 1] - low, MOST_NEIGHBOURS)
    places = np.repeat(low - np.cumsum(length) + length, length) + np.arange(length.sum())
    return np.repeat(asked, length), order[places]


def _same_hash(which: Ints, first: Ints, queries: Ints) -> Ints:
    heads = first[which]
    asked = np.isin(which, which[queries])
    others = np.flatnonzero(asked & (heads != np.arange(len(which))))
    return np.stack([others, heads[others]])


def clusters(count: int, one: Ints, other: Ints) -> Ints:
    """A label for each of `count` things that is the same for all that pairs connect: their smallest index.

    Labels are handed on along pairs and then jump to the label's label, until nothing changes: after Shiloach and
    Vishkin, "An O(log n) parallel connectivity algorithm", 1982.
    """
    labels = np.arange(count, dtype=np.int64)
    while True:
        low = np.minimum(labels[one], labels[other])
        new = labels.copy()
        np.minimum.at(new, labels[one], low)
        np.minimum.at(new, labels[other], low)
        while not np.array_equal(new, new[new]):
            new = new[new]
        if np.array_equal(new, labels):
            return labels
        labels = new
