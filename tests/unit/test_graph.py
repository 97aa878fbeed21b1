"""Who requires whom: markers and extras of the target decide, not what a package could require elsewhere."""

from __future__ import annotations

import time

from parity.graph import Graph, SelfDescription, drawn, graph_of

MARKERS = {"python_version": "3.9", "sys_platform": "linux", "python_full_version": "3.9.2"}


def graph(*packages: SelfDescription) -> Graph:
    return graph_of(packages, MARKERS)


def tree(found: Graph) -> list[str]:
    return [f"{line.branch}{line.name}{' (*)' if line.again else ''}" for line in drawn(found, found.roots)]


APP = SelfDescription(
    "app",
    "1.0",
    (
        "lib[fast]>=1,<3",
        "backport; python_version < '3.10'",
        "fresh; python_version >= '3.10'",
        "winonly; sys_platform == 'win32'",
        "no requirement at all",
    ),
    requested=True,
)
LIB = SelfDescription("lib", "2.0", ("speed; extra == 'fast'", "slow; extra == 'slow'", "app"))
REST = [SelfDescription(name, "1.0") for name in ("backport", "fresh", "speed")]


def test_only_what_holds_on_the_target_is_a_need() -> None:
    found = graph(APP, LIB, *REST)
    assert [(need.by, need.of, need.specifier, need.extra) for need in found.needs] == [
        ("app", "backport", "", ""),
        ("app", "lib", "<3,>=1", ""),
        ("lib", "app", "", ""),
        ("lib", "speed", "", "fast"),
    ]
    assert found.above["speed"][0].by == "lib"


def test_a_circle_is_drawn_once_and_what_nothing_explains_is_a_root() -> None:
    assert tree(graph(APP, LIB, *REST)) == [
        "app",
        "├── backport",
        "└── lib",
        "    ├── app (*)",
        "    └── speed",
        "fresh",
    ]


def test_an_extra_that_nobody_told_of_explains_what_it_brings() -> None:
    top = SelfDescription("requests", "2", ("pysocks>=1; extra == 'socks'", "idna"), requested=True)
    found = graph(top, SelfDescription("pysocks", "1"), SelfDescription("idna", "3"))
    assert [(need.of, need.extra) for need in found.needs] == [("idna", ""), ("pysocks", "socks")]


def test_a_chain_of_thousands_is_no_recursion() -> None:
    names = [f"p{at:04}" for at in range(3000)]
    chain = [
        SelfDescription(name, "1", (after,), requested=name == "p0000")
        for name, after in zip(names, [*names[1:], "p0000"], strict=True)
    ]
    found = graph(*chain)
    assert len(found.needs) == 3000
    assert 0 < len(tree(found)) < 100


def test_markers_that_cannot_be_asked_bring_nothing() -> None:
    odd = SelfDescription(
        "odd",
        "1",
        ("lib; python_version ~= 'x'", "lib; nonsense == '1'", "lib; " + "(" * 2000),
        requested=True,
    )
    assert graph(odd, LIB).above["lib"] == ()


def test_more_extras_than_anybody_has_come_to_an_end() -> None:
    own = tuple(f"p{at}; extra == 'e{at}'" for at in range(300))
    rest = [SelfDescription(f"p{at}", "1") for at in range(300)]
    found = graph(SelfDescription("app", "1", own, requested=True), *rest)
    assert len(found.needs) == 100
    assert len(found.roots) == 201


def test_thousands_of_extras_and_lines_take_no_minutes() -> None:
    lines = tuple(f"lib[{','.join(f'e{at}-{more}' for more in range(40))}]" for at in range(600))
    own = tuple(f"lib; extra == 'e{at}-0'" for at in range(1500))
    begin = time.monotonic()
    found = graph(SelfDescription("app", "1", lines, requested=True), SelfDescription("lib", "2.0", own))
    assert {(need.by, need.of) for need in found.needs} == {("app", "lib"), ("lib", "lib")}
    assert time.monotonic() - begin < 30
