"""The business days that R6 counts: those of the New York Stock Exchange, in its own zone.

They come from exchange_calendars (`stockade.market.calendar`), and not from the chain, which may know no day that far.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from stockade.listing.clocks import Calendar
from stockade.market.calendar import Days, build, date_of, day_of

_MARKET = "XNYS"


def new_york() -> Calendar:
    """The exchange's days. Raises InputError where the calendars are not installed (`pip install stockade[market]`)."""
    return Calendar(ZoneInfo("America/New_York"), business_days_after)


def business_days_after(day: date, count: int) -> date:
    """The count-th day after a day on which the exchange opens; the day itself is not counted."""
    number = day_of(day)
    while count:
        number += 1
        count -= _year(date_of(number).year)[number] is not None
    return date_of(number)


@lru_cache(maxsize=16)
def _year(year: int) -> Days:
    return build(_MARKET, date(year, 1, 1), date(year, 12, 31))
