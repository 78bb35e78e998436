import pytest

from ingest.onvif_profiles import MediaProfile, choose_main_and_sub, profile_if_usable, ptz_profile
from vms.errors import ProtocolError


def profile(token: str, width: int, height: int, source: str = "s", has_ptz: bool = False) -> MediaProfile:
    return MediaProfile(token, token, source, "h264", width, height, has_ptz=has_ptz)


def tokens(*profiles: MediaProfile) -> tuple[str, str | None]:
    main, sub = choose_main_and_sub(profiles)
    return main.token, sub.token if sub else None


def test_main_is_the_largest_and_sub_the_largest_of_at_most_half_its_width() -> None:
    found = [profile("a", 320, 180), profile("b", 1920, 1080), profile("c", 960, 540), profile("d", 1280, 720)]
    assert tokens(*found) == ("b", "c")
    assert tokens(*reversed(found)) == ("b", "c")


def test_without_a_small_enough_one_sub_is_the_smallest_other() -> None:
    assert tokens(profile("a", 1920, 1080), profile("b", 1600, 900), profile("c", 1280, 720)) == ("a", "c")


def test_the_same_picture_twice_is_no_substream() -> None:
    assert tokens(profile("a", 1920, 1080), profile("b", 1920, 1080)) == ("a", None)
    assert tokens(profile("a", 1920, 1080)) == ("a", None)


def test_another_eye_of_the_camera_is_not_its_substream() -> None:
    assert tokens(profile("a", 3840, 2160, "wide"), profile("b", 640, 360, "dome")) == ("a", None)


def test_a_camera_without_usable_profiles_is_an_error() -> None:
    with pytest.raises(ProtocolError, match=r"H\.264 or H\.265"):
        choose_main_and_sub([])


def test_the_head_is_moved_with_a_profile_of_the_same_eye() -> None:
    main = profile("a", 1920, 1080)
    assert ptz_profile([main, profile("b", 640, 360, has_ptz=True)], main) == profile("b", 640, 360, has_ptz=True)
    able = profile("a", 1920, 1080, has_ptz=True)
    assert ptz_profile([profile("b", 640, 360, has_ptz=True), able], able) == able
    assert ptz_profile([main, profile("c", 640, 360, "other", has_ptz=True)], main) is None


def usable(**changes: object) -> MediaProfile | None:
    told: dict[str, object] = {
        "token": "p",
        "name": "Main\x1b[31m",
        "source": "s",
        "encoding": "H264",
        "width": "1920",
        "height": 1080,
        "fps": "25",
        "gop_frames": "50",
        "bitrate_kbps": 4000,
    }
    return profile_if_usable(**{**told, **changes}, has_ptz=False)  # type: ignore[arg-type]


def test_values_are_read_from_numbers_and_texts() -> None:
    assert usable() == MediaProfile("p", "Main [31m", "s", "h264", 1920, 1080, 25.0, 2.0, 4_000_000)
    assert (found := usable(encoding="H.265"))
    assert found.codec == "h265"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"encoding": "JPEG"},
        {"encoding": None},
        {"token": ""},
        {"token": None},
        {"token": "x" * 257},
        {"width": 0},
        {"width": "nan"},
        {"height": "1e99"},
        {"height": None},
        {"width": -1920},
    ],
)
def test_a_nonsensical_profile_is_left_out(nonsense: dict[str, object]) -> None:
    assert usable(**nonsense) is None


def test_what_is_not_told_is_zero() -> None:
    found = usable(fps=None, gop_frames="x", bitrate_kbps="-5", name=None, source=None)
    assert found == MediaProfile("p", "", "", "h264", 1920, 1080)
