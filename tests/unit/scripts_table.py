"""What scripts there are, what each command takes, and which of them go to the cluster."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import typer.main

from tests.unit.stranger import ROOT, STACK

FOLDER: Final = ROOT / "scripts"
SCRIPTS: Final = sorted(file for file in FOLDER.glob("*.py") if file.read_text().startswith("#!"))
NAMES: Final = frozenset(script.stem for script in SCRIPTS)

IMAGE: Final = "--color blue --version v1.2.0"
URL: Final = "http://127.0.0.1:1"
COMMANDS: Final[dict[str, str]] = {
    "backup_production_db": "",
    "canary": "",
    "check_background": "",
    "check_metrics": "",
    "clear_cache": "",
    "close_release": "v1.2.0",
    "diagnose": "",
    "emergency_rollback": "",
    "incident declare": "uploads-fail",
    "incident update": "still",
    "incident resolve": "over",
    "incident status": "",
    "incident assess": "",
    "incident isolate": "breach --yes-isolate {stack}",
    "incident reopen": "",
    "incident evidence": "--into evidence",
    "logs": "",
    "maintenance on": "because",
    "maintenance off": "",
    "maintenance status": "",
    "migrate plan": IMAGE,
    "migrate lint": IMAGE,
    "migrate rehearse": IMAGE,
    "migrate upgrade": IMAGE,
    "migrate verify": IMAGE,
    "migrate downgrade": "base --yes-downgrade base",
    "migrate backfill": IMAGE,
    "preflight": "v1.2.0",
    "release": "v1.2.0",
    "restart": "blue",
    "restore_production_db": "latest --yes-restore {stack}",
    "rollback_release": "--yes-rollback {stack}",
    "rotate_api_keys": "",
    "rotate_db_password": "",
    "rotate_jwt_secret": "",
    "silence_alerts create": "severity=warning --comment because --minutes 1",
    "silence_alerts list": "",
    "silence_alerts expire": "some-id",
    "smoke_tests": URL,
    "status": "",
    "switch_deployment_color": "green",
    "verify_backup": "latest",
    "verify_ui": f"{URL} --browser /bin/true",
    "warmup_deployment": "blue",
}
"""Each command with the least that it takes; `{stack}` is the stack's name."""
WITHOUT_A_CLUSTER: Final = {
    "backup_production_db": "tells the alerts of it afterwards, if it can",
    "check_metrics": "asks Prometheus",
    "clear_cache": "asks Redis",
    "incident declare": "tells people, whatever else is gone",
    "maintenance on": "asks Redis and the database",
    "maintenance off": "asks Redis and the database",
    "maintenance status": "asks Redis",
    "silence_alerts create": "asks Alertmanager",
    "silence_alerts list": "asks Alertmanager",
    "silence_alerts expire": "asks Alertmanager",
    "verify_backup": "tells the alerts of it afterwards, if it can",
}
IN_THE_CLUSTER: Final = sorted(COMMANDS.keys() - WITHOUT_A_CLUSTER.keys())


@cache
def commands(script: str) -> dict[str, frozenset[str]]:
    """The options of each command of a script; one that has no commands is its own, named ""."""
    app = importlib.import_module(f"scripts.{script}").app
    made: Any = typer.main.get_command(app)
    found = getattr(made, "commands", {"": made})
    return {
        name: frozenset(
            opt for param in each.params for opt in [*param.opts, *param.secondary_opts]
        )
        | {"--help"}
        for name, each in found.items()
    }


def told(command: str, *more: str, stack: str = STACK) -> tuple[Path, list[str]]:
    """A command's script by its path, and the least of its arguments, on a stack."""
    script, *words = command.split()
    least = COMMANDS[command].format(stack=stack).split()
    return FOLDER / f"{script}.py", [*words, *least, "--stack", stack, *more]
