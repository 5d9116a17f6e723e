"""A limit for the memory of a scoring process, so that one hostile file cannot take down the whole computer."""

from __future__ import annotations

import os

GIB = 1 << 30
BASE_BYTES = 2 * GIB
"""Libraries, models and their arenas: about 1 GiB of address space, and as much again to be safe."""
THREAD_BYTES = 4 * GIB
"""A thread may decode 300 megapixels: .9 GB as RGB, and a few copies of that on its way."""


def memory_limit(threads: int, physical: int | None) -> int:
    """Bytes of address space for a process of so many threads, at most the computer's memory where that is known."""
    wanted = BASE_BYTES + THREAD_BYTES * threads
    return wanted if physical is None else max(BASE_BYTES, min(wanted, physical))


def physical_memory() -> int | None:
    """Bytes of memory in this computer; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def limit_memory(threads: int) -> None:
    """Limit this process. Beyond it an allocation fails, and the photo that asked for it becomes an error.

    A lower limit that is set already stays. Windows and macOS have no such limit; there the limits on pixels, bytes and
    time have to do.
    """
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [memory_limit(threads, physical_memory()), *(old for old in (soft, hard) if old != resource.RLIM_INFINITY)]
    try:
        resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    except (OSError, ValueError):
        return
