"""Addresses without passwords: nothing that is shown, written or recorded holds one."""

from __future__ import annotations

import re

_USER = re.compile(r"(://[^:/?#@\s]*:)[^\s]*@")  # a password may hold any character, so it ends at the last @
_PARAMETER = re.compile(r"([?&;][a-z_]*(?:password|passwd|pwd|secret|token)=)[^&;\s]*", re.IGNORECASE)
_BARE_USER = re.compile(r"((?:^|[/:\s])[^:/?#@\s]*:)(?!/).*@", re.DOTALL)  # the scheme, or a slash, was forgotten
_ANY_PARAMETER = re.compile(
    r"((?:password|passwd|passphrase|pwd|secret|token|key|credentials?)(?:=|%3d)).*?(?=[&;]|%3b|%26|$)", re.I | re.S
)


def without_password(text: str) -> str:
    """``text`` with *** in place of the password of any address: ``postgresql://me:***@host/db?sslpassword=***``."""
    return _PARAMETER.sub(r"\1***", _USER.sub(r"\1***@", text))


def address_shown(address: str) -> str:
    """``address``, which someone gave for one, without what may be a password: also where it is no valid address."""
    hidden = _ANY_PARAMETER.sub(r"\1***", without_password(address))
    return hidden if re.search(r":\*\*\*@", hidden) else _BARE_USER.sub(r"\1***@", hidden)
