"""What export-subject writes, and how."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rawstore.errors import ConfigError

from .persons import CANARY, fill

Opened = Callable[[str], Any]


def test_one_document_says_what_is_in_it(opened: Opened, tmp_path: Path) -> None:
    store = opened("minipilot")
    subject = fill(store, "ann", CANARY)
    fill(store, "bob", "unmarked")
    done = store.export_subject(subject, tmp_path / "ann")
    assert done.files == (tmp_path / "ann" / "minipilot.json",)
    (file,) = done.files
    assert file.stat().st_mode & 0o077 == 0
    document = json.loads(file.read_text())
    assert (document["store"], document["subject"]) == ("minipilot", str(subject))
    parts = {part["name"]: part for part in document["parts"]}
    assert parts["get_user_by_id"]["what"] == "the user"
    assert parts["get_user_by_id"]["rows"][0]["email"] == f"ann@{CANARY}.example"
    assert [len(part["rows"]) for part in document["parts"]] == [4, 9, 1]
    assert "unmarked" not in file.read_text()
    message = store.get_message_by_id(parts["export_messages"]["rows"][0]["id"])
    assert parts["export_messages"]["rows"][0] == {
        **message._asdict(),
        "id": str(message.id),
        "conversation_id": str(message.conversation_id),
        "created_at": message.created_at.isoformat(),
        "updated_at": message.updated_at.isoformat(),
    }


def test_lines_go_to_a_file_for_each_query(opened: Opened, tmp_path: Path) -> None:
    store = opened("collections")
    fill(store, "ann", CANARY)
    done = store.export_subject("ann", tmp_path, form="jsonl")
    assert dict(done.rows) == {"export_items": 2, "export_analyses": 4, "export_embeddings": 4}
    text = (tmp_path / "export_embeddings.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows[0]["vector"] == [1.0] * 1024
    assert rows[0]["embedding_source"] == {"from": CANARY}


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_stream_gets_it_as_well(form: Any, opened: Opened) -> None:
    store = opened("duiliocode")
    fill(store, "ann", CANARY)
    stream = io.StringIO()
    store.export_subject("ann", stream, form=form)
    if form == "json":
        assert [len(part["rows"]) for part in json.loads(stream.getvalue())["parts"]] == [5, 1]
        return
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["name"] for line in lines] == ["export_history"] * 5 + ["list_preferences"]
    assert lines[5]["row"]["value"] == CANARY


def test_nothing_is_written_over(opened: Opened, tmp_path: Path) -> None:
    store = opened("duiliocode")
    fill(store, "ann", CANARY)
    folder = tmp_path / "ann"
    folder.mkdir()
    (folder / "list_preferences.jsonl").write_text("mine")
    with pytest.raises(FileExistsError):
        store.export_subject("ann", folder, form="jsonl")
    assert [path.name for path in folder.iterdir()] == ["list_preferences.jsonl"]
    assert (folder / "list_preferences.jsonl").read_text() == "mine"


def test_without_the_export_nothing_is_erased(opened: Opened, tmp_path: Path) -> None:
    store = opened("duiliocode")
    fill(store, "ann", CANARY)
    (tmp_path / "duiliocode.json").write_text("mine")
    with pytest.raises(FileExistsError):
        store.erase("ann", export=tmp_path)
    assert len(store.list_preferences("ann")) == 1


def test_an_unknown_form_is_refused(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known are json, jsonl"):
        opened("duiliocode").export_subject("ann", tmp_path, form="xml")


def test_somebody_unknown_has_nothing(opened: Opened, tmp_path: Path) -> None:
    done = opened("duiliocode").export_subject("nobody", tmp_path)
    assert dict(done.rows) == {"export_history": 0, "list_preferences": 0}
    assert [part["rows"] for part in json.loads(done.files[0].read_text())["parts"]] == [[], []]
