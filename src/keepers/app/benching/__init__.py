"""The verb `bench`: how fast this machine is, by stage, and how much faster it could be."""

from keepers.app.benching.findings import Bench, Floor, Lot, Pass, Stage
from keepers.app.benching.run import bench, machine

__all__ = ["Bench", "Floor", "Lot", "Pass", "Stage", "bench", "machine"]
