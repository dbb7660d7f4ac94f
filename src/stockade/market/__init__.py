"""The market's hours and interruptions, off the chain: calendars, news, and the relay that tells the chain of them.

    calendar   the sessions of an exchange as packed words, compared with what stands on chain
    news       the exchange's halt codes, and what a source tells
    sources    where news comes from: a file, a feed, the exchange's own file
    state      what the chain says of hours and interruptions now
    relay      what has to be told to the chain, and the process that tells it

`calendar` alone needs exchange_calendars (`pip install stockade[market]`), and imports it when it builds.
"""
