"""Which URLs are a camera's: rtsp:// or rtsps://, with a host, without credentials. Pure."""

import re
from urllib.parse import SplitResult, urlsplit

from vms.errors import ProtocolError

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
_URL = re.compile(r"[!-~]{8,2048}")


def check_url(url: str) -> SplitResult:
    """Raises ProtocolError unless it is an rtsp(s) URL with a host and without credentials."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError as error:
        raise ProtocolError("not an RTSP URL") from error
    if not _URL.fullmatch(url) or parts.scheme not in DEFAULT_PORTS or not parts.hostname or not port_is_fine:
        raise ProtocolError("not an RTSP URL: rtsp://host[:port]/path expected")
    if "@" in parts.netloc:
        raise ProtocolError("credentials inside the RTSP URL: use username and password_file")
    return parts


def is_rtsp_url(text: str) -> bool:
    """Of what a camera calls its base; other things stand there, too."""
    return bool(_URL.fullmatch(text)) and text.partition(":")[0].lower() in DEFAULT_PORTS
