"""The configuration: `load_config(path)` gives a frozen SiteConfig or a ConfigError with every problem."""

from vms.config.load import load_config, read_secret
from vms.config.model import (
    CAMERAS_PER_CAPTURE,
    RETENTION_CEILING_DAYS,
    Camera,
    Live,
    Onvif,
    Recorder,
    Retention,
    Site,
    SiteConfig,
    Volume,
)
from vms.config.web import Web

__all__ = [
    "CAMERAS_PER_CAPTURE",
    "RETENTION_CEILING_DAYS",
    "Camera",
    "Live",
    "Onvif",
    "Recorder",
    "Retention",
    "Site",
    "SiteConfig",
    "Volume",
    "Web",
    "load_config",
    "read_secret",
]
