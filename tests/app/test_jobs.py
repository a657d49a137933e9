"""Jobs: streaming, cancelling, errors, lanes, shutting down."""

from __future__ import annotations

import threading
import time

import pytest

from app.jobs import Job, Jobs, Lane, once


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    made.shutdown()


def collect(job: Job) -> tuple[list, list]:
    items: list = []
    ends: list = []
    job.yielded.connect(items.append)
    job.ended.connect(ends.append)
    return items, ends


def test_items_arrive_in_order_and_then_the_end(qtbot, jobs):
    job = Job(lambda: iter(range(1000)))
    items, ends = collect(job)
    jobs.start(job)
    qtbot.waitUntil(lambda: ends == [None])
    assert items == list(range(1000))
    assert job.done
    assert not jobs.busy


def test_an_exception_is_handed_over_with_what_came_before(qtbot, jobs):
    def work():
        yield 1
        raise ValueError("broken")

    job = Job(work)
    items, ends = collect(job)
    jobs.start(job)
    qtbot.waitUntil(lambda: bool(ends))
    assert items == [1]
    assert isinstance(ends[0], ValueError)


def test_cancel_stops_between_two_items_and_closes_the_iterator(qtbot, jobs):
    closed = threading.Event()

    def work():
        try:
            while True:
                time.sleep(0.002)
                yield "x"
        finally:
            closed.set()

    job = Job(work)
    items, ends = collect(job)
    jobs.start(job)
    qtbot.waitUntil(lambda: len(items) > 3)
    started = time.perf_counter()
    job.cancel()
    qtbot.waitUntil(lambda: ends == [None])
    assert time.perf_counter() - started < 0.15
    assert closed.is_set()


def test_one_lane_runs_in_order_and_the_other_does_not_wait(qtbot, jobs):
    gate = threading.Event()
    order: list[str] = []

    def slow():
        gate.wait(5)
        order.append("engine 1")
        yield

    jobs.start(Job(slow), Lane.ENGINE)
    jobs.start(Job(once(lambda: order.append("engine 2"))), Lane.ENGINE)
    jobs.start(Job(once(lambda: order.append("io"))), Lane.IO)
    qtbot.waitUntil(lambda: order == ["io"])
    gate.set()
    qtbot.waitUntil(lambda: order == ["io", "engine 1", "engine 2"])


def test_an_idle_job_gives_way(qtbot, jobs):
    def forever():
        while True:
            time.sleep(0.002)
            yield

    idle = Job(forever)
    _, ends = collect(idle)
    jobs.start(idle, idle=True)
    done: list = []
    jobs.start(Job(once(lambda: done.append(1))))
    qtbot.waitUntil(lambda: done == [1])
    qtbot.waitUntil(lambda: ends == [None])
    assert idle.cancelled


def test_shutdown_joins_the_threads_and_starts_nothing_more(qapp):
    jobs = Jobs()

    def forever():
        while True:
            time.sleep(0.002)
            yield

    jobs.start(Job(forever))
    jobs.shutdown()
    assert not [t for t in threading.enumerate() if t.name.startswith(("engine", "io"))]
    late = Job(lambda: iter([1]))
    jobs.start(late)
    assert late.cancelled
