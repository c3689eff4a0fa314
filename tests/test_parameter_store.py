"""A URL in the AWS Parameter Store: real boto3, against moto's server and against bad ones."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

import rawstore
from rawstore import parameter_store
from rawstore.config import locate
from rawstore.config.report import report
from rawstore.errors import ConfigError

CANARY = "hunTER2canary"
VARIABLE = "PARAMETER_STORE_DB_URL"
NAME = "/chat/url"
ROOT = Path(__file__).parents[1]
SLOW = pytest.mark.slow  # each makes a client of its own


@pytest.fixture(scope="module", autouse=True)
def _uncollected() -> Iterator[None]:
    """No garbage collection: going through AWS's models would take longer than all the rest."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The endpoint of an AWS of our own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An empty working folder, and credentials that nobody checks."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": f"key-{CANARY}",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture(scope="module")
def client(moto: str) -> Any:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    session = boto3.session.Session(region_name="eu-west-1", **keys)
    return session.client("ssm", endpoint_url=moto)


@pytest.fixture
def put(moto: str, client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that keeps a value as the parameter NAME."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)

    def put(value: str, kind: str = "SecureString") -> None:
        client.put_parameter(Name=NAME, Value=value, Type=kind, Overwrite=True)

    yield put
    client.delete_parameters(Names=[NAME])


class Answering(BaseHTTPRequestHandler):
    """Answers every request in one way: with an error's code, or not at all."""

    code = ""
    status = 400
    delay = 0.0
    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        time.sleep(self.delay)
        body = json.dumps({"__type": self.code, "message": f"no: {CANARY}"}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answering]]:
    """An AWS that refuses: a class whose attributes say how."""
    kind = type("Bad", (Answering,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield kind
    server.shutdown()
    serving.join()
    server.server_close()


def refusal(environ: dict[str, str], store: str = "collections") -> str:
    """Return the message of the error, all of whose traceback is free of secrets."""
    with pytest.raises(ConfigError) as caught:
        locate(store, environ=environ)
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


def test_a_secure_string(put: Any) -> None:
    put(f"postgresql://u:{CANARY}@localhost/app")
    located = locate("collections", environ={VARIABLE: NAME, "AWS_REGION": "eu-west-1"})
    assert str(located.target) == "postgresql://u:***@localhost/app"
    assert located.source == f"the parameter of {VARIABLE}"
    assert located.notes == ()


@pytest.mark.parametrize(
    "name",
    ["arn:aws:ssm:eu-west-1:123456789012:parameter/chat/url", pytest.param(NAME, marks=SLOW)],
)
def test_the_region_stands_in_an_arn_or_a_variable(
    name: str, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("sqlite:///a.db")
    monkeypatch.delenv("AWS_REGION")
    region = {} if name.startswith("arn:") else {"AWS_DEFAULT_REGION": "eu-west-1"}
    located = locate("collections", environ={VARIABLE: name, **region})
    assert str(located.target) == "sqlite:///a.db"


def test_its_place_in_the_order(put: Any, tmp_path: Path) -> None:
    put("sqlite:///parameter.db")
    (tmp_path / "secret").write_text("sqlite:///secret.db")
    environ = {VARIABLE: NAME, "AWS_REGION": "eu-west-1", "DB_HOST": "h", "DATABASE_PATH": "p.db"}
    assert str(locate("collections", environ=environ).target) == "sqlite:///parameter.db"
    environ["DATABASE_URL_FILE"] = "secret"
    assert str(locate("collections", environ=environ).target) == "sqlite:///secret.db"
    environ["DATABASE_URL"] = "sqlite:///url.db"
    assert str(locate("collections", environ=environ).target) == "sqlite:///url.db"


def test_a_rotated_secret_counts_at_the_next_open(
    put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, NAME)
    for name in ("first", "second"):
        put(f"sqlite:///{name}.db")
        with rawstore.open("collections") as store:
            assert str(store.target) == f"sqlite:///{name}.db"


@pytest.mark.parametrize("kind", ["String", pytest.param("StringList", marks=SLOW)])
def test_what_is_kept_unencrypted_is_used_and_said(
    kind: str, put: Any, caplog: pytest.LogCaptureFixture
) -> None:
    put("sqlite:///a.db", kind)
    environ = {VARIABLE: NAME, "AWS_REGION": "eu-west-1"}
    found = report("collections", environ=environ)
    assert str(found.target) == "sqlite:///a.db"
    (note,) = found.notes
    assert f"is a {kind}, which AWS keeps unencrypted: make it a SecureString" in note
    ours = [each for each in caplog.records if each.name.startswith("rawstore")]
    assert [(each.levelname, each.getMessage()) for each in ours] == [("WARNING", note)]


def test_a_value_that_is_no_url(put: Any) -> None:
    environ = {VARIABLE: NAME, "AWS_REGION": "eu-west-1"}
    put(f"mysql://u:{CANARY}@h/db")
    assert refusal(environ).startswith(f"the parameter of {VARIABLE}: a database URL starts with")
    put(" ")
    assert refusal(environ) == f"the parameter of {VARIABLE} is empty"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({VARIABLE: f"/none/{CANARY}"}, "there is no such parameter in this region"),
        pytest.param(
            {VARIABLE: f"{NAME}:7"}, "there is no such parameter in this region", marks=SLOW
        ),
        ({VARIABLE: f"postgresql://u:{CANARY}@h/db"}, "must hold the name of a parameter"),
        ({VARIABLE: f"p {CANARY}"}, "must hold the name of a parameter"),
    ],
)
def test_a_parameter_that_is_not_there(environ: dict[str, str], message: str, put: Any) -> None:
    put("sqlite://")
    assert message in refusal({"AWS_REGION": "eu-west-1", **environ})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"AWS_REGION": None}, "no region: set AWS_REGION"),
        pytest.param({"AWS_REGION": "no where"}, "none of AWS's", marks=SLOW),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no credentials for AWS"),
        pytest.param({"AWS_SECRET_ACCESS_KEY": None}, "no credentials for AWS", marks=SLOW),
        pytest.param(
            {"AWS_PROFILE": "nosuch"}, "AWS_PROFILE names a profile that is not there", marks=SLOW
        ),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS cannot be reached"),
        ({"AWS_ENDPOINT_URL": CANARY}, "the endpoint is no URL"),
    ],
)
def test_aws_that_is_not_set_up(
    changed: dict[str, str | None],
    message: str,
    aws: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in changed.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    region = {"AWS_REGION": "eu-west-1", **changed}["AWS_REGION"]
    found = refusal({VARIABLE: NAME, **({"AWS_REGION": region} if region else {})})
    assert found.startswith(f"the parameter of {VARIABLE}: ")
    assert message in found


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "may not read it: allow ssm:GetParameter"),
        pytest.param("UnrecognizedClientException", "AWS rejects the credentials", marks=SLOW),
        pytest.param("SomethingNew", "AWS refuses (SomethingNew)", marks=SLOW),
        (f"odd {CANARY}", "AWS refuses (an unknown error)"),
    ],
)
def test_aws_that_refuses(code: str, message: str, bad: type[Answering]) -> None:
    bad.code = code
    assert message in refusal({VARIABLE: NAME, "AWS_REGION": "eu-west-1"})


@SLOW
def test_aws_that_throttles_is_asked_again(
    bad: type[Answering], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameter_store, "_ATTEMPTS", 2)
    bad.code = "ThrottlingException"
    found = refusal({VARIABLE: NAME, "AWS_REGION": "eu-west-1"})
    assert "AWS is throttling its callers: try again later" in found
    assert bad.asked == 2


def test_aws_that_hangs(bad: type[Answering], monkeypatch: pytest.MonkeyPatch) -> None:
    bad.delay = 2.0
    monkeypatch.setattr(parameter_store, "DEADLINE", 0.2)
    found = refusal({VARIABLE: NAME, "AWS_REGION": "eu-west-1"})
    assert "no answer within 0.2 s: AWS cannot be reached" in found


def test_boto3_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    found = refusal({VARIABLE: NAME})
    assert found.endswith("boto3 is not installed: pip install 'rawstore[aws]'")


def test_boto3_is_loaded_by_those_who_use_it() -> None:
    program = (
        "import sys, rawstore\n"
        "rawstore.open('collections', 'sqlite://').close()\n"
        "assert not {'boto3', 'botocore', 'rawstore.parameter_store'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("store", "environ"),
    [
        ("omnimemory", {}),
        ("contextpilot", {"CONTEXTPILOT_USE_DATABASE": "false"}),
        ("minipilot", {"DATABASE_URL": "sqlite://"}),
    ],
)
def test_a_store_that_needs_no_secret_asks_for_none(
    store: str, environ: dict[str, str], bad: type[Answering]
) -> None:
    found = report(store, environ={VARIABLE: NAME, "AWS_REGION": "eu-west-1", **environ})
    assert bad.asked == 0
    assert any(note.startswith(f"{VARIABLE} is set, but not used") for note in found.notes)


def test_no_log_shows_the_value(put: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    put(f"postgresql://u:{CANARY}@localhost/app")
    with caplog.at_level(logging.DEBUG):
        caplog.clear()
        assert CANARY not in repr(parameter_store.read(NAME, "it", "eu-west-1"))
        assert CANARY not in caplog.text
        # Afterwards botocore logs again.
        client.describe_parameters()
    assert any(record.name == "botocore.parsers" for record in caplog.records)


@SLOW
def test_the_command_line(put: Any, aws: dict[str, str], tmp_path: Path) -> None:
    put(f"postgresql://u:{CANARY}@localhost/app")
    run = subprocess.run(
        [sys.executable, "-m", "rawstore", "-v", "config", "collections"],
        env={**os.environ, VARIABLE: NAME, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert "postgresql://u:***@localhost/app" in run.stdout
    assert f"the parameter of {VARIABLE}" in run.stdout
    assert CANARY not in run.stdout + run.stderr
