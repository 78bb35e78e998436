"""What purposes and cameras must agree on, and what a site should still write down about them."""

from vms.config.model import Camera, SiteConfig
from vms.config.purposes import PURPOSES, Purpose


def term_problem(config: SiteConfig, camera: Camera) -> str | None:
    """A camera's own term is shorter than its purpose's, never longer."""
    days = config.purposes.days(camera.purpose, config.retention.days)
    if camera.retention_days is None or camera.retention_days <= days:
        return None
    return f"{camera.purpose} is kept {days} days; give {days} or less, or leave it out"


def purposes_without_basis(config: SiteConfig) -> list[Purpose]:
    """Of cameras that there are."""
    used = {camera.purpose for camera in config.cameras}
    return [purpose for purpose in PURPOSES if purpose in used and not config.purposes.basis(purpose)]
