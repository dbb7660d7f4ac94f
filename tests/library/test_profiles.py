"""Profiles: what ships loads, every value reaches the flag it is meant for, and a mistake is named."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib import resources

import pytest

from stockade import profiles
from stockade.errors import InputError
from stockade.records import SHARE, InvestorClass, Policy

GOOD = """
id = "mine"
title = "Mine"
source = "Nobody's"
document = "0x1111111111111111111111111111111111111111111111111111111111111111"
valid_from = 2026-01-01T00:00:00Z
valid_until = 2027-01-01T00:00:00Z

[token]
allowed_classes = ["retail", "qib"]
lapse_stops = "transfers"
halt_stops = "transfers"
licensed_executors = true
redemption = "whole_shares"

[custody]
max_position_age_seconds = 432000
redemption_deadline_seconds = 86400
deposit_cap_shares = "2.5"

[regulator]
may_suspend = false
"""


def parse(old: str = "", new: str = "") -> profiles.Profile:
    """The good profile with one text put in place of another."""
    assert old in GOOD
    return profiles.parse(GOOD.replace(old, new, 1).encode(), "mine.toml")


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_load__every_shipped_profile__has_its_name_and_the_hash_of_its_bytes(name):
    content = resources.files("stockade.profiles").joinpath(f"{name}.toml").read_bytes()

    profile = profiles.load(name)

    assert profile.id == name
    assert profile.hash == "0x" + hashlib.sha256(content).hexdigest()
    assert profile.token.classes_mask
    assert all(profile.custody.terms)


def test_shipped__us_tsv__lapse_and_halt_stop_the_venue_and_not_the_holder():
    token = profiles.load("us-tsv").token

    assert token.policy == Policy.LAPSE_STOPS_TRADING_ONLY | Policy.HALT_STOPS_TRADING_ONLY
    assert token.classes_mask == sum(1 << each for each in InvestorClass)


def test_shipped__article__is_the_strictest_policy_and_admits_no_retail():
    token = profiles.load("article-2026-05").token

    assert token.policy == Policy(0)
    assert token.classes_mask == sum(1 << each for each in InvestorClass if each is not InvestorClass.RETAIL)


def test_shipped__open__has_every_relaxing_flag():
    assert profiles.load("open").token.policy == Policy(15)


@pytest.mark.parametrize(
    ("old", "new", "flag"),
    [
        ("", "", Policy(0)),
        ("licensed_executors = true", "licensed_executors = false", Policy.ANY_EXECUTOR),
        ('lapse_stops = "transfers"', 'lapse_stops = "trading"', Policy.LAPSE_STOPS_TRADING_ONLY),
        ('halt_stops = "transfers"', 'halt_stops = "trading"', Policy.HALT_STOPS_TRADING_ONLY),
        ('redemption = "whole_shares"', 'redemption = "fractional"', Policy.FRACTIONAL_REDEMPTION),
    ],
)
def test_policy__one_value_relaxed__sets_exactly_its_flag(old, new, flag):
    assert parse(old, new).token.policy == flag


def test_parse__good_profile__gives_classes_terms_and_period():
    profile = parse()

    assert profile.token.classes_mask == 1 << InvestorClass.RETAIL | 1 << InvestorClass.QIB
    assert profile.custody.terms == (25 * SHARE // 10, 432_000, 86_400)
    assert profile.period == tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2027))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('id = "mine"', 'id = "mine"\nidd = 1', "mine.toml: unknown key idd: remove it, or correct its spelling."),
        (
            "licensed_executors = true",
            "licenced_executors = true",
            "mine.toml: key token.licensed_executors is missing: add it; "
            "mine.toml: unknown key token.licenced_executors: remove it, or correct its spelling.",
        ),
        ('title = "Mine"\n', "", "mine.toml: key title is missing: add it."),
        ('"transfers"', '"everything"', "mine.toml: key token.lapse_stops: Input should be 'trading' or 'transfers'."),
        (
            '"qib"]',
            '"banker"]',
            "mine.toml: key token.allowed_classes: 'banker' is no investor class; the classes are retail, accredited, "
            "qualified_purchaser, qib, institution, broker_dealer, custodian, platform, pool, treasury.",
        ),
        ("432000", "0", "mine.toml: key custody.max_position_age_seconds: Input should be greater than 0."),
        ("432000", '"5 days"', "mine.toml: key custody.max_position_age_seconds: Input should be a valid integer."),
        ('"2.5"', '"1e30"', "mine.toml: key custody.deposit_cap_shares: no deposit can be that large."),
        (
            '"2.5"',
            '"many"',
            "mine.toml: key custody.deposit_cap_shares: 'many' is not a number of shares: write it like 100 or 12.5.",
        ),
        (
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "mine.toml: key valid_from: a time needs its zone, e.g. 2031-09-17T00:00:00Z.",
        ),
        ("2026-01-01", "2027-01-01", "mine.toml: valid_from must be before valid_until."),
    ],
)
def test_parse__one_mistake__is_named_with_its_key(old, new, sentence):
    with pytest.raises(InputError) as refused:
        parse(old, new)

    assert str(refused.value) == sentence


def test_parse__no_toml__names_the_file():
    with pytest.raises(InputError, match=r"^mine\.toml.*TOML"):
        profiles.parse(b"id = ", "mine.toml")


def test_load__unknown_name__names_those_that_ship():
    with pytest.raises(InputError, match="'us': choose us-tsv, article-2026-05, open, or give the path"):
        profiles.load("us")


def test_load__path_of_no_file__names_it():
    with pytest.raises(InputError, match=r"nowhere\.toml cannot be read: No such file"):
        profiles.load("nowhere.toml")
