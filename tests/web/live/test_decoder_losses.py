"""A decoder that swallows a damaged picture must not hide that there was a loss."""

import av
import numpy as np
from fakes import packet
from live_site import WIDTH, encoder, noisy_street

from vms.packet import Packet
from web.live.codec import DecodedFrame, FrameDecoder


def panning(count: int) -> list[Packet]:
    context, found = encoder("h264"), []
    for number in range(count):
        image = np.roll(noisy_street(0), number * 12 % WIDTH, axis=1)
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts = number
        (encoded,) = context.encode(frame)
        found.append(packet(number, data=bytes(encoded), keyframe=encoded.is_keyframe))
    return found


def after_losing(lost: int) -> list[DecodedFrame]:
    """Pictures that come out after the one that never came."""
    decoder, found = FrameDecoder(), []
    for number, sent in enumerate(panning(26)):
        if number == lost:
            continue
        told = sent._replace(lost_before=int(number == lost + 1))
        pictures = list(decoder.decode(told))
        found += pictures if number > lost else []
    return found


def test_the_first_picture_after_a_lost_one_or_a_lost_keyframe_is_said_to_be_damaged() -> None:
    for lost in (5, 12):
        pictures = after_losing(lost)
        assert pictures
        assert [picture.is_damaged for picture in pictures] == [True] + [False] * (len(pictures) - 1)
