"""A database URL kept as a SecureString in the AWS Systems Manager Parameter Store.

Needs `pip install 'rawstore[aws]'`; boto3 is loaded by the first read. Region and credentials are
found as boto3 finds them. Nothing is kept: every read asks AWS, so a rotated secret counts at the
next open. What boto3 raises may hold names and values: none of it reaches a message, and nothing
is raised while one of its errors is handled.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Any, NamedTuple

from .errors import ConfigError

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 3.0
DEADLINE = 5.0  # seconds in all, looking up the address and the credentials included
_ATTEMPTS = 3

# A name, or the ARN of somebody else's; with a version or a label.
_NAME = re.compile(r"[\w.:/-]{1,2048}", re.ASCII)
_ARN = re.compile(r"arn:[\w-]+:ssm:(?P<region>[\w-]+):", re.ASCII)

_ACCESS = "may not read it: allow ssm:GetParameter on it, and kms:Decrypt on its key"
_NO_CREDENTIALS = (
    "no credentials for AWS were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or AWS_PROFILE, or run with a role"
)
_REJECTED = "AWS rejects the credentials: they are wrong, or their time is over"
_NO_REGION = "no region: set AWS_REGION or AWS_DEFAULT_REGION"
_UNREACHABLE = "AWS cannot be reached: is the endpoint right, and open to this machine?"
_MISSING = "there is no such parameter in this region and account"
_THROTTLED = "AWS is throttling its callers: try again later"
# By the error's code; what is not here is named by the code itself.
_REFUSALS = {
    "ParameterNotFound": _MISSING,
    "ParameterVersionNotFound": _MISSING,
    "ParameterVersionLabelNotFound": _MISSING,
    "AccessDeniedException": f"this caller {_ACCESS}",
    "AccessDenied": f"this caller {_ACCESS}",
    "KMSAccessDeniedException": f"this caller {_ACCESS}",
    "InvalidKeyId": "its KMS key cannot be used",
    "UnrecognizedClientException": _REJECTED,
    "InvalidClientTokenId": _REJECTED,
    "InvalidSignatureException": _REJECTED,
    "SignatureDoesNotMatch": _REJECTED,
    "IncompleteSignature": _REJECTED,
    "ExpiredTokenException": _REJECTED,
    "ExpiredToken": _REJECTED,
    "ThrottlingException": _THROTTLED,
    "Throttling": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
}
# By the class of botocore's own errors, the first that fits.
_FAULTS = {
    "NoRegionError": _NO_REGION,
    "InvalidRegionError": "the region is none of AWS's: see AWS_REGION",
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "ProfileNotFound": "AWS_PROFILE names a profile that is not there",
    "ConfigParseError": "AWS's configuration file cannot be read",
    "CredentialRetrievalError": "AWS's credentials cannot be fetched",
    "TokenRetrievalError": "the session is over: aws sso login",
    "SSOError": "the session is over: aws sso login",
    "SSLError": "the certificate of AWS's endpoint is refused: see AWS_CA_BUNDLE",
    "ProxyConnectionError": "the proxy on the way to AWS cannot be reached: see HTTPS_PROXY",
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "ValueError": "the endpoint is no URL: see AWS_ENDPOINT_URL",
}


class Secret(NamedTuple):
    """A parameter's value, and what is to be said of it in sentences."""

    value: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return all but the value."""
        return f"Secret(value='***', notes={self.notes!r})"


def read(name: str, said_by: str, region: str | None = None) -> Secret:
    """Return the parameter `name`, decrypted, within 5 seconds.

    `said_by` is what messages call it; `region` is boto3's to find where it is None, and an ARN's
    own goes before both. Raises ConfigError with the remedy, and with neither name nor value.
    """
    if not _NAME.fullmatch(name) or "://" in name:
        raise ConfigError(f"{said_by} must hold the name of a parameter, such as /chat/url")
    if arn := _ARN.match(name):
        region = arn["region"]
    found: list[Any] = []
    asking = threading.Thread(
        target=lambda: found.append(_asked(name, region)), name="rawstore-aws", daemon=True
    )
    asking.start()
    asking.join(DEADLINE)
    answer = found[0] if found else f"no answer within {DEADLINE:g} s: {_UNREACHABLE}"
    if isinstance(answer, str):
        raise ConfigError(f"the parameter of {said_by}: {answer}")
    if not answer["Value"].strip():
        raise ConfigError(f"the parameter of {said_by} is empty")
    if answer["Type"] == "SecureString":
        return Secret(answer["Value"])
    note = (
        f"the parameter of {said_by} is a {answer['Type']}, which AWS keeps unencrypted: "
        "make it a SecureString"
    )
    logging.getLogger("rawstore.config").warning(note)
    return Secret(answer["Value"], (note,))


def _asked(name: str, region: str | None) -> dict[str, Any] | str:
    """The parameter as AWS describes it; or why there is none."""
    try:
        import boto3  # type: ignore[import-untyped]
        from botocore import exceptions  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]
    except ImportError:
        return "boto3 is not installed: pip install 'rawstore[aws]'"
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    logs = _Silence()
    try:
        # A session of our own: the default one is the application's, and not for two threads.
        client = boto3.session.Session().client("ssm", region_name=region, config=config)
        answer: dict[str, Any] = client.get_parameter(Name=name, WithDecryption=True)
        return dict(answer["Parameter"])
    except exceptions.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        known = code if re.fullmatch(r"[A-Za-z0-9.]{1,60}", code) else "an unknown error"
        return _REFUSALS.get(code, f"AWS refuses ({known})")
    except Exception as error:  # whatever it is, its text is not for us to show
        names = [kind.__name__ for kind in type(error).__mro__]
        return next((_FAULTS[n] for n in names if n in _FAULTS), f"boto3 fails ({names[0]})")
    finally:
        logs.end()


class _Silence(logging.Filter):
    """Keeps botocore's debug log of this thread down while it handles a secret.

    It logs whole requests and answers, the decrypted value among them.
    """

    _LOGGERS = ("parsers", "endpoint", "hooks", "auth", "client", "regions", "retryhandler")

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._loggers = [logging.getLogger(f"botocore.{name}") for name in self._LOGGERS]
        for logger in self._loggers:
            logger.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread or record.levelno > logging.DEBUG

    def end(self) -> None:
        """Let it log again."""
        for logger in self._loggers:
            logger.removeFilter(self)
