"""What an account or a token may be called. Pure."""

import re
from typing import Final

NAME_RULE: Final = "a name has a-z, 0-9, '.', '_', '@' or '-', and starts with a letter or digit"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")


def is_account_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None
