"""Work ahead of the caller, in a thread."""

import threading

import pytest

from marotte.threads import in_thread


def test_results_come_in_order_from_another_thread():
    threads = set()

    def double(item):
        threads.add(threading.current_thread())
        return 2 * item

    assert list(in_thread(double, range(9), ahead=3)) == list(range(0, 18, 2))
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_no_more_items_are_taken_than_allowed():
    taken = []

    def items():
        for item in range(9):
            taken.append(item)
            yield item

    results = in_thread(abs, items(), ahead=2)
    assert next(results) == 0
    assert taken == [0, 1, 2]
    results.close()


@pytest.mark.parametrize("where", ["work", "items"])
def test_errors_of_the_work_and_of_the_items_reach_the_caller(where):
    def work(item):
        return 1 // (item if where == "work" else 1)

    def items():
        yield 1
        yield 0
        if where == "items":
            raise ZeroDivisionError

    results = in_thread(work, items(), ahead=0)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        list(results)
