"""What is a parameter, and what only looks like one: by hand, at random, asked of the engines."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from psycopg import pq

from rawstore.parse import parse
from rawstore.scan import Dialect, ScanError, Token, blank, marks, scan
from tests.postgres import Remote

BOTH: tuple[Dialect, ...] = ("sqlite", "postgres")


def params(text: str, dialect: Dialect) -> list[str]:
    return [token.text for token in marks(text, dialect) if token.kind == "param"]


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (":at_the_start", [":at_the_start"]),
        ("SELECT :a", [":a"]),
        ("SELECT (:a)", [":a"]),
        ("SELECT :a,:b,:a", [":a", ":b", ":a"]),
        ("a=:a AND b<:b OR c<>:c", [":a", ":b", ":c"]),
        ("a||:a||'x'||:b", [":a", ":b"]),
        ("-:a+:b*:c/:d%:e", [":a", ":b", ":c", ":d", ":e"]),
        ("a -:b - -:c", [":b", ":c"]),
        ("\t:a\n:b\r\n:c", [":a", ":b", ":c"]),
        (":a2_b :_c", [":a2_b", ":_c"]),
        (":größe :名前", [":größe", ":名前"]),
        ("größe = :a", [":a"]),
        ("CAST(:a AS text)", [":a"]),
        (":a::text", [":a"]),
        ("a::text b :: int", []),
        ("a := 1", []),
        ("':a' ''':b' ''", []),
        ("'it''s :a' || :b", [":b"]),
        (r"'C:\' || :a || '\'", [":a"]),
        ('":a" """:b" ""', []),
        ("-- :a\n:b -- don't :c\n:d", [":b", ":d"]),
        ("a --:b", []),
        ("-- :a", []),
        ("/* :a */ :b /* ':c */ /**/ :d /***/", [":b", ":d"]),
        ("/* -- */ :a", [":a"]),
        ("-- /*\n:a -- */", [":a"]),
        ("'/*' :a '*/'", [":a"]),
        ("'-- name: b()' :a", [":a"]),
        ("'%s %(a)s' LIKE '100%' % :a", [":a"]),
        ("x'ab:cd' X'00' :a", [":a"]),
        ("1e5:", []),
        ("", []),
        (":", []),
        ("12:30", []),
    ],
)
def test_parameters_in_either_dialect(text: str, found: list[str], dialect: Dialect) -> None:
    if dialect == "sqlite" and text == "12:30":
        return  # a placeholder of SQLite's own: see below
    assert params(text, dialect) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"E'it\'s :a' :b", [":b"]),
        (r"e'\\' :a", [":a"]),
        (r"E'\\\' :a' :b", [":b"]),
        ("E''':a' :b E'' :c", [":b", ":c"]),
        (r"typee'\' :a", [":a"]),
        (r"1e'\' :a", [":a"]),
        (r":e'\' :a", [":e", ":a"]),
        ("U&'d\\0061t :a' U&\":b\" B'01' N':c'", []),
        ("$$ :a $$ :b", [":b"]),
        ("$x$ :a $$ ' $y$ $x$ :b", [":b"]),
        ("$body$BEGIN a := :b; END$body$", []),
        ("a$b$ :c d$b$", [":c"]),
        ("/* /* :a */ :b */ :c", [":c"]),
        ("/*/* */*/ :a", [":a"]),
        ("a[1:2]", []),
        ("a[i:j] a[f(x):y]", []),
        ("(:a::int[])[1:2]", [":a"]),
        ("ARRAY[:a, :b]", [":a", ":b"]),
        ("a[:n]", [":n"]),
        ("a[1 : :n]", [":n"]),
        ("json_object('k':v, k:v)", []),
        ("f(a := :b, c => :d)", [":b", ":d"]),
        ("a ? 'k' AND a ?| :keys AND a ?& b AND a @> :c AND a @? d", [":keys", ":c"]),
        ("@ -5 |/ :a", [":a"]),
        ("`:a [:b", [":a", ":b"]),
    ],
)
def test_parameters_in_postgresql(text: str, found: list[str]) -> None:
    assert params(text, "postgres") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[:a] `:b` ```:c` :d", [":d"]),
        ("[it's] :a [don't]", [":a"]),
        ("/* /* :a */ :b", [":b"]),
        (r"E'\' :a", [":a"]),
        ("LIMIT:a OFFSET(1):b", [":a", ":b"]),
        ("a -> '$.x' ->> ':b'", []),
        ("a$b = :c", [":c"]),
    ],
)
def test_parameters_in_sqlite(text: str, found: list[str]) -> None:
    assert params(text, "sqlite") == found


@pytest.mark.parametrize(
    ("dialect", "text", "found"),
    [
        ("postgres", "a = $1 AND b = $12", ["$1", "$12"]),
        ("postgres", "a$1 ? ?1 @a '$1' $$ $1 $$", []),
        (
            "sqlite",
            "a = ? AND b = ?12 OR c = @a OR d = $b OR e = :1",
            ["?", "?12", "@a", "$b", ":1"],
        ),
        ("sqlite", "a$b '?' \"@a\" [$b] `:1`", []),
    ],
)
def test_placeholders_of_other_libraries(dialect: Dialect, text: str, found: list[str]) -> None:
    tokens = marks(text, dialect)
    assert [token.text for token in tokens if token.kind == "foreign"] == found


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("SELECT 'abc", 7),
        ("SELECT 'a', 'it''s", 12),
        ("SELECT '''", 7),
        ('SELECT "abc', 7),
        ('SELECT "a""', 7),
        ("SELECT 1 /* abc", 9),
        ("SELECT 1 /*/", 9),
        ("SELECT '/*' /* ' --", 12),
    ],
)
def test_what_is_never_closed(dialect: Dialect, text: str, start: int) -> None:
    with pytest.raises(ScanError, match="is never closed") as caught:
        list(scan(text, dialect))
    assert caught.value.start == start


@pytest.mark.parametrize(
    ("dialect", "text", "start"),
    [
        ("postgres", "SELECT /* /* */ a", 7),
        ("postgres", r"SELECT E'abc\' AS b", 8),
        ("postgres", "SELECT $$ abc", 7),
        ("postgres", "SELECT $a$ abc $$ $b$", 7),
        ("sqlite", "SELECT [abc", 7),
        ("sqlite", "SELECT `abc", 7),
    ],
)
def test_what_is_never_closed_in_one_dialect(dialect: Dialect, text: str, start: int) -> None:
    with pytest.raises(ScanError, match="is never closed") as caught:
        marks(text, dialect)
    assert caught.value.start == start


def test_words_semicolons_and_parentheses_lie_between_the_marks() -> None:
    found = [(token.kind, token.text) for token in scan("f(a1, 1e5, 'b;'); E'c' :d", "postgres")]
    assert found == [
        ("word", "f"),
        ("paren", "("),
        ("word", "a1"),
        ("string", "'b;'"),
        ("paren", ")"),
        ("semicolon", ";"),
        ("string", "E'c'"),
        ("param", ":d"),
    ]


# Snippets of SQL without parameters; each may stand beside any other, with white space between.
COMMON = (
    "a", "größe", "1", "1.5e3", "''", "':x'", "'it''s :x'", "'--'", "'/*'", "'*/'", '":x"', '"--"',
    "-- :x\n", "-- don't\n", "--\n", "/* :x */", "/* ' */", '/* " -- */', "(", ")", ",", ";",
    "+", "-", "/", "*", "%", "<", "=", "||", "::text", "\n", "\t",
)  # fmt: skip
OWN: dict[Dialect, tuple[str, ...]] = {
    "postgres": (
        r"E'\':x'", r"e'\\'", "$$:x'$$", "$t$ $$ :x $t$", "/* /* :x */ ' */", "[1:2]", "[a:b]",
        "a$x",
        "?", "?|", "@>", "[", "]", ":=", "`",
    ),
    "sqlite": ("[:x]", "[']", "`:x`", "`'`", "/* /* :x */", r"'\'", "a$x", "x'00'"),
}  # fmt: skip
NAMES = st.sampled_from([":p", ":q1", ":_r", ":größe"])


@st.composite
def planted(draw: st.DrawFn, dialect: Dialect) -> tuple[str, list[str]]:
    """Some SQL, and the parameters that were put into it."""
    snippets = st.sampled_from(COMMON + OWN[dialect]) | NAMES
    parts = draw(st.lists(snippets, max_size=25))
    return " ".join(parts), [part for part in parts if part in (":p", ":q1", ":_r", ":größe")]


@pytest.mark.parametrize("dialect", BOTH)
@given(data=st.data())
def test_the_parameters_found_are_those_planted(dialect: Dialect, data: st.DataObject) -> None:
    text, expected = data.draw(planted(dialect))
    assert params(text, dialect) == expected


@pytest.mark.parametrize("dialect", BOTH)
@given(text=st.text(st.sampled_from("ab1eE_ \n'\"$:;()[]`/*-?@\\é😀")))
def test_any_text_is_cut_without_a_loss(dialect: Dialect, text: str) -> None:
    try:
        tokens = list(scan(text, dialect))
    except ScanError as error:
        opened = text[error.start]
    else:
        check_whole(text, dialect, tokens)
        return
    assert opened in "'\"$[`/"


def check_whole(text: str, dialect: Dialect, tokens: list[Token]) -> None:
    position = 0
    for token in tokens:
        assert token.start >= position
        assert token.text == text[token.start : token.end] != ""
        position = token.end
    assert marks(text, dialect) == [
        token for token in tokens if token.kind not in ("word", "semicolon", "paren")
    ]


@pytest.mark.parametrize("dialect", BOTH)
@given(data=st.data())
def test_plain_sql_keeps_every_character_in_its_place(
    dialect: Dialect, data: st.DataObject
) -> None:
    text, _ = data.draw(planted(dialect))
    tokens = marks(text, dialect)
    plain = blank(text, tokens)
    assert len(plain) == len(text)
    hidden = {place for token in tokens if is_hidden(token) for place in span(token)}
    assert all(plain[n] == text[n] for n in range(len(text)) if n not in hidden)
    assert {plain[n] for n in hidden} <= {" ", "'"}


def is_hidden(token: Token) -> bool:
    return token.kind in ("comment", "block", "string", "name")


def span(token: Token) -> range:
    return range(token.start, token.end)


# Expressions that both the scanner and the engine must read alike.
EXPRESSIONS: dict[Dialect, tuple[str, ...]] = {
    "sqlite": (
        "1", "'it''s :x'", r"'\'", "':x' -- :x don't\n", "/* :x /* ' */ 2", "[:c]", "`:c`", '":c"',
        ":p", ":q1", ":_r", "(:p||:q1)", "-:p", "x'00'", "CAST(:p AS text)",
        "CASE:p WHEN:q1 THEN 1 END",
    ),
    "postgres": (
        "1", "'it''s :x'", r"'\'", "':x' -- :x don't\n", "/* :x /* ' */ */ 2", r"E'\':x'", '":c"',
        ":p::int", ":q1::text", ":_r::int[]", "(:p::int + :p)", "$$:x'$$", "$t$ $$ :x $t$",
        "-:p::int",
        "(:_r::int[])[1:2]", "(ARRAY[1, :p::int])[:p:2]", "'{}'::jsonb ? :q1", "5 % :p",
        "U&'\\0061:x'", "(ARRAY[1])[col:col]",
    ),
}  # fmt: skip


def rendered(expressions: list[str], dialect: Dialect) -> tuple[str, list[str], int]:
    """What is sent for a SELECT of these, the parameters' names, and the placeholders' number."""
    columns = '1 AS col, 2 AS ":c"' if dialect == "postgres" else '2 AS ":c"'
    sql = f"SELECT {', '.join(expressions)} FROM (SELECT {columns}) AS t"
    (query,) = parse(f"-- name: q\n{sql};\n", Path("q.sql"), dialect, "s")
    names = [param.name for param in query.params]
    return query.variants[0].text, names, len(query.variants[0].order)


@given(st.lists(st.sampled_from(EXPRESSIONS["sqlite"]), min_size=1, max_size=8))
def test_sqlite_counts_the_same_parameters(expressions: list[str]) -> None:
    text, _, count = rendered(expressions, "sqlite")
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"EXPLAIN {text}", [None] * count)
    finally:
        connection.close()


@given(st.lists(st.sampled_from(EXPRESSIONS["postgres"]), min_size=1, max_size=8))
def test_postgresql_counts_the_same_parameters(pg: Remote, expressions: list[str]) -> None:
    text, names, count = rendered(expressions, "postgres")
    assert len(names) == count
    with pg.connect() as connection:
        result = connection.pgconn.prepare(b"", text.encode())
        assert result.status == pq.ExecStatus.COMMAND_OK, result.get_error_message()
        assert connection.pgconn.describe_prepared(b"").nparams == count
