"""Acts of the authority, and what is wrong with them before they are sent."""

from __future__ import annotations

import pytest

from stockade import authority
from stockade.deploy import DELAYS
from stockade.errors import InputError
from stockade.records import ZERO_ADDRESS, Role
from tests.library.authority.views import holders
from tests.support import DAY


def test_grant__without_a_delay_given__has_the_least_of_the_role(suite, keys):
    for role in Role:
        call = authority.grant(suite, role, keys.stranger.address)
        assert tuple(call.args) == (role, keys.stranger.address, DELAYS.get(role, 0))


@pytest.mark.parametrize(
    ("role", "delay", "sentence"),
    [
        (Role.ADMIN, 20 * DAY - 1, "ADMIN is held with a delay between 20 days and 365 days, not 1727999 s: choose"),
        (Role.UPGRADER, 0, "UPGRADER is held with a delay between 20 days and 365 days, not none"),
        (Role.CUSTODY_ADMIN, DAY, "CUSTODY_ADMIN is held with a delay between 2 days and 365 days, not 1 day"),
        (Role.ISSUER, 366 * DAY, "ISSUER is held with a delay between none and 365 days, not 366 days"),
        (Role.PAUSER, 60, "PAUSER is held with no delay, not 1 minute"),
    ],
)
def test_grant__delay_out_of_bounds__is_named_as_the_authority_would(suite, keys, role, delay, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.grant(suite, role, keys.stranger.address, delay)


def test_grant_and_revoke__without_effect__are_named(suite, keys):
    with pytest.raises(InputError, match="the zero address belongs to nobody"):
        authority.grant(suite, Role.ISSUER, ZERO_ADDRESS)
    with pytest.raises(InputError, match="the authority itself never acts, so nobody would hold the role"):
        authority.grant(suite, Role.ADMIN, suite.authority.address)
    with pytest.raises(InputError, match=f"{keys.issuer.address} holds ISSUER with this delay already: nothing to do"):
        authority.grant(suite, Role.ISSUER, keys.issuer.address)
    with pytest.raises(InputError, match=f"{keys.stranger.address} does not hold ISSUER: nothing to do"):
        authority.revoke(suite, Role.ISSUER, keys.stranger.address)


def test_revoke__last_admin__is_refused_until_there_is_another(suite, keys, done):
    with pytest.raises(InputError, match="is the last ADMIN, which cannot be revoked: grant the role to another first"):
        authority.revoke(suite, Role.ADMIN, keys.admin.address)

    done(keys.admin, authority.grant(suite, Role.ADMIN, keys.stranger.address))
    done(keys.stranger, authority.revoke(suite, Role.ADMIN, keys.admin.address))

    assert holders(suite, Role.ADMIN) == [keys.stranger.address]


@pytest.mark.parametrize(
    ("function", "role", "sentence"),
    [
        ("CustodyLedger.setTerms", "COMPLIANCE", "CustodyLedger.setTerms is CUSTODY_ADMIN's for good"),
        ("SuiteFactory.upgrade", "COMPLIANCE", "SuiteFactory.upgrade is UPGRADER's for good"),
        ("SuiteAuthority.acknowledge", "COMPLIANCE", "SuiteAuthority.acknowledge: who may call it is fixed in code"),
        ("CustodyLedger.attest", "COMPLIANCE", "CustodyLedger.attest: who may call it is fixed in code"),
        ("AAPLs.pause", "COMPLIANCE", "AAPLs.pause: who may call it is fixed in code"),
        ("InvestorRegistry.freeze", "COMPLIANCE", "InvestorRegistry.freeze is COMPLIANCE's already: nothing to do"),
        ("InvestorRegistry.freeze", "UPGRADER", "freeze is COMPLIANCE's, and would be UPGRADER's for good"),
        ("InvestorRegistry.freeze", "ADMIN", "COMPLIANCE's: it can be given to another role, but not to none"),
        ("Registry.freeze", "ISSUER", "the suite has no contract 'Registry': write one of .*CustodyLedger"),
        (
            "InvestorRegistry",
            "ISSUER",
            "InvestorRegistry has no such function: write one of assignRecords, freeze, offerRecords, recover",
        ),
        (
            "InvestorRegistry.recordOf",
            "ISSUER",
            "InvestorRegistry has no such function: write one of assignRecords, freeze, offerRecords, recover",
        ),
    ],
)
def test_map_function__in_vain_or_refused__is_named(suite, function, role, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.map_function(suite, function, Role[role])
