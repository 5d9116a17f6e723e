"""Reviewing shoots: what the page of `keepers review` shows and changes.

`Desk` holds the shoots that are open. Every change is on the disk before it is told.
"""

from keepers.app.review.desk import Desk
from keepers.app.review.events import Listener
from keepers.app.review.shoot import ReviewedShoot

__all__ = ["Desk", "Listener", "ReviewedShoot"]
