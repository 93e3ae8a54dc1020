"""The decorators of ``dgl.utils``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["alias_func", "cached_member", "retry_method_with_fix"]

Method = Callable[..., Any]


def alias_func(func: Method) -> Method:
    """A function that does the same, and says so in its docstring."""

    @wraps(func)
    def alias(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    alias.__doc__ = f"Alias of :func:`{func.__name__}`."
    return alias


def cached_member(cache: str, prefix: str) -> Callable[[Method], Method]:
    """Let a method store its results in a dict of the object.

    Args:
        cache: the attribute with the dict.
        prefix: begins the keys of the results; the arguments follow as texts.

    Returns:
        A decorator.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def read(self: Any, *args: Any, **kwargs: Any) -> Any:
            named = [f"{name}:{value}" for name, value in kwargs.items()]
            key = "-".join([prefix, *map(str, args), *named])
            results = getattr(self, cache)
            if key not in results:
                results[key] = method(self, *args, **kwargs)
            return results[key]

        return read

    return decorate


def retry_method_with_fix(fix_method: Method) -> Callable[[Method], Method]:
    """Let a method that failed run again, after another one.

    Args:
        fix_method: the other method; it has no arguments.

    Returns:
        A decorator. If the method fails a second time, the exception goes on.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def attempt(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return method(self, *args, **kwargs)
            except Exception:  # noqa: BLE001 - whatever the first attempt raised
                fix_method(self)
            return method(self, *args, **kwargs)

        return attempt

    return decorate
