"""Worker processes: each task gives one result, and few tasks are taken ahead."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import active_children

from worker_functions import triple_or_die

from marotte.processes import map_tasks, n_cores


def test_each_task_gives_its_result_on_one_thread() -> None:
    finished = list(map_tasks(triple_or_die, range(20), 2))
    assert sorted(each.task for each in finished) == list(range(20))
    assert all(each.result == (3 * each.task, "1") for each in finished)
    assert not active_children()


def test_a_worker_that_dies_is_replaced() -> None:
    results = {each.task: each.result for each in map_tasks(triple_or_die, [1, -1, -2, 2], 1)}
    assert results == {1: (3, "1"), -1: None, -2: None, 2: (6, "1")}


def test_tasks_are_taken_one_at_a_time_and_closing_ends_the_workers() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    finished = map_tasks(triple_or_die, tasks(), 2)
    next(finished)
    assert taken == [0, 1]
    finished.close()
    assert not active_children()


def test_there_is_a_core() -> None:
    assert n_cores() >= 1
