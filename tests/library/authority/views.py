"""A role's holders, and a profile with one value changed."""

from __future__ import annotations

from stockade.authority import standing


def with_regulator(profile, may_suspend):
    """The profile with one value changed."""
    return profile.model_copy(update={"regulator": profile.regulator.model_copy(update={"may_suspend": may_suspend})})


def holders(suite, role):
    return [holder.account for holder in standing(suite).of(role)]
