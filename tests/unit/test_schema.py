"""Which images fit which database, and the record of both in the cluster."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ops import names, schema_record
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.schema import Database, Image, Message, Record, problem
from tests.unit.versioned import Versioned

REF = "registry/app:v2"
V2 = Image("v2", level=5, needs=4)


def at(level: int, floor: int = 1, seconds: int = 0) -> Database:
    return Database(level, floor, f"r{level}", f"2026-01-01T00:00:{seconds:02}.000Z")


def said(image: Image, database: Database | None) -> str:
    told = vars(database) if database else None
    return json.dumps({**vars(image), "database": told, "result": "upgraded"})


@pytest.mark.parametrize(
    ("level", "floor", "told"),
    [
        (3, 1, "v2 needs schema level 4, the database is at 3"),
        (4, 1, None),
        (5, 1, None),
        (9, 1, None),
        (9, 5, None),
        (9, 6, "v2 knows the schema up to level 5, the database needs 6"),
        (0, 0, "the schema it needs is not there yet"),
    ],
)
def test_an_image_fits_from_the_level_it_needs_while_it_knows_the_floor(
    level: int, floor: int, told: str | None
) -> None:
    found = problem(V2, at(level, floor))
    assert (found is None) if told is None else (found is not None and told in found)


def test_a_message_is_read_as_the_image_left_it() -> None:
    message = Message.parse(said(V2, at(5)))
    assert message == Message(V2, at(5), "upgraded")
    unread = Message.parse(said(V2, None))
    assert unread is not None
    assert unread.database is None


@pytest.mark.parametrize(
    "text",
    ["", "Traceback …", "[]", "null", "{}", '{"version": "v1", "level": "high", "needs": 1}'],
)
def test_what_is_no_message_of_ours_says_nothing(text: str) -> None:
    assert Message.parse(text) is None


def test_a_record_comes_back_as_it_was_written() -> None:
    record = Record(at(5), {REF: V2})
    assert Record.from_data(record.to_data()) == record
    assert Record.from_data(None) == Record()
    assert set(record.to_data()) == {"database", "images"}


@pytest.mark.parametrize(
    "data", [{"database": "5"}, {"database": "{}"}, {"images": "[1]"}, {"images": "no JSON"}]
)
def test_a_record_that_cannot_be_understood_is_not_an_empty_one(data: dict[str, str]) -> None:
    with pytest.raises(CouldNotFindOut, match=r"scripts/migrate\.py verify"):
        Record.from_data(data)


def test_an_older_reading_of_the_database_never_takes_the_place_of_a_newer_one() -> None:
    newer = Record().with_message(REF, Message(V2, at(6, seconds=9), ""))
    late = newer.with_message("app:v1", Message(Image("v1", 3, 2), at(4, seconds=1), ""))
    assert late.database == at(6, seconds=9)
    assert set(late.images) == {REF, "app:v1"}
    back = late.with_message(REF, Message(V2, at(4, seconds=30), ""))
    assert back.database == at(4, seconds=30), "a downgrade is a newer reading of a lower level"
    assert back.with_message(REF, Message(V2, None, "")).database == at(4, seconds=30)


def test_two_colors_that_record_at_once_both_get_in() -> None:
    others = [Record(at(3), {"app:v1": V2}), Record(at(4), {"app:v1": V2, "app:v3": V2})]
    cluster = Versioned()
    cluster.others_write(names.SCHEMA, [each.to_data() for each in others])
    schema_record.remember(cluster, REF, Message(V2, at(5), ""))
    found = schema_record.read(cluster)
    assert set(found.images) == {"app:v1", "app:v3", REF}
    assert found.database == at(5)


def test_others_that_never_stop_writing_are_not_fought_for_ever() -> None:
    cluster, others = Versioned(), [Record(at(3), {str(number): V2}) for number in range(100)]
    cluster.others_write(names.SCHEMA, [each.to_data() for each in others])
    with pytest.raises(CouldNotFindOut, match="run this again"):
        schema_record.remember(cluster, REF, Message(V2, at(5), ""))


def pod(text: str | None, image: str = REF, container: str = names.MIGRATE) -> dict[str, Any]:
    state = {"running": {}} if text is None else {"terminated": {"exitCode": 0, "message": text}}
    return {
        "spec": {"containers": [{"name": container, "image": image}]},
        "status": {"containerStatuses": [{"name": container, "state": state}]},
    }


def test_only_pods_that_ended_with_a_message_of_ours_count() -> None:
    pods = [
        pod(None),
        pod("last lines of a log"),
        pod(said(V2, at(5))),
        pod(said(V2, at(5)), container="sidecar"),
        {"spec": {"containers": []}},
    ]
    assert schema_record.said(pods) == [(REF, Message(V2, at(5), "upgraded"))]


def test_pods_of_a_rehearsal_are_not_asked_for_the_database() -> None:
    asked: list[Mapping[str, str]] = []

    class Listing(Versioned):
        def list(self, kind: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
            asked.append(labels)
            return []

    schema_record.said_by_color(Listing(), Color.GREEN)
    assert asked == [{"app": "migrate", "color": "green"}]
