"""The error tree. Everything keepers raises on purpose derives from `KeepersError`.

    KeepersError
    ├── UserError             tell the user, no traceback; exit code 2
    │   ├── NotFound          a path that does not exist
    │   ├── NothingToDo       a folder without photos
    │   ├── Refused           a safe default said no (existing output, newer catalog ...)
    │   └── MissingExtra      an optional install is needed
    ├── PhotoError            one photo cannot be read; becomes `Report.error`, never ends a run
    │   ├── UnreadablePhoto   damaged, truncated or not an image
    │   └── PhotoTooLarge     more pixels than the limit
    ├── StorageError          the disk or the catalog failed (disk full, read-only); exit code 3
    └── ModelError            a model file is missing, damaged or not what it claims; exit code 4

Every message is one sentence that names the file and, where there is one, the remedy.
"""


class KeepersError(Exception):
    """Root of the tree; `exit_code` is what the command line returns for it."""

    exit_code = 1


class UserError(KeepersError):
    """Something the user can put right; shown as one sentence without a traceback."""

    exit_code = 2


class NotFound(UserError):
    """A path that does not exist or may not be opened."""


class NothingToDo(UserError):
    """There is no photo to work on."""


class Refused(UserError):
    """A safe default said no, for example because the output exists already."""


class MissingExtra(UserError):
    """An optional part of the installation is needed, such as `keepers[train]`."""


class PhotoError(KeepersError):
    """One photo cannot be used. It is data (`Report.error`), never the end of a run."""


class UnreadablePhoto(PhotoError):
    """The file is damaged, truncated, unreadable or no image at all."""


class PhotoTooLarge(PhotoError):
    """The picture claims more pixels than keepers will decode."""


class StorageError(KeepersError):
    """The disk or the catalog failed: full, read-only, damaged."""

    exit_code = 3


class ModelError(KeepersError):
    """A model file is missing, damaged, or not what it claims to be."""

    exit_code = 4
