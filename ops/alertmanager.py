"""Alertmanager's API v2: alerts that it knows, and silences.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ops.errors import CouldNotFindOut
from ops.json_api import Answer, JsonApi, Unreachable
from ops.silences import Matcher, Silence

TIMEOUT_SECONDS: Final = 5.0
SETTING: Final = "legal-ai:alerts.alertmanagerUrl (or --alertmanager)"


@dataclass(frozen=True)
class FiringAlert:
    """An alert that Prometheus reports. `silenced_by` are IDs; `since` is aware."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: datetime
    silenced_by: tuple[str, ...]


class Alertmanager:
    """One Alertmanager (or any of a cluster) below `url`.

    Each method raises Unreachable, and CouldNotFindOut for an error that it answers with.
    """

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._api = JsonApi("Alertmanager", url, timeout_seconds, SETTING)

    def now(self) -> datetime:
        """The time by its own clock, once it was asked anything: silences are counted by that."""
        return self._api.now()

    def alerts(self, namespace: str) -> list[FiringAlert]:
        """The alerts of a namespace that fire now, silenced ones included."""
        wanted = {"filter": [f'namespace="{namespace}"']}
        return [_alert(each) for each in self._get("/api/v2/alerts", wanted)]

    def silences(self) -> list[Silence]:
        """All silences that it remembers, expired ones too (five days by default)."""
        return [_silence(each) for each in self._get("/api/v2/silences", None)]

    def silence(self, silence_id: str) -> Silence | None:
        """One silence, None where there is none of this ID."""
        return next((each for each in self.silences() if each.id == silence_id), None)

    def put(self, silence: Silence) -> str:
        """Make a silence, or change the one with its ID. Returns the ID that stands now."""
        body = {
            "matchers": [
                {"name": m.name, "value": m.value, "isRegex": m.is_regex, "isEqual": m.is_equal}
                for m in silence.matchers
            ],
            "startsAt": silence.starts_at.isoformat(),
            "endsAt": silence.ends_at.isoformat(),
            "createdBy": silence.by,
            "comment": silence.comment,
        }
        if silence.id:
            body["id"] = silence.id
        answer = self._api.ask("POST", "/api/v2/silences", body=body)
        made = self._good("make the silence", answer)
        if not isinstance(made, dict) or not made.get("silenceID"):
            raise self._strange("make the silence", answer)
        return str(made["silenceID"])

    def expire(self, silence_id: str) -> None:
        """End a silence now; it must not have ended yet."""
        answer = self._api.ask("DELETE", f"/api/v2/silence/{silence_id}")
        self._good(f"end silence {silence_id}", answer)

    def _get(self, path: str, params: Mapping[str, str | list[str]] | None) -> list[Any]:
        answer = self._api.ask("GET", path, params=params)
        found = self._good(f"tell {path}", answer)
        if not isinstance(found, list):
            raise self._strange(f"tell {path}", answer)
        return found

    def _good(self, what: str, answer: Answer) -> Any:
        if not answer.is_good:
            raise CouldNotFindOut(
                f"{self._api.name} was asked to {what} and answered {answer.status}: {answer.data}"
            )
        return answer.data

    def _strange(self, what: str, answer: Answer) -> Unreachable:
        return Unreachable(
            f"{self._api.name} was asked to {what} and answered {answer.status}, not in the way of "
            f"Alertmanager: something else listens there, or stands between. Look at {SETTING}"
        )


def _alert(body: Mapping[str, Any]) -> FiringAlert:
    return FiringAlert(
        name=body["labels"].get("alertname", ""),
        labels=body["labels"],
        annotations=body["annotations"],
        since=_moment(body["startsAt"]),
        silenced_by=tuple(body["status"]["silencedBy"]),
    )


def _silence(body: Mapping[str, Any]) -> Silence:
    matchers = (
        Matcher(m["name"], m["value"], m["isRegex"], m.get("isEqual", True))
        for m in body["matchers"]
    )
    return Silence(
        matchers=tuple(matchers),
        starts_at=_moment(body["startsAt"]),
        ends_at=_moment(body["endsAt"]),
        by=body["createdBy"],
        comment=body["comment"],
        id=body["id"],
        state=body["status"]["state"],
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
