#!/usr/bin/env python3
"""Invent markers and constraints, and write down what poetry-core makes of them, for the test of `formats`.

  poetry_markers.py [--seed 1] [--count 2000] > vectors.jsonl

Runs under a Python that has poetry-core. Each line is one case: {"op": ..., "in": [...], "out": "..."}.
`LOCKWRIGHT_POETRY_VECTORS=vectors.jsonl cargo test -p lockwright-formats --lib vectors` compares.
"""
from __future__ import annotations

import argparse
import json
import random

from poetry.core.constraints.version import parse_constraint
from poetry.core.packages.utils.utils import get_python_constraint_from_marker
from poetry.core.version.markers import parse_marker

MINORS = ["2.7", "3", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "4", "4.0"]
FULLS = ["3.8.0", "3.9.1", "3.10.0", "3.11.0", "3.11.0a6", "3.11.4", "3.12.0", "3.8", "3.12", "3.13.0rc1"]
TEXTS = {
    "sys_platform": ["win32", "linux", "darwin", "cygwin", "emscripten"],
    "os_name": ["nt", "posix", "java"],
    "platform_system": ["Windows", "Linux", "Darwin", "FreeBSD"],
    "platform_machine": ["x86_64", "aarch64", "arm64", "AMD64", "arm"],
    "platform_python_implementation": ["CPython", "PyPy"],
    "implementation_name": ["cpython", "pypy"],
    "extra": ["a", "b", "c", "Foo_Bar"],
}
PYTHONS = ["*", ">=3.8", "^3.9", ">=3.10,<4", ">=3.9,<3.13", ">=3.8,!=3.9.*", ">=3.9.1,<3.14", "~3.10", ">=2.7,!=3.0.*,!=3.1.*",
           ">=3.10,<3.11 || >=3.12", "<3.12", ">3.8", ">=3.8,<=3.12", "3.11"]
SPECIFIERS = ["^1.2", "~1.2.3", "~=1.4.2", ">=1,<2", ">=1.0,!=1.5,<3", "!=1.6.*", "==1.*", "1.2.3", "<2", "<=2.0", ">1.0", ">=1.7.dev0",
              "<2.0b1", "^0.3", "^0.0.3", "*", ">=1.2,<1.5 || >=2", "!=1.5.0", "<1 || >1", ">=2.0a1,<3", "==1.2+cpu", ">=1.0.post1"]


def atom(pick: random.Random) -> str:
    kind = pick.random()
    if kind < 0.42:
        if pick.random() < 0.1:
            values = ", ".join(pick.sample([m for m in MINORS if "." in m], pick.randint(1, 3)))
            return f'python_version {pick.choice(["in", "not in"])} "{values}"'
        return f'python_version {pick.choice(["==", "!=", "<", "<=", ">", ">=", ">=", "<"])} "{pick.choice(MINORS)}"'
    if kind < 0.56:
        return f'python_full_version {pick.choice(["==", "!=", "<", "<=", ">", ">=", "~="])} "{pick.choice(FULLS)}"'
    name = pick.choice(list(TEXTS))
    value = pick.choice(TEXTS[name])
    if name != "extra" and pick.random() < 0.1:
        return f'"{value[:3]}" {pick.choice(["in", "not in"])} {name}'
    if name != "extra" and pick.random() < 0.1:
        return f'{name} {pick.choice(["in", "not in"])} "{" ".join(pick.sample(TEXTS[name], 2))}"'
    return f'{name} {pick.choice(["==", "==", "!="])} "{value}"'


def marker(pick: random.Random, depth: int = 0) -> str:
    count = pick.choice([1, 1, 2, 2, 3, 4]) if depth == 0 else pick.choice([1, 2, 2, 3])
    parts = [f"({marker(pick, depth + 1)})" if depth < 2 and pick.random() < 0.2 else atom(pick) for _ in range(count)]
    text = parts[0]
    for part in parts[1:]:
        text += f' {pick.choice(["and", "or"])} {part}'
    return text


def cases(pick: random.Random):
    first, second = marker(pick), marker(pick)
    python = pick.choice(PYTHONS)
    name = pick.choice(["extra", "sys_platform", "python_version"])
    a, b = parse_marker(first), parse_marker(second)
    yield "parse", [first], str(a)
    yield "intersect", [first, second], str(a.intersect(b))
    yield "union", [first, second], str(a.union(b))
    yield "invert", [first], str(a.invert())
    yield "exclude", [first, name], str(a.exclude(name))
    yield "only-python", [first], str(a.only("python_version", "python_full_version"))
    yield "reduce", [first, python], str(a.reduce_by_python_constraint(parse_constraint(python)))
    # What a list in one atom means beside another atom is not what poetry-core computes.
    if " in " not in first:
        yield "python", [first], str(get_python_constraint_from_marker(a))
    one, other = (" ".join([pick.choice(SPECIFIERS)]) for _ in range(2))
    x, y = parse_constraint(one), parse_constraint(other)
    yield "constraint", [one], str(x)
    yield "constraint-intersect", [one, other], str(x.intersect(y))
    yield "constraint-union", [one, other], str(x.union(y))
    yield "constraint-allows", [one, other], f"{x.allows_all(y)} {x.allows_any(y)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    arguments = parser.parse_args()
    pick = random.Random(arguments.seed)
    for _ in range(arguments.count):
        found = []
        try:
            for case in cases(pick):
                found.append(case)
        except (RecursionError, NotImplementedError, ValueError, AssertionError):
            # What poetry-core itself does not survive is nobody's model.
            pass
        for operation, given, out in found:
            print(json.dumps({"op": operation, "in": given, "out": out}))


if __name__ == "__main__":
    main()
