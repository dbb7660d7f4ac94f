"""The market's hours and interruptions: `ape run market status --help`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option, select_account
from rich.table import Table
from rich.text import Text

from scripts import _compliance_halt, _market_relay
from scripts._listing_shared import act, profile_of, profile_option, time_of
from stockade.ape import SuiteCommand, acting_options, console, open_suite, suite_option
from stockade.errors import InputError
from stockade.market import calendar as calendars
from stockade.market.calendar import Change, Days
from stockade.market.state import MarketState, Share, read_hours, read_state
from stockade.records import Interruption, Session
from stockade.suite import Suite

_DAY = click.DateTime(["%Y-%m-%d"])
_STYLES = {Session.REGULAR: "green", Session.EXTENDED: "cyan", Session.UNKNOWN: "yellow"}


@click.group()
def cli() -> None:
    """For the market operator: hours from the exchange's calendar, and a relay of its halts. `halt` and `resume` are
    COMPLIANCE's, by hand and by order, and are the same as `ape run compliance halt` and `lift`.

    A closed market stops nothing; an interruption halts the tokens, and silence never resumes them.
    """


cli.add_command(_compliance_halt.halt, "halt")
cli.add_command(_compliance_halt.lift, "resume")
cli.add_command(_market_relay.relay)


# ---------------------------------------------------------------- hours


@cli.command(cls=SuiteCommand)
@click.option("--mic", "mics", multiple=True, help="A market's ISO 10383 code; by default those of the suite's tokens.")
@click.option("--from", "first", type=_DAY, help="First day; by default 1 January of this year.")
@click.option("--to", "last", type=_DAY, help="Last day; by default 31 December of next year.")
@click.option("--years", help="Whole years instead: 2027, or 2027-2029.")
@click.option("--closed", type=_DAY, multiple=True, help="A day on which the exchange stays shut unexpectedly.")
@click.option("--apply", "write", is_flag=True, help="Write what differs (MARKET_OPERATOR).")
@profile_option
@suite_option
@account_option(prompt=False)
@acting_options
def calendar(
    mics: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    years: str | None,
    closed: tuple[datetime, ...],
    write: bool,
    name: str | None,
    deployment: Path | None,
    account: AccountAPI | None,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Build a market's days from exchange_calendars and compare them with the chain; --apply writes what differs.

    Shows every day that is not as its weekday leads one to expect: holidays, early closes, the days on which the
    hours move. Days outside the range stay as they are. Extended hours are the profile's.

    \b
      ape run market calendar --years 2026-2027 --network ethereum:devnet
      ape run market calendar --mic XNYS --years 2028 --apply --network ethereum:devnet --account TEST::8
      ape run market calendar --mic XNYS --from 2026-12-09 --to 2026-12-09 --closed 2026-12-09 --apply
        --network ethereum:devnet --account TEST::8
    """
    suite = open_suite(provider, deployment)
    rules = profile_of(suite, name).market
    span = _span(suite, first, last, years)
    changes = []
    for mic in mics or _mics(suite):
        days = calendars.build(mic, *span, closed=[day.date() for day in closed])
        change = calendars.change_of(suite, mic, days, rules.extended_before_minutes, rules.extended_after_minutes)
        _show_days(mic, days)
        _show_change(change)
        changes.append(change)
    calls = [call for change in changes for call in calendars.calls(suite, change)]
    if not calls:
        console.print("The chain says the same.")
        return
    if not write:
        console.print("Nothing was sent: --apply writes what differs.")
        return
    by = account or select_account("Select the market operator's account")
    for says, call in calls:
        act(suite, call, by, yes, dry_run, f"Write {says}.")


def _mics(suite: Suite) -> list[str]:
    found = list(read_state(suite).venues)
    if not found:
        raise InputError("The suite has no token yet: name the market with --mic.")
    return found


def _span(suite: Suite, first: datetime | None, last: datetime | None, years: str | None) -> tuple[date, date]:
    """The first and the last day to build."""
    if years is None:
        year = datetime.fromtimestamp(time_of(suite), UTC).year
        return first.date() if first else date(year, 1, 1), last.date() if last else date(year + 1, 12, 31)
    if first or last:
        raise InputError("Give --years, or --from and --to: one of the two.")
    begin, _, end = years.partition("-")
    if not all(year.isascii() and year.isdigit() and len(year) == 4 for year in (begin, end or begin)):
        raise InputError(f"{years!r} are no years: give one, or the first and the last, such as 2027-2029.")
    return date(max(int(begin), 1), 1, 1), date(max(int(end or begin), 1), 12, 31)


def _show_days(mic: str, days: Days) -> None:
    table = Table("day", "", "what", title=f"{mic}: the days that are not ordinary")
    for day, says in calendars.remarkable(days):
        table.add_row(str(day), f"{day:%a}", says)
    if table.row_count:
        console.print(table)
    trading = sum(times is not None for times in days.values())
    console.print(f"{mic}: {len(days):,} days, {trading:,} of them with a session.")


def _show_change(change: Change) -> None:
    if change.hours_change:
        kinds = ", ".join(calendars.in_words(times) for times in change.hours.kinds)
        extended = f"extended hours {change.hours.before} minutes before and {change.hours.after} after"
        console.print(f"{change.mic}: the kinds of days become {kinds}; {extended}.", soft_wrap=True)
    new = [each for each in change.differences if each.chain == "unknown"]
    others = [each for each in change.differences if each.chain != "unknown"]
    if new:
        console.print(f"{change.mic}: the chain does not know {len(new):,} days, {new[0].day} to {new[-1].day}.")
    if others:
        table = Table("day", "on chain", "exchange_calendars", title=f"{change.mic}: days that differ")
        for each in others:
            table.add_row(str(each.day), each.chain, each.build)
        console.print(table)


# ---------------------------------------------------------------- how it stands


@cli.command(cls=SuiteCommand)
@click.option("--at", "moment", help="Hours at another time, with its zone: 2026-11-26T15:00Z.")
@suite_option
def status(moment: str | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show each market's session and its next change, and what interrupts each token now.

    The contract answers, at any second that its calendar holds; interruptions and heartbeats are always those of now.

    \b
      ape run market status --network ethereum:devnet
      ape run market status --at 2026-11-26T15:00Z --network ethereum:devnet    a holiday
      ape run market status --at 2026-11-27T18:00Z --network ethereum:devnet    an early close
      ape run market status --at 2027-03-14T12:00Z --network ethereum:devnet    the clocks change
    """
    suite = open_suite(provider, deployment)
    state = read_state(suite)
    if not state.venues:
        console.print("The suite has no token yet: `ape run listing add --help`.")
        return
    seconds = _seconds(moment) if moment else state.now
    _show_markets(suite, state, seconds)
    _show_tokens(suite, state)


def _seconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise InputError(f"{text!r} does not say its zone: write 2026-11-26T15:00Z.")
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        raise InputError(f"{text!r} is no time: write 2026-11-26T15:00Z.") from None
    if not 0 <= seconds < 2**40:
        raise InputError(f"{text!r} lies before 1970: write 2026-11-26T15:00Z.")
    return seconds


def _show_markets(suite: Suite, state: MarketState, seconds: int) -> None:
    table = Table("market", "session", "next change", "heartbeat", "market-wide", title=f"Markets at {_utc(seconds)}")
    unknown = []
    for mic, venue in state.venues.items():
        hours = read_hours(suite, mic, seconds)
        if hours.session is Session.UNKNOWN:
            unknown.append(mic)
        change = f"{hours.then.name} from {_utc(hours.until)}" if hours.until else "none known within 15 days"
        age = f"{state.now - venue.heartbeat:,} s old" if venue.heartbeat else "none yet"
        beat = Text(age if venue.fresh else f"{age}, stale", "green" if venue.fresh else "yellow")
        told = venue.told
        news = _news(told.interruption, told.code) if told.sequence else "nothing told"
        table.add_row(mic, Text(hours.session.name, _STYLES.get(hours.session, "")), change, beat, news)
    console.print(table)
    if unknown:
        console.print(f"No calendar on chain for that day: {', '.join(unknown)} (`ape run market calendar --apply`).")


def _show_tokens(suite: Suite, state: MarketState) -> None:
    table = Table("token", "share", "interruption", "news", "halted", title=f"Tokens now, at {_utc(state.now)}")
    for share in state.shares:
        told = share.told
        news = f"{_news(told.interruption, told.code)}, {_utc(told.as_of)}" if told.sequence else "none"
        if share.interruption is Interruption.UNKNOWN:
            now = Text("UNKNOWN, the heartbeat is stale", "yellow")
        else:
            now = Text(_news(share.interruption, share.code), "" if share.interruption is Interruption.NONE else "red")
        symbol = str(suite.token(share.token).functions.symbol().call())
        table.add_row(Text(symbol), Text(f"{share.ticker} on {share.mic}"), now, Text(news), _halted(share))
    console.print(table)


def _halted(share: Share) -> Text:
    words = [word for word, so in (("by the market", share.halted), ("by hand", share.halted_by_hand)) if so]
    if share.halts != share.halted:
        words.append("`sync` would halt it" if share.halts else "`sync` would lift it")
    return Text(", ".join(words) or "no", "yellow" if words else "")


def _news(interruption: Interruption, code: str) -> str:
    return f"{interruption.name} {code}".strip()


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %Y-%m-%d %H:%M UTC")
