"""Rules of what runs: kinds, paths, shutdown, resources, environment, secrets, migrations."""

from collections.abc import Iterator
from typing import Final

from components.settings.application import ServiceSettings
from components.settings.explain import closest
from components.settings.problem import (
    Problem,
    remove_command,
    set_command,
    set_secret_command,
    shown,
    typed,
)
from components.settings.sound import Sound
from components.settings.values import amount_of

REQUIRED_SECRETS: Final = ("JWT_SECRET", "SMOKE_PASSWORD")
RESERVED: Final = ("DATABASE_URL", "DEPLOYMENT_COLOR", "REDIS_URL")
"""Variables that the program sets itself."""
SHORTEST_JWT_SECRET: Final = 32
"""Bytes; https://www.rfc-editor.org/rfc/rfc7518#section-3.2 for HS256."""
LONGEST_CRON_NAME: Final = 46
"""52, since a run adds 11 characters to its CronJob's name, less `-green`."""
_SECRET_ENDINGS: Final = ("_KEY", "_PASSWORD", "_SECRET", "_TOKEN", "_DSN")


def kinds_have_what_they_need(sound: Sound) -> Iterator[Problem]:
    """Only `web` has paths, and needs some; only `cron` has a schedule, and needs it."""
    for name, service in sound.services.items():
        yield from _kind(f"services.{name}", service)


def _kind(path: str, service: ServiceSettings) -> Iterator[Problem]:
    if service.kind == "web" and not service.paths:
        yield Problem(
            typed(f"{path}.paths"),
            "is empty, and the service is web",
            "at least one path that begins with '/'",
            set_command(f"{path}.paths[0]", f"/{path.rpartition('.')[2]}"),
        )
    if service.kind != "web" and service.paths:
        yield Problem(
            typed(f"{path}.paths"),
            f"is {shown(service.paths)}, and the service is {service.kind}",
            "no paths: the public reaches web services only",
            remove_command(f"{path}.paths"),
        )
    if service.kind == "cron" and service.schedule is None:
        yield Problem(
            typed(f"{path}.schedule"),
            "is missing, and the service is cron",
            "a cron schedule of five fields (minute hour day month weekday) or @daily",
            set_command(f"{path}.schedule", "0 3 * * *"),
        )
    name = path.rpartition(".")[2]
    if service.kind == "cron" and len(name) > LONGEST_CRON_NAME:
        yield Problem(
            typed(path),
            f"has a name of {len(name)} characters, and the service is cron",
            f"{LONGEST_CRON_NAME} characters at most: each run's name is longer than its CronJob's",
            remove_command(path),
        )
    if service.kind != "cron" and service.schedule is not None:
        yield Problem(
            typed(f"{path}.schedule"),
            f"is {shown(service.schedule)}, and the service is {service.kind}",
            "no schedule: only cron services have one",
            remove_command(f"{path}.schedule"),
        )


def paths_have_one_owner(sound: Sound) -> Iterator[Problem]:
    """Every path prefix leads to one service, and some service has `/`."""
    owners: dict[str, str] = {}
    for name, service in sound.services.items():
        for position, path in enumerate(service.paths):
            plain = path.rstrip("/") or "/"
            key = f"services.{name}.paths[{position}]"
            if plain in owners:
                yield Problem(
                    typed(key),
                    f"is {shown(path)}, which {typed(owners[plain])} has already",
                    "a path that no other service has",
                    remove_command(key),
                )
            owners.setdefault(plain, key)
    is_complete = set(sound.services) == set(sound.service_names)
    if is_complete and sound.services and "/" not in owners:
        name = "frontend" if "frontend" in sound.services else next(iter(sound.services))
        key = f"services.{name}.paths"
        yield Problem(
            typed(key),
            "leaves '/' to nobody: no service has it",
            "'/' in the paths of exactly one web service",
            set_command(f"{key}[{len(sound.services[name].paths)}]", "/"),
        )


def pods_end_in_order(sound: Sound) -> Iterator[Problem]:
    """The preStop pause is over before the grace period is, or requests are cut off."""
    for name, service in sound.services.items():
        grace, pause = service.termination_grace_seconds, service.pre_stop_seconds
        if pause >= grace:
            key = f"services.{name}.preStopSeconds"
            yield Problem(
                typed(key),
                f"is {pause}, and terminationGraceSeconds is {grace}: no time to finish requests",
                f"a whole number of seconds below {grace}",
                set_command(key, str(min(5, grace - 1))),
            )


def limits_are_not_below_requests(sound: Sound) -> Iterator[Problem]:
    """Kubernetes takes no pod that may use less than it is promised."""
    for name, service in sound.services.items():
        requests, limits = service.resources.requests, service.resources.limits
        for kind in requests.keys() & limits.keys():
            least, most = requests[kind], limits[kind]
            if amount_of(most) < amount_of(least):
                key = f"services.{name}.resources.limits.{kind}"
                yield Problem(
                    typed(key),
                    f"is {shown(most)}, below the {shown(least)} that is requested",
                    f"{least} or more",
                    set_command(key, least),
                )


def environment_has_no_secrets(sound: Sound) -> Iterator[Problem]:
    """What looks like a secret belongs encrypted in `secrets`; its value is never shown."""
    for name, service in sound.services.items():
        for variable in service.env:
            key = f"services.{name}.env.{variable}"
            if variable in (*RESERVED, *sound.secret_names, *REQUIRED_SECRETS):
                yield Problem(
                    typed(key),
                    "is set by the program itself",
                    "any other variable",
                    remove_command(key),
                )
            elif variable.endswith(_SECRET_ENDINGS):
                secret = set_secret_command(f"secrets.{variable}")
                yield Problem(
                    typed(key),
                    "is a secret by its name and stands in plain text",
                    f"variables that are not secret; secrets belong in {typed('secrets')}, "
                    "encrypted",
                    f"{remove_command(key)} && {secret}",
                )


def secrets_are_there(sound: Sound) -> Iterator[Problem]:
    """The application's own secrets are set, long enough, and none that the program sets."""
    for name in REQUIRED_SECRETS:
        if name not in sound.secret_names and isinstance(sound.merged.get("secrets"), dict):
            others = [each for each in sound.secret_names if each not in REQUIRED_SECRETS]
            nearest = closest(name, others)
            hint = f" ({typed(f'secrets.{nearest}')} is there: a slip?)" if nearest else ""
            yield Problem(
                typed(f"secrets.{name}"),
                f"is missing{hint}",
                "text, encrypted",
                set_secret_command(f"secrets.{name}"),
            )
    for name in RESERVED:
        if name in sound.secret_names:
            key = f"secrets.{name}"
            yield Problem(
                typed(key),
                "is set by the program itself",
                "any other variable",
                remove_command(key),
            )
    jwt = sound.secrets.get("JWT_SECRET")
    if jwt is not None and len(jwt.get_secret_value().encode()) < SHORTEST_JWT_SECRET:
        key = "secrets.JWT_SECRET"
        yield Problem(
            typed(key),
            "is too short (it is secret, so it is not shown)",
            f"{SHORTEST_JWT_SECRET} bytes or more, encrypted (RFC 7518, 3.2)",
            f"openssl rand -hex 32 | {set_secret_command(key)}",
        )


def migrations_have_a_service(sound: Sound) -> Iterator[Problem]:
    """The migration Job runs the image of a service that exists."""
    names = sound.service_names
    if sound.migrations is None or not names or sound.migrations.service in names:
        return
    key = "migrations.service"
    nearest = closest(sound.migrations.service, names) or names[0]
    yield Problem(
        typed(key),
        f"is {shown(sound.migrations.service)}, a service that there is not",
        ", ".join(names),
        set_command(key, nearest),
    )


RULES: Final = (
    kinds_have_what_they_need,
    paths_have_one_owner,
    pods_end_in_order,
    limits_are_not_below_requests,
    environment_has_no_secrets,
    secrets_are_there,
    migrations_have_a_service,
)
