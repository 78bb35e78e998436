"""Where packets were lost while a segment was recorded: what a decoder fills in there is from before.

Blocks of a home may then show where the camera no longer looks, so that playback blanks a turning camera as live does,
until a whole keyframe.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from recorder.poses import LossMark

Damage = Literal["none", "here", "somewhere"]
"""somewhere: of this file packets are missing, and which is not known; no keyframe of it counts as whole."""


@dataclass(frozen=True, slots=True)
class FootageLosses:
    """before_90k: PTS of the pictures after a loss, rising. anywhere: it is not known where."""

    before_90k: tuple[int, ...] = ()
    anywhere: bool = False

    def between(self, after_90k: int, until_90k: int) -> Damage:
        """What was lost between the pictures of these times, the later one included."""
        if self.anywhere:
            return "somewhere"
        here = bisect_right(self.before_90k, after_90k) < bisect_right(self.before_90k, until_90k)
        return "here" if here else "none"


def footage_losses(lost_packets: int, marks: Sequence[LossMark] | None) -> FootageLosses:
    """lost_packets: as the catalog counts them. marks: as the sidecar does; None = it cannot be read."""
    if marks is None or sum(mark.lost_packets for mark in marks) < lost_packets:
        return FootageLosses(anywhere=True)
    return FootageLosses(tuple(sorted(mark.before_90k for mark in marks)))
