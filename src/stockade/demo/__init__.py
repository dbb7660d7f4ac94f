"""The whole life of three listed shares, for `make demo` and a test: `stage` has the people, `story` the order of the
acts, which `opening`, `trading`, `ending` and `pipe` play; `processes` are the reporter's and the regulator's.
"""
