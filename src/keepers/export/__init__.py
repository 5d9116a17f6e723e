"""Ways out of keepers: an exporter plans, `journal` does.

xmp       ratings into sidecars, and into JPEG files where asked
csv json  tables of all facts
files     photos into a folder for each verdict
"""

from keepers.export import files, tables, xmp
from keepers.export.base import EXPORTERS, PROFILES, Exporter, Item, Options, exporter

__all__ = ["EXPORTERS", "PROFILES", "Exporter", "Item", "Options", "exporter", "files", "tables", "xmp"]
