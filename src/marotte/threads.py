"""Work in a thread of its own, beside the caller's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_thread(
    work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Generator[Result]:
    """Yield the results of some work on items, in order, from a thread that works ahead.

    Items are taken in the caller's thread. Errors of the work are raised where its result would be.
    Closing the generator waits for the work that has begun.

    Args:
        work: what is done with each item.
        items: the items.
        ahead: how many items the thread may be ahead of the caller.

    Example:
        >>> list(in_thread(abs, [1, -2, -3], ahead=2))
        [1, 2, 3]
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(1) as thread:
        for item in items:
            waiting.append(thread.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
