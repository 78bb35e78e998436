"""What an account or a token may be called, and when two names are one person's. Pure."""

import re
from typing import Final

NAME_RULE: Final = "a name has a-z, 0-9, '.', '_', '@' or '-', and starts with a letter or digit"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")


def is_account_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def is_same_person(a: str, b: str) -> bool:
    """However the names are spelled: registers and files from elsewhere hold names that somebody typed."""
    return a.strip().casefold() == b.strip().casefold()
