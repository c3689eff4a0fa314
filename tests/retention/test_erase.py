"""After erase nothing of a person is left, and all of the others is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import rawstore
from rawstore.errors import ConfigError, ForeignKeyViolation, ParameterError
from tests.portal import PortalStore

from .conftest import Raw
from .persons import CANARY, digests, fill, found, mentions

Opened = Callable[[str], Any]
STORES = ("minipilot", "duiliocode", "collections")
ROWS = {
    "minipilot": {
        "delete_user_messages": 9,
        "delete_user_conversations": 4,
        "delete_user": 1,
    },
    "duiliocode": {"delete_user_history": 5, "delete_user_preferences": 1},
    "collections": {"delete_user_embeddings": 4, "delete_user_analyses": 4, "delete_user_items": 2},
}
UNTOUCHED = {
    "minipilot": ("knowledge_chunks",),
    "duiliocode": ("system_metrics",),
    "collections": (),
}


@pytest.mark.parametrize("name", STORES)
def test_nothing_of_a_person_is_left_and_all_of_the_others_is(
    name: str, opened: Opened, raw: Raw, tmp_path: Path
) -> None:
    store = opened(name)
    fill(store, "bob", "unmarked")
    if name == "duiliocode":
        store.save_metric("op", 1.0)
    before = digests(store)
    subject = fill(store, "ann", CANARY)
    assert list(mentions(store, raw, CANARY, str(subject)))
    assert found(store, "ann") or name == "minipilot"

    would = store.erase(subject, dry_run=True)
    assert sum(would.rows.values()) == sum(ROWS[name].values())
    assert digests(store) != before
    done = store.erase(subject, export=tmp_path / "ann", batch=2)
    assert done.finished
    assert done.rows == ROWS[name]
    assert done.untouched == UNTOUCHED[name]
    assert list(mentions(store, raw, CANARY, str(subject), "ann")) == []
    assert digests(store) == before
    assert found(store, "ann") == []
    assert found(store, "bob") or name == "minipilot"
    kept = json.loads((tmp_path / "ann" / f"{name}.json").read_text())
    assert sum(len(part["rows"]) for part in kept["parts"]) == sum(ROWS[name].values())
    assert not any(store.erase(subject).rows.values())


@pytest.mark.parametrize("name", ["omnimemory", "contextpilot"])
def test_a_store_that_knows_no_persons_says_so(name: str, tmp_path: Path) -> None:
    with rawstore.open(name, "sqlite://") as store:
        with pytest.raises(ConfigError, match=f"{name}: it knows no persons"):
            store.erase("ann")
        with pytest.raises(ConfigError, match=f"{name}: it knows no persons"):
            store.export_subject("ann", tmp_path)


def test_a_subject_of_another_type_is_refused(opened: Opened, tmp_path: Path) -> None:
    store = opened("minipilot")
    for call in (store.erase, lambda who: store.export_subject(who, tmp_path)):
        with pytest.raises(ParameterError) as caught:
            call("no uuid")
        assert "no uuid" not in str(caught.value)
    assert list(tmp_path.glob("*.json")) == []


def test_it_is_stopped_between_portions_and_goes_on(opened: Opened, raw: Raw) -> None:
    store = opened("duiliocode")
    fill(store, "ann", CANARY)
    stop = threading.Event()
    done = store.erase("ann", batch=2, stop=stop, on_progress=lambda *_: stop.set())
    assert not done.finished
    assert done.rows == {"delete_user_history": 2, "delete_user_preferences": 0}
    assert store.erase("ann").rows == {"delete_user_history": 3, "delete_user_preferences": 1}
    assert list(mentions(store, raw, CANARY)) == []


def test_rows_that_keep_coming_leave_it_unfinished(opened: Opened) -> None:
    store = opened("duiliocode")
    writing = True

    def write(*_: object) -> None:
        if writing:
            store.set_preference("ann", "theme", "dark")

    store.set_preference("ann", "theme", "dark")
    assert not store.erase("ann", on_progress=write).finished
    writing = False
    assert store.erase("ann").finished


def test_a_user_who_goes_on_writing_is_erased_all_the_same(opened: Opened) -> None:
    store = opened("minipilot")
    subject = fill(store, "ann", CANARY)
    gone = threading.Event()

    def write(*_: object) -> None:
        with suppress(ForeignKeyViolation):
            conversation = store.create_conversation(subject, title=CANARY)
            store.add_message(conversation.id, "user", CANARY)

    guard = threading.Timer(20.0, gone.set)  # else a failure would go on for ever
    guard.start()
    done = store.erase(subject, stop=gone, pause=0, on_progress=write)
    guard.cancel()
    assert done.finished
    assert store.list_all_conversations() == []


def test_an_async_store_prunes_exports_and_erases(
    migrated_url: Callable[[str], str], raw: Raw, tmp_path: Path
) -> None:
    store = PortalStore("duiliocode", migrated_url("duiliocode"))
    try:
        fill(store, "ann", CANARY)
        assert store.prune("1d").deleted == 0
        assert sum(store.export_subject("ann", tmp_path, form="jsonl").rows.values()) == 6
        assert store.erase("ann").rows == {"delete_user_history": 5, "delete_user_preferences": 1}
        assert store.list_preferences("ann") == []
    finally:
        store.end()


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_in_memory_too(colour: str) -> None:
    store: Any = (rawstore.open if colour == "sync" else PortalStore)("duiliocode", "sqlite://")
    try:
        store.migrate()
        fill(store, "ann", CANARY)
        assert store.prune("1d").finished
        assert sum(store.erase("ann").rows.values()) == 6
        assert store.list_preferences("ann") == []
    finally:
        store.close() if colour == "sync" else store.end()
