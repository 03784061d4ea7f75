import pytest

from nnasim.redacted import without_password


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mysql://me:secret@host/db", "mysql://me:***@host/db"),
        ("mysql+pymysql://me:s/e:c@r@et@host:3306/db", "mysql+pymysql://me:***@host:3306/db"),
        ("redis://:secret@host", "redis://:***@host"),
        ("postgresql://host/db?user=me&password=secret&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("sqlite:///a@b.db", "sqlite:///a@b.db"),
        ("journal", "journal"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown
