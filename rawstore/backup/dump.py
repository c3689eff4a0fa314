"""pg_dump and pg_restore at work."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from ..engines.watchdog import Watch, unwatch, watch
from ..progress import Progress
from ..tables.quoting import identifier
from ..target import PostgresTarget
from .archive import PORTION
from .manifest import Extension, Manifest
from .postgres import LOCK_WAIT, names, server
from .programs import Program, conninfo, environment, failed

if TYPE_CHECKING:
    import psycopg

STALLED = 600.0  # seconds without a byte of pg_dump, after which its server is taken for frozen


def dumped(
    program: Program,
    target: PostgresTarget,
    connection: psycopg.Connection[Any],
    schema: str,
    snapshot: str,
    needed: Iterable[Extension],
    on_progress: Progress,
) -> Iterator[bytes]:
    """What pg_dump writes, in its custom format, of the schema as the snapshot has it."""
    quoted = identifier(schema).as_string(connection)
    options = ["--format=custom", "--no-password", f"--schema={quoted}"]
    options += [f"--extension={identifier(each.name).as_string(connection)}" for each in needed]
    options += [f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_WAIT}"]
    options += [f"--dbname={conninfo(target, server(connection))}"]
    known = (schema, *names(connection, schema))  # to be told of, once it may not answer any more
    yield from _run(program, options, target, known, on_progress)


def _run(
    program: Program,
    options: list[str],
    target: PostgresTarget,
    known: Iterable[str],
    on_progress: Progress,
) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - the program that was looked up, our arguments
            [str(program.path), *options],
            env=environment(target),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for us, who then end it
        )
        stalled = Watch(process.kill)
        watch(stalled)
        try:
            yield from _read(process, stalled, on_progress)
            if process.wait():
                report = "error: the server did not go on" if stalled.fired else _text(errors)
                raise failed(program, report, target, known)
        finally:
            stalled.stop()
            unwatch(stalled)
            _end(process)


def _read(
    process: subprocess.Popen[bytes], stalled: Watch, on_progress: Progress
) -> Iterator[bytes]:
    size = 0
    while process.stdout is not None:
        stalled.start(STALLED)
        portion = process.stdout.read(PORTION)
        stalled.stop()
        if not portion:
            return
        size += len(portion)
        on_progress("dumping", size, None)
        yield portion


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def restored(
    program: Program,
    target: PostgresTarget,
    connection: psycopg.Connection[Any],
    manifest: Manifest,
    payload: Iterator[bytes],
    table_of_contents: str,
    *,
    plain: bool,
) -> None:
    """Feed a dump to pg_restore, in one transaction. `plain`: without owners and privileges."""
    with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as chosen:
        chosen.write(table_of_contents)
        chosen.flush()
        options = ["--exit-on-error", "--single-transaction", "--no-password"]
        options += ["--no-owner", "--no-privileges"] if plain else []
        options += [f"--use-list={chosen.name}"]
        options += [f"--dbname={conninfo(target, server(connection))}"]
        code, report, _ = _feed(program, options, target, payload)
    if code:
        known = [manifest.store, *(table.name for table in manifest.tables)]
        known += [each.name for each in manifest.extensions]
        raise failed(program, report, target, known, "; nothing was restored")


def contents(program: Program, target: PostgresTarget, payload: Iterator[bytes]) -> str:
    """The dump's table of contents, as pg_restore lists it."""
    code, report, listed = _feed(program, ["--list"], target, payload)
    if code:
        raise failed(program, report, target, ())
    return listed


def without(listed: str, *, schema: bool, extensions: Iterable[str]) -> str:
    """The table of contents without the schema (it is there) and without these extensions.

    Comments on extensions go too: only an extension's owner may set one.
    """
    dropped = [" SCHEMA - "] if schema else []
    dropped += [f" EXTENSION - {name} " for name in extensions]
    dropped += [" COMMENT - EXTENSION "]
    return "".join(
        f";{line}" if any(part in line for part in dropped) else line
        for line in listed.splitlines(keepends=True)
    )


def _feed(
    program: Program, options: list[str], target: PostgresTarget, payload: Iterator[bytes]
) -> tuple[int, str, str]:
    """Run pg_restore on what `payload` gives; its exit code, its complaints and its output.

    The last portion is held back until the payload is known to be right: one that is not ends
    the program in the middle of its transaction.
    """
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - the program that was looked up, our arguments
            [str(program.path), *options],
            env=environment(target),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            _write(process, payload)
            process.wait()
        finally:
            _end(process)
        return process.returncode, _text(errors), _text(output)


def _write(process: subprocess.Popen[bytes], payload: Iterator[bytes]) -> None:
    if process.stdin is None:
        return
    held = b""
    try:
        for portion in payload:
            process.stdin.write(held)
            held = portion
        process.stdin.write(held)
        process.stdin.close()
    except BrokenPipeError:  # it has read enough, or it failed and says why
        return
