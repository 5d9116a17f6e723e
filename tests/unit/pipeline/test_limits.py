"""The limit on memory: it grows with the threads, stays below what the computer has, and really refuses."""

import subprocess
import sys

import pytest

from keepers.pipeline.limits import BASE_BYTES, GIB, memory_limit


def test_more_threads_may_take_more_but_never_more_than_there_is() -> None:
    limits = [memory_limit(threads, None) for threads in (1, 2, 8)]
    assert limits == sorted(limits)
    assert memory_limit(64, 8 * GIB) == 8 * GIB
    assert memory_limit(1, GIB) == BASE_BYTES, "less would not even load the libraries"


def test_address_space_that_a_driver_has_reserved_is_no_memory_of_photos() -> None:
    usual = memory_limit(2, 8 * GIB, GIB)
    assert usual == memory_limit(2, 8 * GIB)
    assert memory_limit(2, 8 * GIB, 70 * GIB) == usual + 70 * GIB - BASE_BYTES


_HUNGRY = """
import numpy as np
from keepers.pipeline.limits import limit_memory, memory_limit, physical_memory
limit_memory(1)
np.ones(1000)
try:
    np.empty(memory_limit(1, physical_memory()), dtype=np.uint8)
except MemoryError:
    print("refused")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the address space")
def test_a_process_beyond_its_limit_is_refused_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _HUNGRY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the address space")
def test_a_lower_limit_that_is_set_already_stays() -> None:
    code = (
        "import resource; from keepers.pipeline.limits import limit_memory; low = 1 << 30;"
        "resource.setrlimit(resource.RLIMIT_AS, (low, resource.RLIM_INFINITY)); limit_memory(4);"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0] == low)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


_RESERVED = """
import mmap
import numpy as np
from keepers.pipeline.limits import limit_memory, memory_limit, physical_memory
reserved = mmap.mmap(-1, 200 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ)
limit_memory(1)
np.ones(50_000_000, dtype=np.uint8)
try:
    np.empty(memory_limit(1, physical_memory()), dtype=np.uint8)
except MemoryError:
    print("refused")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the address space")
def test_beside_a_reservation_of_a_driver_a_photo_may_take_as_much_as_ever() -> None:
    done = subprocess.run([sys.executable, "-c", _RESERVED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"
