"""No password is shown or recorded, wherever it stands in an address and however it is written."""

from __future__ import annotations

import pytest

from nnasim.cli.invocation import arguments_shown
from nnasim.redacted import address_shown, without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mysql://me:secret@host/db", "mysql://me:***@host/db"),
        ("mysql+pymysql://me:s/e:c@r@et@host:3306/db", "mysql+pymysql://me:***@host:3306/db"),
        ("redis://:secret@host", "redis://:***@host"),
        ("https://secret@host/db", "https://***@host/db"),
        ("postgresql://me%3asecret%40host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:a?b=secret#1@host/db?sslmode=require", "postgresql://me:***@host/db?sslmode=require"),
        ("postgresql://host/db?user=me&password=secret&x=1", "postgresql://host/db?user=me&password=***&x=***"),
        ("postgresql://h/db?sslmode=require&sslkey=/secret.pem", "postgresql://h/db?sslmode=require&sslkey=***"),
        ("postgresql://h/db?pass%77ord=secret", "postgresql://h/db?password=***"),
        ("postgresql://h/db?pass%2577ord=secret", "postgresql://h/db?password=***"),
        ("postgresql://h/db?PASSWORD=secret#secret", "postgresql://h/db?PASSWORD=***#***"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3D{se;cret}%3BUID%3Dme", "mssql+pyodbc:///?odbc_connect=***;***;UID=***"),
        ("at https://h/x?sig=secret and secretly", "at https://h/x?sig=*** and secretly"),
        ("postgresql://h/db?password=", "postgresql://h/db?password="),
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("sqlite:///a@b.db", "sqlite:///a@b.db"),
        ("sqlite:///a%20b.db", "sqlite:///a%20b.db"),
        ("journal", "journal"),
        ("me:you@here", "me:you@here"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "me:secret@host/db", "mysql:/me:secret@host", "postgresql:me:secret@h/db", "postgresql://me:a secret@h/db",
        "postgresql://me:\nsecret@h/db", "postgresql%3A%2F%2Fme%3Asecret%40h", "h/db?password=secret",
        "host=h passphrase=secret", "postgresql://h/db?application_name=x%26password%3Dsecret",
    ],
)  # fmt: skip
def test_what_was_given_for_an_address_and_is_none_is_shown_without_it_too(address: str) -> None:
    assert "secret" not in address_shown(address)
    assert "***" in address_shown(address)


def test_the_words_of_a_command_are_recorded_without_passwords() -> None:
    words = ("search", "a:b@c", "--storage", "me:secret@h", "--scheduler=me:secret@h", "tcp://me:secret@h", "--trials")
    shown = ("search", "a:b@c", "--storage", "me:***@h", "--scheduler=me:***@h", "tcp://me:***@h", "--trials")
    assert tuple(arguments_shown(words)) == shown


@pytest.mark.parametrize("address", ["mysql://me:secret@h/db?sslkey=secret", "https://h/db?x=secret#secret"])
def test_a_message_about_a_hidden_address_keeps_what_stands_behind_it(address: str) -> None:
    message = f"address = '{without_password(address)}': cannot be used ({without_password(address)}), but is."
    assert without_password(message) == message


def test_what_only_begins_as_if_it_were_hidden_is_hidden() -> None:
    assert without_password("mysql://h/db?sslkey=***secret") == "mysql://h/db?sslkey=***"


@pytest.mark.parametrize("text", [":" * 50_000, "a" * 100_000, "@" + "/:" * 50_000, "%25" * 50_000, "a://" * 25_000])
def test_long_texts_are_looked_at_once(text: str) -> None:
    """Each of these took minutes where a pattern began anew at each character."""
    assert len(address_shown(text)) <= len(text)
    assert len(without_password(text)) <= len(text)
