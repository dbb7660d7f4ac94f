"""The scene on which all machines play."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stockade.records import Role
from tests.conftest import Stage
from tests.machines.scene import Scene, build
from tests.support import DAY


@pytest.fixture(scope="session")
def theatre(stage: Stage, keys: SimpleNamespace, chain: Any) -> Scene:
    return build(stage, keys, chain)


@pytest.fixture(scope="session")
def waiting_theatre(stage: Stage, keys: SimpleNamespace, chain: Any) -> Scene:
    """The scene with shares that wait to be opened, and a second relay."""
    scene = build(stage, keys, chain, waiting=True)
    play, model, cast = scene.play, scene.model, scene.cast
    grant = (Role.MARKET_OPERATOR, cast.relay, 0)
    data = play.data(model.authority, "grantRole", *grant)
    assert play.do(cast.key_admin, model.authority, "schedule", model.authority, data, 0)
    play.wait(DAY)
    assert play.do(cast.key_admin, model.authority, "grantRole", *grant)
    play.stand()
    return scene
