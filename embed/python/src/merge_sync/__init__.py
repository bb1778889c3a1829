"""Know when a customer's data is ready in Merge, and what changed since you last looked.

The decisions, a module each, take facts and answer; they remember nothing and ask nothing:

| Module | Question |
|---|---|
| `webhook` | what did Merge just tell us, and what do we answer? |
| `signature` | did Merge send this body? |
| `readiness` | may the product use this account's data yet? |
| `window` | which records are new? |
| `page` | what does a page of records hold? |
| `cadence` | when do we ask Merge again? |
| `retry` | a request came back: is it over? |

`engine` drives them for whoever brings a store and a client, `sqlite` and `client` are ready
ones, and `scheduler` runs accounts as they come due.

All of it may be used by several threads at once. Instants are `datetime` with a time zone;
those that come out are in UTC. Errors are in `errors`.
"""

from merge_sync import (
    cadence,
    errors,
    meta,
    page,
    readiness,
    retry,
    signature,
    types,
    webhook,
    window,
)
from merge_sync._component import Component
from merge_sync._version import __version__
from merge_sync.errors import ComponentError, InputError, MergeSyncError

__all__ = [
    "Component",
    "ComponentError",
    "InputError",
    "MergeSyncError",
    "__version__",
    "cadence",
    "errors",
    "meta",
    "page",
    "readiness",
    "retry",
    "signature",
    "types",
    "webhook",
    "window",
]
