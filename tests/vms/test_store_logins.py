"""Second factors, recovery codes and login sessions in both databases: what counts once counts once."""

from datetime import UTC, datetime, timedelta

from vms.store import Store, login_sessions, second_factors, users
from vms.store.users import User

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def test_what_counts_once_counts_once_and_for_one_person(store: Store) -> None:
    with store.transaction() as tx:
        jan, els = (users.add(tx, name, name, "$hash", ["admin"], NOW) for name in ("jan", "els"))
        assert second_factors.begin(tx, jan.id, b"first")
        assert second_factors.begin(tx, jan.id, b"second")
        second_factors.confirm(tx, jan.id, NOW)
        second_factors.set_recovery_codes(tx, jan.id, ["a" * 64, "b" * 64])
    with store.transaction() as tx:
        assert not second_factors.begin(tx, jan.id, b"third")  # in use: only a reset makes room
        assert [second_factors.take_step(tx, jan.id, step) for step in (7, 7, 6, 8)] == [True, False, False, True]
        assert not second_factors.take_step(tx, els.id, 9)
        taken = [second_factors.take_recovery_code(tx, who.id, "a" * 64, NOW) for who in (els, jan, jan)]
        assert taken == [False, True, False]
    with store.reading() as tx:
        factor = second_factors.of(tx, jan.id)
        assert factor is not None
        assert (factor.sealed_secret, factor.last_step) == (b"second", 8)
        assert second_factors.recovery_codes_left(tx, jan.id) == 1
    with store.transaction() as tx:
        assert [second_factors.reset(tx, jan.id), second_factors.reset(tx, jan.id)] == [True, False]
        assert second_factors.recovery_codes_left(tx, jan.id) == 0


def test_standing_sessions_are_those_of_accounts_that_are_on(store: Store) -> None:
    def open_(user: User, token: str, hours: int) -> None:
        login_sessions.add(
            tx, token_hash=token * 64, user_id=user.id, csrf_token="c", workstation="w", created_at=NOW,
            expires_at=NOW + timedelta(hours=hours), method="totp",
        )  # fmt: skip

    with store.transaction() as tx:
        jan, els = (users.add(tx, name, name, "$hash", ["admin"], NOW) for name in ("jan", "els"))
        open_(jan, "a", 1)
        open_(jan, "b", 3)
        open_(els, "c", 3)
    later = NOW + timedelta(hours=2)
    with store.transaction() as tx:
        assert {session.handle[0] for session in login_sessions.standing(tx, later)} == {"b", "c"}
        assert [session.method for session in login_sessions.standing(tx, later, "jan")] == ["totp"]
        users.set_password(tx, "jan", "$new", keep_session="b" * 64)
        users.set_active(tx, "els", active=False)
        assert [session.token_hash[0] for session in login_sessions.standing(tx, NOW)] == ["b"]
