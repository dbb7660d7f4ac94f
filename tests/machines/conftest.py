"""The scene on which all machines play."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import Stage
from tests.machines.scene import Scene, build


@pytest.fixture(scope="session")
def theatre(stage: Stage, keys: SimpleNamespace, chain: Any) -> Scene:
    return build(stage, keys, chain)
