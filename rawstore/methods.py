"""A class of methods from a registry: one real function a query, with its real signature.

The functions have no colour: each hands a variant and its values to `_call`, `_stream`, `_each` or
`_script` of whatever class it is mixed into (a store, a transaction, a batch), and returns what
that returns. They are compiled from source, as `collections.namedtuple` does it, when first used.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from threading import Lock
from typing import Any

from .query import Kind, Query, Variant
from .registry import Registry

_COMPILING = Lock()
_METHOD = {Kind.STREAM: "_stream", Kind.BATCH: "_each", Kind.SCRIPT: "_script"}


def methods_class(registry: Registry) -> type:
    """A class that has the registry's queries as methods."""
    members: dict[str, Any] = {query.name: _Method(query) for query in registry}
    return type(f"{registry.store.title().replace('_', '')}Queries", (), members)


class _Method:
    """Stands for a query's function on its class until it is first looked up."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.owner: type | None = None
        self.made: Callable[..., Any] | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner

    def __get__(self, instance: object, owner: type) -> Any:
        with _COMPILING:  # once, or two threads would hold different variants of one query
            if self.made is None:
                self.made = function(self.query)
                setattr(self.owner, self.query.name, self.made)
        return self.made.__get__(instance, owner)


def function(query: Query) -> Callable[..., Any]:
    """The function of a query: positional or keyword arguments, defaults as declared."""
    scope: dict[str, Any] = {}
    names = [param.name for param in query.params]
    if query.kind is Kind.BATCH:
        arguments, body = ["items"], "return self._each(_q, items)"
        scope["_q"] = query
    elif query.kind is Kind.SCRIPT:
        arguments, body = [], "return self._script(_v)"
        scope["_v"] = query.variants[0]
    else:
        scope["_d"] = [param.default for param in query.params]
        arguments = [
            param.name if param.required else f"{param.name}=_d[{index}]"
            for index, param in enumerate(query.params)
        ]
        body = _body(query, names, scope)
    source = f"def {query.name}({', '.join(['self', *arguments])}):\n    {body}\n"
    code = compile(source, f"<{query.full_name} from {query.file}:{query.line}>", "exec")
    exec(code, scope)  # noqa: S102 - names and numbers that the parser has checked
    made: Callable[..., Any] = scope[query.name]
    made.__qualname__ = query.full_name
    made.__doc__ = f"{query.doc}\n\n{query.signature}\n{query.file}:{query.line}".strip()
    return made


def _body(query: Query, names: list[str], scope: dict[str, Any]) -> str:
    method = _METHOD.get(query.kind, "_call")
    if not query.conditional:
        variant = scope["_v"] = query.variants[0]
        return f"return self.{method}(_v, {_tuple([names[i] for i in variant.order])})"
    scope["_v"] = [(variant, _picker(variant)) for variant in query.variants]
    bits = " | ".join(
        f"({names[index]} is not None) << {bit}" for bit, index in enumerate(query.conditional)
    )
    return f"_n, _p = _v[{bits}]; return self.{method}(_n, _p({_tuple(names)}))"


def _picker(variant: Variant) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """What takes a variant's values out of all parameters' values."""
    order = variant.order
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: tuple(values[index] for index in order)


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"
