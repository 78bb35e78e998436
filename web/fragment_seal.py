"""A fragment to take along is sealed as each video of an export is: a changed byte shows, without this server.

It has no manifest and stands in no register of requests: evidence that leaves the house is an export.
"""

from collections.abc import Callable
from pathlib import Path

from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.export_certificate import ExportSealer, create_export_key
from web.bundle.eff import ExportFacts, seal
from web.bundle.verify import certificate_id

FragmentSeal = Callable[[Path, str, str, int], str]
"""(file, who made it, camera, when it begins in microseconds UTC) → id of the certificate. Blocking.

Raises KeyUnavailable, OSError.
"""


def fragment_seal(config: SiteConfig, clock: Clock) -> FragmentSeal:
    """The site's key is made at first use."""

    def seal_fragment(path: Path, operator: str, camera_id: str, start_us: int) -> str:
        create_export_key(config.export_key_file, config.site.name, now_utc(clock))
        sealer = ExportSealer(config.export_key_file)
        camera = config.camera(camera_id)
        source = f"{camera.number} {camera.name}" if camera else camera_id
        seal(path, ExportFacts(config.site.name, operator, source, clock.now_us(), start_us), sealer)
        return certificate_id(sealer.certificate)

    return seal_fragment
