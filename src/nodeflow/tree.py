"""A forest of numbered nodes that is asked who is above whom."""

from __future__ import annotations


class Tree:
    """Grows at its leaves; answers in logarithmic time, by one far pointer per node ("jump pointers").

    >>> tree = Tree(3)
    >>> tree.place(1, 0)
    >>> tree.place(2, 0)
    >>> tree.is_above(0, 2), tree.is_above(1, 2), tree.meet(1, 2)
    (True, False, 0)
    """

    def __init__(self, size: int) -> None:
        self.depth = [0] * size
        self._jump = list(range(size))
        self.parent = [-1] * size

    def place(self, node: int, parent: int) -> None:
        """Put `node` below `parent`, which was placed before, or make it a root (-1)."""
        if parent < 0:
            return
        jump = self._jump[parent]
        far = self._jump[jump]
        even = self.depth[parent] - self.depth[jump] == self.depth[jump] - self.depth[far]
        self.parent[node] = parent
        self.depth[node] = self.depth[parent] + 1
        self._jump[node] = far if even else parent

    def climb(self, node: int, depth: int) -> int:
        """The ancestor of `node` at `depth`; itself if it is not deeper."""
        while self.depth[node] > depth:
            jump = self._jump[node]
            node = jump if self.depth[jump] >= depth else self.parent[node]
        return node

    def is_above(self, ancestor: int, node: int) -> bool:
        """Whether `ancestor` is `node` or above it."""
        return self.climb(node, self.depth[ancestor]) == ancestor

    def meet(self, one: int, other: int) -> int:
        """The deepest that is above both, -1 if nothing is."""
        one = self.climb(one, self.depth[other])
        other = self.climb(other, self.depth[one])
        while one != other:
            if self.depth[one] == 0:
                return -1
            if self._jump[one] != self._jump[other]:
                one, other = self._jump[one], self._jump[other]
            else:
                one, other = self.parent[one], self.parent[other]
        return one
