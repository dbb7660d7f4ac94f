"""A profile that is good, and the same with one thing wrong."""

from __future__ import annotations

from stockade import profiles

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
max_position_age_business_days = 2
redemption_deadline_seconds = 86400
deposit_cap_shares = "2.5"

[clocks]
notice_seconds = 2592000
objection_seconds = 1728000

[market]
relay_quorum = 2
heartbeat_seconds = 60
extended_before_minutes = 330
extended_after_minutes = 240

[reporting]
deadline_seconds = 600

[regulator]
may_suspend = false

[sources]
document = "[own] Made up."
valid_from = "[own] Made up."
valid_until = "[own] Made up."
[token.sources]
allowed_classes = "[S] R4: permissioned."
lapse_stops = "[S] R1: it ends."
halt_stops = "[own] R15 says less."
licensed_executors = "[S] R4: permissioned."
redemption = "[own] Made up."
[custody.sources]
max_position_age_business_days = "[own] Made up."
redemption_deadline_seconds = "[own] Made up."
deposit_cap_shares = "[own] Made up."
[clocks.sources]
notice_seconds = "[S] R5: thirty days."
objection_seconds = "[S] R8: thirty days."
[market.sources]
relay_quorum = "[own] Made up."
heartbeat_seconds = "[own] Made up."
extended_before_minutes = "[bg] Early trading."
extended_after_minutes = "[bg] Late trading."
[reporting.sources]
deadline_seconds = "[S] R14: ten minutes."
[regulator.sources]
may_suspend = "[own] Made up."
"""


def parse(old: str = "", new: str = "") -> profiles.Profile:
    """The good profile with one text put in place of another."""
    assert old in GOOD
    return profiles.parse(GOOD.replace(old, new, 1).encode(), "mine.toml")
