"""Sends a report by mail: STARTTLS always, but to a server on this machine."""

import datetime as dt
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final

from fleet_server.errors import FleetError
from fleet_server.settings import Reports, is_loopback

TIMEOUT_S: Final = 60.0
_TYPES: Final = {
    ".pdf": ("application", "pdf"),
    ".xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


class NotSent(FleetError):
    """A mail that did not go out to everybody it was for."""


def message(
    subject: str,
    text: str,
    files: Mapping[str, bytes],
    *,
    sender: str,
    to: Sequence[str],
    at: dt.datetime,
) -> EmailMessage:
    """A mail with these files, by their names (`.pdf`, `.xlsx`)."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = subject
    made["From"] = sender
    made["To"] = ", ".join(to)
    made["Date"] = format_datetime(at)
    made["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    # No answer is wanted from a machine that is away on leave.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    for name, content in files.items():
        main, sub = _TYPES[name[name.rindex(".") :]]
        made.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return made


def send(made: EmailMessage, server: Reports, *, password: str = "") -> None:
    """Hands a mail to the server. Raises NotSent where it does not take it for everybody."""
    where = f"{server.smtp_host}:{server.smtp_port}"
    try:
        with smtplib.SMTP(server.smtp_host, server.smtp_port, timeout=TIMEOUT_S) as smtp:
            if server.smtp_ca or not is_loopback(server.smtp_host):
                smtp.starttls(context=ssl.create_default_context(cafile=server.smtp_ca or None))
            if server.smtp_user:
                smtp.login(server.smtp_user, password)
            refused = smtp.send_message(made)
    except smtplib.SMTPRecipientsRefused as problem:
        raise NotSent(f"{where}: refused {_each(problem.recipients)}") from problem
    except (OSError, smtplib.SMTPException) as problem:
        said = str(problem) or type(problem).__name__
        raise NotSent(f"{where}: không gửi được / cannot be sent ({said})") from problem
    if refused:
        raise NotSent(f"{where}: refused {_each(refused)}; the others have it")


def _each(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(
        f"{address} ({code} {said.decode('utf-8', 'replace')})"
        for address, (code, said) in refused.items()
    )
