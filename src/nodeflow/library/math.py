"""Arithmetic. Whole numbers stay whole where Python keeps them so."""

from __future__ import annotations

from nodeflow.node import data_node

Number = int | float


@data_node("math.add")
def add(a: Number = 0, b: Number = 0) -> Number:
    """The sum."""
    return a + b


@data_node("math.subtract")
def subtract(a: Number = 0, b: Number = 0) -> Number:
    """The difference."""
    return a - b


@data_node("math.multiply")
def multiply(a: Number = 0, b: Number = 0) -> Number:
    """The product."""
    return a * b


@data_node("math.divide")
def divide(a: Number = 0, b: Number = 1) -> float:
    """The quotient. Fails with `ZeroDivisionError` if `b` is 0."""
    return a / b


@data_node("math.modulo")
def modulo(a: Number = 0, b: Number = 1) -> Number:
    """What is left of `a` after division by `b`, with the sign of `b`, as in Python."""
    return a % b
