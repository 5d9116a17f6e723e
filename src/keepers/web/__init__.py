"""The page `keepers serve` shows: choose or drop photos, and each appears with its verdict and the reasons.

It is a thin client of the verb behind `keepers assess` and stores nothing: photos are bytes in memory.
"""

from keepers.web.page import create_app
from keepers.web.server import serve

__all__ = ["create_app", "serve"]
