"""The verbs of keepers. The command line, the web page and scripts are thin clients of these functions.

| verb | does |
|---|---|
| `cull` | measures a folder into the catalog and triages it |
| `choose` | records what a person decided of photos |
| `audit_sample` | draws a blind sample that says how many good photos would be lost |
| `audit_answer`, `audit_result`, `audit_undo` | a person's answers to it, what they say, and taking them back |
| `export` | hands verdicts over: XMP, CSV, JSON, files in folders |
| `jobs`, `undo` | what exports changed, and taking it back |
| `assess` | judges files or folders without touching a catalog |
| `assess_bytes` | the same for the bytes of one upload |
| `explain` | everything that is known of one photo |
| `picture` | the same, drawn over the photo |
| `list_photos` | what the catalog says of a folder |
| `list_groups` | which of its photos belong together, and which is the best |
| `learn` | learns what a person keeps from their choices, and tests it |
| `taste_status`, `switch_taste` | what was learned, and whether it is used |
| `export_taste`, `import_taste`, `forget_taste` | taking it along, and away |
| `evaluate` | how right it is on labelled photos |
| `bench` | how fast this machine is, by stage |
| `measure_engines` | which library runs each network fastest here, with the same answers |
| `make_sample` | writes the sample shoot |

`export` alone changes what lies in a folder of photos, and `undo` takes that back.
"""

from keepers.app.assessing import assess, assess_bytes
from keepers.app.auditing import (
    AuditResult,
    AuditSample,
    audit_answer,
    audit_result,
    audit_sample,
    audit_undo,
    last_audit,
)
from keepers.app.benching import Bench, Lot, Pass, Stage, bench
from keepers.app.choosing import Chosen, choose
from keepers.app.culling import Shoot, Stopped, cull
from keepers.app.engines import measure_engines
from keepers.app.evaluating import evaluate
from keepers.app.exporting import Exported, ExportStopped, export
from keepers.app.journal import job_to_undo, jobs, undo
from keepers.app.learning import (
    Learned,
    export_taste,
    forget_taste,
    import_taste,
    learn,
    switch_taste,
    taste_status,
)
from keepers.app.looking import explain, list_groups, list_photos
from keepers.app.picturing import picture
from keepers.app.sampling import make_sample
from keepers.app.schema import SCHEMA, to_json

__all__ = [
    "SCHEMA",
    "AuditResult",
    "AuditSample",
    "Bench",
    "Chosen",
    "ExportStopped",
    "Exported",
    "Learned",
    "Lot",
    "Pass",
    "Shoot",
    "Stage",
    "Stopped",
    "assess",
    "assess_bytes",
    "audit_answer",
    "audit_result",
    "audit_sample",
    "audit_undo",
    "bench",
    "choose",
    "cull",
    "evaluate",
    "explain",
    "export",
    "export_taste",
    "forget_taste",
    "import_taste",
    "job_to_undo",
    "jobs",
    "last_audit",
    "learn",
    "list_groups",
    "list_photos",
    "make_sample",
    "measure_engines",
    "picture",
    "switch_taste",
    "taste_status",
    "to_json",
    "undo",
]
