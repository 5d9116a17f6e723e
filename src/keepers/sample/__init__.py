"""The sample shoot: 24 photos with known flaws, made from six pictures that anyone may redistribute.

The pictures and their licences are listed in NOTICE. The flaws are those of `keepers.flaws`, so the shoot is
also a test: what was done to each photo stands in its `labels.csv`.
"""

from keepers.sample.make import LABELS_FILE, make
from keepers.sample.plan import SHOTS, Shot

__all__ = ["LABELS_FILE", "SHOTS", "Shot", "make"]
