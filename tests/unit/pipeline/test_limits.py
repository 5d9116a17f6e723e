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


