"""Mail, by SMTP with TLS (RFC 8314: from the start on port 465, else by STARTTLS)."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Final

from ops.notify.channel import Undelivered
from ops.notify.model import EmailFacts, Event, NotificationFacts

if TYPE_CHECKING:
    import smtplib
    import ssl

TIMEOUT_SECONDS: Final = 8.0
TLS_FROM_THE_START: Final = 465


@dataclass(frozen=True)
class Mail:
    """Those who get mail of everything."""

    facts: NotificationFacts
    to: EmailFacts
    name: str = "mail"

    def wants(self, event: Event) -> bool:  # noqa: ARG002 everything
        """Everything is told."""
        return True

    def send(self, event: Event) -> None:
        """Tell it. Raises Undelivered, also where only some got it."""
        import smtplib  # noqa: PLC0415 most runs send none

        try:
            with self._server() as server:
                if self.to.port != TLS_FROM_THE_START:
                    server.starttls(context=_trusted())
                if self.to.user:
                    server.login(self.to.user, self.facts.email_password.get_secret_value())
                refused = server.send_message(message(self.facts, self.to, event))
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(
                f"mail by {self.to.server}:{self.to.port}: {type(error).__name__}: {error}"
            ) from error
        if refused:
            raise Undelivered(f"{self.to.server} takes no mail for {', '.join(refused)}")

    def _server(self) -> smtplib.SMTP:
        import smtplib  # noqa: PLC0415 see above

        host, port = self.to.server, self.to.port
        if port == TLS_FROM_THE_START:
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=_trusted())
        return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)


def message(facts: NotificationFacts, to: EmailFacts, event: Event) -> EmailMessage:
    """The mail."""
    mail = EmailMessage()
    mail["From"] = to.sender
    mail["To"] = ", ".join(to.to)
    # A line break would end the header.
    mail["Subject"] = " ".join(f"[{facts.stack}] {event.title}".split())
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=to.sender.rpartition("@")[2])
    lines = [event.text, "", *(f"{name}: {value}" for name, value in event.fields.items())]
    mail.set_content("\n".join([*lines, "", facts.public_url, ""]))
    return mail


def _trusted() -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 see above

    return ssl.create_default_context()
