"""What fits where, known without seeing a value."""

from __future__ import annotations

import enum

from nodeflow.values.table import ON_WIRES, kind_of
from nodeflow.values.types import ANY, BOOL, DATE, DATETIME, SocketType


class Fit(enum.Enum):
    """How the values of one type do as values of another."""

    FITS = "fits"
    """Every value does, untouched."""
    CONVERTS = "converts"
    """Some value does, perhaps converted: one has to look at it."""
    IMPOSSIBLE = "impossible"
    """No value ever does."""


def fit(source: SocketType, target: SocketType) -> Fit:
    """How the values of `source` do as values of `target`, known without seeing one.

    >>> from nodeflow.values import INT, TEXT
    >>> fit(INT, ANY).name, fit(INT, TEXT).name, fit(TEXT, INT).name
    ('FITS', 'CONVERTS', 'IMPOSSIBLE')
    """
    if target == ANY or source == target:
        return Fit.FITS
    if source == ANY:
        return Fit.CONVERTS
    if source.members:
        found = {fit(member, target) for member in source.members}
        return found.pop() if len(found) == 1 else Fit.CONVERTS
    if target.members:
        found = {fit(source, member) for member in target.members}
        return next(each for each in Fit if each in found)  # the best: Fit lists them in this order
    return _fit_plain(source, target)


def _fit_plain(source: SocketType, target: SocketType) -> Fit:
    """Of two types that are neither `any` nor unions."""
    assert source.cls is not None
    assert target.cls is not None
    pair = (source, target)
    if BOOL in pair or (DATE in pair and DATETIME in pair):  # to Python a bool is an int; here it is not
        related = Fit.IMPOSSIBLE
    elif issubclass(source.cls, target.cls):
        related = Fit.FITS
    else:
        related = Fit.CONVERTS if issubclass(target.cls, source.cls) else Fit.IMPOSSIBLE
    if related is Fit.IMPOSSIBLE and (kind_of(source.cls), target.kind) in ON_WIRES:
        related = Fit.CONVERTS
    if related is Fit.FITS and target.inner is not None:
        # Even where no item could ever be converted, the empty list can.
        return Fit.FITS if fit(source.inner or ANY, target.inner) is Fit.FITS else Fit.CONVERTS
    return related
