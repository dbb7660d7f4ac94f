"""Profiles: what ships loads, every value has its source and reaches what it is meant for, and a mistake is named."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from stockade import profiles
from stockade.errors import InputError
from stockade.records import SHARE, InvestorClass, Policy
from tests.library.rules import parse
from tests.support import DAY


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_load__every_shipped_profile__has_its_name_and_what_every_contract_needs(name):
    profile = profiles.load(name)

    assert profile.id == name
    assert profile.token.classes_mask
    assert all(profile.custody.terms)
    assert all(profile.market.rules)
    assert profile.terms()[1] == profile.hash
    assert all(profile.terms()[-2:])


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_load__every_shipped_profile__sources_a_value_and_says_what_is_second_hand_or_its_own(name):
    rules = list(profiles.load(name).values())

    assert [rule.key for rule in rules if not rule.source] == ["id", "title", "source"]
    assert not [rule.key for rule in rules if rule.source.startswith("[P]")]  # nobody here opened the order itself


def test_shipped__us_tsv__clocks_are_thirty_days_and_a_position_serves_two_business_days():
    profile = profiles.load("us-tsv")

    assert profile.terms(7)[2:] == (*profile.period, 7, 30 * DAY, 30 * DAY)
    assert profile.custody.terms == (1_000_000 * SHARE, 2, 5 * DAY)
    assert (profile.market.extended_before_minutes, profile.market.extended_after_minutes) == (330, 240)


def test_shipped__reporting__is_late_after_ten_minutes_a_minute_in_real_time_and_an_hour_under_test():
    deadlines = {name: profiles.load(name).reporting.deadline_seconds for name in profiles.SHIPPED}

    assert deadlines == {"us-tsv": 600, "article-2026-05": 60, "open": 3600}


def test_parse__a_deadline_of_zero__is_refused_for_it_would_mean_anything():
    with pytest.raises(InputError) as refused:
        parse("deadline_seconds = 600", "deadline_seconds = 0")

    assert str(refused.value) == "mine.toml: key reporting.deadline_seconds: Input should be greater than 0."


def test_hash__the_shipped_profiles__are_what_their_canonical_form_gives():
    for name in profiles.SHIPPED:
        profile = profiles.load(name)
        again = json.dumps(json.loads(profile.canonical), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert profile.canonical == again
        assert profile.hash == "0x" + hashlib.sha256(again.encode()).hexdigest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[token]", "# A comment.\n\n[token]"),
        ('["retail", "qib"]', '[\n  "qib",\n  "retail",\n]'),
        ("relay_quorum = 2\nheartbeat_seconds = 60", "heartbeat_seconds = 60\nrelay_quorum = 2"),
        ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"),
        ('"[S] R1: it ends."', '"""\\\n  [S] R1: \\\n  it ends."""'),
    ],
    ids=["comment", "order of classes", "order of keys", "time zone", "wrapped text"],
)
def test_hash__the_file_is_written_otherwise__is_the_same(old, new):
    assert parse(old, new).hash == parse().hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("relay_quorum = 2", "relay_quorum = 3"),
        ("[S] R1: it ends.", "[bg] R1: it ends."),
        ('valid_from = "[own] Made up."', 'valid_from = "[own] Made up again."'),
        ('title = "Mine"', 'title = "Yours"'),
        ('"retail", "qib"', '"qib"'),
    ],
)
def test_hash__a_value_a_source_or_a_name_differs__is_another(old, new):
    assert parse(old, new).hash != parse().hash


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
    assert profile.custody.terms == (25 * SHARE // 10, 2, 86_400)
    assert profile.market.rules == (2, 60)
    assert profile.terms()[-2:] == (30 * DAY, 20 * DAY)
    assert profile.period == tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2027))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('id = "mine"', 'id = "mine"\nidd = 1', "mine.toml: unknown key idd: remove it, or correct its spelling."),
        (
            "licensed_executors = true\nredemption",
            "licenced_executors = true\nredemption",
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
        (
            "days = 2",
            "days = 0",
            "mine.toml: key custody.max_position_age_business_days: Input should be greater than or equal to 1.",
        ),
        (
            "days = 2",
            "days = 251",
            "mine.toml: key custody.max_position_age_business_days: Input should be less than or equal to 250.",
        ),
        (
            "days = 2",
            'days = "2 days"',
            "mine.toml: key custody.max_position_age_business_days: Input should be a valid integer.",
        ),
        ("2592000", "0", "mine.toml: key clocks.notice_seconds: Input should be greater than 0."),
        ("1728000", "0", "mine.toml: key clocks.objection_seconds: Input should be greater than 0."),
        ("1728000", "4294967296", "mine.toml: key clocks.objection_seconds: Input should be less than 4294967296."),
        ("quorum = 2", "quorum = 0", "mine.toml: key market.relay_quorum: Input should be greater than or equal to 1."),
        (
            "quorum = 2",
            "quorum = 256",
            "mine.toml: key market.relay_quorum: Input should be less than or equal to 255.",
        ),
        (
            "beat_seconds = 60",
            "beat_seconds = 0",
            "mine.toml: key market.heartbeat_seconds: Input should be greater than 0.",
        ),
        ("330", "721", "mine.toml: key market.extended_before_minutes: Input should be less than or equal to 720."),
        ("240", "-1", "mine.toml: key market.extended_after_minutes: Input should be greater than or equal to 0."),
        ('"qib"]', '"retail"]', "mine.toml: key token.allowed_classes: 'retail' is named twice: remove one."),
        (
            '"qib"]',
            '"QIB"]',
            "mine.toml: key token.allowed_classes: 'QIB' is no investor class; the classes are retail, "
            "accredited, qualified_purchaser, qib, institution, broker_dealer, custodian, platform, pool, treasury.",
        ),
        (
            'id = "mine"',
            'id = "mine"\nhash = "0x00"',
            "mine.toml: unknown key hash: remove it, or correct its spelling.",
        ),
        (
            'lapse_stops = "[S] R1: it ends."\n',
            "",
            "mine.toml: key token: value lapse_stops has no source: add it to the table sources.",
        ),
        (
            'valid_until = "[own] Made up."\n',
            "",
            "mine.toml: value valid_until has no source: add it to the table sources.",
        ),
        (
            'may_suspend = "[own] Made up."',
            'may_suspend = "[own] Made up."\nmay_stop = "[own] Made up."',
            "mine.toml: key regulator: sources names may_stop, which is no value here: remove it, or correct its "
            "spelling.",
        ),
        (
            "[clocks.sources]",
            "[clocks.origins]",
            "mine.toml: key clocks.sources is missing: add it; "
            "mine.toml: unknown key clocks.origins: remove it, or correct its spelling.",
        ),
        (
            "[S] R1: it ends.",
            "R1: it ends.",
            r"mine.toml: key token.sources.lapse_stops: String should match pattern '^\[(P|S|N|bg|own)\] \S'.",
        ),
        (
            'title = "Mine"',
            'title = "SEC-approved"',
            "mine.toml: key title: 'sec-approved' reads as if an authority stood behind it (R18): say it without that.",
        ),
        (
            'title = "Mine"',
            'title = "Mi\\u202Ene"',
            "mine.toml: key title: the text is empty, or has a character that cannot be printed: write plain words.",
        ),
        (
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.5Z",
            "mine.toml: key valid_from: a time is a whole second between 1971 and 2105.",
        ),
        (
            "2027-01-01T00:00:00Z",
            "2106-01-01T00:00:00Z",
            "mine.toml: key valid_until: a time is a whole second between 1971 and 2105.",
        ),
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
