"""A checklist as JUnit XML, which every CI shows: bad is a failure, unknown an error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from ops.checklist import Line
from ops.errors import UsageError

_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 can't hold, not even escaped; an answer may have any."""


def xml(suite: str, lines: Sequence[Line], at: datetime) -> str:
    """The document. `at` is when the checks began."""
    bad = [line for line in lines if line.verdict == "bad"]
    skipped = [line for line in lines if not line.tried]
    unknown = [line for line in lines if line.verdict == "unknown" and line.tried]
    root = ET.Element("testsuites")
    top = ET.SubElement(
        root,
        "testsuite",
        name=suite,
        tests=str(len(lines)),
        failures=str(len(bad)),
        errors=str(len(unknown)),
        skipped=str(len(skipped)),
        time=f"{sum(line.seconds for line in lines):.3f}",
        timestamp=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    for line in lines:
        case = ET.SubElement(
            top, "testcase", classname=suite, name=line.name, time=f"{line.seconds:.3f}"
        )
        if line.retries:
            properties = ET.SubElement(case, "properties")
            ET.SubElement(properties, "property", name="flaky", value=str(line.retries))
        kind = _kind(line)
        if kind:
            ET.SubElement(case, kind, message=_FORBIDDEN.sub("\ufffd", line.detail))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def require_place(path: Path) -> None:
    """Raise UsageError where a report could not be written, before anything is checked."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: a file in a folder that is there is needed for the report")


def _kind(line: Line) -> str:
    if not line.tried:
        return "skipped"
    return {"good": "", "bad": "failure", "unknown": "error"}[line.verdict]
