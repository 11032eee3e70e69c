"""The authors' token streams, from their definition: an independent reading of rows, with the states of reasoning corpora.

Numbers: begin 0. Without memory states, mark of level j is 1 + 2j and symbol c is 2 + 2c. With them, 1 opens and 2 closes a state, 3 is
padding, and in steps of 4 (segment) or 5 (path) from 4 on: mark, symbol, mark in a state, symbol in a state, sibling index (path)."""


def zeros(i, d):
    count = 0
    while i % d == 0:
        i //= d
        count += 1
    return count


def punctuated(leaves, d, first=1, step=2):
    tokens = [0]
    for i, symbol in enumerate(leaves):
        if i > 0 and i % d == 0:
            tokens.append(first + step * zeros(i, d))
        tokens.append(first + 1 + step * symbol)
    return tokens


class Reader:
    """Splits a row into states and tokens, and follows what each state must be, except for symbols that it alone tells: those it returns."""

    def __init__(self, stream, d, height, every):
        self.path, self.d, self.height, self.every = stream == "path", d, height, every
        self.step = 5 if self.path else 4

    def read(self, row):
        """Leaves, and for every leaf the symbols of its ancestors from the parent up (path) or {(height, index): symbol} (segment)."""
        row = [int(t) for t in row]
        at, tokens, leaves, told = 0, 0, [], {}
        siblings = [0] * (self.height + 1)   # path: children of the ancestor of height j that are complete
        known = [False] * (self.height + 1)  # path: whether its symbol is told
        lists = [[] for _ in range(self.height)]  # segment: (height, index) of completed siblings
        while at < len(row):
            if tokens % self.every == 0:
                assert row[at] == 1, "no state where one is due"
                end = row.index(2, at)
                self.check_state(row[at + 1:end], siblings, known, lists, len(leaves), told)
                at = end + 1
            token = row[at]
            at += 1
            tokens += 1
            if token == 0:
                assert tokens == 1
                continue
            kind, value = (token - 4) % self.step, (token - 4) // self.step
            if kind == 1:
                leaves.append(value)
                siblings[1] += 1
                known = [True] * (self.height + 1)
                lists[0].append((0, len(leaves) - 1))
                told[(0, len(leaves) - 1)] = value
            else:
                assert kind == 0 and value == zeros(len(leaves), self.d), "a wrong mark"
                for j in range(1, value + 1):
                    siblings[j], known[j] = 0, False
                siblings[value + 1] += 1
                for j in range(value):
                    lists[j] = []
                lists[value].append((value, len(leaves) // self.d**value - 1))
        return leaves, told

    def check_state(self, state, siblings, known, lists, written, told):
        def tell(node, symbol):
            assert told.setdefault(node, symbol) == symbol, "a node's symbol changed"

        if self.path:
            assert len(state) == 2 * self.height
            for depth in range(self.height):
                j = self.height - depth
                value, index = state[2 * depth], state[2 * depth + 1]
                assert index == 8 + 5 * siblings[j], "a wrong sibling index"
                if known[j]:
                    assert (value - 7) % 5 == 0 and value >= 7
                    tell((j, (written - 1) // self.d**j), (value - 7) // 5)
                else:
                    assert value == 3, "a symbol before it is known"
            return
        assert len(state) == self.height * (1 + self.d)
        for depth in range(self.height):
            j = self.height - 1 - depth
            part = state[depth * (1 + self.d):(depth + 1) * (1 + self.d)]
            assert part[0] == 6 + 4 * j
            for node, token in zip(lists[j], part[1:]):
                assert (token - 7) % 4 == 0 and token >= 7
                tell(node, (token - 7) // 4)
            assert part[1 + len(lists[j]):] == [3] * (self.d - len(lists[j]))
