"""An async store's vectors: `AsyncStore.vectors`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..progress import Progress, quiet
from ..store import Store
from .facts import Rebuilt, Tuned, VectorIndex
from .rules import RECALL
from .tool import SAMPLE, TUNING_SAMPLE, WAIT

InThread = Callable[[Callable[[Store], Any]], Awaitable[Any]]


class AsyncVectors:
    """As `Vectors`, in a thread; `on_progress` is called in that thread."""

    def __init__(self, in_thread: InThread) -> None:
        """`in_thread` runs a function of a blocking store."""
        self._in_thread = in_thread

    async def status(
        self, *, sample: int = SAMPLE, recall: bool = True, on_progress: Progress = quiet
    ) -> list[VectorIndex]:
        """See `Vectors.status`."""
        found: list[VectorIndex] = await self._in_thread(
            lambda store: store.vectors.status(
                sample=sample, recall=recall, on_progress=on_progress
            )
        )
        return found

    async def rebuild(
        self,
        index: str | None = None,
        *,
        force: bool = False,
        dry_run: bool = False,
        recall: float = RECALL,
        sample: int = SAMPLE,
        wait: float = WAIT,
        on_progress: Progress = quiet,
    ) -> list[Rebuilt]:
        """See `Vectors.rebuild`."""
        done: list[Rebuilt] = await self._in_thread(
            lambda store: store.vectors.rebuild(
                index,
                force=force,
                dry_run=dry_run,
                recall=recall,
                sample=sample,
                wait=wait,
                on_progress=on_progress,
            )
        )
        return done

    async def tune(
        self,
        index: str | None = None,
        *,
        recall: float = RECALL,
        sample: int = TUNING_SAMPLE,
        dry_run: bool = False,
        on_progress: Progress = quiet,
    ) -> list[Tuned]:
        """See `Vectors.tune`."""
        done: list[Tuned] = await self._in_thread(
            lambda store: store.vectors.tune(
                index, recall=recall, sample=sample, dry_run=dry_run, on_progress=on_progress
            )
        )
        return done
