"""The rules that all of minipilot's queries keep: values, calls, times, ids and pages."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import rawstore
from rawstore.errors import ParameterError

LISTED = json.loads((Path(__file__).parents[1] / "minipilot_queries.json").read_text())
CLASSES = {
    "uuid": UUID,
    "text": str,
    "timestamptz": datetime,
    "bool": bool,
    "float": float,
}
FINE: dict[str, Any] = {
    "uuid": uuid4(),
    "text": "text",
    "int": 1,
    "timestamptz": datetime(2024, 2, 29, tzinfo=UTC),
    "json": {"key": 1},
    "rows": [{"source": "docs", "content": "Text"}],
}


def fine_arguments(query: dict[str, Any]) -> dict[str, Any]:
    return {param["name"]: FINE[param["type"]] for param in query["params"]}


def refusals(store: Any, bad: dict[str, list[Any]]) -> Iterator[str]:
    """Call each query with each bad value of each parameter; yield what was not refused.

    `bad` holds bad values by type. A refusal names the query, the parameter, and no value.
    """
    for query in LISTED["queries"]:
        for param in query["params"]:
            for value in bad.get(param["type"], []):
                call = f"{query['name']}({param['name']}={value!r})"
                arguments = fine_arguments(query) | {param["name"]: value}
                try:
                    getattr(store, query["name"])(**arguments)
                except ParameterError as error:
                    named = (error.query, error.parameter)
                    if named != (f"minipilot.{query['name']}", param["name"]):
                        yield f"{call} names {named}"
                except Exception as error:
                    yield f"{call} raises {error!r}"
                else:
                    yield f"{call} passes"


BAD = {
    "uuid": ["", "text", "0" * 31, "g" * 32, 1, 1.5, b"0" * 16, [], True],
    "text": ["a\0b", "\0", "\ud800", "a\udfff", 1, 1.5, True, b"text", ["a"], uuid4()],
    "int": ["1", "", 1.0, 1.5, True, 2**31, -(2**31) - 1, 10**100, b"1", [1], -1, -(2**31)],
    "json": [
        float("nan"),
        [float("inf")],
        {"a": [-float("inf")]},
        "a\0b",
        {"a\0": 1},
        ["\ud800"],
        {1: "a"},
        {None: 1},
        {1, 2},
        b"{}",
        datetime.now(UTC),
        uuid4(),
        object(),
    ],
    "rows": ["text", {"source": "docs", "content": "Text"}, 1, [1], [{}]],
}


def test_a_wrong_value_is_a_parameter_error_that_names_query_and_parameter(
    store: Any,
) -> None:
    assert list(refusals(store, BAD)) == []
    assert store.list_users() == store.list_all_knowledge_chunks() == []


def test_null_is_refused_where_a_parameter_is_not_nullable(store: Any) -> None:
    missing = []
    for query in LISTED["queries"]:
        for param in query["params"]:
            if param["nullable"]:
                continue
            try:
                arguments = fine_arguments(query) | {param["name"]: None}
                getattr(store, query["name"])(**arguments)
            except ParameterError as error:
                if error.parameter == param["name"]:
                    continue
            missing.append((query["name"], param["name"]))
    assert missing == []


def test_a_message_never_shows_the_value(store: Any) -> None:
    secret = "correct horse"  # noqa: S105  no password, a canary
    with pytest.raises(ParameterError) as caught:
        store.create_user(email=f"{secret}\0")
    assert secret not in str(caught.value)
    with pytest.raises(ParameterError) as caught:
        store.get_user_by_id(secret)
    assert secret not in str(caught.value)
    assert "minipilot.get_user_by_id" in str(caught.value)
    store.create_user(email=secret)
    with pytest.raises(rawstore.errors.UniqueViolation) as clash:
        store.create_user(email=secret)
    assert secret not in str(clash.value)


def test_a_refused_value_does_not_end_the_transaction(store: Any) -> None:
    with store.transaction() as tx:
        with pytest.raises(ParameterError):
            tx.create_user(email="a\0b")
        tx.create_user(email="ann@example.com")
    assert len(store.list_users()) == 1


def test_an_id_may_be_given_as_text(store: Any) -> None:
    user = store.create_user()
    assert store.get_user_by_id(str(user.id)) == user
    assert store.get_user_by_id(str(user.id).upper()) == user
    assert store.get_user_by_id(user.id.hex) == user


def test_methods_have_the_listed_signatures(store: Any) -> None:
    for query in LISTED["queries"]:
        params = inspect.signature(getattr(store, query["name"])).parameters.values()
        taken = [(param.name, param.kind, param.default) for param in params]
        assert taken == [
            (
                param["name"],
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                param.get("default", inspect.Parameter.empty),
            )
            for param in query["params"]
        ]


def test_arguments_are_given_by_position_or_name(store: Any) -> None:
    by_position = store.create_user("ann@example.com", "Ann", "ann")
    by_name = store.create_user(external_id="bob", email="bob@example.com", name="Bob")
    assert by_position[1:4] == ("ann", "Ann", "ann@example.com")
    assert by_name[1:4] == ("bob", "Bob", "bob@example.com")
    assert store.list_users(1, offset=1) == [by_position]


def test_a_wrong_argument_is_a_type_error_that_names_the_query(store: Any) -> None:
    for query in LISTED["queries"]:
        method: Callable[..., Any] = getattr(store, query["name"])
        fine = fine_arguments(query)
        with pytest.raises(TypeError, match=query["name"]):
            method(**fine, unheard_of=1)
        with pytest.raises(TypeError, match=query["name"]):
            method(*fine.values(), 1)
        with pytest.raises(TypeError, match=query["name"]):
            method(next(iter(fine.values())), **fine)
        if any("default" not in param for param in query["params"]):
            with pytest.raises(TypeError, match=query["name"]):
                method()
    assert store.list_users() == store.list_all_knowledge_chunks() == []


def test_an_unknown_query_is_an_attribute_error(store: Any) -> None:
    with pytest.raises(AttributeError, match="unheard_of"):
        store.unheard_of()  # type: ignore[attr-defined, unused-ignore]
    assert not hasattr(store, "unheard_of")


def one_of_each_row(store: Any) -> dict[str, Any]:
    created = store.get_or_create_user_by_external_id("ext", "ann@example.com", "Ann")
    conversation = store.create_conversation(created.id, "Chat")
    message = store.add_message(conversation.id, "user", "Hello!", {"key": [1]})
    chunk = store.upsert_knowledge_chunk("docs", "A zebra.", "a", "Title", {"key": 1})
    return {
        "User": store.get_user_by_id(created.id),
        "UserCreated": created,
        "Conversation": conversation,
        "Message": message,
        "KnowledgeChunk": chunk,
        "KnowledgeHit": store.search_knowledge_chunks("zebra")[0],
    }


def test_rows_are_named_tuples_of_the_declared_python_types(store: Any) -> None:
    rows = one_of_each_row(store)
    assert sorted(rows) == sorted(LISTED["rows"])
    for name, row in rows.items():
        columns = LISTED["rows"][name]
        assert issubclass(type(row), tuple)
        assert (type(row).__name__, list(row._fields)) == (name, [c["name"] for c in columns])
        for column, value in zip(columns, row, strict=True):
            if column["type"] != "json":
                assert type(value) is CLASSES[column["type"]], f"{name}.{column['name']}"
        assert tuple(row) == row
        assert row._asdict() == {column: getattr(row, column) for column in row._fields}


def test_every_query_that_returns_the_same_row_returns_it_equal(store: Any) -> None:
    rows = one_of_each_row(store)
    user, conversation = rows["User"], rows["Conversation"]
    message, chunk = rows["Message"], rows["KnowledgeChunk"]
    assert [user] == store.list_users()
    assert user == store.get_user_by_email(user.email) == rows["UserCreated"][:-1]
    assert [conversation] == store.list_all_conversations()
    assert [conversation] == store.list_conversations_for_user(user.id)
    assert [message] == store.list_messages_for_conversation(conversation.id)
    assert [message] == store.list_messages_after(conversation.id)
    assert [chunk] == store.list_all_knowledge_chunks()
    assert [chunk] == store.search_knowledge_chunks_by_source("docs")
    assert chunk == store.get_knowledge_chunk_by_external_id("a") == rows["KnowledgeHit"][:-2]


def test_times_are_aware_utc_and_now(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    rows = one_of_each_row(store)
    after = datetime.now(UTC) + timedelta(milliseconds=2)
    for row in rows.values():
        assert row.created_at.tzinfo is UTC or row.created_at.tzname() == "UTC"
        assert row.created_at.utcoffset() == timedelta(0)
        assert before <= row.created_at <= row.updated_at <= after


def wait_a_moment() -> None:
    """Let the database's clock move on by more than its coarsest step."""
    time.sleep(0.003)


def test_times_are_of_the_row_and_not_of_the_transaction(store: Any) -> None:
    with store.transaction() as tx:
        first = tx.create_user()
        wait_a_moment()
        last = tx.create_user()
    assert last.created_at - first.created_at >= timedelta(milliseconds=2)


Update = Callable[[Any], Any]


def updates(tx: Any) -> dict[str, Update]:
    """Return the ways to update a row, by name: each takes a row and returns the next."""
    return {
        "update_user": lambda row: tx.update_user(row.id, name="Ann"),
        "update_conversation": lambda row: tx.update_conversation(row.id, title="Chat"),
        "archive_conversation": lambda row: tx.archive_conversation(row.id),
        "upsert_knowledge_chunk": lambda row: tx.upsert_knowledge_chunk("s", "c", "x"),
        "bulk_upsert_knowledge_chunks": lambda row: tx.bulk_upsert_knowledge_chunks(
            [{"source": "s", "content": "c", "external_id": "y"}]
        )[0],
    }


def first_row(tx: Any, name: str) -> Any:
    match name:
        case "update_user":
            return tx.create_user()
        case "update_conversation" | "archive_conversation":
            return tx.create_conversation()
        case _:
            return updates(tx)[name](None)


def test_updated_at_moves_on_every_update_however_fast_they_come(store: Any) -> None:
    with store.transaction() as tx:
        for name, update in updates(tx).items():
            row = first_row(tx, name)
            for _ in range(20):
                after = update(row)
                assert after.id == row.id, name
                assert after.created_at == row.created_at, name
                assert after.updated_at > row.updated_at, name
                row = after


def test_an_update_of_nothing_moves_updated_at_too(store: Any) -> None:
    user, conversation = store.create_user(name="Ann"), store.create_conversation()
    assert store.update_user(user.id).updated_at > user.updated_at
    assert store.update_conversation(conversation.id).updated_at > conversation.updated_at


def test_ids_are_uuid_v7_in_the_order_of_insertion(store: Any) -> None:
    with store.transaction() as tx:
        users = [tx.create_user() for _ in range(200)]
        conversation = tx.create_conversation()
        message = tx.add_message(conversation.id, "user", "x")
    chunk = store.upsert_knowledge_chunk("docs", "x")
    for row in (*users, conversation, message, chunk):
        assert (row.id.version, row.id.variant) == (7, "specified in RFC 4122")
        milliseconds = row.id.int >> 80
        made = row.created_at.timestamp() * 1000
        assert abs(milliseconds - made) <= 20
    assert len({user.id for user in users}) == 200
    stamps = [user.id.int >> 80 for user in users]
    assert stamps == sorted(stamps)
    assert chunk.id > users[0].id


def test_rows_inserted_one_by_one_have_rising_ids(store: Any) -> None:
    ids = []
    for _ in range(5):
        ids.append(store.create_user().id)
        wait_a_moment()
    assert all(first < second for first, second in pairwise(ids))


MOMENT = datetime(2024, 2, 29, 12, tzinfo=UTC)
AT_ONE_MOMENT = """
-- name: users_at(moment timestamptz) :exec
UPDATE users SET created_at = :moment;

-- name: conversations_at(moment timestamptz) :exec
UPDATE conversations SET created_at = :moment;

-- name: messages_at(moment timestamptz) :exec
UPDATE messages SET created_at = :moment;

-- name: chunks_at(moment timestamptz) :exec
UPDATE knowledge_chunks SET created_at = :moment;
"""


@pytest.fixture
def at_one_moment(store: Any, url: str, tmp_path: Path) -> Callable[[], None]:
    """A function that gives all rows one and the same created_at."""
    folder = tmp_path / "own" / "minipilot"
    queries = folder / "sql" / store.dialect
    queries.mkdir(parents=True)
    (queries / "clock.sql").write_text(AT_ONE_MOMENT)

    def set_clocks() -> None:
        clock: Any
        with rawstore.open(folder, url) as clock:
            clock.users_at(MOMENT)
            clock.conversations_at(MOMENT)
            clock.messages_at(MOMENT)
            clock.chunks_at(MOMENT)

    return set_clocks


def page_through(listed: Callable[..., list[Any]], limit: int) -> list[Any]:
    rows: list[Any] = []
    while page := listed(limit=limit, offset=len(rows)):
        rows += page
    return rows


def test_pages_never_repeat_or_skip_rows_of_one_moment(
    store: Any, at_one_moment: Callable[[], None]
) -> None:
    with store.transaction() as tx:
        users = [tx.create_user() for _ in range(25)]
        talks = [tx.create_conversation(users[0].id) for _ in range(25)]
        said = [tx.add_message(talks[0].id, "user", str(n)) for n in range(25)]
        chunks = [tx.upsert_knowledge_chunk("docs", str(n)) for n in range(25)]
    at_one_moment()
    lists: list[tuple[Callable[..., list[Any]], list[Any]]] = [
        (store.list_users, users[::-1]),
        (store.list_all_conversations, talks[::-1]),
        (lambda **page: store.list_all_conversations("active", **page), talks[::-1]),
        (lambda **page: store.list_conversations_for_user(users[0].id, **page), talks[::-1]),
        (lambda **page: store.list_messages_for_conversation(talks[0].id, **page), said),
        (store.list_all_knowledge_chunks, chunks[::-1]),
        (lambda **page: store.search_knowledge_chunks_by_source("docs", **page), chunks[::-1]),
    ]
    for listed, inserted in lists:
        whole = listed()
        assert {row.created_at for row in whole} == {MOMENT}
        assert [row.id for row in whole] == [row.id for row in inserted]
        for limit in (1, 7, 24):
            assert page_through(listed, limit) == whole
    assert [row.id for row in store.list_messages_after(talks[0].id)] == [m.id for m in said]
    after = store.list_messages_after(talks[0].id, said[9].id, 5)
    assert [row.id for row in after] == [row.id for row in said[10:15]]
