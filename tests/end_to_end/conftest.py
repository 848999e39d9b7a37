"""What tests that grade share: one place for what was recorded and trained, so that files do it once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """$HARNESS_CACHE, which CI sets to an empty folder; elsewhere a folder of this test session's own."""
    return Path(os.environ.get("HARNESS_CACHE") or tmp_path_factory.mktemp("cache"))
