"""Who is told what, in whose words, and what becomes of a message that nobody takes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from ops.notify import (
    EmailFacts,
    Event,
    Failure,
    NotificationFacts,
    Notifier,
    mail,
    pager_duty,
    post,
    slack,
    status_page,
    webhook,
)
from tests.unit.mail_server import Mailbox, mail_server
from tests.unit.receiver import Receiver, receiver

EVENT = Event(
    kind="rollback",
    title="green was rolled back",
    text="5 % of its requests failed. blue has all traffic.",
    severity="critical",
    fields={"alert": "DeploymentFailure", "hold": "green"},
    dedup="0123abcd",
)
FACTS = NotificationFacts(
    stack="production",
    public_url="https://legal-ai.test",
    on_call="<!subteam^S012AB3CD>",
    pager_duty_key=SecretStr("routing-key-secret"),
)


@pytest.fixture
def somebody() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server(tmp_path) as found:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        yield found


def slack_at(there: Receiver) -> NotificationFacts:
    return FACTS.model_copy(
        update={"slack_webhook": SecretStr(there.url), "pager_duty_key": SecretStr("")}
    )


def mail_at(there: Mailbox, **more: Any) -> NotificationFacts:
    to = ("on-call@legal-ai.test", "boss@legal-ai.test")
    facts = EmailFacts(server="localhost", port=there.port, sender="deploy@legal-ai.test", to=to)
    password = SecretStr("mail-password")
    return NotificationFacts(
        stack="production", email=facts.model_copy(update=more), email_password=password
    )


def test_slack_gets_a_heading_a_text_the_facts_and_the_place() -> None:
    header, text, fields, place = slack.message(FACTS, EVENT)["blocks"]
    assert "green was rolled back" in header["text"]["text"]
    assert text["text"]["text"].endswith("5 % of its requests failed. blue has all traffic.")
    assert [each["text"] for each in fields["fields"]] == [
        "*alert*\nDeploymentFailure",
        "*hold*\ngreen",
    ]
    assert place["elements"][0]["text"] == "production · https://legal-ai.test"


def test_on_call_is_named_where_something_is_wrong_and_not_for_information() -> None:
    assert "<!subteam^S012AB3CD>" in json.dumps(slack.message(FACTS, EVENT))
    quiet = replace(EVENT, kind="release", severity="info")
    assert "subteam" not in json.dumps(slack.message(FACTS, quiet))


def test_a_text_can_not_name_people_in_slack_by_itself() -> None:
    message = slack.message(FACTS, replace(EVENT, text="<!channel> & co", title="<!here>"))
    assert "<!channel>" not in json.dumps(message)
    assert "&lt;!channel&gt; &amp; co" in message["blocks"][1]["text"]["text"]
    assert message["text"] == "&lt;!here&gt;"


def test_what_is_longer_than_slack_takes_is_cut_so_that_it_is_taken_at_all() -> None:
    many = {f"field {number}": "x" * 3000 for number in range(20)}
    long = Event("page", "t" * 500, "x" * 5000, "critical", many)
    header, text, fields, _ = slack.message(FACTS, long)["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert len(text["text"]["text"]) <= 3000
    assert len(fields["fields"]) == 10
    assert all(len(each["text"]) <= 2000 for each in fields["fields"])


@pytest.mark.parametrize("end", ["acknowledged", "resolved"])
def test_pager_duty_closes_the_incident_that_it_opened(end: Any) -> None:
    opened = pager_duty.message(FACTS, EVENT)
    closed = pager_duty.message(FACTS, replace(EVENT, kind=end, severity="info"))
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"] == "production/0123abcd"
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"]["custom_details"]["alert"] == "DeploymentFailure"
    assert opened["routing_key"] == "routing-key-secret"


def test_the_same_alert_of_another_stack_is_another_incident() -> None:
    other = FACTS.model_copy(update={"stack": "staging"})
    assert (
        pager_duty.message(FACTS, EVENT)["dedup_key"]
        != pager_duty.message(other, EVENT)["dedup_key"]
    )


def test_nobody_is_woken_by_a_release_nor_by_an_end_without_a_beginning() -> None:
    channel = pager_duty.PagerDuty(FACTS)
    assert channel.wants(EVENT)
    assert channel.wants(replace(EVENT, kind="stayed"))
    assert not channel.wants(replace(EVENT, kind="release"))
    assert not channel.wants(replace(EVENT, kind="acknowledged", dedup=""))
    assert not channel.wants(replace(EVENT, kind="resolved", dedup=""))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rollback", "monitoring"),
        ("stayed", "investigating"),
        ("acknowledged", "resolved"),
    ],
)
def test_the_public_is_told_how_it_stands_and_nothing_from_inside(kind: Any, status: str) -> None:
    message = status_page.message(replace(EVENT, kind=kind))
    assert message["status"] == status
    assert "green" not in message["message"]
    assert "DeploymentFailure" not in message["message"]


@pytest.mark.parametrize("kind", ["release", "page", "resolved"])
def test_the_public_is_not_told_of_what_it_does_not_notice(kind: Any) -> None:
    assert not status_page.StatusPage(FACTS).wants(replace(EVENT, kind=kind))


def test_the_status_page_gets_its_token(somebody: Receiver, said: list[str]) -> None:
    facts = NotificationFacts(status_page=somebody.url, status_page_token=SecretStr("page-token"))
    Notifier(facts, said.append).tell(EVENT)
    assert somebody.headers[0]["Authorization"] == "Bearer page-token"
    assert somebody.told[0]["status"] == "monitoring"


def test_a_webhook_gets_the_whole_event() -> None:
    assert webhook.message(FACTS, EVENT, "2025-10-14T01:00:00+00:00") == {
        "at": "2025-10-14T01:00:00+00:00",
        "stack": "production",
        "publicUrl": "https://legal-ai.test",
        "kind": "rollback",
        "severity": "critical",
        "title": "green was rolled back",
        "text": "5 % of its requests failed. blue has all traffic.",
        "fields": {"alert": "DeploymentFailure", "hold": "green"},
        "dedup": "0123abcd",
    }


def test_what_was_delivered_is_said_once(somebody: Receiver, said: list[str]) -> None:
    assert Notifier(slack_at(somebody), said.append).tell(EVENT) == []
    assert len(somebody.told) == 1
    assert said == ["told Slack: green was rolled back"]


def test_a_busy_receiver_is_told_again(somebody: Receiver, said: list[str]) -> None:
    somebody.answers = [(503, "later"), (429, "rate_limited"), (200, "ok")]
    assert Notifier(slack_at(somebody), said.append).tell(EVENT) == []
    assert len(somebody.told) == 3


def test_a_receiver_that_refuses_is_not_pressed(somebody: Receiver, said: list[str]) -> None:
    somebody.answers = [(404, "no_service")]
    failures = Notifier(slack_at(somebody), said.append).tell(EVENT)
    assert len(somebody.told) == 1
    assert [failure.channel for failure in failures] == ["Slack"]
    assert "answered 404: no_service" in failures[0].what
    assert said == [f"{failures[0]} (it was: green was rolled back)"]


def test_a_redirection_is_not_followed_with_what_is_told(
    somebody: Receiver, said: list[str]
) -> None:
    somebody.answers = [(302, "")]
    assert "302" in Notifier(slack_at(somebody), said.append).tell(EVENT)[0].what
    assert len(somebody.told) == 1


def test_nobody_there_is_a_failure_and_no_error(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "RETRY_SECONDS", 0.2)
    with receiver() as gone:
        facts = slack_at(gone)
    failures = Notifier(facts, said.append).tell(EVENT)
    assert "ConnectError" in failures[0].what


def test_an_address_that_nobody_can_read_is_a_failure_and_no_error(said: list[str]) -> None:
    facts = FACTS.model_copy(update={"slack_webhook": SecretStr("http://[secret-address")})
    failures = Notifier(
        facts.model_copy(update={"pager_duty_key": SecretStr("")}), said.append
    ).tell(EVENT)
    assert [failure.channel for failure in failures] == ["Slack"]


def test_who_never_answers_is_not_waited_for(somebody: Receiver, said: list[str]) -> None:
    somebody.gate.clear()
    failures = Notifier(slack_at(somebody), said.append, deadline_seconds=0.2).tell(EVENT)
    assert failures == [Failure("Slack", "no answer within 0.2 s")]


def test_one_that_fails_keeps_nothing_from_the_others(somebody: Receiver, said: list[str]) -> None:
    with receiver() as broken:
        broken.answers = [(400, "invalid_payload")]
        facts = slack_at(broken).model_copy(update={"webhook": SecretStr(somebody.url)})
        notifier = Notifier(facts, said.append)
        assert notifier.channels == ("Slack", "webhook")
        assert [failure.channel for failure in notifier.tell(EVENT)] == ["Slack"]
    assert somebody.told[0]["kind"] == "rollback"


def test_no_secret_is_said_even_where_the_other_side_repeats_it(
    somebody: Receiver, said: list[str]
) -> None:
    somebody.answers = [(400, f"bad url {somebody.url}")]
    failure = Notifier(slack_at(somebody), said.append).tell(EVENT)[0]
    assert "[secret]" in failure.what
    assert "path-that-is-secret" not in "".join([*said, str(failure)])


@pytest.mark.parametrize("kind", ["rollback", "stayed", "page", "incident"])
def test_where_no_channel_reaches_a_person_what_one_must_hear_of_is_a_failure(
    somebody: Receiver, said: list[str], kind: Any
) -> None:
    event = replace(EVENT, kind=kind)
    for facts in (
        NotificationFacts(stack="local", on_call="somebody"),
        NotificationFacts(stack="local", status_page=somebody.url),
    ):
        (failure,) = Notifier(facts, said.append).tell(event)
        assert "on-call was not told: no channel is configured" in str(failure)
        assert str(failure) in said[-1]


def test_what_is_for_information_fails_for_nobody_where_nobody_is_configured(
    said: list[str],
) -> None:
    for kind in ("release", "progress", "resolved", "acknowledged"):
        event = replace(EVENT, kind=cast(Any, kind))
        assert Notifier(NotificationFacts(stack="local"), said.append).tell(event) == []
    assert said == []


def test_mail_goes_out_by_tls_after_a_login(mailbox: Mailbox, said: list[str]) -> None:
    assert Notifier(mail_at(mailbox, user="deploy"), said.append).tell(EVENT) == []
    assert mailbox.logins == [("deploy", "mail-password")]
    assert "Subject: [production] green was rolled back" in mailbox.mails[0]
    assert "alert: DeploymentFailure" in mailbox.mails[0]
    assert [line.split()[0] for line in mailbox.clear] == ["ehlo", "STARTTLS"]


def test_a_server_without_tls_gets_neither_password_nor_mail(
    mailbox: Mailbox, said: list[str]
) -> None:
    mailbox.offers_tls = False
    failures = Notifier(mail_at(mailbox, user="deploy"), said.append).tell(EVENT)
    assert "STARTTLS" in failures[0].what
    assert (mailbox.logins, mailbox.mails) == ([], [])


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_mail(
    mailbox: Mailbox, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    failures = Notifier(mail_at(mailbox), said.append).tell(EVENT)
    assert "CERTIFICATE_VERIFY_FAILED" in failures[0].what
    assert mailbox.mails == []


def test_who_got_no_mail_is_named(mailbox: Mailbox, said: list[str]) -> None:
    mailbox.refuses = frozenset({"boss@legal-ai.test"})
    failures = Notifier(mail_at(mailbox), said.append).tell(EVENT)
    assert failures[0].what == "localhost takes no mail for boss@legal-ai.test"
    assert len(mailbox.mails) == 1


def test_a_title_of_two_lines_is_no_second_header() -> None:
    facts = mail_at(Mailbox())
    assert facts.email is not None
    message = mail.message(facts, facts.email, replace(EVENT, title="one\nBcc: x@y.test"))
    assert message["Subject"] == "[production] one Bcc: x@y.test"
    assert message["Bcc"] is None


def test_facts_written_to_a_file_have_no_secret_and_come_back_with_them_from_the_environment() -> (
    None
):
    facts = NotificationFacts(stack="production", status_page="https://status.test/api")
    full = facts.with_secrets(
        {
            "SLACK_WEBHOOK": "https://hooks.test/s",
            "PAGERDUTY_KEY": "p",
            "STATUS_PAGE_TOKEN": "t",
            "NOTIFICATION_WEBHOOK": "https://w.test",
            "EMAIL_PASSWORD": "e",
            "HOME": "/",
        }
    )
    assert set(full.secrets()) == {"https://hooks.test/s", "p", "t", "https://w.test", "e"}
    written = full.model_dump_json(by_alias=True)
    assert "hooks" not in written
    assert NotificationFacts.model_validate_json(written) == facts
