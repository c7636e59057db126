"""What a release is checked by beyond the cluster: Git host, Sentry, staging; docs/preflight.md."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from components.settings.base import Part
from components.settings.values import HttpUrl, Key, Secret, Text

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_NAMES: Final = "a list of names, as the Git host shows them"


def _repository(value: str) -> str:
    if not _REPOSITORY.fullmatch(value):
        raise ValueError("it is no OWNER/NAME")
    return value


def _encrypted(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("a token would go there in the clear")
    return value


HttpsUrl = Annotated[HttpUrl, AfterValidator(_encrypted)]
Repository = Annotated[Text, AfterValidator(_repository)]


class ChecksSettings(Part):
    """The checks of a commit that stand for each of the runbook's quality gates; all must pass."""

    tests: Annotated[
        tuple[Text, ...], Key("checks that run backend's and frontend's tests", _NAMES, "backend")
    ] = ()
    lint: Annotated[tuple[Text, ...], Key("checks that lint", _NAMES, "lint")] = ()
    types: Annotated[tuple[Text, ...], Key("checks of the types", _NAMES, "types")] = ()
    audit: Annotated[tuple[Text, ...], Key("audits of the dependencies", _NAMES, "pip-audit")] = ()
    coverage: Annotated[
        tuple[Text, ...],
        Key("checks that say the coverage in percent, which is at least 80", _NAMES, "coverage"),
    ] = ()


class SentrySettings(Part):
    """The project that the application reports its errors to."""

    url: Annotated[
        HttpsUrl,
        Key("Sentry's address", "an https:// address", "https://sentry.legal-ai-system.com"),
    ] = "https://sentry.io"
    organization: Annotated[Text, Key("the organization's slug", "text", "legal-ai-system")]
    project: Annotated[Text, Key("the project's slug", "text", "backend")]
    token: Annotated[
        Secret,
        Key("a token that may read the project", "text, encrypted", "", secret=True),
    ]


class ReleaseSettings(Part):
    """Whom a release asks besides the cluster. What is unset is unknown, or for people to tick."""

    repository: Annotated[
        Repository | None,
        Key("where the application's code is", "OWNER/NAME", "legal-ai-system/legal-ai"),
    ] = None
    git_host: Annotated[
        HttpsUrl,
        Key(
            "the Git host's API, in GitHub's form",
            "an https:// address",
            "https://git.legal-ai-system.com/api/v3",
        ),
    ] = "https://api.github.com"
    token: Annotated[
        Secret | None,
        Key("a token that may read the repository", "text, encrypted", "", secret=True),
    ] = None
    checks: Annotated[
        ChecksSettings, Key("CI's checks by gate", "an object with tests, lint, …", "backend")
    ] = ChecksSettings()
    environment_example: Annotated[
        Text | None,
        Key(
            "the file that documents the services' environment; from the project's folder",
            "a path",
            "../legal-ai/backend/.env.example",
        ),
    ] = None
    staging_stack: Annotated[
        Text | None,
        Key("the stack whose releases say which images passed", "a stack's name", "staging"),
    ] = None
    sentry: Annotated[
        SentrySettings | None,
        Key("where errors are reported", "an object with organization, project, token", "backend"),
    ] = None
