"""Pictures of the fake backend: a colour that says which camera it is, so that a test can read it from the screen."""

import colorsys
import fractions
import io

import av
import cv2
import numpy as np

FPS = 12
CLOCK_90K = 90_000
SEGMENT_S = 10


def colour_of(number: int) -> tuple[int, int, int]:
    """RGB that stays apart from its neighbours' after coding."""
    red, green, blue = colorsys.hsv_to_rgb((number * 0.17) % 1, 0.8, 0.8)
    return int(red * 255), int(green * 255), int(blue * 255)


def picture(number: int, index: int, width: int, height: int) -> av.VideoFrame:
    image = np.zeros((height, width, 3), np.uint8)
    image[:] = colour_of(number)
    shade = np.linspace(0.55, 1.0, height)[:, None, None]
    image = (image * shade).astype(np.uint8)
    step = (index * 8) % width
    image[height // 2 - 12 : height // 2 + 12, step : step + 40] = 235
    return av.VideoFrame.from_ndarray(image, format="rgb24")


def jpeg(number: int, index: int, width: int, height: int) -> bytes:
    return cv2.imencode(".jpg", picture(number, index, width, height).to_ndarray(format="bgr24"))[1].tobytes()


def encoder(width: int, height: int) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = fractions.Fraction(1, FPS)
    codec.profile = "Baseline"
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS)}
    return codec


def encoded_loop(number: int, width: int = 640, height: int = 360) -> list[bytes]:
    codec = encoder(width, height)
    return [bytes(packet) for index in range(FPS) for packet in codec.encode(picture(number, index, width, height))]


def segment_mp4(number: int, seconds: float = SEGMENT_S) -> bytes:
    """Fragmented MP4 with its times from 0, a fragment per second."""
    out = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(out, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "g": str(FPS), "bf": "0"}
        for index in range(int(seconds * FPS)):
            container.mux(stream.encode(picture(number, index, 320, 180)))
        container.mux(stream.encode())
    return out.getvalue()
