"""Where the people of an office ask over HTTP; every answer is held to the published document."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import jsonschema
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from werkzeug.test import TestResponse

from fleet_server import database
from fleet_server.api.operations import PREFIX, template
from fleet_server.auth import tokens
from fleet_server.auth.permissions import Role
from fleet_server.settings import Privacy, Settings
from fleet_server.web.app import create_app
from tests.fleet_server.cases.conftest import (
    CASE,
    COLLEAGUE,
    LAB,
    NAMES_PER_DAY,
    SUPERVISOR,
    TRACER,
    Office,
)
from tests.fleet_server.people import CHEAP, own_code
from tests.support.casework import NearVault
from tests.support.market_days import CALLED_MS, SELLER_OLD_CODE, SELLER_PHONE

PEOPLE: Final = {
    "tracer": (TRACER.name, Role.TRACER, None, None),
    "colleague": (COLLEAGUE.name, Role.TRACER, None, None),
    "supervisor": (SUPERVISOR.name, Role.TRACING_SUPERVISOR, None, None),
    "near": ("truy-vet-t01", Role.TRACER, None, "T01"),
    "far": ("truy-vet-t02", Role.TRACER, None, "T02"),
    "manager": ("quan-ly-cho", Role.VENUE_MANAGER, "cho-mot", None),
    "operator": ("van-hanh", Role.FLEET_OPERATOR, None, None),
    "auditor": ("kiem-toan", Role.AUDITOR, None, None),
}
"""Login, role, venue and area of each."""
ONSET: Final = CALLED_MS // 1000 - 2 * 86_400


@dataclass
class Hall:
    """The API, its clients' codes, and the office whose vault and clock it shares."""

    office: Office
    app: Flask
    away: Flask
    """The same, but nobody runs the vault."""
    codes: dict[str, str]
    results_key: Path
    vault_socket: Path
    """Where `away` asks for the vault."""

    def trust(self, key: Ed25519PublicKey) -> None:
        """Kept results are checked with this key."""
        self.results_key.parent.mkdir(parents=True, exist_ok=True)
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.results_key.write_bytes(pem)

    @cached_property
    def document(self) -> dict[str, Any]:
        found = self.app.test_client().get(f"{PREFIX}/openapi.json").json
        assert found is not None
        return dict(found)

    def send(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        app: Flask | None = None,
        **request: Any,
    ) -> TestResponse:
        """As a program sends it; `path` from the API's prefix on."""
        self.office.now_ms += 1000
        headers = {} if who is None else {"Authorization": f"Bearer {self.codes[who]}"}
        client = (app or self.app).test_client()
        return client.open(PREFIX + path, method=method, headers=headers, **request)

    def get(self, who: str, path: str, /, **query: object) -> Any:
        """What is answered with 200."""
        return self._checked(self.send(who, "GET", path, query_string=query), 200)

    def post(self, who: str, path: str, /, body: object = None, *, status: int = 200) -> Any:
        """What is answered with this status; `body` None: none is sent."""
        sent = {} if body is None else {"json": body}
        return self._checked(self.send(who, "POST", path, **sent), status)

    def refused(self, answer: TestResponse, status: int) -> str:
        """The words of a problem with this status."""
        detail = self._checked(answer, status)["detail"]
        assert isinstance(detail, str)
        return detail

    def _checked(self, answer: TestResponse, status: int) -> Any:
        assert answer.status_code == status, answer.text
        if status >= 400:
            assert answer.content_type == "application/problem+json"
            self.validate("Problem", answer.json)
            return answer.json
        self.validate(self._schema_of(answer), answer.json)
        return answer.json

    def _schema_of(self, answer: TestResponse) -> str:
        """The name of the schema the document gives for the request's answer."""
        request = answer.request
        adapter = self.app.url_map.bind("localhost")
        rule, _ = adapter.match(request.path, method=request.method, return_rule=True)
        described = self.document["paths"][template(rule.rule)][request.method.lower()]
        content = described["responses"]["200"]["content"]["application/json"]
        return str(content["schema"]["$ref"].rsplit("/", 1)[1])

    def validate(self, schema: str, value: Any) -> None:
        """Raises where `value` is not as the document has it."""
        wanted = self.document | {"$ref": f"#/components/schemas/{schema}"}
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(wanted, format_checker=checker).validate(value)

    def opened(self) -> None:
        """A confirmed case, without anybody in it."""
        self.post("tracer", "/cases", {"ref": CASE, "lab_ref": LAB, "onset": str(ONSET)})
        self.post("supervisor", f"/cases/{CASE}/confirm", {"lab_ref": LAB})

    def with_seller(self) -> str:
        """As `opened`, with her in it by both her cards; her reference."""
        self.opened()
        numbers = {"insurance": SELLER_OLD_CODE, "phone": SELLER_PHONE, "purpose": "tìm F0"}
        first, second = self.post("tracer", f"/cases/{CASE}/find", numbers)["visitors"]
        link = {"first": first, "second": second, "reason": "bà ấy đọc cả hai thẻ"}
        self.post("tracer", f"/cases/{CASE}/links", link)
        index = {"visitor": first, "reason": "dương tính"}
        return str(self.post("tracer", f"/cases/{CASE}/index", index)["ref"])

    def evaluated(self) -> list[str]:
        """As `with_seller`, evaluated; references of all contacts, ranked."""
        self.with_seller()
        self.post("tracer", f"/cases/{CASE}/evaluate")
        listed = self.get("tracer", f"/cases/{CASE}/contacts", limit=1000)
        assert not listed["more"]
        return [each["ref"] for each in listed["contacts"]]

    def events(self) -> list[dict[str, Any]]:
        found = self.get("supervisor", f"/cases/{CASE}/events", limit=1000)["events"]
        return list(found)


def make_hall(office: Office, home: Path) -> Hall:
    settings = Settings(
        home=str(home),
        database_url=str(office.engine.url),
        privacy=Privacy(names_per_day=NAMES_PER_DAY),
        accounts=CHEAP,
    )
    codes = {}
    with office.engine.execution_options(**database.WRITES).begin() as connection:
        for number, (who, (name, role, venue, area)) in enumerate(PEOPLE.items()):
            codes[who] = own_code(
                connection,
                name,
                role,
                venues=[venue] if venue else [],
                area=area,
                now=CALLED_MS // 1000 - 60,
                secret=bytes([number]) * tokens.SECRET_BYTES,
            )

    def clock() -> float:
        return office.now_ms / 1000

    app, away = (
        create_app(settings, engine=office.engine, session_key=b"k" * 32, clock=clock, vault=vault)
        for vault in (NearVault(office.vault), None)
    )
    results_key = settings.keys_dir / "public" / "results.pub"
    made = Hall(office, app, away, codes, results_key, settings.vault_socket)
    settings.vault_socket.parent.mkdir(parents=True, exist_ok=True)
    made.trust(office.sign.public_key())
    return made
