"""A mesh for every test, with time that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fake_mesh import FakeMesh
from fake_terminal import FakeReaderHome, FakeTerminal
from manual_time import ManualTime

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def mesh() -> FakeMesh:
    return FakeMesh()


@pytest.fixture
def home(mesh: FakeMesh, time: ManualTime, tmp_path: Path) -> FakeReaderHome:
    return FakeReaderHome(mesh, time, tmp_path)


@pytest.fixture
def terminal(home: FakeReaderHome) -> FakeTerminal:
    """Return a terminal whose session is open."""
    fresh = FakeTerminal(home.mesh, home.time, home.start())
    fresh.open()
    return fresh
