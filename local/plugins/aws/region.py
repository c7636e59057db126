"""The AWS API of this machine, as one region of it: clients, made when they are first needed."""

from __future__ import annotations

import os
import threading
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local.plugins.problems import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient

ENDPOINT = "AWS_ENDPOINT_URL"
ACCESS_KEY = "AWS_ACCESS_KEY_ID"
SECRET_KEY = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of the variable
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_making = threading.RLock()


def endpoint() -> str:
    """The API's address. Raises RefusedError unless it is one of this machine."""
    url = os.environ.get(ENDPOINT, "")
    if urlsplit(url).hostname in _LOOPBACK:
        return url
    given = f"{ENDPOINT} is {url}" if url else f"{ENDPOINT} is not set"
    raise RefusedError(
        "the local stand-in of the AWS provider talks to the AWS API of this machine only, and"
        f" {given}: source .local/env, or use the official provider (docs/stand-ins.md)"
    )


@cache
def _session() -> Any:
    """What boto3 knows of AWS, read once. The import alone takes a third of a second."""
    import boto3  # noqa: PLC0415 - most commands need nothing of AWS

    return boto3.session.Session()


class Region:
    """One region. Clients are shared between threads, as boto3 allows."""

    def __init__(self, name: str, access_key: str = "", secret_key: str = "") -> None:
        self.name = name
        self._access_key = access_key
        self._secret_key = secret_key

    def _client(self, service: str) -> Any:
        if not self.name:
            raise RefusedError(
                "no AWS region: set aws:region (pulumi config set aws:region us-east-1) or"
                " AWS_REGION, or source .local/env"
            )
        with _making:
            from botocore.config import Config  # noqa: PLC0415

            options: dict[str, Any] = {
                "endpoint_url": endpoint(),
                "aws_access_key_id": self._access_key or os.environ.get(ACCESS_KEY, "test"),
                "aws_secret_access_key": self._secret_key or os.environ.get(SECRET_KEY, "test"),
                "config": Config(
                    connect_timeout=5,
                    read_timeout=60,
                    max_pool_connections=32,
                    retries={"mode": "standard", "total_max_attempts": 3},
                ),
            }
            return _session().client(service, region_name=self.name, **options)

    @cached_property
    def backup(self) -> BackupClient:
        """AWS Backup."""
        client: BackupClient = self._client("backup")
        return client

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @cached_property
    def ec2(self) -> EC2Client:
        """EC2."""
        client: EC2Client = self._client("ec2")
        return client

    @cached_property
    def iam(self) -> IAMClient:
        """IAM."""
        client: IAMClient = self._client("iam")
        return client

    @cached_property
    def kms(self) -> KMSClient:
        """KMS."""
        client: KMSClient = self._client("kms")
        return client

    @cached_property
    def rds(self) -> RDSClient:
        """RDS."""
        client: RDSClient = self._client("rds")
        return client

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        client: SNSClient = self._client("sns")
        return client

    @cached_property
    def ssm(self) -> Any:
        """Systems Manager, for notes of the stand-in's own."""
        return self._client("ssm")
