"""A network that takes its time: a TCP proxy that hands on each piece a fixed delay after it came.

netem would delay all of the machine's loopback, and needs rights and a kernel module; this delays
one server's connections, each way by the same time, and needs neither. It is a process of its own,
on another CPU than the one that is measured where there is one. Pieces under way do not wait for
each other, so a round trip takes twice the delay longer, however much is sent in it. What the proxy
takes besides, some tens of microseconds, is every way's alike.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .timer import wake_promptly

ONE_WAY = 0.000_25  # seconds

_PIECE = 1 << 18


class _Direction:
    """One direction of a connection: pieces, and when each is due; an empty one is the end."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.ended = False  # nothing more comes
        self.done = False  # and the end has been handed on

    def take(self) -> None:
        try:
            piece = self.source.recv(_PIECE)
        except OSError:
            piece = b""
        self.waiting.append((time.monotonic() + ONE_WAY, piece))
        self.ended = not piece

    def hand_on(self) -> None:
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            piece = self.waiting.popleft()[1]
            with suppress(OSError):  # who has gone ends the other direction itself
                if piece:
                    self.sink.sendall(piece)
                else:
                    self.sink.shutdown(socket.SHUT_WR)
            self.done = not piece


class _Proxy:
    def __init__(self, listener: socket.socket, address: str | tuple[str, int]) -> None:
        self.listener = listener
        self.address = address
        self.directions: list[_Direction] = []

    def serve(self) -> None:
        """Hand on connections until the standard input ends."""
        while True:
            sources = {each.source: each for each in self.directions if not each.ended}
            due = min((each.waiting[0][0] for each in self.directions if each.waiting), default=0.0)
            patience = max(0.0, due - time.monotonic()) if due else None
            # select: its timeout has microseconds; epoll's has milliseconds.
            ready, _, _ = select.select([sys.stdin, self.listener, *sources], [], [], patience)
            if sys.stdin in ready:
                return
            if self.listener in ready:
                self._accept()
            for source in ready:
                if source in sources:
                    sources[source].take()
            for direction in self.directions:
                direction.hand_on()
            self._forget()

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        server = socket.socket(family)
        server.connect(self.address)
        if family == socket.AF_INET:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.directions += [_Direction(client, server), _Direction(server, client)]

    def _forget(self) -> None:
        """Close the connections that have ended in both directions; their two are neighbours."""
        pairs = list(zip(self.directions[::2], self.directions[1::2], strict=True))
        for there, back in pairs:
            if there.done and back.done:
                there.source.close()
                there.sink.close()
        self.directions = [
            each for pair in pairs if not (pair[0].done and pair[1].done) for each in pair
        ]


@contextmanager
def delaying(address: str | tuple[str, int]) -> Iterator[int]:
    """The port on 127.0.0.1 of a proxy to a unix socket's path, or to a host and port."""
    place = [address] if isinstance(address, str) else [address[0], str(address[1])]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", __name__, *place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def _main(place: list[str]) -> None:
    _leave_cpu()
    wake_promptly()
    address = place[0] if len(place) == 1 else (place[0], int(place[1]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        _Proxy(listener, address).serve()


def _leave_cpu() -> None:
    """Where what is measured is held to one CPU, take another."""
    if sys.platform != "linux":
        return
    held = os.sched_getaffinity(0)
    if len(held) == 1:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        others = os.sched_getaffinity(0) - held
        os.sched_setaffinity(0, others or held)


if __name__ == "__main__":
    _main(sys.argv[1:])
