"""The way to a cluster by its kubeconfig: whatever is wrong with it is `NoAccess`, and a sentence.

People and CI write that file, and its credentials may come from a program of theirs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import httpx2
import yaml
from lightkube import Client, KubeConfig
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, SingleConfig
from lightkube.core.exceptions import ConfigError

from ops.errors import NoAccess
from ops.first_decoding import CONNECTING

PROGRAM_SECONDS: Final = 30.0
"""How long a program may take to give credentials: a browser may have to be logged in with."""
SAYS_ITSELF: Final = (ConfigError, OSError, AssertionError)
"""Errors whose text is a sentence for people."""


def client(
    namespace: str, *, context: str | None, field_manager: str, timeout_seconds: float
) -> Client:
    """A client by the kubeconfig that `KUBECONFIG` or the home folder has, or the pod's account.

    Raises NoAccess, from its requests as well: where the credentials can't be had.
    """
    try:
        with CONNECTING:
            config = KubeConfig.from_env().get(context_name=context)
        made = Client(
            config=config,
            namespace=namespace,
            field_manager=field_manager,
            timeout=httpx2.Timeout(timeout_seconds),
        )
    except Exception as error:  # of the file's making, in as many ways as there are
        wanted = f"the context {context!r}" if context else "a current context"
        raise NoAccess(
            f"no way to the cluster: {wanted} was looked for in the kubeconfig {_place()!r}: "
            f"{_told(error)}. Set KUBECONFIG, or `pulumi config set kubernetes:context NAME`."
        ) from error
    session: Any = made._client._client  # lightkube has no way to give it an `auth`
    if session.auth is not None:
        session.auth = _Credentials(session.auth, _giver(made.config))
    return made


class _Credentials(httpx2.Auth):
    """What another one gives; that it can't is told apart from what the API server answers."""

    def __init__(self, inner: httpx2.Auth, giver: str) -> None:
        self._inner, self._giver = inner, giver

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        try:
            yield from self._inner.sync_auth_flow(request)
        except Exception as error:  # a program that is missing, or fails, or prints something else
            raise NoAccess(
                f"no way to the cluster: {self._giver} gives no credentials: {_told(error)}. Log "
                "in with it anew, or set KUBECONFIG, or `pulumi config set kubernetes:context NAME`"
            ) from error


def _printed(command: Sequence[str], env: Mapping[str, str]) -> bytes:
    """What a program prints that gives credentials. Raises ConfigError."""
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, timeout=PROGRAM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"it did not end within {PROGRAM_SECONDS:g} s, so it hangs, or asks for something"
        ) from error
    if done.returncode != 0:
        raise ConfigError(f"it returned {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout


# Lightkube's own waits for ever, and it has no way to give it another.
client_adapter.sync_check_output = _printed


def _giver(config: SingleConfig) -> str:
    if config.fname is None:
        return "the pod's account"
    of = f"of the kubeconfig {str(config.fname)!r}"
    program = config.user.exec if config.user else None
    return f"the program {program.command!r} {of}" if program else f"the user {of}"


def _place() -> str:
    return os.environ.get("KUBECONFIG", DEFAULT_KUBECONFIG)


def _told(error: Exception) -> str:
    """One line, without what the file says: there are secrets in it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1} is not YAML: {error.problem}"
    if isinstance(error, SAYS_ITSELF):
        return " ".join(str(error).split())
    if isinstance(error, KeyError):
        return f"there is no {error}"
    return f"it is empty, or not what it should be ({type(error).__name__})"
