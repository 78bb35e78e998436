"""An upgrade of a site at work: people have accounts and are signed in, on both databases."""

from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text

from vms.store import Store, users
from vms.store.engine import MIGRATIONS

_ACCOUNT = """insert into user_account
    (id, username, display_name, password_hash, roles, active, failed_logins, created_at)
    values (1, 'jan', 'Jan', '$hash', '[]', :yes, 0, 5)"""
_SESSION = """insert into login_session
    (token_hash, user_id, csrf_token, workstation, created_at, expires_at, seen_at)
    values ('t', 1, 'c', 'w', 5, 9, 5)"""


def engine_of(url: str) -> Engine:
    """With foreign keys on, as the product has them."""

    def check_references(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys=ON")

    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", check_references)
    return engine


def config_on(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def test_accounts_and_sessions_come_through_an_upgrade_and_the_way_back(store_url: str) -> None:
    engine = engine_of(store_url)
    with engine.begin() as connection:
        config = config_on(connection)
        command.upgrade(config, "head")
        command.downgrade(config, "0012_holds")
        connection.execute(text(_ACCOUNT), {"yes": True})
        connection.execute(text(_SESSION))
    store = Store(store_url)
    store.migrate()
    with store.reading() as tx:
        assert [(one.username, one.is_break_glass, one.external_id) for one in users.all_users(tx)] == [
            ("jan", False, None)
        ]
    store.close()
    with engine.begin() as connection:
        command.downgrade(config_on(connection), "0012_holds")
        assert connection.execute(text("select user_id, token_hash from login_session")).all() == [(1, "t")]
        assert connection.execute(text("select id, username from user_account")).all() == [(1, "jan")]
    engine.dispose()
