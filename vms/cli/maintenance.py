"""`vms migrate`."""

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.log import redact


def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the database's schema to this version."""
    site = read_config(config)
    with open_store(site) as store:
        url = redact(store.url)
    answer({"ok": True, "database": url}, [f"{url}: schema is up to date"], as_json=as_json)
