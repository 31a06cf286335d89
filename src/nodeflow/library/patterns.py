"""Regular expressions of the library, which are compiled when they are first used: loading all nodes waits for none."""

from __future__ import annotations

import re
from typing import Any, cast


def compiled_later(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, as far as its methods go.

    >>> compiled_later("a+").fullmatch("aaa") is not None
    True
    """
    return cast("re.Pattern[str]", _Later(pattern, flags))


class _Later:
    def __init__(self, pattern: str, flags: int) -> None:
        self._said = pattern, flags

    def __getattr__(self, name: str) -> Any:
        method = getattr(re.compile(*self._said), name)
        setattr(self, name, method)  # from now on it is found without asking here
        return method
