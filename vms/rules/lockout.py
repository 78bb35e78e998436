"""How long an account rests after wrong passwords: long enough to stop guessing, short enough to work."""

FREE_ATTEMPTS = 5
_FIRST_S = 30
_LONGEST_S = 15 * 60


def back_off_s(failed_logins: int) -> int:
    """Seconds of rest after this many failures in a row: 0 up to four, then 30 s, doubling up to 15 minutes."""
    if failed_logins < FREE_ATTEMPTS:
        return 0
    return int(min(_LONGEST_S, _FIRST_S * 2 ** min(failed_logins - FREE_ATTEMPTS, 10)))
