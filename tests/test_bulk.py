"""A `:batch` INSERT rewritten for many items at once: its text, and what is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from rawstore.bulk import ARRAYS, Bulk
from rawstore.types import NAMES
from tests.query_files import query


def bulk(sql: str, params: str = "a int, b text?", kind: str = ":batch") -> Bulk | None:
    """The bulk form of one query."""
    return query(f"-- name: put({params}) {kind}\n{sql};\n").bulk


def text(sql: str, params: str = "a int, b text?") -> str:
    """The text of a bulk form that is there, without the leading comment."""
    found = bulk(sql, params)
    assert found is not None
    assert found.text.startswith("/* shop.put */ ")
    return found.text.removeprefix("/* shop.put */ ")


UNNEST = "FROM unnest($1::int[], $2::text[]) AS item (p1, p2)"


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        (
            "INSERT INTO t (a, b) VALUES (:a, :b)",
            f"INSERT INTO t (a, b) SELECT item.p1, item.p2\n{UNNEST}",
        ),
        (
            "INSERT INTO t VALUES (:b, :a, :a + 1)",
            f"INSERT INTO t SELECT item.p2, item.p1, item.p1 + 1\n{UNNEST}",
        ),
        (
            "insert into t as x (a, b)\nvalues (\n    :a, -- one\n    lower(trim(:b))\n)\n"
            "ON CONFLICT (a) WHERE a > 0 DO UPDATE SET b = excluded.b WHERE x.b <> excluded.b\n"
            "RETURNING a, b",
            f"insert into t as x (a, b)\nSELECT item.p1,\n    lower(trim(item.p2))\n{UNNEST}\n"
            "ON CONFLICT (a) WHERE a > 0 DO UPDATE SET b = excluded.b WHERE x.b <> excluded.b\n"
            "RETURNING a, b",
        ),
        (
            """INSERT INTO t VALUES (:a, ':b ), (' || $$ :a ($$ || E'\\'(' || :b /* :a ) */)""",
            "INSERT INTO t SELECT item.p1, "
            f"""':b ), (' || $$ :a ($$ || E'\\'(' || item.p2 /* :a ) */\n{UNNEST}""",
        ),
        (
            'INSERT INTO "Shop "" (".t ("VALUES", b) '
            "VALUES (:a::numeric(5, 2), (array[:b, 'x'])[1])",
            'INSERT INTO "Shop "" (".t ("VALUES", b) '
            f"SELECT item.p1::numeric(5, 2), (array[item.p2, 'x'])[1]\n{UNNEST}",
        ),
        (
            "INSERT INTO t (a, b) OVERRIDING SYSTEM VALUE VALUES (:a, :b)ON CONFLICT DO NOTHING",
            "INSERT INTO t (a, b) OVERRIDING SYSTEM VALUE "
            f"SELECT item.p1, item.p2\n{UNNEST}ON CONFLICT DO NOTHING",
        ),
    ],
)
def test_the_tuple_becomes_a_select_from_arrays(sql: str, made: str) -> None:
    assert text(sql) == made


def test_each_type_has_its_array() -> None:
    assert set(ARRAYS) == set(NAMES) - {"any"}
    names = [name for name in NAMES if name != "any"]
    params = ", ".join(f"a{name} {name}?" for name in names)
    made = text(f"INSERT INTO t VALUES ({', '.join(f':a{name}' for name in names)})", params)
    arrays = ", ".join(f"${n}::{ARRAYS[name]}" for n, name in enumerate(names, start=1))
    assert f"unnest({arrays})" in made
    assert text("INSERT INTO t VALUES (:a)", "a vector(3)").endswith(
        "unnest($1::vector[]) AS item (p1)"
    )
    assert "$1::text[]" in text("INSERT INTO t VALUES (:a)", "a text(20)")


def test_the_items_values_keep_their_places() -> None:
    found = query("-- name: put(a int, b text, c bool) :batch\nINSERT INTO t VALUES (:c, :a, :b);")
    assert found.bulk is found.bulk is not None
    assert found.bulk.order == found.variants[0].order == (0, 1, 2)
    assert found.bulk.query is found
    assert "SELECT item.p3, item.p1, item.p2\n" in found.bulk.text


ONCE_FOR_EACH = {
    "several tuples": "INSERT INTO t VALUES (:a, :b), (:a, :b)",
    "a comment before the second": "INSERT INTO t VALUES (:a, :b) /* and */ , (:a, :b)",
    "no tuple": "INSERT INTO t SELECT :a, :b",
    "a union": "INSERT INTO t SELECT :a, :b UNION VALUES (1, 'x')",
    "a parameter in DO UPDATE": (
        "INSERT INTO t VALUES (:a, 'x') ON CONFLICT (a) DO UPDATE SET b = :b"
    ),
    "a parameter in both": (
        "INSERT INTO t VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = :b"
    ),
    "a parameter in RETURNING": "INSERT INTO t VALUES (:a, 'x') RETURNING :b",
    "a default": "INSERT INTO t VALUES (:a, :b, default)",
    "a subquery": "INSERT INTO t VALUES (:a, (SELECT max(b) FROM t WHERE b < :b))",
    "a subquery of values": "INSERT INTO t VALUES (:a, (VALUES (:b)))",
    "a subquery of a table": "INSERT INTO t VALUES (:a, :b, (TABLE other))",
    "a subquery in DO UPDATE": (
        "INSERT INTO t VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = (SELECT 'x')"
    ),
    "a subquery in RETURNING": "INSERT INTO t VALUES (:a, :b) RETURNING (SELECT count(*) FROM t)",
    "a common table": "WITH x AS (SELECT 1) INSERT INTO t VALUES (:a, :b)",
    "an update": "UPDATE t SET b = :b WHERE a = :a",
    "a delete": "DELETE FROM t WHERE a = :a AND b = :b",
    "a call": "SELECT f(:a, :b)",
    "a table called values": "INSERT INTO values VALUES (:a, :b)",
    "a tuple called row": "INSERT INTO t VALUES ROW (:a, :b)",
    "no end": "INSERT INTO t VALUES (:a, (:b)",
    "nothing": "INSERT INTO t VALUES (:a, :b",
}  # fmt: skip


@pytest.mark.parametrize("sql", ONCE_FOR_EACH.values(), ids=ONCE_FOR_EACH)
def test_what_may_mean_something_else_is_run_once_for_each(sql: str) -> None:
    assert bulk(sql) is None


@pytest.mark.parametrize("params", ["a, b", "a int, b text[]", "a int, b"])
def test_a_value_without_a_type_or_of_several_values_is_sent_alone(params: str) -> None:
    assert bulk("INSERT INTO t VALUES (:a, :b)", params) is None


def test_only_a_batch_with_parameters_has_a_bulk_form() -> None:
    row = "-- row: R(id int)\n-- name: put(a R[]) :batch\nINSERT INTO t VALUES (:a);"
    assert query(row).bulk is None
    assert bulk("INSERT INTO t VALUES (1, 'x')", params="") is None
    assert bulk("INSERT INTO t VALUES (:a, :b)", kind=":affected") is None
    two = "INSERT INTO t VALUES (\n    :a,\n    'x' -- if :b\n)"
    assert bulk(two, "a int, b text? = null", kind=":exec") is None
    sql = "-- name: put(a int, b text) :batch\nINSERT INTO t VALUES (:a, :b);"
    assert query(sql, "sqlite").bulk is None
    assert query("-- name: put*!\nINSERT INTO t VALUES (:a, :b);").bulk is None


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("INSERT INTO t VALUES (:a, :b)", "t"),
        ("INSERT INTO shop . items(a, b) VALUES (:a, :b)", "shop.items"),
        ("INSERT INTO /* x */ Shop.Items AS i VALUES (:a, :b)", "Shop.Items"),
        ('INSERT INTO "My ""shop""".\n"t.u" VALUES (:a, :b)', '"My ""shop"""."t.u"'),
    ],
)
def test_the_target_is_as_it_is_named(sql: str, table: str) -> None:
    found = bulk(sql)
    assert found is not None
    assert found.table == table


def test_every_name_that_may_be_a_function_is_known() -> None:
    found = bulk(
        'INSERT INTO t (a, b) VALUES (Next_Id(:a), shop."My ""fn"""(:b || \'not(this)\'))\n'
        "ON CONFLICT (a) DO UPDATE SET b = wrap (t.b) RETURNING a, t.full_name"
    )
    assert found is not None
    assert found.calls >= {"next_id", 'My "fn"', "wrap", "full_name"}
    assert not found.calls & {"not", "returning", "b || "}


@pytest.mark.parametrize(
    ("tuple_", "plain"),
    [
        ("(:a, :b)", (True, True)),
        ("( :a /* x, y */ ,\n :b )", (True, True)),
        ("(:a, :b, now(), :a)", (True, True)),
        ("(:b, :a, :a + 1)", (False, True)),
        ("((:a), lower(:b))", (False, False)),
        ("(:a, ARRAY['x', :b, 'y'])", (True, False)),
        ("(:a, coalesce(null, :b, 'y'))", (True, False)),
        ("(-:a, :b COLLATE \"C\")", (False, False)),
        ("(1 + :a :: smallint, lower(:b::citext))", (True, True)),
        ("(:a, ',' || :b || ',')", (True, False)),
    ],
)  # fmt: skip
def test_what_goes_straight_into_a_column_or_a_cast(tuple_: str, plain: tuple[bool, ...]) -> None:
    found = bulk(f"INSERT INTO t VALUES {tuple_}")
    assert found is not None
    assert found.plain == plain


EXPRESSIONS = st.recursive(
    st.sampled_from(
        [
            ":a",
            ":b",
            "1",
            "'it''s :a, ('",
            "$x$ :b ) $x$",
            'f("a,(")',
            "now()",
            "/* , :a */ :a::int",
        ]
    ),
    lambda inner: st.one_of(
        inner.map("({})".format),
        st.tuples(inner, inner).map("f({0[0]}, {0[1]})".format),
        st.tuples(inner, inner).map("{0[0]} || {0[1]}".format),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"array[{', '.join(parts)}]"),
    ),
    max_leaves=8,
)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), st.booleans())
def test_any_tuple_is_the_same_but_for_its_placeholders(parts: list[str], upsert: bool) -> None:  # noqa: FBT001
    inside = ", ".join([*parts, ":a", ":b"])
    rest = "\nON CONFLICT (a) DO NOTHING" if upsert else ""
    found = query(f"-- name: put(a int, b text) :batch\nINSERT INTO t (a) VALUES ({inside}){rest};")
    assert found.bulk is not None
    before, _, behind = found.variants[0].text.partition("VALUES (")
    tuple_ = behind.removesuffix(rest).removesuffix(")").strip()
    expected = tuple_.replace("$1", "item.p1").replace("$2", "item.p2")
    assert found.bulk.text == f"{before}SELECT {expected}\n{UNNEST}{rest}"
