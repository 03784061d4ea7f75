"""Addresses without passwords: nothing that is shown, written or recorded holds one.

What is no secret is listed, and all else is hidden: drivers of databases have hundreds of parameters.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_ADDRESS = re.compile(r"(?<![\w+.-])[A-Za-z][\w+.-]*://\S*")
_DECODED = 3  # times that a text may be percent-encoded
_USER = re.compile(r"(://[^:/?#@\s]*:).*", re.DOTALL)
_TOKEN = re.compile(r"://[^:/?#@\s]+$")  # a user alone may be a token
_BARE_USER = re.compile(r"((?:^|[/:\s])[^:/?#@\s]*:)(?!/).*", re.DOTALL)  # the scheme, or a slash, was forgotten
_QUERY = re.compile(r"[?#]")
_PIECE = re.compile(r"([?&;#])([^?&;#]*)")
_SECRETS = r"pass\w*|pwd|secret|token|key|credentials?\w*|sig\w*|auth\w*"
_BARE_SECRET = re.compile(rf"((?:{_SECRETS})=).*?(?=[&;]|$)", re.I | re.S)
_HIDDEN = re.compile(r"\*\*\*['\":,.)]*")  # already, and what a message writes behind it
# Parameters of drivers that hold no secret. What is not here is hidden, even if only misspelt.
_PLAIN = re.compile(
    "application_name|cache|charset|client_encoding|collation|connect(ion)?_timeout|database|db|dbname|driver|encoding|"
    "host|hostaddr|immutable|isolation_level|mode|nolock|port|protocol|read_timeout|role|schema|service|ssl_?mode|"
    "target_session_attrs|timeout|transport|unix_socket|uri|user|username|vfs|warehouse|write_timeout",
    re.IGNORECASE,
)


def without_password(text: str) -> str:
    """``text`` with *** in place of what may be a secret of any address: ``postgresql://me:***@host/db?sslkey=***``."""
    if "://" not in (plain := _decoded(text)):
        return text
    hidden = _ADDRESS.sub(lambda found: _of_address(found[0]), plain)
    return text if hidden == plain else hidden


def address_shown(address: str) -> str:
    """``address``, which someone gave for one, without what may be a secret: also where it is no valid address."""
    plain = _decoded(address)
    hidden = _of_address(plain) if "://" in plain else _before_host(_BARE_SECRET.sub(r"\1***", plain), _BARE_USER)
    return address if hidden == plain else hidden


def _decoded(text: str) -> str:
    """``text`` without percent-encoding, which would hide the name of a parameter, or an @."""
    for _ in range(_DECODED):
        if (plain := unquote(text)) == text:
            break
        text = plain
    return text


def _of_address(address: str) -> str:
    hidden = _before_host(address, _USER)
    if (end := _QUERY.search(hidden)) is None:
        return hidden
    return hidden[: end.start()] + _PIECE.sub(_of_piece, hidden[end.start() :])


def _before_host(address: str, user: re.Pattern[str]) -> str:
    """``address`` without what stands after a ``user``. A password may hold any character: it ends at the last @."""
    before, at, host = address.rpartition("@")
    return _TOKEN.sub("://***", user.sub(r"\1***", before)) + at + host


def _of_piece(found: re.Match[str]) -> str:
    mark, (name, equals, value) = found[1], found[2].partition("=")
    if _HIDDEN.fullmatch(value if equals else name):
        return found[0]
    if not value or _PLAIN.fullmatch(name):
        return found[0] if equals or not name else f"{mark}***"
    return f"{mark}{name}=***"
