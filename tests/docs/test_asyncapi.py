"""The AsyncAPI document and the code say the same."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

import wire.keyset
import wire.presence
import wire.receipts
import wire.records
import wire.revocations
import wire.signed
import wire.trust
from tests.wire.sample import Sample
from wire import asyncapi, codec, topics

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "reference" / "asyncapi.yaml"
SPECS = "@asyncapi/specs@6.11.1"
"""AsyncAPI's own JSON Schema, 400 KB: fetched from npm where there is npm, not kept here."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return document


def test_every_topic_of_the_code_has_its_channel_and_no_other_is_told(
    told: dict[str, Any],
) -> None:
    spoken = {topics.kiosk_topic("k", channel) for channel in topics.FROM_KIOSK + topics.TO_KIOSK}
    addresses = {channel["address"] for channel in told["channels"].values()}
    assert {address.replace("{kiosk}", "k") for address in addresses} == {
        *spoken,
        topics.SERVER_STATE,
        *topics.DOCUMENTS.values(),
    }


def test_a_kiosk_sends_and_receives_where_the_code_lets_it(told: dict[str, Any]) -> None:
    def channels(action: str) -> set[str]:
        return {
            operation["channel"]["$ref"].removeprefix("#/channels/")
            for operation in told["operations"].values()
            if operation["action"] == action
        }

    assert channels("send") == set(topics.FROM_KIOSK)
    assert channels("receive") == {*topics.TO_KIOSK, "serverState", *topics.DOCUMENTS}


def test_every_struct_and_every_field_of_the_contract_is_documented(told: dict[str, Any]) -> None:
    modules = (
        *(wire.records, wire.receipts, wire.presence, wire.keyset),
        *(wire.signed, wire.trust, wire.revocations),
    )
    structs = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and name != "Struct"
    }
    schemas = told["components"]["schemas"]
    assert set(schemas) == set(structs)
    for name, struct in structs.items():
        assert set(schemas[name]["properties"]) == set(struct.__struct_encode_fields__), name
        assert "required" not in schemas[name], f"{name}: a field without a default"


def test_a_real_batch_fits_the_documented_schema_and_a_wrong_one_does_not(
    told: dict[str, Any], sample: Sample
) -> None:
    schema = {"$ref": "#/components/schemas/Batch", "components": told["components"]}
    validator = jsonschema.Draft7Validator(schema)
    batch = json.loads(sample.batch())
    assert list(validator.iter_errors(batch)) == []
    batch["records"][0]["direction"] = "nul\x00"
    assert [problem.validator for problem in validator.iter_errors(batch)] == ["pattern"]


def test_a_real_receipt_fits_the_documented_schema(told: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Receipt", "components": told["components"]}
    validator = jsonschema.Draft7Validator(schema)
    receipt = wire.receipts.Receipt(stored=[("0" * 32, 1, 9)], server_ms=1)
    assert list(validator.iter_errors(json.loads(codec.encode(receipt)))) == []
    assert list(validator.iter_errors({"stored": [["0" * 32, 1]]})) != []


def test_every_docstring_under_a_field_is_told_too(told: dict[str, Any]) -> None:
    counter = told["components"]["schemas"]["Record"]["properties"]["counter"]
    assert "never reused" in counter["description"]
    assert all(channel.says for channel in asyncapi.CHANNELS)


@pytest.mark.slow
def test_the_document_is_valid_by_asyncapis_own_schema(
    told: dict[str, Any], tmp_path: Path
) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: AsyncAPI's own schema comes from there")
    fetched = subprocess.run(
        ["npm", "pack", "--silent", SPECS],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if fetched.returncode != 0:
        pytest.skip(f"npm could not fetch {SPECS}: {fetched.stderr.strip()[:200]}")
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/schemas/3.0.0-without-$id.json")
        assert member is not None
        schema = json.loads(member.read())
    validator = jsonschema.Draft7Validator(schema)
    problems = [problem.message[:300] for problem in validator.iter_errors(told)]
    assert problems == []
    assert list(validator.iter_errors(told | {"info": {}})) != []
