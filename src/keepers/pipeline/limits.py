"""A limit for the memory of a scoring process, so that one hostile file cannot take down the whole computer."""

from __future__ import annotations

import os
from pathlib import Path

GIB = 1 << 30
BASE_BYTES = 2 * GIB
"""Libraries, models and their arenas: about 1 GiB of address space, and as much again to be safe."""
THREAD_BYTES = 4 * GIB
"""A thread may decode 300 megapixels: .9 GB as RGB, and a few copies of that on its way."""


def memory_limit(threads: int, physical: int | None, taken: int = 0) -> int:
    """Bytes of address space for a process of so many threads, at most the computer's memory where that is known.

    taken: address space that is in use before the first photo. Beyond the usual it is no memory: drivers of GPUs
    reserve many times of what there is.
    """
    wanted = BASE_BYTES + THREAD_BYTES * threads
    limit = wanted if physical is None else max(BASE_BYTES, min(wanted, physical))
    return limit + max(0, taken - BASE_BYTES)


def address_space() -> int:
    """Bytes of address space that this process has; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def physical_memory() -> int | None:
    """Bytes of memory in this computer; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def limit_memory(threads: int) -> None:
    """Limit this process, once its networks are loaded. Beyond it an allocation fails, and the photo that asked for it
    becomes an error.

    A lower limit that is set already stays. Windows and macOS have no such limit; there the limits on pixels, bytes and
    time have to do.
    """
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    ours = memory_limit(threads, physical_memory(), address_space())
    limits = [ours, *(old for old in (soft, hard) if old != resource.RLIM_INFINITY)]
    try:
        resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    except (OSError, ValueError):
        return
