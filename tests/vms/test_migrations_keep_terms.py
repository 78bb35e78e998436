"""An upgrade of a site with footage: what it made keeps the term that the last purge had, on both databases."""

import json
from datetime import timedelta

from alembic import command
from sqlalchemy import text

from tests.fakes import T0_US
from tests.vms.test_migrations_keep_accounts import config_on, engine_of
from vms.rules.terms import CameraTerm, Terms
from vms.store import Store, terms
from vms.units import utc_from_us

NOW = utc_from_us(T0_US)
_VOLUME = "insert into volume (uuid, path, created_at) values ('v', '/v', 5)"
_SEGMENT = """insert into segment (id, camera_id, profile, volume_uuid, path, start_at, end_at, duration_90k, bytes,
    codec, width, height, sha256, prev_hash, chain_hash, starts_run, lost_packets, purpose, state)
    values (1, 'haven-01', 'sub', 'v', 'a', 5, 9, 1, 1, 'avc1', 1, 1, 'a', 'b', 'c', :yes, 0, 'harbour',
    'recorded')"""
_RUN = """insert into ledger (seq, at, kind, payload, prev_hash, hash) values (1, 5, 'run', :payload, 'a', 'b')"""


def test_footage_from_before_purposes_keeps_the_term_of_then(store_url: str) -> None:
    engine = engine_of(store_url)
    with engine.begin() as connection:
        config = config_on(connection)
        command.upgrade(config, "head")
        command.downgrade(config, "0016_alerts")
        connection.execute(text(_VOLUME))
        connection.execute(text(_SEGMENT), {"yes": True})
        connection.execute(text(_RUN), {"payload": json.dumps({"days": 21})})
    engine.dispose()
    store = Store(store_url)
    store.migrate()
    longer = Terms(21, {"haven-01": CameraTerm("harbour", 60)})
    with store.transaction() as tx:
        acting = terms.acting(tx, longer, NOW)
        assert acting.oldest_allowed("haven-01", NOW) == NOW - timedelta(days=21)
        assert terms.note(tx, longer, NOW) != []
        later = NOW + timedelta(days=21)
        assert terms.acting(tx, longer, later).oldest_allowed("haven-01", later) == NOW
    store.close()
