"""The language host: which Python, which program, and that no process stays behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import language_pb2

from local.plugins.language_host import Children, LanguageHost, entry_of, python_of
from tests.waiting import until


class Context:
    """The part of a gRPC context that the host uses."""

    def __init__(self) -> None:
        self.said = ""

    def abort(self, code: Any, message: str) -> None:
        self.said = message
        raise ConnectionAbortedError(message)

    def add_callback(self, callback: Any) -> bool:
        return True


def test_the_projects_virtualenv_is_used_relative_to_its_root(tmp_path: Path) -> None:
    python = tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert python_of({"virtualenv": "venv"}, str(tmp_path)) == str(python)
    assert python_of({}, str(tmp_path)) == sys.executable


def test_a_missing_virtualenv_is_named_with_the_way_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/venv.*python3 -m venv"):
        python_of({"virtualenv": "venv"}, str(tmp_path))


def test_the_program_is_a_folder_or_the_file_that_main_names() -> None:
    assert entry_of("/p", ".") == "/p"
    assert entry_of("/p", "infra.py") == "/p/infra.py"


def run_request(folder: Path, program: str) -> Any:
    (folder / "__main__.py").write_text(program)
    return language_pb2.RunRequest(
        project="p",
        stack="s",
        pwd=str(folder),
        monitor_address="127.0.0.1:1",
        info=language_pb2.ProgramInfo(
            root_directory=str(folder), program_directory=str(folder), entry_point="."
        ),
    )


def test_cancelling_ends_the_program_at_once(tmp_path: Path) -> None:
    host = LanguageHost(None, None)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    host.children.add(child)
    host.Cancel(None, Context())
    assert child.wait(5) < 0


def test_a_program_that_comes_after_the_cancel_is_ended_too() -> None:
    children = Children()
    children.cancel()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    children.add(child)
    assert child.wait(5) < 0


def test_a_run_without_its_virtualenv_is_refused_before_anything_starts(tmp_path: Path) -> None:
    request = run_request(tmp_path, "")
    request.info.options.update({"virtualenv": "venv"})
    with pytest.raises(ConnectionAbortedError, match="has no Python"):
        LanguageHost(None, None).Run(request, Context())


@pytest.mark.parametrize(
    ("code", "bail", "error"), [(0, False, ""), (32, True, ""), (3, False, "code 3")]
)
def test_the_exit_code_says_whether_the_error_was_shown(code: int, bail: bool, error: str) -> None:
    answer = LanguageHost(None, None)._result(code)
    assert answer.bail == bail
    assert error in answer.error


def test_a_plugin_in_python_runs_and_its_output_comes_as_it_is_printed(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, sys; print(sys.argv[1], os.environ['GIVEN'], flush=True)\n"
        "print('oops', file=sys.stderr); sys.exit(5)"
    )
    request = language_pb2.RunPluginRequest(
        pwd=str(tmp_path),
        args=["127.0.0.1:1"],
        env=["GIVEN=yes"],
        info=language_pb2.ProgramInfo(
            root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point="."
        ),
    )
    answers = list(LanguageHost(None, None).RunPlugin(request, Context()))
    assert b"".join(answer.stdout for answer in answers) == b"127.0.0.1:1 yes\n"
    assert b"".join(answer.stderr for answer in answers) == b"oops\n"
    assert answers[-1].exitcode == 5


def test_a_host_starts_with_its_port_and_ends_with_its_parent() -> None:
    script = Path(__file__).parents[2] / "local/plugins/language_host.py"
    parent = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, sys.argv[1], '127.0.0.1:1'],"
        "stdout=subprocess.PIPE); print(p.pid, p.stdout.readline().decode().strip(), flush=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent, str(script)], capture_output=True, text=True, check=True
    )
    pid, port = (int(number) for number in done.stdout.split())
    assert port > 0
    until(lambda: not Path(f"/proc/{pid}").exists(), "a host whose engine was killed ends")


def test_a_waiting_program_ends_when_its_host_is_gone() -> None:
    runner = Path(__file__).parents[2] / "local/plugins/run_program.py"
    reading, writing = os.pipe()
    child = subprocess.Popen([sys.executable, str(runner)], stdin=reading)
    os.close(reading)
    os.close(writing)
    assert child.wait(20) == 0


def test_about_tells_python_and_its_packages() -> None:
    host = LanguageHost(None, None)
    about = host.About(language_pb2.AboutRequest(), Context())
    assert about.version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    listed = host.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest(), Context())
    names = {dependency.name.lower() for dependency in listed.dependencies}
    assert "pulumi" in names
    assert json.dumps(sorted(names)), "names only, plain texts"
