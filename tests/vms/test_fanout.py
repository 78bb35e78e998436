from tests.fakes import packet
from vms.fanout import PacketQueue, QueueBudget
from vms.packet import PACKET_COST_BYTES

DATA = bytes(100)
SIZE = len(DATA) + PACKET_COST_BYTES
"""In memory."""


def fill(queue: PacketQueue, count: int, first: int = 0) -> list[bool]:
    return [queue.offer(packet(n, data=DATA, keyframe=True)) for n in range(first, first + count)]


def test_all_queues_together_stay_within_the_budget_and_substreams_go_first() -> None:
    budget = QueueBudget(10 * SIZE)
    sub, main = PacketQueue(99 * SIZE, budget=budget, budget_share=0.5), PacketQueue(99 * SIZE, budget=budget)
    assert fill(sub, 7) == [True] * 5 + [False] * 2
    assert fill(main, 7) == [True] * 5 + [False] * 2
    assert budget.queued_bytes == 10 * SIZE
    assert fill(sub, 1) == [False]
    assert len(main.take(2 * SIZE + 1)) == 3
    assert (budget.queued_bytes, main.queued_bytes) == (10 * SIZE, 5 * SIZE)
    main.done()
    assert (budget.queued_bytes, main.queued_bytes) == (7 * SIZE, 2 * SIZE)
    assert fill(sub, 1) == [False]
    assert fill(main, 1) == [True]


def test_a_batch_has_at_least_one_packet_however_large_and_keeps_the_order() -> None:
    queue = PacketQueue(99 * SIZE)
    fill(queue, 5)
    assert [p.sequence for p in queue.take(1)] == [0]
    assert [p.sequence for p in queue.take(SIZE + 1)] == [1, 2]
    assert [p.sequence for p in queue.take_all()] == [3, 4]
    assert queue.take(1) == []
    assert queue.queued_bytes == 0


def test_after_an_overflow_a_group_of_pictures_never_has_a_hole() -> None:
    queue = PacketQueue(2 * SIZE + 1)
    pictures = [packet(n, data=DATA, gop=4) for n in range(9)]
    assert [queue.offer(p) for p in pictures[:4]] == [True, True, False, False]
    queue.take_all()
    assert [queue.offer(p) for p in pictures[3:6]] == [False, True, True]
    assert queue.take_dropped() == 3


def test_millions_of_tiny_pictures_fill_a_queue_by_the_memory_they_take() -> None:
    queue = PacketQueue(100 * PACKET_COST_BYTES)
    accepted = [queue.offer(packet(n, data=b"", keyframe=True)) for n in range(101)]
    assert accepted == [True] * 100 + [False]
