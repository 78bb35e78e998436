"""A migrated SQLite database for each test that needs one: migrated once per run, then copied."""

import tempfile
from functools import cache
from pathlib import Path

from vms.store import Store


def migrated_sqlite(path: Path) -> str:
    """Its URL; nobody has written to it. `Store.migrate` finds it done, as on a site that was started before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_template())
    return f"sqlite:///{path}"


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "u.db"
        store = Store(f"sqlite:///{path}")
        store.migrate()
        store.close()
        return path.read_bytes()
