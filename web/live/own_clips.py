"""Clips for the command line: the same painter, without a live process that must run for it. Blocking."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace

from recorder.shelf import Shelf
from vms.config import SiteConfig
from vms.errors import Refused
from vms.placement_file import PlacementBook
from vms.store import Store
from vms.units import Profile
from web.bundle.clips import RenderedClip
from web.live.playback import EVIDENCE, Playback
from web.live.references import ReferenceBook


class OwnClips:
    """One thread."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    @contextmanager
    def clip(
        self, camera_id: str, profile: Profile, from_us: int, to_us: int, watermark: str, lift: int | None
    ) -> Iterator[RenderedClip]:
        if lift is not None:
            raise Refused("masks are not lifted on the command line")
        clip = self._playback.clip(camera_id, profile, from_us, to_us, replace(EVIDENCE, watermark=watermark))
        try:
            yield RenderedClip(clip.chunks, clip.start_us, "original" if clip.is_original else "painted")
        finally:
            if isinstance(clip.chunks, Generator):
                clip.chunks.close()


def own_clips(config: SiteConfig, store: Store) -> OwnClips:
    must_be_placed = config.live.unplaced == "blank"
    placements = PlacementBook(config).placed
    references = ReferenceBook(config.site.data_dir, config.site_key_file, placements, must_be_placed=must_be_placed)
    shelf = Shelf(config)
    return OwnClips(Playback(config, store, lambda: shelf.reader, references))
