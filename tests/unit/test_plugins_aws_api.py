"""The local AWS API repeats itself: the same requests give the same identifiers and times."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from local.aws_api.repeatable import Repeatable, RepeatableRandom, drawing_from, now, signed_at

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20251123/{region}/kms/aws4_request, SignedHeaders=host,"
    " Signature=00"
)
DRAW = RepeatableRandom()


def identifier(environ: dict[str, Any], start_response: Any) -> str:
    """An application that makes something up for every request."""
    read: bytes = environ["wsgi.input"].read()
    return f"{DRAW.uuid4()} {read.decode()}"


def request(
    body: str = "", *, method: str = "POST", region: str = "us-east-1", date: str = ""
) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/",
        "HTTP_AUTHORIZATION": SIGNED.format(region=region),
        "HTTP_X_AMZ_DATE": date,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body.encode()),
    }


def test_a_replay_gives_the_identifiers_of_the_first_time() -> None:
    asked = ["CreateKey", "CreateKey", "CreateAlias"]
    first, again = Repeatable(identifier), Repeatable(identifier)
    answers = [first(request(body), None) for body in asked]
    assert [again(request(body), None) for body in asked] == answers


def test_two_requests_alike_give_two_identifiers() -> None:
    api = Repeatable(identifier)
    assert api(request("CreateKey"), None) != api(request("CreateKey"), None)
    assert api(request("CreateSecret"), None) != api(
        request("CreateSecret", region="eu-west-1"), None
    )


def test_what_a_recording_leaves_out_does_not_matter() -> None:
    first, again = Repeatable(identifier), Repeatable(identifier)
    first(request("DescribeKey"), None)
    answer = first(request("CreateKey"), None)
    first(request("", method="GET"), None)
    assert again(request("CreateKey"), None) == answer


def test_requests_at_the_same_time_do_not_disturb_each_other() -> None:
    bodies = [f"CreateSecret {number}" for number in range(50)]
    in_turn = Repeatable(identifier)
    expected = [in_turn(request(body), None) for body in bodies]
    at_once = Repeatable(identifier)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda body: at_once(request(body), None), bodies)) == expected


def test_the_body_of_a_request_reaches_the_application() -> None:
    assert Repeatable(identifier)(request("CreateKey"), None).endswith(" CreateKey")


def test_the_time_is_that_at_which_a_request_was_signed() -> None:
    seen: list[datetime] = []
    api = Repeatable(lambda environ, start_response: seen.append(now()))
    api(request("CreateKey", date="20251123T101112Z"), None)
    assert seen == [datetime(2025, 11, 23, 10, 11, 12)]
    api(request("CreateKey", date="today"), None)
    assert seen[1] > seen[0]
    assert signed_at({}) is None


def test_a_service_that_begins_within_a_request_draws_from_its_own_name() -> None:
    def beginning(environ: dict[str, Any], start_response: Any) -> tuple[str, str]:
        before = str(DRAW.uuid4())
        with drawing_from("ec2 123456789012 us-east-1"):
            begun = str(DRAW.uuid4())
        return f"{before} {DRAW.uuid4()}", begun

    own, begun = Repeatable(beginning)(request("CreateSecurityGroup"), None)
    other, begun_by_other = Repeatable(beginning)(request("DescribeVpcs"), None)
    assert begun == begun_by_other
    assert own != other
