"""The days of the issuer's records: anchored in order, once, when they are over, each where the one before ended."""

from __future__ import annotations

import pytest

from stockade.records import Role
from tests.contracts.support import carry_out, refuses, report
from tests.support import DAY

ANCHORED = 8
ROOT, OTHER, NONE = b"\x11" * 32, b"\x22" * 32, bytes(32)
MOST = 2**32 - 1


@pytest.fixture
def today(now):
    return now() // DAY


@pytest.fixture
def anchor(house, actors):
    return lambda day, root, count, last, by=actors.issuer: house.authority.anchor(day, root, count, last, sender=by)


def told(house, receipt, operator, *values):
    """The one report of an anchor."""
    types = ["uint32", "bytes32", "uint32", "uint64"]
    return [report(house.authority, receipt, ANCHORED, operator, types, list(values))]


def test_anchor__days_in_their_order__kept_and_reported(house, actors, anchor, today):
    authority = house.authority
    assert tuple(authority.lastAnchor()) == (0, 0)
    # The second day after the first is left out, the third was quiet; the last one is full.
    days = [
        (today - 9, ROOT, 3, 3),
        (today - 8, OTHER, 1, 4),
        (today - 6, NONE, 0, 4),
        (today - 1, ROOT, MOST, MOST + 4),
    ]

    for day, root, count, last in days:
        receipt = anchor(day, root, count, last)

        assert receipt.events == told(house, receipt, actors.issuer, day, root, count, last)
        assert tuple(authority.lastAnchor()) == (day, last)
    assert [(day, *authority.anchorOf(day)) for day, *_ in days] == days
    assert [tuple(authority.anchorOf(day)) for day in (0, today - 7, today)] == [(NONE, 0, 0)] * 3


def test_anchor__not_after_the_last_day__refused_and_the_day_stays(house, anchor, today):
    anchor(today - 3, ROOT, 2, 2)

    for day in (0, today - 4, today - 3):
        with refuses(house.authority.AuthorityAnchorNotLater, day=day, last=today - 3):
            anchor(day, OTHER, 1, 3)
    assert tuple(house.authority.anchorOf(today - 3)) == (ROOT, 2, 2)
    anchor(today - 2, OTHER, 1, 3)


def test_anchor__day_0__refused_like_one_that_was_anchored(house, anchor):
    with refuses(house.authority.AuthorityAnchorNotLater, day=0, last=0):
        anchor(0, ROOT, 1, 1)
    anchor(1, ROOT, 1, 1)


def test_anchor__day_that_is_not_over__refused_up_to_its_last_second(house, actors, anchor, chain, now):
    day = now() // DAY + 1
    for moment, tried in ((day * DAY, MOST), (day * DAY + 1, day), ((day + 1) * DAY - 1, day)):
        chain.pending_timestamp = moment
        with refuses(house.authority.AuthorityAnchorTooEarly, day=tried, today=day):
            anchor(tried, ROOT, 1, 1)

    chain.pending_timestamp = (day + 1) * DAY
    receipt = anchor(day, ROOT, 1, 1)

    assert receipt.events == told(house, receipt, actors.issuer, day, ROOT, 1, 1)
    assert receipt.timestamp == (day + 1) * DAY


@pytest.mark.parametrize(("root", "count"), [(NONE, 1), (ROOT, 0), (NONE[:31] + b"\x01", 0), (NONE, MOST)])
def test_anchor__root_of_no_records_or_records_without_root__refused(house, anchor, today, root, count):
    with refuses(house.authority.AuthorityAnchorRootWrong, root=root, count=count):
        anchor(today - 1, root, count, count)
    assert tuple(house.authority.lastAnchor()) == (0, 0)


@pytest.mark.parametrize("count", [0, 5])
@pytest.mark.parametrize("before", [0, 7])
def test_anchor__sequence_that_does_not_join__refused(house, anchor, today, before, count):
    if before:
        anchor(today - 3, ROOT, before, before)
    root, right = ROOT if count else NONE, before + count

    for last in {right - 1, right + 1, 0, count, 2**64 - 1} - {right, -1}:
        with refuses(house.authority.AuthorityAnchorSequenceWrong, lastSequence=last, expected=right):
            anchor(today - 1, root, count, last)
    anchor(today - 1, root, count, right)
    assert tuple(house.authority.lastAnchor()) == (today - 1, right)


def test_anchor__several_rules_broken__the_first_is_said(house, anchor, today):
    anchor(today - 2, ROOT, 1, 1)

    with refuses(house.authority.AuthorityAnchorNotLater, day=today - 2, last=today - 2):
        anchor(today - 2, NONE, 1, 9)
    with refuses(house.authority.AuthorityAnchorTooEarly, day=today, today=today):
        anchor(today, NONE, 1, 9)
    with refuses(house.authority.AuthorityAnchorRootWrong, root=NONE, count=1):
        anchor(today - 1, NONE, 1, 9)


@pytest.mark.parametrize("caller", [role.name.lower() for role in Role if role is not Role.ISSUER] + ["deployer"])
def test_anchor__by_another__refused(house, actors, anchor, today, caller):
    account = getattr(actors, caller)

    with refuses(house.authority.AccessManagerUnauthorizedAccount, msgsender=account, roleId=Role.ISSUER):
        anchor(today - 1, ROOT, 1, 1, by=account)


def test_anchor__by_an_issuer_who_waits__scheduled_and_made(house, actors, travel, today):
    """ISSUER is held without delay as a rule; where a suite gave it one, the day's anchor waits like any act."""
    authority = house.authority
    grant = authority.grantRole.encode_input(Role.ISSUER, actors.stranger, DAY)
    authority.schedule(authority, grant, 0, sender=actors.key_admin)
    travel(DAY)
    carry_out(authority, grant, actors.key_admin)
    data = authority.anchor.encode_input(today - 1, ROOT, 1, 1)

    operation = authority.hashOperation(actors.stranger, authority, data)
    with refuses(authority.AccessManagerNotScheduled, operationId=operation):
        carry_out(authority, data, actors.stranger)
    authority.schedule(authority, data, 0, sender=actors.stranger)
    travel(DAY)
    receipt = carry_out(authority, data, actors.stranger)

    values = [today - 1, ROOT, 1, 1]
    types = ["uint32", "bytes32", "uint32", "uint64"]
    assert receipt.events == [
        authority.OperationExecuted(operationId=operation, nonce=1),
        report(authority, receipt, 7, actors.stranger, ["bytes32", "uint32"], [operation, 1], 1),
        report(authority, receipt, ANCHORED, actors.stranger, types, values, 2),
    ]
    assert authority.anchorOf(today - 1).root == ROOT
