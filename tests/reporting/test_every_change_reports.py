"""Law: a state change that a regulator must see cannot happen without its report.

Every state-changing function of every deployed contract has a row here: what it reports, seen in the eventful life, or
why it reports nothing. A function without a row fails.
"""

from __future__ import annotations

import pytest
from eth_utils.abi import abi_to_signature

from stockade import manifest
from stockade.records import Kind
from stockade.reporting.decode import RECORD_SET, STREAM_REPORTED, TOKEN_REPORTED, decode
from stockade.reporting.entries import KINDS, AuthorityKind, Entry, LedgerKind, ListingsKind, MarketKind, RegistryKind
from stockade.suite import CONTRACTS

ORDER = "uint8,bytes32"
ATTESTATION = "(address,uint32,uint8,uint32,uint256,uint256,address,bytes32,bytes32,uint40,uint40)"
INSTRUMENT = "(bytes12,bytes9,bytes4,uint8,bytes12)"
VOTES = "(address,bytes)[]"
TERMS = "(bytes32,bytes32,uint40,uint40,uint40,uint32,uint32)"
NEWS = "(uint32,uint8,bytes8,uint40)"
RELAY = f"MarketStatus.relay(address,{NEWS})"
ATTEST = f"CustodyLedger.attest({ATTESTATION},{VOTES})"
LIST = f"ListingRegistry.list(uint32,{INSTRUMENT},string,string,uint16,uint8)"
REQUEST = "CustodyLedger.requestRedemption(address,uint32,uint256,bytes32)"
UPGRADE = "SuiteFactory.upgrade(address,bytes32,address[])"
SETTLE = "SuiteAuthority.settle(address)"
FORCE_REQUEST = f"CustodyLedger.forceRedemption(uint256,address,{ORDER})"

# What a person calls, and the kinds of entry that this has reported (each at least once in the life).
REPORTS = {
    "ShareToken.transfer(address,uint256)": {Kind.TRANSFER},
    "ShareToken.transferFrom(address,address,uint256)": {Kind.TRANSFER},
    "ShareToken.batchTransfer(address[],uint256[])": {Kind.TRANSFER},
    "ShareToken.forcedTransfer(address,address,uint256)": {Kind.FORCE},
    f"ShareToken.forcedTransferWithOrder(address,address,uint256,{ORDER})": {Kind.FORCE},
    "ShareToken.setFrozenTokens(address,uint256)": {Kind.FREEZE},
    f"ShareToken.setFrozenTokensWithOrder(address,uint256,{ORDER})": {Kind.FREEZE},
    "ShareToken.recoverBalance(address)": {Kind.FORCE, Kind.FREEZE},
    "ShareToken.setPolicy(uint16,uint8)": {Kind.CONTROL},
    "ShareToken.pause(uint8)": {Kind.CONTROL},
    "ShareToken.unpause(uint8)": {Kind.CONTROL},
    "InvestorRegistry.setRecords(address[],uint256[],bytes32)": {RegistryKind.BATCH, RegistryKind.RECORD},
    f"InvestorRegistry.freeze(address,{ORDER})": {RegistryKind.FREEZE},
    f"InvestorRegistry.unfreeze(address,{ORDER})": {RegistryKind.UNFREEZE},
    "InvestorRegistry.offerRecords(address[],uint16)": {RegistryKind.OFFER},
    f"InvestorRegistry.assignRecords(address[],uint16,{ORDER})": {RegistryKind.ASSIGNMENT},
    "InvestorRegistry.setRegistrar(address,uint16)": {RegistryKind.REGISTRAR},
    f"InvestorRegistry.recover(address,address,{ORDER})": {RegistryKind.RECOVERY},
    ATTEST: {LedgerKind.ATTESTATION, Kind.MINT, Kind.BURN, Kind.GIVE_BACK},
    f"CustodyLedger.attestBatch({ATTESTATION}[],{VOTES}[])": {LedgerKind.ATTESTATION, Kind.MINT},
    REQUEST: {LedgerKind.REQUEST, Kind.ESCROW},
    "CustodyLedger.takeBack(uint256)": {LedgerKind.TAKE_BACK, Kind.GIVE_BACK},
    FORCE_REQUEST: {LedgerKind.FORCED, Kind.FORCE},
    "CustodyLedger.recoverRequests(uint256[])": {LedgerKind.REQUEST_RECOVERED},
    "CustodyLedger.addCustodian(bytes20,bytes32,(address,uint8)[],uint8)": {LedgerKind.CUSTODIAN, LedgerKind.ATTESTORS},
    "CustodyLedger.setCustodianOpen(uint32,bool)": {LedgerKind.CUSTODIAN},
    "CustodyLedger.setAttestors(uint32,address[],(address,uint8)[],uint8)": {LedgerKind.ATTESTORS},
    "CustodyLedger.setTerms(address,(uint96,uint32,uint32))": {LedgerKind.TERMS},
    f"ListingRegistry.addExemption({TERMS})": {ListingsKind.EXEMPTION, ListingsKind.TERMS},
    f"ListingRegistry.amendExemption(uint32,{TERMS})": {ListingsKind.TERMS, Kind.CONTROL},
    "ListingRegistry.publishNotice(uint32,bytes32,string)": {ListingsKind.NOTICE},
    "ListingRegistry.recordIssuerNotice(address,bytes32)": {ListingsKind.ISSUER_NOTICE},
    "ListingRegistry.recordObjection(address,bytes32,uint40)": {ListingsKind.OBJECTION, Kind.CONTROL},
    LIST: {ListingsKind.LISTING, Kind.CONTROL},
    "ListingRegistry.activate(address)": {ListingsKind.PHASE, Kind.CONTROL},
    UPGRADE: {Kind.UPGRADE},
    "ListingRegistry.setDocument(address,bytes32,string,bytes32)": {ListingsKind.DOCUMENT},
    "ListingRegistry.removeDocument(address,bytes32)": {ListingsKind.DOCUMENT},
    f"ListingRegistry.suspend(address,{ORDER})": {ListingsKind.PHASE, Kind.CONTROL},
    f"ListingRegistry.resume(address,{ORDER})": {ListingsKind.PHASE, Kind.CONTROL},
    f"ListingRegistry.windDown(address,{ORDER})": {ListingsKind.PHASE, Kind.CONTROL},
    f"ListingRegistry.setHalt(address,bool,{ORDER})": {ListingsKind.HALT, Kind.CONTROL},
    f"ListingRegistry.setExemptionStatus(uint32,uint8,{ORDER})": {ListingsKind.EXEMPTION, Kind.CONTROL},
    f"ListingRegistry.setRegulatorSuspension(address,bool,{ORDER})": {ListingsKind.REGULATOR_SUSPENSION, Kind.CONTROL},
    "MarketStatus.setRules((uint8,uint32))": {MarketKind.RULES},
    "MarketStatus.setHours(bytes4,uint256)": {MarketKind.HOURS},
    "MarketStatus.setDays(bytes4,uint32,uint256[])": {MarketKind.DAYS},
    RELAY: {MarketKind.INTERRUPTION, ListingsKind.MARKET_HALT, Kind.CONTROL},
    f"MarketStatus.relayVenue(bytes4,{NEWS})": {MarketKind.VENUE, ListingsKind.MARKET_HALT, Kind.CONTROL},
    "MarketStatus.heartbeat(bytes4,uint40)": {MarketKind.HEARTBEAT, MarketKind.VOTE},
    "MarketStatus.sync(address[])": {ListingsKind.MARKET_HALT, Kind.CONTROL},
    "SuiteAuthority.grantRole(uint64,address,uint32)": {AuthorityKind.ROLE},
    "SuiteAuthority.revokeRole(uint64,address)": {AuthorityKind.ROLE},
    "SuiteAuthority.renounceRole(uint64,address)": {AuthorityKind.ROLE},
    "SuiteAuthority.setTargetFunctionRole(address,bytes4[],uint64)": {AuthorityKind.FUNCTION},
    "SuiteAuthority.acknowledge(address,uint32,uint160)": {AuthorityKind.ACKNOWLEDGED},
    "SuiteAuthority.anchor(uint32,bytes32,uint32,uint64)": {AuthorityKind.ANCHORED},
    "SuiteAuthority.schedule(address,bytes,uint48)": {AuthorityKind.SCHEDULED},
    "SuiteAuthority.cancel(address,address,bytes)": {AuthorityKind.CANCELED},
    SETTLE: {AuthorityKind.SETTLED, AuthorityKind.ROLE},
}

# What only another contract of the suite may call: through which function above, and the entry that proves it.
THROUGH = {
    "ShareToken.initialize(string,string,uint16,uint8)": (LIST, Kind.CONTROL),
    "ShareToken.setListing(uint8,bool,uint40)": ("ListingRegistry.activate(address)", Kind.CONTROL),
    "ShareToken.mint(address,uint256,bytes32)": (ATTEST, Kind.MINT),
    "ShareToken.burn(address,uint256,bytes32)": (ATTEST, Kind.BURN),
    "ShareToken.giveBack(address,uint256,bytes32)": (ATTEST, Kind.GIVE_BACK),
    "ShareToken.escrow(address,uint256,bytes32)": (REQUEST, Kind.ESCROW),
    "ShareToken.forceEscrow(address,uint256,bytes32)": (FORCE_REQUEST, Kind.FORCE),
    "ShareToken.upgradeToAndCall(address,bytes)": (UPGRADE, Kind.UPGRADE),
    "ListingRegistry.setMarketHalt(address,bool,bytes32)": (RELAY, ListingsKind.MARKET_HALT),
    "SuiteAuthority.consumeScheduledOp(address,bytes)": (UPGRADE, AuthorityKind.EXECUTED),
    "SuiteFactory.createToken(string,string,uint16,uint8)": (LIST, ListingsKind.LISTING),
}

_FIXED = "always refused: what it would change is fixed"
# Why the others report nothing.
SILENT = {
    "ShareToken.approve(address,uint256)": "sets an allowance only; the movement under it is judged and reported",
    "ShareToken.permit(address,address,uint256,uint256,uint8,bytes32,bytes32)": "an allowance, like approve",
    "SuiteAuthority.labelRole(uint64,string)": "a name for people, kept in an event alone",
    "SuiteAuthority.multicall(bytes[])": "its calls report, each its own",
} | {
    f"SuiteAuthority.{signature}": _FIXED
    for signature in (
        "execute(address,bytes)",
        "setGrantDelay(uint64,uint32)",
        "setRoleAdmin(uint64,uint64)",
        "setRoleGuardian(uint64,uint64)",
        "setTargetAdminDelay(address,uint32)",
        "setTargetClosed(address,bool)",
    )
}


def state_changing():
    """Every external function of the deployed contracts that may write."""
    return {
        f"{contract}.{abi_to_signature(item)}"
        for contract in CONTRACTS.values()
        for item in manifest.abi(contract)
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }


def reported(life, receipt):
    """The kinds of the entries in a receipt."""
    kinds = set()
    for log in receipt["logs"]:
        if log["topics"][0] in (TOKEN_REPORTED, STREAM_REPORTED, RECORD_SET):
            contract = life.contract_at(log["address"])
            entry = decode(contract, log)
            assert isinstance(entry, Entry)
            assert entry.content is not None
            kinds.add(KINDS[contract](entry.kind))
    return kinds


def steps_of(life, function):
    return [step for step in life.steps if step.function == function]


def test_table__every_state_changing_function__has_exactly_one_row():
    rows = [*REPORTS, *THROUGH, *SILENT]

    assert sorted(rows) == sorted(state_changing())


@pytest.mark.parametrize("function", REPORTS)
def test_function__called_in_the_life__reports_every_time(life, function):
    steps = steps_of(life, function)
    seen = [reported(life, step.receipt) for step in steps]

    assert steps, "the life never calls it"
    assert all(seen), "it succeeded without a report"
    assert set().union(*seen) >= REPORTS[function]


@pytest.mark.parametrize("function", THROUGH)
def test_function_of_contracts_alone__called_through_another__reports(life, function):
    outer, kind = THROUGH[function]

    assert any(kind in reported(life, step.receipt) for step in steps_of(life, outer))


def test_life__whatever_was_called__is_in_the_tables(life):
    """What the life does and reports nothing is exempt by name."""
    quiet = {step.function for step in life.steps if not reported(life, step.receipt)}

    assert quiet <= set(SILENT)
