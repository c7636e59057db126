"""Stand-in for `pulumi-language-python`, where the official one can't be had.

Speaks the engine's LanguageRuntime protocol, and runs the program with the project's own Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
RUNNER = HERE / "run_program.py"
DEFAULT_VERSION = "3.259.0"
KILL_AFTER = 2.0
"""Seconds between asking a program to end and killing it."""


def start_runner(python: str) -> subprocess.Popen[bytes]:
    """A program process that waits for its order; its output goes straight to the engine."""
    return subprocess.Popen(
        [python, "-P", str(RUNNER)] if _safe_path(python) else [python, str(RUNNER)],
        stdin=subprocess.PIPE,
        env=_program_environment(),
    )


def _safe_path(python: str) -> bool:
    return python == sys.executable and sys.version_info >= (3, 11)


def _program_environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("PYTHONIOENCODING", "utf-8")
    return environment


# Before anything else is imported: the SDK's import in the other process is the longest part of
# the way, and this host's own start overlaps with it.
_warm = start_runner(sys.executable) if __name__ == "__main__" else None

if __name__ == "__main__":
    sys.path[0] = str(HERE.parents[1])

from local.plugins import protocol  # noqa: E402

if __name__ == "__main__":
    protocol.without_sdk()

from google.protobuf import empty_pb2  # noqa: E402
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2  # noqa: E402


def python_of(options: dict[str, Any], root: str) -> str:
    """The Python a project asks for: `runtime.options.virtualenv`, else the host's own.

    Raises FileNotFoundError when the named virtualenv has none.
    """
    virtualenv = options.get("virtualenv")
    if not virtualenv:
        return sys.executable
    folder = Path(root, str(virtualenv)).resolve()
    for candidate in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
        if candidate.exists():
            return str(candidate)
    raise FileNotFoundError(
        f"the virtualenv of this project, {folder}, has no Python"
        " (Pulumi.yaml, runtime.options.virtualenv). Make it: `make up` does, or"
        f" python3 -m venv {folder} && {folder}/bin/pip install -r requirements.txt"
    )


def entry_of(directory: str, entry_point: str) -> str:
    """What to run: the program's directory itself, or the file that `main` names in it."""
    if entry_point in ("", "."):
        return directory or "."
    return str(Path(directory, entry_point))


class Children:
    """The processes started for the engine, so that all of them end when it says so."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.cancelled = False

    def add(self, child: subprocess.Popen[bytes]) -> None:
        """Look after a process; one that comes after the cancel is ended at once."""
        with self._lock:
            self._running.add(child)
            too_late = self.cancelled
        if too_late:
            child.terminate()

    def remove(self, child: subprocess.Popen[bytes]) -> None:
        """Forget a process that has ended."""
        with self._lock:
            self._running.discard(child)

    def cancel(self) -> None:
        """Ask every process to end, and kill those that do not."""
        with self._lock:
            self.cancelled = True
            running = list(self._running)
        for child in running:
            child.terminate()
        for child in running:
            try:
                child.wait(KILL_AFTER)
            except subprocess.TimeoutExpired:
                child.kill()


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The engine's view of Python."""

    def __init__(self, engine: str | None, warm: subprocess.Popen[bytes] | None) -> None:
        self._engine = engine
        self._warm = warm
        self.children = Children()
        if warm is not None:
            self.children.add(warm)

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        return plugin_pb2.PluginInfo(version=_sdk_version())

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """None: providers come from PATH, or are asked for when a resource first needs one."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        python = _or_abort(context, lambda: _python_of_info(request.info))
        return language_pb2.AboutResponse(
            executable=python,
            version=_version_of(python),
            metadata={"language host": "local stand-in"},
        )

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The packages of the project's Python, for `pulumi about`."""
        python = _or_abort(context, lambda: _python_of_info(request.info))
        script = (
            "import importlib.metadata as m, json;"
            "print(json.dumps([[d.metadata['Name'], d.version, not d.requires and 1 or 0]"
            " for d in m.distributions()]))"
        )
        listing = subprocess.run(
            [python, "-c", script], check=False, capture_output=True, text=True
        ).stdout
        packages = json.loads(listing or "[]")
        if not request.transitiveDependencies:
            packages = [p for p in packages if p[0] and p[0].lower().startswith("pulumi")]
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version, _ in sorted(packages)
            ]
        )

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program to its end; `bail` when it has shown its own error."""
        info = request.info
        python = _or_abort(context, lambda: _python_of_info(info))
        child = self._take_runner(python)
        directory = info.program_directory or request.pwd
        order = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or None,
            "root_directory": info.root_directory or request.pwd,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "config": dict(request.config),
            "config_secret_keys": list(request.configSecretKeys),
            "program": entry_of(directory, info.entry_point or request.program),
            "args": list(request.args),
            "cwd": request.pwd or directory,
        }
        try:
            code = _give_order(child, order)
        finally:
            self.children.remove(child)
        return self._result(code)

    def _take_runner(self, python: str) -> subprocess.Popen[bytes]:
        warm, self._warm = self._warm, None
        if warm is not None and python == sys.executable and warm.poll() is None:
            return warm
        if warm is not None:
            warm.terminate()
        child = start_runner(python)
        self.children.add(child)
        return child

    def _result(self, code: int) -> Any:
        if code == 0:
            return language_pb2.RunResponse()
        if code == 32 or self.children.cancelled:
            return language_pb2.RunResponse(bail=True)
        if code < 0:
            return language_pb2.RunResponse(error=f"the program was ended by signal {-code}")
        return language_pb2.RunResponse(
            error=f"the program exited with code {code}; what it printed is above"
        )

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Run a plugin written in Python, a policy pack for one, and pass on what it prints."""
        info = request.info
        python = _or_abort(context, lambda: _python_of_info(info))
        program = entry_of(info.program_directory, info.entry_point)
        environment = _program_environment() | dict(
            entry.split("=", 1) for entry in request.env if "=" in entry
        )
        child = subprocess.Popen(
            [python, "-u", program, *request.args],
            cwd=request.pwd or info.program_directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.children.add(child)
        # The engine closes a plugin by ending this call.
        context.add_callback(child.terminate)
        try:
            for stream, data in _output_of(child):
                yield _plugin_output(stream, data)
            yield language_pb2.RunPluginResponse(exitcode=child.wait())
        finally:
            self.children.remove(child)

    def InstallDependencies(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, D102
        _abort(
            context,
            "UNIMPLEMENTED",
            "this stand-in of the Python language host installs nothing: `make up` makes the"
            " virtualenv, or run pip install -r requirements-dev.txt in it",
        )

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """End the program now: it would wait for an engine that has given up on it."""
        self.children.cancel()
        return empty_pb2.Empty()


def _version_of(python: str) -> str:
    if python == sys.executable:
        return ".".join(str(part) for part in sys.version_info[:3])
    script = "import platform; print(platform.python_version())"
    done = subprocess.run([python, "-c", script], check=False, capture_output=True, text=True)
    return done.stdout.strip()


def _give_order(child: subprocess.Popen[bytes], order: dict[str, Any]) -> int:
    """Send the order and wait. The pipe stays open: its end tells the child that we are gone."""
    if child.stdin is None:
        raise RuntimeError("the program process was started without a pipe to order it by")
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.flush()
    return child.wait()


def _output_of(child: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """What a process prints, as it comes, until both of its streams are closed."""
    chunks: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def pump(name: str, descriptor: int) -> None:
        while data := os.read(descriptor, 65536):
            chunks.put((name, data))
        chunks.put((name, b""))

    for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
        if stream is not None:
            threading.Thread(target=pump, args=(name, stream.fileno()), daemon=True).start()
    still_open = 2
    while still_open:
        name, data = chunks.get()
        if data:
            yield name, data
        else:
            still_open -= 1


def _plugin_output(stream: str, data: bytes) -> Any:
    if stream == "stdout":
        return language_pb2.RunPluginResponse(stdout=data)
    return language_pb2.RunPluginResponse(stderr=data)


def _python_of_info(info: Any) -> str:
    return python_of(dict(info.options.items()), info.root_directory or info.program_directory)


def _or_abort(context: Any, find: Any) -> Any:
    try:
        return find()
    except FileNotFoundError as error:
        _abort(context, "NOT_FOUND", str(error))


def _abort(context: Any, code: str, message: str) -> NoReturn:
    import grpc  # noqa: PLC0415

    context.abort(getattr(grpc.StatusCode, code), message)
    raise AssertionError("abort raises")


def _sdk_version() -> str:
    from importlib import metadata  # noqa: PLC0415

    try:
        return metadata.version("pulumi")
    except metadata.PackageNotFoundError:
        return DEFAULT_VERSION


def main(args: list[str], warm: subprocess.Popen[bytes] | None) -> None:
    """Serve the engine whose address is the last argument."""
    host = LanguageHost(protocol.engine_address(args), warm)

    def register(server: Any) -> None:
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)

    protocol.serve(register, host.children.cancel)


if __name__ == "__main__":
    main(sys.argv[1:], _warm)
