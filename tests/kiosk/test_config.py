"""kiosk.toml: what is wrong is named by key, file and expectation."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk import config
from kiosk.config import SECTIONS, key_set, load
from kiosk.config_table import rules
from kiosk.errors import ConfigError
from tests.kiosk.bundle import Bundle, make_bundle
from wire import keyset

MINIMAL = '[kiosk]\nid = "cho-mau-1"\n[server]\nurl = "mqtts://tram.example"\n'


def _load(folder: Path, text: str) -> config.Config:
    file = folder / "kiosk.toml"
    file.write_text(text)
    return load(file)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundle")


def test_an_id_and_an_address_are_enough(tmp_path: Path) -> None:
    loaded = _load(tmp_path, MINIMAL)
    assert loaded.kiosk.direction == "both"
    assert loaded.policy.accept == ("card", "national", "cccd", "can_cuoc", "bhyt")
    assert loaded.policy.repeat_s == 120
    assert (loaded.server.address.host, loaded.server.address.port) == ("tram.example", 8883)


def test_relative_paths_count_from_the_files_folder(tmp_path: Path) -> None:
    loaded = _load(tmp_path, MINIMAL + 'ca = "tls/ca.crt"\nkey = "/etc/tram/kiosk.key"\n')
    assert loaded.server.ca == tmp_path / "tls/ca.crt"
    assert loaded.server.key == Path("/etc/tram/kiosk.key")
    assert loaded.kiosk.data == tmp_path / "data"


WRONG = [
    (MINIMAL + '[signals]\nnight_from = "24:00"', "signals.night_from", "a local time HH:MM"),
    (MINIMAL + "[signals]\nnight_volume = 101", "signals.night_volume", "from 0 to 100 (percent)"),
    (MINIMAL + "[gate]\nrelay_pin = 40", "gate.relay_pin", "a GPIO number from 0 to 27"),
    (MINIMAL + "[gate]\nopen_ms = 0", "gate.open_ms", "from 200 to 60000 (milliseconds)"),
    ('[kiosk]\n[server]\nurl = "mqtts://a"', "kiosk.id", "missing; expected 1 to 48 of a-z"),
    ('[kiosk]\nid = "Server"\n[server]\nurl = "mqtts://a"', "kiosk.id", "found 'Server'"),
    ('[kiosk]\nid = "server"\n[server]\nurl = "mqtts://a"', "kiosk.id", "found 'server'"),
    ('[kiosk]\nid = "k"', "server.url", "missing; expected mqtts://host[:port]"),
    (MINIMAL.replace("mqtts", "mqtt"), "server.url", "found 'mqtt://tram.example'"),
    (MINIMAL.replace("tram.example", "a:b:c"), "server.url", 'for example url = "mqtts://'),
    (
        MINIMAL + "[delivery]\nwindow_batches = 0",
        "delivery.window_batches",
        "from 1 to 64 (batches)",
    ),
    (MINIMAL + "[delivery]\nwindow_batches = true", "delivery.window_batches", "found True"),
    (MINIMAL + "[delivery]\nwindow_batchs = 3", "delivery.window_batchs", "mean window_batches?"),
    (MINIMAL + "[delivry]\nwindow_batches = 3", "[delivry]", "did you mean delivery?"),
    (MINIMAL + "[policy]\nrepeat_s = 1.5", "policy.repeat_s", "expected a whole number"),
    (MINIMAL + '[policy]\naccept = ["passport"]', "policy.accept", "a list out of card, national"),
    (MINIMAL + '[policy]\ntickets = "yes"', "policy.tickets", "expected true or false"),
    (MINIMAL + "[signals]\ngreen_pin = 99", "signals.green_pin", "a GPIO number from 0 to 27"),
    (MINIMAL + '[camera]\nsource = "webcam"', "camera.source", '"picamera2", "v4l2:DEVICE"'),
    (MINIMAL + "[camera]\nfps = -1", "camera.fps", "a number from 0 to 240 (frames per second)"),
    (MINIMAL + '[decoder]\nengines = ["zxing-cpp", "zxing-cpp"]', "decoder.engines", "none twice"),
    ("queue = 5\n" + MINIMAL, "queue", "expected a table [queue]"),
    (MINIMAL + "ca = 5", "server.ca", "the path of the fleet CA's certificate"),
]


@pytest.mark.parametrize(("text", "key", "expected"), WRONG)
def test_a_wrong_setting_is_named_with_file_and_expectation(
    tmp_path: Path, text: str, key: str, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{key} in {tmp_path / 'kiosk.toml'}: ")
    assert expected in message


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("content", [b"[kiosk\n", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kiosk.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"kiosk\.toml: is not TOML"):
        load(tmp_path / "kiosk.toml")


@pytest.mark.parametrize(
    "url", ["mqtt://127.0.0.1", "mqtt://127.8.0.1:1884", "mqtt://[::1]:1883", "mqtt://localhost"]
)
def test_speech_in_clear_is_for_this_machine_alone(tmp_path: Path, url: str) -> None:
    address = _load(tmp_path, MINIMAL.replace("mqtts://tram.example", url)).server.address
    assert not address.tls


@pytest.mark.parametrize(
    "url",
    [
        *("mqtt://10.0.0.1", "mqtt://tram.example", "mqtt://localhost.example", "http://127.0.0.1"),
        *("mqtts://", "mqtts://host/path", "mqtts://user:pw@host", "mqtts://host:0", "mqtts://h:x"),
        *("", "mqtts://host:99999", "mqtts://[::1", "mqtt://0.0.0.0"),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"server\.url"):
        _load(tmp_path, MINIMAL.replace("mqtts://tram.example", url))


def test_the_key_set_is_the_one_the_root_signed(bundle: Bundle) -> None:
    assert key_set(bundle.load()) == bundle.keyset
    assert set(key_set(bundle.load()).card_keys()) == {bundle.keyset.cards[0].id}


def test_a_key_set_of_another_root_is_refused(bundle: Bundle) -> None:
    forged = keyset.sign(bundle.keyset, Ed25519PrivateKey.generate())
    (bundle.folder / "keyset.json").write_bytes(forged)
    with pytest.raises(ConfigError, match=r"keys\.keyset in .*expected a key set signed by"):
        key_set(bundle.load())


@pytest.mark.parametrize("file", ["root.pub", "keyset.json"])
def test_a_key_file_that_is_missing_is_named_by_its_setting(bundle: Bundle, file: str) -> None:
    (bundle.folder / file).unlink()
    with pytest.raises(ConfigError, match=rf"keys\.\w+ in .*No such file.*{file}"):
        key_set(bundle.load())


@pytest.mark.parametrize(("file", "key"), [("root.pub", "root"), ("keyset.json", "keyset")])
def test_a_key_file_of_the_wrong_form_is_named_by_its_setting(
    bundle: Bundle, file: str, key: str
) -> None:
    (bundle.folder / file).write_bytes(b"not a key")
    with pytest.raises(ConfigError, match=rf"keys\.{key} in "):
        key_set(bundle.load())


@pytest.mark.parametrize("name", SECTIONS)
def test_every_default_fits_its_own_rule(name: str, tmp_path: Path) -> None:
    for rule, default in rules(SECTIONS[name]).values():
        if default is None:
            continue
        value = list(default) if isinstance(default, tuple) else default
        value = str(value) if isinstance(value, Path) else value
        assert rule.read(value, tmp_path) is not None
        assert rule.expected
        assert rule.example


@pytest.mark.parametrize("name", SECTIONS)
def test_every_example_could_stand_in_a_file(name: str, tmp_path: Path) -> None:
    for key, (rule, _) in rules(SECTIONS[name]).items():
        lines = {"kiosk": ["id = 'a'"], "server": ["url = 'mqtts://a'"]}
        lines.setdefault(name, []).append(f"{key} = {rule.example}")
        own = [line for line in lines[name] if line.split(" = ")[0] != key or rule.example in line]
        lines[name] = own
        text = "\n".join(f"[{table}]\n" + "\n".join(body) for table, body in lines.items())
        _load(tmp_path, text)
