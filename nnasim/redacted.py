"""Addresses without passwords: nothing that is shown, written or recorded holds one."""

from __future__ import annotations

import re

_USER = re.compile(r"(://[^:/?#@\s]*:)[^\s]*@")  # a password may hold any character, so it ends at the last @
_PARAMETER = re.compile(r"([?&;][a-z_]*(?:password|passwd|pwd|secret|token)=)[^&;\s]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """``text`` with *** in place of the password of any address: ``postgresql://me:***@host/db?sslpassword=***``."""
    return _PARAMETER.sub(r"\1***", _USER.sub(r"\1***@", text))
