"""An async store that looks like a sync one, so that one suite tests both.

Its event loop runs in a thread of its own; every call is one task there.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import rawstore
from rawstore.aio import AsyncStore, AsyncStream


class Portal:
    """An event loop in a thread, which other threads call into."""

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._loop = new_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="portal")
        self._thread.start()

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """What `function` gives, awaited in the loop where that is to be done."""

        async def work() -> tuple[Any, BaseException | None]:
            try:
                answer = function(*args, **keywords)
                return (await answer if inspect.isawaitable(answer) else answer), None
            except BaseException as error:  # the loop would end with a KeyboardInterrupt
                return None, error

        answer, error = asyncio.run_coroutine_threadsafe(work(), self._loop).result()
        if error is None:
            return answer
        try:
            raise error
        finally:
            del error

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let it run in the loop. Raises RuntimeError where that is closed."""
        self._loop.call_soon_threadsafe(lambda: self._keep(self._loop.create_task(function())))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextmanager
    def block(self, manager: AbstractAsyncContextManager[Any]) -> Iterator[Any]:
        """The block of an async context manager."""
        entered = self.call(manager.__aenter__)
        try:
            yield entered
        except BaseException as error:
            if not self.call(manager.__aexit__, type(error), error, error.__traceback__):
                raise
        else:
            self.call(manager.__aexit__, None, None, None)

    def close(self) -> None:
        """End the loop; whatever is still going on in it is cancelled."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.get_running_loop().shutdown_default_executor()

        self.call(end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class PortalCaller:
    """An async store, session or transaction as a sync one."""

    def __init__(self, portal: Portal, inner: Any) -> None:
        self._portal = portal
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not inspect.isroutine(value):
            return value

        @wraps(value)
        def method(*args: Any, **keywords: Any) -> Any:
            answer = self._portal.call(value, *args, **keywords)
            return PortalStream(self._portal, answer) if type(answer) is AsyncStream else answer

        return method

    def __dir__(self) -> list[str]:
        return dir(self._inner)

    def __repr__(self) -> str:
        return repr(self._inner)

    @contextmanager
    def transaction(self, *args: Any, **keywords: Any) -> Iterator[Any]:
        with self._portal.block(self._inner.transaction(*args, **keywords)) as transaction:
            yield PortalCaller(self._portal, transaction)

    @contextmanager
    def session(self) -> Iterator[Any]:
        with self._portal.block(self._inner.session()) as session:
            yield PortalCaller(self._portal, session)

    @contextmanager
    def batch(self) -> Iterator[Any]:
        with self._portal.block(self._inner.batch()) as batch:
            yield batch

    def run(self, function: Callable[[Any], Any], **keywords: Any) -> Any:
        async def work(transaction: Any) -> Any:
            return await asyncio.to_thread(function, PortalCaller(self._portal, transaction))

        return self._portal.call(self._inner.run, work, **keywords)


class PortalStore(PortalCaller):
    """An async store as a sync one; closed, its loop ends with `end`."""

    def __init__(
        self,
        store: str | Path,
        url: str,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        opened: AsyncStore = rawstore.open_async(store, url)
        super().__init__(Portal(new_loop), opened)

    def close(self) -> None:
        self._portal.call(self._inner.close)

    def end(self) -> None:
        """Close the store, and end the loop."""
        self.close()
        self._portal.close()


# Streams that are read: the parts of a cycle end in any order, and a stream that ends before its
# PortalStream would say that it was left open.
_read: set[AsyncStream[Any]] = set()


class PortalStream(Iterator[Any]):
    """An async stream as a sync one, which is opened at once as that is."""

    def __init__(self, portal: Portal, stream: AsyncStream[Any]) -> None:
        self._portal = portal
        self._stream = stream
        self._rows: list[Any] = []
        _read.add(stream)
        self._portal.call(stream.__aenter__)

    def __next__(self) -> Any:
        if not self._rows:
            self._rows = self._portal.call(self._chunk)[::-1]
            if not self._rows:
                raise StopIteration
        return self._rows.pop()

    async def _chunk(self) -> list[Any]:
        """The rows that are at hand, or the next ones: a task for each would take its time."""
        rows = []
        async for row in self._stream:
            rows.append(row)
            if not self._stream._rows:
                break
        return rows

    def close(self) -> None:
        self._rows = []
        self._portal.call(self._stream.close)

    def __enter__(self) -> PortalStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        """As a sync one that is dropped; the collector may run in the loop's own thread."""
        if self._stream._done is not None:
            try:
                self._portal.start(self._stream.close)
            except RuntimeError:  # the loop is closed, and its connections with it
                self._stream._done = None
        _read.discard(self._stream)
