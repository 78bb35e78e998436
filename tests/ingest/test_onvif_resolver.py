import threading

import pytest

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_resolver import FAILED_S, FRESH_S, CameraResolver
from tests.fakes import FakeClock
from vms.errors import CameraError, CameraUnauthorized, CameraUnreachable


class Asked:
    """Answers from a script; counts."""

    def __init__(self, *answers: CameraError | OnvifCamera) -> None:
        self.answers = list(answers)
        self.count = 0

    def __call__(self) -> OnvifCamera:
        self.count += 1
        answer = self.answers.pop(0)
        if isinstance(answer, CameraError):
            raise answer
        return answer


CAMERA, OTHER = object.__new__(OnvifCamera), object.__new__(OnvifCamera)


def test_streams_and_head_share_one_question_and_a_lost_stream_asks_anew() -> None:
    clock, asked = FakeClock(), Asked(CAMERA, OTHER, CAMERA)
    resolver = CameraResolver(asked, clock)
    assert all(resolver.camera() is CAMERA for _ in range(3))
    assert asked.count == 1
    resolver.forget()
    resolver.camera()
    assert asked.count == 2
    clock.advance(FRESH_S + 1)
    resolver.camera()
    assert asked.count == 3


def test_a_refused_account_is_not_asked_again_for_a_minute_even_when_streams_fall() -> None:
    clock, asked = FakeClock(), Asked(CameraUnauthorized("no"), CAMERA)
    resolver = CameraResolver(asked, clock)
    for _ in range(10):
        with pytest.raises(CameraUnauthorized):
            resolver.camera()
        resolver.forget()
        clock.advance(5)
    assert asked.count == 1
    clock.advance(11)
    resolver.camera()
    assert asked.count == 2


def test_a_failure_is_shared_for_a_moment() -> None:
    clock, asked = FakeClock(), Asked(CameraUnreachable("no"), CAMERA)
    resolver = CameraResolver(asked, clock)
    for _ in range(2):
        with pytest.raises(CameraUnreachable):
            resolver.camera()
    clock.advance(FAILED_S)
    resolver.camera()
    assert asked.count == 2


def test_many_threads_ask_once() -> None:
    asked = Asked(CAMERA)
    resolver = CameraResolver(asked, FakeClock())
    threads = [threading.Thread(target=resolver.camera) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert asked.count == 1


def test_what_is_remembered_serves_at_once_until_it_is_confirmed() -> None:
    asked = Asked(CameraUnreachable("busy"), OTHER)
    resolver = CameraResolver(asked, FakeClock(), CAMERA)
    assert resolver.camera() is CAMERA
    with pytest.raises(CameraUnreachable):
        resolver.confirm()
    assert (resolver.camera(), resolver.remembered) == (CAMERA, CAMERA)
    assert resolver.confirm() is resolver.camera() is OTHER
    assert (resolver.remembered, asked.count) == (None, 2)
    assert resolver.confirm() is OTHER
    assert asked.count == 2


def test_what_is_remembered_does_not_outlive_a_lost_stream_or_its_freshness() -> None:
    clock = FakeClock()
    lost, old = (CameraResolver(Asked(OTHER), clock, CAMERA) for _ in range(2))
    lost.forget()
    assert lost.camera() is OTHER
    clock.advance(FRESH_S)
    assert old.camera() is OTHER
