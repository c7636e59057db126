"""An AWS API of a test's own: `local/aws_api` on a free port, recorded as in the local stack."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import httpx2

from local.parts.aws import changes
from tests.ports import free_port
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
SESSION = boto3.session.Session()


class AwsApi:
    """One server; what it was asked is in `recording`, and can be replayed into the next one."""

    def __init__(self, folder: Path) -> None:
        self.recording = folder / "requests.jsonl"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "aws.log"
        self._clients: dict[tuple[str, str], Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a client of it has in its environment."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        recorded = {
            "PYTHONPATH": str(ROOT),
            "MOTO_ENABLE_RECORDING": "true",
            "MOTO_RECORDER_FILEPATH": str(self.recording),
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.aws_api", str(self.port)],
                env=os.environ | self.environment | recorded,
                stdout=log,
                stderr=log,
            )
        process = self._process
        until(
            self._answers,
            lambda: f"the AWS API answers\n{self._log.read_text()[-2000:]}",
            START_SECONDS,
            alive=lambda: process.poll() is None,
        )

    def _answers(self) -> bool:
        try:
            httpx2.get(f"{self.url}/moto-api/recorder", timeout=5, trust_env=False)
        except httpx2.HTTPError:
            return False
        return True

    def stop(self) -> None:
        """Kill it: it keeps nothing but the recording."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop it, start it afresh and replay the recording, as `make down` and `make up` do."""
        self.stop()
        kept = [line for line in self.recording.read_text().splitlines() if changes(line)]
        self.recording.write_text("".join(line + "\n" for line in kept))
        self.start()
        answer = httpx2.post(
            f"{self.url}/moto-api/recorder/replay-recording", timeout=60, trust_env=False
        )
        assert answer.status_code == 200, answer.text

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of it."""
        if (service, region) not in self._clients:
            make: Any = SESSION.client
            self._clients[service, region] = make(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service, region]
