"""One browser for all of these tests."""

from collections.abc import Iterator

import pytest
from browser.windows import started


@pytest.fixture(scope="package")
def browser() -> Iterator:
    with started() as running:
        yield running
