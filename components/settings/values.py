"""The kinds of values that keys have: what each accepts from the CLI, and the grammar it checks.

The CLI is loose with types (`--path green.version 12` is a number), so whole numbers, switches
and text are converted only where nothing can be lost.
"""

import ipaddress
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests"""
DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}")
"""https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests"""
_REPOSITORY_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"
_REPOSITORY = re.compile(rf"(?:{_REGISTRY}/)?{_REPOSITORY_PART}(?:/{_REPOSITORY_PART})*")
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
LONGEST_HOST: Final = 253
"""https://www.rfc-editor.org/rfc/rfc1123#section-2.1 and RFC 1035, 2.3.4."""
LONGEST_SERVICE_NAME: Final = 57
"""63 (https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4) less `-green`."""
_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|[KMGTPE]i)?")
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_ENV_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_PATH: Final = re.compile(
    r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?)?"
)
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_CRON_FIELD: Final = re.compile(r"[0-9A-Za-z*/,-]+")
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
"""https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address, a little looser."""
_INNER: Final = tuple(
    ipaddress.IPv4Network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""https://www.rfc-editor.org/rfc/rfc1918#section-3, and RFC 6598, which EKS gives pods."""


@dataclass(frozen=True)
class Key:
    """What people are told of a key: its meaning, the values it takes, one that would do."""

    meaning: str
    allowed: str
    example: str
    secret: bool = False


class NotLossless(ValueError):
    """The CLI turned the text into a number or a truth value; what was typed is lost."""


def whole(value: Any) -> int:
    """An int from what the CLI and YAML make of one; a truth value is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()):
        return int(value)
    raise ValueError("it is no whole number")


def number(value: Any) -> float:
    """A finite number from what the CLI and YAML make of one."""
    text = value.strip() if isinstance(value, str) else repr(value)
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:e[+-]?\d+)?", text):
        raise ValueError("it is no number")
    return float(text)


def switch(value: Any) -> bool:
    """A truth value: true or false, as such or as text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError("it is neither true nor false")


def text(value: Any) -> str:
    """Text; a whole number as the text it was typed as. What can't be known again is refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bool | float):
        raise NotLossless("it is no text: a number or truth value, and what was typed is lost")
    raise ValueError("it is no text")


def environment_text(value: Any) -> str:
    """Text for an environment variable, where `true` and `false` may come as truth values."""
    return str(value).lower() if isinstance(value, bool) else text(value)


def secret_text(value: Any) -> SecretStr:
    """Text that is never shown."""
    return value if isinstance(value, SecretStr) else SecretStr(environment_text(value))


def label(value: str) -> str:
    """A DNS label per RFC 1123, as Kubernetes names are."""
    if not _LABEL.fullmatch(value):
        raise ValueError(
            "names have 1 to 63 lower-case letters, digits and '-', and neither begin nor end "
            "with '-' (RFC 1123)"
        )
    return value


def namespace(value: str) -> str:
    """A namespace that may be ours: none of Kubernetes' own."""
    if value == "default" or value.startswith("kube-"):
        raise ValueError("it belongs to Kubernetes itself")
    return label(value)


def host(value: str) -> str:
    """A host name per RFC 1123, in lower case as the Gateway API wants it; no address."""
    if not value or len(value) > LONGEST_HOST:
        raise ValueError(f"host names have 1 to {LONGEST_HOST} characters")
    parts = value.split(".")
    for part in parts:
        if not _LABEL.fullmatch(part):
            why = "has upper-case letters" if _LABEL.fullmatch(part.lower()) else "is no label"
            raise ValueError(f'its part "{part}" {why}')
    if parts[-1].isdigit():
        raise ValueError("it is an address")
    return value


def preview_host(value: str) -> str:
    """A host name with `{color}` in the place of the color."""
    if "{color}" not in value:
        raise ValueError("it has no {color}, so both colors would share one host")
    host(value.replace("{color}", "green"))
    return value


def version(value: Any) -> str:
    """An image's tag or digest, per the OCI grammar."""
    if isinstance(value, bool):
        raise NotLossless("it is a truth value")
    tag = text(value)
    if not (TAG.fullmatch(tag) or DIGEST.fullmatch(tag)):
        raise ValueError("no image can have such a tag")
    return tag


def repository(value: str) -> str:
    """An image without its tag, per the OCI grammar."""
    name = value.rsplit("/", 1)[-1]
    if "@" in name or ":" in name:
        raise ValueError("it carries a tag or digest; that is the color's version")
    if not _REPOSITORY.fullmatch(value):
        raise ValueError("no image can have such a name")
    return value


def image_reference(value: str) -> str:
    """An image with its tag, its digest or both: without one it would be whatever is newest."""
    name, at, digest = value.partition("@")
    # A colon before the last slash belongs to the registry's port.
    folder, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if not _REPOSITORY.fullmatch(f"{folder}{slash}{last}"):
        raise ValueError("no image can have such a name")
    if not (at or colon):
        raise ValueError("it has neither tag nor digest")
    if (colon and not TAG.fullmatch(tag)) or (at and not DIGEST.fullmatch(digest)):
        raise ValueError("no image can have such a tag or digest")
    return value


def mail_address(value: str) -> str:
    """A plain mail address, without a name beside it."""
    if not _MAIL.fullmatch(value):
        raise ValueError("it is no mail address")
    return value


def quantity(value: Any) -> str:
    """A positive amount as Kubernetes writes it: 250m, 0.5, 512Mi."""
    amount = repr(value) if isinstance(value, float) else text(value)
    if not _QUANTITY.fullmatch(amount) or amount_of(amount) <= 0:
        raise ValueError("it is no amount that Kubernetes knows")
    return amount


def amount_of(value: str) -> Decimal:
    """The number that a Kubernetes quantity stands for (cores, bytes)."""
    found = _QUANTITY.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is no Kubernetes quantity")
    unit = found[2] or ""
    if unit == "m":
        factor = Decimal("0.001")
    elif unit.endswith("i"):
        factor = Decimal(1024) ** ("KMGTPE".index(unit[0]) + 1)
    else:
        factor = Decimal(1000) ** " kMGTPE".index(unit or " ")
    return Decimal(found[1]) * factor


def path(value: str) -> str:
    """A URL path prefix, without query."""
    if not value.startswith("/"):
        raise ValueError("it does not begin with '/'")
    if not _PATH.fullmatch(value):
        raise ValueError("it is no plain path")
    return value


def env_name(value: str) -> str:
    """A name for an environment variable."""
    if not _ENV_NAME.fullmatch(value):
        raise ValueError("names of environment variables have capitals, digits and '_'")
    return value


def resource_name(value: str) -> str:
    """A resource that pods are given."""
    if value not in RESOURCES:
        raise ValueError(f"there is {', '.join(RESOURCES)}")
    return value


def service_name(value: str) -> str:
    """A service's name: `NAME-green` must do as a Kubernetes Service's name (RFC 1035)."""
    if len(value) > LONGEST_SERVICE_NAME or not value[:1].isalpha():
        raise ValueError(f"a service's name begins with a letter, {LONGEST_SERVICE_NAME} at most")
    return label(value)


def network(value: str) -> str:
    """A range of addresses in CIDR form."""
    if "/" not in value:
        raise ValueError("it has no prefix length; /32 is a single address")
    return str(ipaddress.ip_network(value))


def inner_network(value: str) -> str:
    """An IPv4 network that isn't reached from the internet."""
    found = ipaddress.ip_network(network(value))
    is_inner = isinstance(found, ipaddress.IPv4Network) and any(map(found.subnet_of, _INNER))
    if not is_inner:
        raise ValueError(f"it is not within {', '.join(map(str, _INNER))}")
    return value


def http_url(value: str) -> str:
    """An http or https address."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no http:// or https:// address")
    return value


def region(value: str) -> str:
    """A name of the form AWS gives its regions."""
    if not _REGION.fullmatch(value):
        raise ValueError("AWS has no region of such a name")
    return value


def cron(value: str) -> str:
    """A cron schedule of five fields, or one of the `@daily` kind."""
    fields = value.split()
    if value in ("@hourly", "@daily", "@weekly", "@monthly", "@yearly"):
        return value
    if len(fields) != 5 or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        raise ValueError("a schedule has five fields")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    return _url_of(value, ("postgresql+psycopg", "postgresql"), "database")


def _redis_url(value: SecretStr) -> SecretStr:
    return _url_of(value, ("redis", "rediss"), "host")


def _url_of(value: SecretStr, schemes: tuple[str, ...], needs: str) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ValueError("it is no address (a '/' or '@' in a password is written %2F, %40)") from (
            error
        )
    if parts.scheme not in schemes:
        raise ValueError(f"it does not begin with {schemes[0]}://")
    if not complete or (needs == "database" and not parts.path.strip("/")):
        raise ValueError(f"it names no {needs}")
    return value


def _secret_http_url(value: SecretStr) -> SecretStr:
    http_url(value.get_secret_value())
    return value


def _filled(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("it is empty")
    return value


Whole = Annotated[int, BeforeValidator(whole)]
Number = Annotated[float, BeforeValidator(number)]
Percent = Annotated[Number, Field(gt=0, le=100)]
Switch = Annotated[bool, BeforeValidator(switch)]
Text = Annotated[str, BeforeValidator(text)]
EnvironmentText = Annotated[str, BeforeValidator(environment_text)]
Namespace = Annotated[Text, AfterValidator(namespace)]
Label = Annotated[Text, AfterValidator(label)]
Host = Annotated[Text, AfterValidator(host)]
PreviewHost = Annotated[Text, AfterValidator(preview_host)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Version = Annotated[str, BeforeValidator(version)]
Repository = Annotated[Text, AfterValidator(repository)]
ImageReference = Annotated[Text, AfterValidator(image_reference)]
MailAddress = Annotated[Text, AfterValidator(mail_address)]
Quantity = Annotated[str, BeforeValidator(quantity)]
Path = Annotated[Text, AfterValidator(path)]
EnvName = Annotated[Text, AfterValidator(env_name)]
ServiceName = Annotated[Text, AfterValidator(service_name)]
ResourceName = Annotated[Text, AfterValidator(resource_name)]
Network = Annotated[Text, AfterValidator(network)]
InnerNetwork = Annotated[Text, AfterValidator(inner_network)]
HttpUrl = Annotated[Text, AfterValidator(http_url)]
Region = Annotated[Text, AfterValidator(region)]
Cron = Annotated[Text, AfterValidator(cron)]
Secret = Annotated[SecretStr, BeforeValidator(secret_text), AfterValidator(_filled)]
DatabaseUrl = Annotated[Secret, AfterValidator(_database_url)]
RedisUrl = Annotated[Secret, AfterValidator(_redis_url)]
SecretHttpUrl = Annotated[Secret, AfterValidator(_secret_http_url)]
