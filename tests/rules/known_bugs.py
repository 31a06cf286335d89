"""What is known to be wrong: the marks of tests that show it."""

from __future__ import annotations

import pytest

BUGS = {
    "listener back": "a wire from a listener back to what triggers its event, or before it, is not rejected",
}


def bug(name: str) -> pytest.MarkDecorator:
    """What a test carries that shows a known bug: the day that it passes, the mark goes."""
    return pytest.mark.xfail(strict=True, reason=f"BUG: {BUGS[name]}")
