"""A stack, its pods, a database's roles and sessions in memory, for rotations of secrets.

An `up` replaces pods one after the other: while it runs there are pods with the old environment and
with the new one, and what it would cut off is an assertion.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ops import failpoint
from ops.color import Color
from ops.database import Address
from ops.errors import Refused
from ops.journal import ClusterJournal, Kept
from ops.operations import DatabaseFacts
from ops.rotation import db_world, jwt_world, tokens
from ops.rotation.tools import E, Tools
from tests.unit.versioned import Versioned

OLD_URL = "postgresql+psycopg://legal_ai:old-password@db.example:5432/legal_ai?sslmode=require"
ADMIN_URL = "postgresql+psycopg://boss:admin-password@db.example:5432/postgres"
OLD_JWT = "old-jwt-secret-of-32-bytes-or-more"
HOUR = 3600
BLUE, GREEN = Color.BLUE, Color.GREEN


class World:
    """`config` as `Stack.config` gives it, `deployed` what the pods have; `ups` counts them."""

    def __init__(self) -> None:
        self.config_data: dict[str, Any] = {
            "legal-ai:serial": 4,
            "legal-ai:database": {"kind": "external", "url": OLD_URL, "adminUrl": ADMIN_URL},
            "legal-ai:secrets": {"JWT_SECRET": OLD_JWT, "SMOKE_PASSWORD": "smoke"},
        }
        self.deployed = self.config()
        self.cluster = Versioned()
        self.obstacles: list[str] = []
        self.waiting: list[str] = []
        self.isolation = ""
        self.said: list[str] = []
        self.ups = 0
        self.while_rolling: Callable[[Mapping[str, Any], Mapping[str, Any]], None] = (
            lambda _before, _after: None
        )

    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(self.config_data))
        return found

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        """As `Stack.set`: the plain ones in one write, then each secret in its own."""
        for path, value in values.items():
            self._set(path, value)
        failpoint.reach("stack.set.plain")
        for path, value in (secrets or {}).items():
            self._set(path, value)
            failpoint.reach(f"stack.set.{path}")

    def _set(self, path: str, value: str) -> None:
        first, _, key = path.partition(".")
        if key:
            self.config_data.setdefault(f"legal-ai:{first}", {})[key] = value
        else:
            self.config_data[f"legal-ai:{first}"] = value

    def remove(self, key: str) -> None:
        first, name = key.split(".")
        self.config_data[f"legal-ai:{first}"].pop(name, None)
        failpoint.reach(f"stack.removed.{key}")

    def up(self, show: Callable[[str], None], *, seconds: float = 0.0) -> None:
        assert int(self.config_data["legal-ai:serial"]) >= int(self.deployed["legal-ai:serial"])
        self.ups += 1
        failpoint.reach("stack.up.begun")
        after = self.config()
        self.while_rolling(self.deployed, after)
        self.deployed = after
        failpoint.reach("stack.up.done")

    def tools(self, kept: Kept[E]) -> Tools[E]:
        return Tools(
            stack=self,
            journal=ClusterJournal(self.cluster, kept),
            against=lambda: list(self.obstacles),
            unready=lambda: list(self.waiting),
            now=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC),
            by="me@here",
            say=self.said.append,
            isolated=lambda: self.isolation,
        )

    @property
    def journals(self) -> str:
        """All that was ever journaled and stands."""
        return str(self.cluster.objects)


class DatabaseWorld(World):
    """Roles by name: password (None: can't log in). `lingering` sessions end one a look."""

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[str, str | None] = {"legal_ai": "old-password"}
        self.owner_of = {"legal_ai": "legal_ai"}
        self.lingering: dict[str, int] = {}
        self.strangers: dict[str, int] = {}
        self.broken_writes = False
        self.may_cut = False
        self.while_rolling = self._roll

    def world(self, **changes: Any) -> db_world.World:
        return db_world.World(
            tools=self.tools(db_world.KEPT), roles=self, facts=self.facts, **changes
        )

    def facts(self) -> DatabaseFacts:
        given = self.deployed["legal-ai:database"]
        return DatabaseFacts(
            kind="external", engine="postgres", url=given["url"], admin_url=given["adminUrl"]
        )

    def acts_as(self, who: Address) -> tuple[str, str]:
        assert self.enters(who), f"{who} was not let in"
        return who.user, self.owner_of[who.user]

    def make(self, login: str, owner: str, password: str) -> None:
        self.roles[login] = password
        self.owner_of[login] = owner

    def prove(self, who: Address, owner: str) -> str:
        if self.broken_writes or self.acts_as(who)[1] != owner:
            raise Refused(f"{who.user} could write to none of the tables")
        return f"{who.user} could write"

    def enters(self, who: Address) -> bool:
        return bool(who.password) and self.roles.get(who.user) == who.password

    def sessions(self, role: str) -> list[str]:
        left = self.lingering.get(role, 0)
        self.lingering[role] = max(0, left - 1)
        return [f"pod {number}" for number in range(left + self.strangers.get(role, 0))]

    def end(self, role: str) -> int:
        ended = self.lingering.pop(role, 0) + self.strangers.pop(role, 0)
        if role == self.user:
            raise AssertionError(f"sessions of {role}, which the pods use, were ended")
        return ended

    def close(self, role: str) -> None:
        assert self.user != role, f"{role} was closed while the pods log in as it"
        assert self.may_cut or not self.lingering.get(role), f"{role} was closed while it was used"
        self.roles[role] = None

    @property
    def user(self) -> str:
        """Who the pods log in as."""
        return self.address(self.deployed).user

    def address(self, config: Mapping[str, Any]) -> Address:
        """How pods of this configuration log in."""
        return Address.parse(config["legal-ai:database"]["url"])

    def _roll(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        old, new = self.address(before), self.address(after)
        assert self.enters(old), "pods that still run can't reconnect"
        assert self.enters(new), "pods that start can't log in"
        if old.user != new.user:
            self.lingering[old.user] = 3


class RdsWorld(DatabaseWorld):
    """An instance of AWS': the address is its own, the login the configuration's."""

    def __init__(self) -> None:
        super().__init__()
        self.config_data["legal-ai:database"] = {"kind": "rds"}
        self.deployed = self.config()
        self.roles = {"boss": "drawn-1"}
        self.owner_of = {"boss": "boss"}

    def address(self, config: Mapping[str, Any]) -> Address:
        given = config["legal-ai:database"]
        number = given.get("adminPassword", 1)
        login = given.get("login", f"boss:drawn-{number}")
        return Address.parse(f"postgresql://{login}@g1.example/legal_ai")

    def facts(self) -> DatabaseFacts:
        number = self.deployed["legal-ai:database"].get("adminPassword", 1)
        return DatabaseFacts(
            kind="rds",
            engine="rds",
            url=self.address(self.deployed).url,
            admin_url=f"postgresql://boss:drawn-{number}@g1.example/legal_ai",
        )

    def _roll(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        super()._roll(before, after)
        number = after["legal-ai:database"].get("adminPassword", 1)
        self.roles["boss"] = f"drawn-{number}"
        assert self.enters(self.address(after)), "the application has the administrator's old word"


class JwtWorld(World):
    """`clock` is the application's. A color in `ignorant` knows JWT_SECRET alone."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 1_000_000
        self.colors = [BLUE, GREEN]
        self.ignorant: set[Color] = set()
        self.may_cut = False
        self.while_rolling = self._roll

    def world(self) -> jwt_world.World:
        return jwt_world.World(tools=self.tools(jwt_world.KEPT), sessions=self)

    def running(self) -> list[Color]:
        return self.colors

    def begin(self, color: Color) -> str:
        return token(self.deployed["legal-ai:secrets"]["JWT_SECRET"], self.clock)

    def accepts(self, color: Color, token: str) -> bool:
        accepted = _accepted(self.deployed, knows=color not in self.ignorant)
        return any(tokens.is_signed_by(token, each) for each in accepted)

    def secret(self, name: str = "JWT_SECRET") -> str:
        return str(self.deployed["legal-ai:secrets"].get(name, ""))

    def _roll(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        signing = {each["legal-ai:secrets"]["JWT_SECRET"] for each in (before, after)}
        for pods in (before, after):
            assert self.may_cut or signing <= _accepted(pods), "a session would be cut off"


def token(secret: str, issued: int, seconds: int = 8 * HOUR) -> str:
    """A session of a user's."""
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": "somebody", "iat": issued, "exp": issued + seconds}
    signed = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, claims)
    )
    return tokens.signed_again(f"{signed}.x", secret)


def _accepted(pods: Mapping[str, Any], *, knows: bool = True) -> set[str]:
    secrets = pods["legal-ai:secrets"]
    names = ("JWT_SECRET", "JWT_SECRET_NEXT", "JWT_SECRET_PREVIOUS") if knows else ("JWT_SECRET",)
    return {secrets[name] for name in names if secrets.get(name)}
