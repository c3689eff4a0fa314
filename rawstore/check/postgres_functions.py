"""What is known of PostgreSQL's functions and operators: which give NULL, and when. Data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the server. `trusted`: its own, or an extension's."""

    name: str
    trusted: bool
    strict: bool
    volatile: bool
    takes_json: bool  # as its first argument
    gives_text: bool


# Never null where no argument is.
SAFE = frozenset(
    """
    abs age area array_append array_cat array_prepend array_to_json array_to_string ascii asin
    atan atan2 bit_length btrim cardinality cbrt ceil ceiling char_length character_length chr
    clock_timestamp convert_from convert_to cos cosine_distance cot date_bin date_part
    date_trunc decode degrees div encode exp extract factorial floor format gcd get_byte
    hashtext hashtextextended host initcap inner_product int4range int8range isfinite
    json_array_length json_typeof jsonb_array_length jsonb_pretty jsonb_strip_nulls jsonb_typeof
    l1_distance l2_distance l2_norm l2_normalize lcm left length ln log log10 lpad ltrim
    make_date make_interval make_timestamptz masklen md5 mod normalize numnode octet_length
    overlay phraseto_tsquery plainto_tsquery position power querytree quote_ident quote_literal
    quote_nullable radians regexp_count regexp_like regexp_replace repeat replace reverse right
    round rpad rtrim scale set_byte set_config setweight sha224 sha256 sha384 sha512 sign
    similarity sin split_part sqrt starts_with strict_word_similarity strip strpos substr tan
    timezone to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery
    to_tsvector translate trim_scale trunc ts_headline ts_rank ts_rank_cd ts_rewrite
    tsquery_phrase tsvector_to_array unaccent vector_dims vector_norm websearch_to_tsquery
    width_bucket word_similarity
    """.split()
)
_LETTERS = frozenset(("lower", "upper"))  # of text; of a range, null for the open end
# Never null at all.
TOTAL = frozenset(
    """
    clock_timestamp concat count cume_dist dense_rank gen_random_uuid json_build_array
    json_build_object jsonb_build_array jsonb_build_object now num_nonnulls num_nulls
    percent_rank pg_backend_pid pi random rank row_number statement_timestamp
    transaction_timestamp txid_current uuidv4 uuidv7
    """.split()
)
OPERATORS = frozenset(
    """
    !! != !~ !~* !~~ !~~* # % %> %>> & && &< &> * + - -|- / < <#> <% <+> <-> << <<% <= <=> <> <@
    = > >= >> ? ?& ?| @ @> @@ ^ ^@ | |/ || ||/ ~ ~* ~~ ~~*
    """.split()
)
# Null only over no rows, or only nulls.
AGGREGATES = frozenset(
    """
    avg bit_and bit_or bool_and bool_or every max min mode percentile_cont percentile_disc
    string_agg sum
    """.split()
)
# Null only over no rows.
COLLECTIONS = frozenset(
    "array_agg json_agg json_object_agg jsonb_agg jsonb_object_agg xmlagg".split()
)
# Of functions that give rows: the columns that are never null, and the one that is a key.
ROWS: dict[str, tuple[frozenset[int], int | None]] = {
    "generate_series": (frozenset((0,)), 0),
    "generate_subscripts": (frozenset((0,)), 0),
    "json_array_elements": (frozenset((0,)), None),
    "jsonb_array_elements": (frozenset((0,)), None),
    "json_object_keys": (frozenset((0,)), None),
    "jsonb_object_keys": (frozenset((0,)), 0),
    "json_each": (frozenset((0, 1)), None),
    "jsonb_each": (frozenset((0, 1)), 0),
    "json_each_text": (frozenset((0,)), None),
    "jsonb_each_text": (frozenset((0,)), 0),
    "regexp_split_to_table": (frozenset((0,)), None),
}


def is_safe(function: Function, *, cast: bool) -> bool:
    """Whether a call is never null where no argument is."""
    if not function.trusted:
        return False
    if cast:  # JSON's null becomes NULL
        return not function.takes_json
    return function.name in SAFE or (function.gives_text and function.name in _LETTERS)


def is_safe_operator(name: str, function: Function) -> bool:
    """Whether an operator is never null where neither side is."""
    by_path = function.name.startswith("jsonb_path")  # null where the path gives no boolean
    return function.trusted and name in OPERATORS and not by_path
