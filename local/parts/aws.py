"""The AWS API: moto, with its requests recorded, so that what was made outlives a stop."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2

from local.addresses import AWS_PORT, AWS_URL
from local.parts.base import Daemon
from local.problems import LocalStackError, NotReadyError

READS = ("Describe", "Get", "List")
# moto records every request but those below this path.
RECORDER_URL = f"{AWS_URL}/moto-api/recorder"


class Aws(Daemon):
    """moto keeps everything in memory: after a start it is given the recorded requests again.

    `local/aws_api` sees to it that they give the same identifiers and times as the first time.
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
            shorter = self.recording.with_suffix(".new")
            shorter.write_text("".join(line + "\n" for line in kept))
            shorter.replace(self.recording)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [str(self.places.python), "-m", "local.aws_api", str(AWS_PORT)]

    def environment(self) -> dict[str, str]:
        """Return the environment, with recording on and AWS's own policies there."""
        return super().environment() | {
            "PYTHONPATH": str(self.places.root),
            "MOTO_ENABLE_RECORDING": "true",
            "MOTO_RECORDER_FILEPATH": str(self.recording),
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        }

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
        if self.recording.exists():
            url = f"{RECORDER_URL}/replay-recording"
            answer = httpx2.post(url, timeout=120, trust_env=False)
            if answer.status_code != 200:
                raise LocalStackError(
                    f"POST {url} came back with {answer.status_code} {answer.text[:200]}. The AWS "
                    f"objects of earlier runs can't be brought back: see {self.log_file}, or "
                    f"delete {self.recording} to begin without them."
                )
        mark.write_text(str(self.pid))


def changes(line: str) -> bool:
    """Whether a recorded request may have changed something, and so must be replayed.

    One that a kill cut off did not come through either.
    """
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return False
    if entry["method"] in ("GET", "HEAD"):
        return False
    headers = {key.lower(): value for key, value in entry["headers"].items()}
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if not action:
        body = entry.get("body") or ""
        if entry.get("body_encoded"):
            body = base64.b64decode(body).decode(errors="replace")
        action = parse_qs(body).get("Action", [""])[0]
    return not action.startswith(READS)
