"""The certificate that browsers are shown is about to end, and every wall goes dark with it: told daily, in time."""

from datetime import datetime, timedelta
from typing import Final

from web.alarms import Alarm
from web.tls_files import Certificate

TOLD_BEFORE: Final = timedelta(days=14)


def certificate_alarm(certificate: Certificate | None, now: datetime) -> Alarm | None:
    """Pure. None: it lasts, or there is none."""
    if certificate is None or certificate.ends_at - now > TOLD_BEFORE:
        return None
    day = f"{certificate.ends_at:%d-%m-%Y}"
    if certificate.ends_at <= now:
        return Alarm("", "certificate_ends", f"Het certificaat is verlopen op {day}", f"The certificate ended on {day}")
    nl, en = f"Het certificaat verloopt op {day}", f"The certificate ends on {day}"
    return Alarm("", "certificate_ends", nl, en, "replace web.tls_cert_file and web.tls_key_file, restart web")
