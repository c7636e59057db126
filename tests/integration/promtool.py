"""promtool on rules and series of a test, and amtool on a configuration: what they say is asked."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.integration.alert_world import SCRAPE_SECONDS


def program(name: str) -> str:
    """The program's path; both come with the Debian packages that `make up` installs."""
    found = shutil.which(name)
    assert found, f"{name} is not on PATH: `make up` installs it (local/packages.py)"
    return found


def check_rules(document: Mapping[str, Any], folder: Path) -> str:
    """What `promtool check rules` says; fails where the rules are wrong."""
    rules = folder / "rules.yaml"
    rules.write_text(json.dumps(document))
    return _run([program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(rules)])


def judge(
    document: Mapping[str, Any],
    series: Mapping[str, str],
    expected: Mapping[str, Any],
    folder: Path,
    *,
    interval_seconds: int = SCRAPE_SECONDS,
    evaluation_seconds: int = SCRAPE_SECONDS,
) -> None:
    """`promtool test rules` on series with a value each interval; `expected` are its checks."""
    rules, test = folder / "rules.yaml", folder / "test.yaml"
    rules.write_text(json.dumps(document))
    case = {
        "interval": f"{interval_seconds}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        **expected,
    }
    whole = {"rule_files": [rules.name], "tests": [case]}
    test.write_text(json.dumps(whole | {"evaluation_interval": f"{evaluation_seconds}s"}))
    _run([program("promtool"), "test", "rules", str(test)])


def firing(alert: str, at_seconds: int, expected: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The check that an alert fires at a time with these labels and annotations, and no other."""
    return {"eval_time": f"{at_seconds}s", "alertname": alert, "exp_alerts": list(expected)}


def labels(selector: str, at_seconds: int, *found: str) -> dict[str, Any]:
    """The check that the firing alerts of the selector are those with these labels."""
    samples = [{"labels": f"ALERTS{{{each}}}", "value": 1} for each in found]
    return value(f'ALERTS{{alertstate="firing"{selector and "," + selector}}}', at_seconds, samples)


def value(expr: str, at_seconds: int, samples: list[dict[str, Any]]) -> dict[str, Any]:
    """The check that an expression has these values, and no other."""
    return {"expr": expr, "eval_time": f"{at_seconds}s", "exp_samples": samples}


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout
