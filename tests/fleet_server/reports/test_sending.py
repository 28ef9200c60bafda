"""Reports on disk and by mail, handed to a real mail server."""

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from fleet_server.fleet import lettering
from fleet_server.fleet.ca import Authority
from fleet_server.reports import mail, sending
from fleet_server.reports.coverage_lines import Coverage
from fleet_server.reports.mail import NotSent
from fleet_server.reports.sending import Written
from fleet_server.settings import Reports
from tests.fleet_server.homes import Home
from tests.fleet_server.reports.province import MONDAY, ZONE, Province, province
from tests.support.programs import free_port

__all__ = ["province"]

AT = dt.datetime(2026, 1, 9, 7, 0, tzinfo=ZONE)
OFFICE, WARD = "ubnd@example.vn", "phuong@example.vn"
pytestmark = pytest.mark.skipif(
    not (lettering.FONTS / lettering.REGULAR).exists(), reason="fonts-dejavu-core is missing"
)


class Post:
    """What a mail server took, and whom it takes nothing for."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage, bool]] = []
        self.refuses: set[str] = set()

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        read = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.taken += [(to, read, session.ssl is not None) for to in envelope.rcpt_tos]
        return "250 OK"


class Server:
    """A mail server with STARTTLS, whose certificate is held to `ca`."""

    def __init__(self, post: Post, port: int, ca: str) -> None:
        self.post = post
        self.port = port
        self.ca = ca

    def settings(self, **more: Any) -> Reports:
        given = {"to": {"01": (OFFICE, WARD)}, "sender": "tram@example.vn", "smtp_ca": self.ca}
        return Reports(smtp_host="localhost", smtp_port=self.port, **given | more)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`start(**options)`: mail servers, ended with the test."""
    started: list[Controller] = []
    ca, own = Authority.create(now=dt.datetime.now(dt.UTC))
    issued = ca.broker(["localhost"], now=dt.datetime.now(dt.UTC))
    files = {"ca.pem": own.certificate, "own.pem": issued.certificate, "own.key": issued.key}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")

    def serve(*, tls: bool = True, **options: Any) -> Server:
        post = Post()
        more = {"tls_context": context, "require_starttls": True} if tls else {}
        port = free_port()
        controller = Controller(post, hostname="localhost", port=port, **more | options)
        controller.start()
        started.append(controller)
        return Server(post, port, str(tmp_path / "ca.pem"))

    yield serve
    for controller in started:
        controller.stop()


@pytest.fixture
def report(province: Province) -> Coverage:
    province.scan("cho-mau", province.code(), MONDAY)
    province.count()
    return province.report("01")


@pytest.fixture
def written(report: Coverage, tmp_path: Path) -> Written:
    return sending.write(report, "01", tmp_path / "out", zone=ZONE, fonts=lettering.FONTS)


def send(report: Coverage, written: Written, server: Reports, **more: Any) -> tuple[str, ...]:
    given: dict[str, Any] = {"password": "", "again": False, "zone": ZONE, "at": AT}
    return sending.send(report, "01", written, server=server, **given | more)


def test_each_address_gets_a_mail_of_its_own_with_both_files_over_tls(
    report: Coverage, written: Written, start: Callable[..., Server]
) -> None:
    server = start()
    assert send(report, written, server.settings()) == (OFFICE, WARD)
    assert [(to, tls) for to, _, tls in server.post.taken] == [(OFFICE, True), (WARD, True)]
    _, read, _ = server.post.taken[0]
    assert read["To"] == OFFICE
    assert read["From"] == "tram@example.vn"
    assert read["Subject"].startswith("Tỉnh Mẫu: Báo cáo bao phủ tuần 2026-W01")
    body = read.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.index("mất liên lạc") < text.index("thiếu 2 nơi / Agencies")
    assert "– Trường Mẫu (Phường Một): trạm truong-mau-1: chưa từng liên lạc" in text
    files = {part.get_filename(): part.get_content() for part in read.iter_attachments()}
    assert files == {path.name: path.read_bytes() for path in written}
    assert files["bao-phu-2026-W01-01.pdf"].startswith(b"%PDF-")


def test_what_was_sent_is_not_sent_again_unless_asked_for(
    report: Coverage, written: Written, start: Callable[..., Server]
) -> None:
    server = start()
    server.post.refuses.add(WARD)
    with pytest.raises(NotSent, match=rf"{WARD} \(550 no such user here\)"):
        send(report, written, server.settings())
    server.post.refuses.clear()
    assert send(report, written, server.settings()) == (WARD,)
    assert send(report, written, server.settings()) == ()
    assert send(report, written, server.settings(), again=True) == (OFFICE, WARD)
    assert [to for to, _, _ in server.post.taken] == [OFFICE, WARD, OFFICE, WARD]


def test_nothing_goes_out_in_clear_or_to_a_server_nobody_vouches_for(
    report: Coverage, written: Written, start: Callable[..., Server]
) -> None:
    plain, other = start(tls=False), start()
    with pytest.raises(NotSent, match="STARTTLS"):
        send(report, written, plain.settings())
    with pytest.raises(NotSent, match="certificate"):
        send(report, written, other.settings(smtp_ca="/etc/ssl/certs/ca-certificates.crt"))
    assert plain.post.taken == other.post.taken == []


def test_to_this_machines_own_server_it_may(
    report: Coverage, written: Written, start: Callable[..., Server]
) -> None:
    server = start(tls=False)
    assert send(report, written, server.settings(smtp_ca="")) == (OFFICE, WARD)


def test_a_server_that_asks_who_sends_is_told(
    report: Coverage, written: Written, start: Callable[..., Server]
) -> None:
    def known(*given: Any) -> AuthResult:
        data = given[-1]
        return AuthResult(
            success=(data.login, data.password) == (b"tram", b"geheim"), handled=False
        )

    server = start(authenticator=known, auth_required=True)
    settings = server.settings(smtp_user="tram")
    with pytest.raises(NotSent) as caught:
        send(report, written, settings, password="falsch")
    assert "falsch" not in str(caught.value)
    assert send(report, written, settings, password="geheim") == (OFFICE, WARD)


def test_a_server_that_is_away_is_one_clear_line(report: Coverage, written: Written) -> None:
    nobody = Reports(smtp_host="localhost", smtp_port=1, sender="t@example.vn", to={"01": (WARD,)})
    with pytest.raises(NotSent, match="localhost:1: không gửi được / cannot be sent"):
        send(report, written, nobody)


def test_a_name_cannot_add_a_header(report: Coverage) -> None:
    area = msgspec.structs.replace(report.area, name="Tỉnh\r\nBcc: x@example.org")
    made = mail.message(
        sending.subject(msgspec.structs.replace(report, area=area)),
        *("", {}),
        **{"sender": "t@example.vn", "to": [WARD], "at": AT},  # type: ignore[arg-type]
    )
    assert made["Bcc"] is None
    assert b"\r\nBcc:" not in made.as_bytes()


def test_by_command_each_areas_report_is_written_and_sent_once(
    home: Home, start: Callable[..., Server]
) -> None:
    server = start(tls=False)
    home.ok("area", "create", "01", "Tỉnh Mẫu", "--level", "province")
    home.ok("venue", "create", "cho-mau", "--name", "Chợ Mẫu", "--area", "01")
    (home.path / "fleet.toml").write_text(
        f'[reports]\nsmtp_host = "localhost"\nsmtp_port = {server.port}\n'
        f'from = "tram@example.vn"\nto = {{ all = ["{OFFICE}"], "01" = ["{WARD}"] }}\n'
    )
    said = home.ok("report", "send")
    assert f"Sent: 01 → {WARD}" in said
    assert {to for to, _, _ in server.post.taken} == {OFFICE, WARD}
    assert len(list((home.path / "reports").glob("*/*.pdf"))) == 2
    assert "Sent" not in home.ok("report", "send")
    logged = home.json("audit", "show", "--last", "2")
    assert [line["action"] for line in logged] == ["report.sent"] * 2

    text = (home.path / "fleet.toml").read_text()
    (home.path / "fleet.toml").write_text(text + 'smtp_ca = "none.pem"\n')
    assert "reports.smtp_ca: expected a PEM file" in home.fails("report", "send", status=2)
    (home.path / "fleet.toml").write_text(text.replace('"01"', '"77"'))
    assert "77: area '77'" in home.fails("report", "send", "--again")
    assert server.post.taken[-1][0] == OFFICE, "one area's mistake holds up no other"
