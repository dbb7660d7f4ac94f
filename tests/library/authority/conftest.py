"""What tests of the authority's tool share: the table of roles, a call that waits, and an act carried out whole."""

from __future__ import annotations

import pytest

from stockade import authority
from stockade.authority import acts, operations, read_table
from tests.support import ROOT

DOCS = ROOT / "docs" / "roles.md"


@pytest.fixture
def table():
    return read_table(DOCS)


@pytest.fixture
def profile(stage):
    return stage.plan.profile


@pytest.fixture
def close(suite):
    """CUSTODY_ADMIN's call that closes custodian 1; it waits two days."""
    return suite.ledger.functions.setCustodianOpen(1, False)


@pytest.fixture
def operation(suite):
    """An operation as it stands now, by number: `operation(1)`."""
    return lambda number: authority.find_operation(operations(suite), str(number))


@pytest.fixture
def done(suite, travel):
    """Schedules a call, waits as long as it takes, and executes it."""

    def do(signer, call):
        scheduled = authority.schedule(suite, signer, call)
        travel(suite.authority.functions.hasRole(_role_of(suite, scheduled), signer.address).call()[1])
        return authority.execute(suite, signer, scheduled)

    return do


def _role_of(suite, scheduled):
    return acts.required_role(suite, scheduled.target, scheduled.data)
