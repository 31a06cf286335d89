"""The example in a node type's docstring, executed."""

from __future__ import annotations

import doctest
import inspect
import io

from nodeflow.node import NodeType


def check_example(node_type: NodeType) -> None:
    """Run the doctests in the docstring of a node type: what looks for doctests itself sees functions only.

    They see the names of the module in which the node type is declared.

    Raises:
        AssertionError: One of them gives something else than it says, or there is none.

    >>> from nodeflow.library import math
    >>> check_example(math.add)
    """
    if not node_type.example:
        raise AssertionError(f"{node_type.name} has no example in its docstring")
    names = dict(getattr(inspect.unwrap(node_type.function), "__globals__", {}))
    test = doctest.DocTestParser().get_doctest(node_type.example, names, node_type.name, node_type.module, 0)
    said = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=said.write)
    if runner.failures:
        raise AssertionError(f"the example of {node_type.name} ({node_type.module}) does not hold\n{said.getvalue()}")
