"""The AWS API: moto's server, with its requests recorded, so that what was made outlives a stop."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2

from local.addresses import AWS_PORT, AWS_URL, LOOPBACK
from local.parts.base import Daemon
from local.problems import LocalStackError, NotReadyError

READS = ("Describe", "List", "GetSecretValue")
SEED_URL = f"{AWS_URL}/moto-api/seed?a=42"
# moto records every request but those below this path.
RECORDER_URL = f"{AWS_URL}/moto-api/recorder"


class Aws(Daemon):
    """moto keeps everything in memory: after a start it is given the recorded requests again.

    Identifiers that AWS makes up are drawn from a fixed seed, so that they come back the same.
    """

    name = "moto"
    ports = (AWS_PORT,)

    @property
    def recording(self) -> Path:
        """The requests so far, one JSON object a line."""
        return self.data / "requests.jsonl"

    def prepare(self) -> None:
        """Shorten the recording by the requests that changed nothing."""
        if self.recording.exists():
            kept = [line for line in self.recording.read_text().splitlines() if changes(line)]
            self.recording.write_text("".join(line + "\n" for line in kept))

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        server = self.places.python.parent / "moto_server"
        return [str(self.places.python), str(server), "-H", LOOPBACK, "-p", str(AWS_PORT)]

    def environment(self) -> dict[str, str]:
        """Return the environment, with recording on."""
        recording = {
            "MOTO_ENABLE_RECORDING": "true",
            "MOTO_RECORDER_FILEPATH": str(self.recording),
        }
        return super().environment() | recording

    def check(self) -> None:
        """Raise NotReadyError unless it answers."""
        try:
            httpx2.get(RECORDER_URL, timeout=5, trust_env=False)
        except httpx2.HTTPError as error:
            raise NotReadyError(f"GET {RECORDER_URL}: {error}") from error

    def after_start(self) -> None:
        """Replay the recording into this process, once."""
        mark = self.places.run / "moto.replayed"
        if mark.exists() and mark.read_text() == str(self.pid):
            return
        fresh = not self.recording.exists() or not self.recording.read_text().strip()
        url = SEED_URL if fresh else f"{RECORDER_URL}/replay-recording"
        answer = httpx2.post(url, timeout=120, trust_env=False)
        if answer.status_code != 200:
            raise LocalStackError(
                f"POST {url} came back with {answer.status_code} {answer.text[:200]}. The AWS "
                f"objects of earlier runs can't be brought back: see {self.log_file}, or delete "
                f"{self.recording} to begin without them."
            )
        mark.write_text(str(self.pid))


def changes(line: str) -> bool:
    """Whether a recorded request may have changed something, and so must be replayed."""
    entry: dict[str, Any] = json.loads(line)
    if entry["method"] == "GET":
        return False
    headers = {key.lower(): value for key, value in entry["headers"].items()}
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if not action:
        body = entry.get("body") or ""
        if entry.get("body_encoded"):
            body = base64.b64decode(body).decode(errors="replace")
        action = parse_qs(body).get("Action", [""])[0]
    return not action.startswith(READS)
