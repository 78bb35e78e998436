"""Errors with a meaning of their own. Libraries' errors are translated into these where they are caught."""


class UitkijkError(Exception):
    """Base of every error this product raises on purpose; its text is fit for a user's eyes."""


class ConfigError(UitkijkError):
    """The configuration or the command's usage is wrong. The command ends with exit code 2.

    problems: one line each, naming file, key, what is wrong and how to fix it.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CameraError(UitkijkError):
    """A camera did not do what was asked. Never contains a credential."""


class CameraUnreachable(CameraError):
    """No connection, or no answer in time."""


class CameraUnauthorized(CameraError):
    """The camera refused the credentials: back off for long, or the account locks."""


class ProtocolError(CameraError):
    """The camera's bytes break the protocol."""


class StreamStalled(CameraError):
    """Connected, but no video frame within the watchdog's time."""


class StorageError(UitkijkError):
    """A volume cannot be written or read: missing marker, full, read-only, I/O error."""


class KeyUnavailable(StorageError):
    """The key a segment needs is missing, wrong or destroyed. There is no plaintext fallback."""


class FootageExpired(UitkijkError):
    """The footage passed its retention limit; whether it is already erased does not matter (HTTP 410)."""


class FootageMissing(UitkijkError):
    """The catalog has no such footage (HTTP 404)."""


class StoreBusy(UitkijkError):
    """The database is locked or away. The caller keeps its work and tries again."""


class Refused(UitkijkError):
    """A rule says no; the text says which and why (HTTP 403)."""
