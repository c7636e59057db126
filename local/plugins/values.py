"""Property values as the engine sends them, and back.

Plain Python, with `Secret` around what stays encrypted and `UNKNOWN` for what is not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""None, bool, int, float, str, list, dict, `Secret` or `UNKNOWN`."""
Properties: TypeAlias = dict[str, Value]
Struct: TypeAlias = Any
"""A google.protobuf.Struct, and below one of its values; protobuf comes without types."""
WireValue: TypeAlias = Any

# The signatures of the engine's special objects and its placeholders for unknown values:
# sdk/go/common/resource/sig/sig.go and plugin/rpc.go of Pulumi.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSETS = {"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"}
_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN = {
    _UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}


class Unknown:
    """The type of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine stores encrypted and never shows."""

    value: Value


class UnsupportedValueError(ValueError):
    """An asset, an archive or another kind of value that a stand-in has no use for."""


def from_struct(struct: Struct) -> Properties:
    """What the engine sent. Null entries of objects are left out, as Go providers do."""
    return _from_fields(struct.fields)


def _from_fields(fields: Mapping[str, WireValue]) -> Properties:
    return {
        key: _from_wire(value) for key, value in fields.items() if not value.HasField("null_value")
    }


def _from_wire(value: WireValue) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_from_wire(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        return _special(fields) if _SIGNATURE in fields else _from_fields(fields)
    return None


def _special(fields: Mapping[str, WireValue]) -> Value:
    signature = fields[_SIGNATURE].string_value
    inner = _from_wire(fields["value"]) if "value" in fields else UNKNOWN
    if signature == _SECRET:
        return Secret(inner)
    if signature == _OUTPUT:
        return Secret(inner) if "secret" in fields and fields["secret"].bool_value else inner
    if signature == _RESOURCE:
        return _from_wire(fields["id"]) if "id" in fields else UNKNOWN
    what = "an asset or archive" if signature in _ASSETS else f"a value of kind {signature}"
    raise UnsupportedValueError(f"{what} can't be part of these resources")


def to_struct(properties: Mapping[str, Value]) -> Struct:
    """What the engine expects, secrets marked."""
    from google.protobuf import struct_pb2  # noqa: PLC0415

    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _into(struct.fields[key], value)
    return struct


def _into(wire: WireValue, value: Value) -> None:
    if value is None:
        wire.null_value = 0
    elif isinstance(value, bool):
        wire.bool_value = value
    elif isinstance(value, int | float):
        wire.number_value = value
    elif isinstance(value, str):
        wire.string_value = value
    elif isinstance(value, Unknown):
        wire.string_value = _UNKNOWN_STRING
    elif isinstance(value, Secret):
        fields = wire.struct_value.fields
        fields[_SIGNATURE].string_value = _SECRET
        _into(fields["value"], value.value)
    elif isinstance(value, Mapping):
        wire.struct_value.SetInParent()
        for key, item in value.items():
            _into(wire.struct_value.fields[key], item)
    else:
        wire.list_value.SetInParent()
        for item in value:
            _into(wire.list_value.values.add(), item)


def reveal(value: Value) -> Value:
    """A deep copy without the secret marks: what goes to an API."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_unknown(value: Value) -> bool:
    """Whether anything in it is not known yet."""
    return _any(value, lambda item: isinstance(item, Unknown))


def has_secret(value: Value) -> bool:
    """Whether anything in it is secret."""
    return _any(value, lambda item: isinstance(item, Secret))


def _any(value: Value, test: Any) -> bool:
    if test(value):
        return True
    if isinstance(value, Secret):
        return _any(value.value, test)
    if isinstance(value, dict):
        return any(_any(item, test) for item in value.values())
    if isinstance(value, list):
        return any(_any(item, test) for item in value)
    return False
