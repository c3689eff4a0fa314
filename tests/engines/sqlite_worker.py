"""A process that writes to an SQLite shop: `python -m tests.engines.sqlite_worker …`.

The arguments are the store's folder, its URL, the worker's number, the number of threads and the
seconds to go on for. Each row is told on stdout once it is acknowledged.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import rawstore

PER_WORKER = 10_000_000
PER_THREAD = 1_000_000


def main() -> None:
    folder, url, worker, threads, seconds = sys.argv[1:]
    end = time.monotonic() + float(seconds)
    with rawstore.open(Path(folder), url) as store:
        running = [
            threading.Thread(target=write, args=(store, int(worker), number, end))
            for number in range(int(threads))
        ]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()


def write(store: Any, worker: int, thread: int, end: float) -> None:
    first = number = worker * PER_WORKER + thread * PER_THREAD
    while time.monotonic() < end:
        try:
            number = step(store, number)
        except rawstore.RawstoreError as error:
            tell(f"error {type(error).__name__}: {error}")
            return
        if store.get(first) is None:
            tell("error: a row is gone")
            return


def step(store: Any, number: int) -> int:
    """Write one row, or two together; the next number."""
    if number % 5:
        store.add(number)
        tell(f"{number}")
        return number + 1
    with store.transaction() as tx:
        tx.add(number, "pair")
        tx.add(number + 1, "pair")
    tell(f"{number}\n{number + 1}")
    return number + 2


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
