"""What the documentation tells people to type: each script is there, each option is known to it."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.unit.scripts_table import NAMES, commands
from tests.unit.stranger import ROOT

PAGES: Final = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
PRODUCT: Final = ("agent", "components", "ops", "scripts")
RUNBOOK: Final = ROOT / "docs" / "runbook.md"
COMMAND: Final = re.compile(r"scripts/(\w+)\.py(?: ([^#|&]*))?")
IN_PROSE: Final = re.compile(r"scripts/(\w+)\.py((?: [^#|&`;:,()]*)?)")
FORBIDDEN: Final = re.compile(r"\b(kubectl|psql|promtool|redis-cli|pg_dump|curl|docker)\b")
"""What nobody needs; the left side of a table quotes the old runbook."""


def _typed(page: Path) -> list[tuple[str, list[str]]]:
    """Each script that a page's code names, with the words that follow it."""
    lines = page.read_text().splitlines()
    blocks = [line for line in lines if line.startswith("    ")]
    prose = "\n".join(line for line in lines if not line.startswith("    "))
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    found = [match for code in [*blocks, *spans] for match in COMMAND.finditer(code)]
    return [(match[1], (match[2] or "").split()) for match in found]


def _said(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Each script that a source's texts name, with the words that follow it; `X` for a value."""
    tree = ast.parse(source.read_text())
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    texts = [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        for node in formatted
    ]
    texts += [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    ]
    for text in texts:
        for match in IN_PROSE.finditer(" ".join(text.split())):
            yield match[1], match[2].split()


def _wrong(script: str, words: list[str]) -> str:
    """What is wrong with a command; empty if nothing is."""
    if script not in NAMES:
        return f"there is no scripts/{script}.py"
    found = commands(script)
    name = "" if "" in found else words[0] if words else ""
    if name and name not in found and re.fullmatch(r"[a-z][a-z-]*", name):
        return f"scripts/{script}.py has no command {name}"
    options = found.get(name) or frozenset().union(*found.values())
    used = {word.partition("=")[0].rstrip(",;:.)") for word in words if word.startswith("--")}
    unknown = sorted(used - options)
    return f"scripts/{script}.py {name} does not know {', '.join(unknown)}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_scripts_and_options_that_there_are(page: Path) -> None:
    problems = {_wrong(script, words) for script, words in _typed(page)} - {""}
    assert sorted(problems) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_links_to_pages_and_headings_that_there_are(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text())
    for path, heading in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not heading or heading in _headings(target), f"{path}#{heading}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_productions_namespace_and_context_as_they_are(page: Path) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.production.yaml").read_text())["config"]
    namespace, context = config["legal-ai:namespace"], config["kubernetes:context"]
    names = {"--namespace": namespace, "--context": context, "--yes-isolate": namespace}
    typed = [words for _, words in _typed(page)]
    for words in [*typed, *(span.split() for span in re.findall(r"`(--[^`]+)`", page.read_text()))]:
        if "--namespace" in words and len(words) > 1:
            given = {at: word for at, word in itertools.pairwise(words) if at in names}
            assert given.keys() >= {"--namespace", "--context"}, words
            assert given.items() <= names.items(), words


def test_a_message_of_the_program_names_scripts_that_there_are() -> None:
    sources = [file for folder in PRODUCT for file in (ROOT / folder).rglob("*.py")]
    named = {
        name for file in sources for name in re.findall(r"scripts/(\w+)\.py", file.read_text())
    }
    assert named - NAMES == set()


@pytest.mark.parametrize("folder", PRODUCT)
def test_a_message_of_the_program_names_options_that_there_are(folder: str) -> None:
    found = {
        f"{file.relative_to(ROOT)}: {_wrong(script, words)}"
        for file in (ROOT / folder).rglob("*.py")
        for script, words in _said(file)
        if any(word.startswith("--") for word in words) and _wrong(script, words)
    }
    assert sorted(found) == []


def test_every_script_is_in_the_runbook() -> None:
    assert NAMES - {script for script, _ in _typed(RUNBOOK)} == set()


def test_every_old_line_has_its_command_or_says_why_it_needs_none() -> None:
    for old, new in _rows():
        is_said = re.search(
            r"`[^`]+`|^(none|the same|the application's|the program|one route)", new
        )
        assert is_said, f"{old}: {new}"
        assert not FORBIDDEN.search(new), f"{old}: {new}"


def test_whom_to_call_in_which_order_is_in_the_runbook() -> None:
    rows = dict(_rows())
    for what in ("on-call:", "escalation:", "security incidents:"):
        (command,) = (new for old, new in rows.items() if old.startswith(what))
        assert "scripts/incident.py declare" in command
    steps = next(old for old in rows if old.startswith("escalation:"))
    people = ("on-call", "team lead", "engineering manager", "CTO")
    assert sorted(people, key=steps.index) == list(people)


def test_the_rows_are_read_whole() -> None:
    olds = " ".join(old for old, _ in _rows())
    for tool in ("kubectl", "curl", "psql", "alembic", "docker", "git", "promtool", "pg_dump"):
        assert f"`{tool}" in olds or f" {tool} " in olds, tool
    assert len(_rows()) > 100


def _rows() -> list[tuple[str, str]]:
    """The table's rows: the old line, and what is typed here."""
    text = RUNBOOK.read_text()
    _, _, table = text.partition("## Every line of the old runbook\n")
    table, _, _ = table.partition("\n## ")
    rows = []
    for line in table.splitlines():
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        if len(cells) == 2 and not set(cells[0]) <= set("- ") and cells[0].strip() != "runbook":
            rows.append((cells[0].strip(), cells[1].strip()))
    return rows


def _headings(page: Path) -> set[str]:
    """The names by which a page's headings are linked to."""
    found = re.findall(r"(?m)^#+ (.+)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}
