"""Preferences of duiliocode: one value for each key of a user, replaced and never doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import rawstore
from rawstore.errors import CheckViolation


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("duiliocode", migrated_url("duiliocode")) as opened:
        yield opened


def test_a_preference_is_kept(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    made = store.set_preference("ann", "theme", "dark")
    after = datetime.now(UTC) + timedelta(milliseconds=2)
    assert made[:4] == (1, "ann", "theme", "dark")
    assert before <= made.created_at <= made.updated_at <= after
    assert made.created_at.tzname() == "UTC"
    assert store.get_preference("ann", "theme") == "dark"
    assert store.list_preferences("ann") == [made]


def test_a_preference_is_replaced(store: Any) -> None:
    made = store.set_preference("ann", "theme", "light")
    with store.transaction() as tx:
        for number in range(20):
            changed = tx.set_preference("ann", "theme", str(number))
            assert changed.updated_at > made.updated_at
            assert changed == made._replace(value=str(number), updated_at=changed.updated_at)
            made = changed
    assert store.get_preference("ann", "theme") == "19"
    assert store.list_preferences("ann") == [made]


def test_setting_the_same_value_again_is_an_update_too(store: Any) -> None:
    made = store.set_preference("ann", "theme", "dark")
    assert store.set_preference("ann", "theme", "dark").updated_at > made.updated_at


def test_an_unknown_preference_is_none(store: Any) -> None:
    store.set_preference("ann", "theme", "dark")
    for user, key in (("bob", "theme"), ("ann", "Theme"), ("Ann", "theme"), ("ann", "")):
        assert store.get_preference(user, key) is None
        assert store.delete_preference(user, key) == 0
    assert store.list_preferences("bob") == []


def test_an_empty_value_is_a_value(store: Any) -> None:
    store.set_preference("", "", "")
    assert store.get_preference("", "") == ""
    assert [one.key for one in store.list_preferences("")] == [""]


def test_users_share_no_preferences(store: Any) -> None:
    store.set_preference("ann", "theme", "dark")
    store.set_preference("bob", "theme", "light")
    assert store.get_preference("ann", "theme") == "dark"
    assert store.delete_preference("ann", "theme") == 1
    assert store.get_preference("ann", "theme") is None
    assert store.get_preference("bob", "theme") == "light"


def test_preferences_list_by_key_in_the_order_of_its_bytes(store: Any) -> None:
    keys = ["b", "a", "B", "A", "_", "é", "e", "z", "a b", "ab", "a.b", "10", "9", "😀", "￿"]
    for key in keys:
        store.set_preference("ann", key, key)
    listed = [one.key for one in store.list_preferences("ann")]
    assert listed == sorted(keys, key=str.encode)


def test_a_deleted_preference_can_be_set_again(store: Any) -> None:
    first = store.set_preference("ann", "theme", "dark")
    assert store.delete_preference("ann", "theme") == 1
    assert store.delete_preference("ann", "theme") == 0
    again = store.set_preference("ann", "theme", "light")
    assert again.id > first.id
    assert again.created_at >= first.created_at


def test_a_key_fits_into_an_index(store: Any) -> None:
    longest = "é" * 512
    store.set_preference(longest, longest, "x" * 100_000)
    assert len(store.get_preference(longest, longest)) == 100_000
    for user, key, column in (("ann", longest + "x", "key"), (longest + "x", "a", "user_id")):
        with pytest.raises(CheckViolation) as caught:
            store.set_preference(user, key, "value")
        assert caught.value.constraint == f"user_preferences_{column}_check"


def test_eight_threads_set_one_preference(store: Any) -> None:
    def work(number: int) -> list[Any]:
        return [store.set_preference("ann", "theme", f"{number}") for _ in range(25)]

    with ThreadPoolExecutor(8) as threads:
        made = [one for rows in threads.map(work, range(8)) for one in rows]
    assert {one.id for one in made} == {made[0].id}
    assert len({one.updated_at for one in made}) == 200
    assert store.list_preferences("ann") == [max(made, key=lambda one: one.updated_at)]
