"""The pages: `keepers review` shows a shoot and records what a person decides of it; `keepers serve` judges uploads.

Both are thin clients of the verbs in `keepers.app`; dropped photos are bytes in memory and are not stored.
"""

from keepers.web.page import create_app
from keepers.web.server import serve

__all__ = ["create_app", "serve"]
