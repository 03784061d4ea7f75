"""Addresses without the passwords in them: what is shown, written into a file or recorded never holds one."""

from __future__ import annotations

import re

_USER = re.compile(r"(://[^:/?#@\s]*:)[^\s]*@")  # a password may hold any character, so it ends at the last @
_PARAMETER = re.compile(r"([?&;][a-z_]*(?:password|passwd|pwd|secret|token)=)[^&;\s]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """``text`` with *** for the password of any address in it: ``postgresql://me:***@host/db?sslpassword=***``."""
    return _PARAMETER.sub(r"\1***", _USER.sub(r"\1***@", text))
