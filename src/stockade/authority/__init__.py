"""The suite's authority: who may do what, what is scheduled, and whether that is what docs/roles.md says.

standing     who holds what, and whose each function is
operations   what is scheduled, and what became of it
acts         build, schedule, execute, cancel
rotation     one account in place of another, never a moment without a holder
marks        the regulator acknowledges streams
table        docs/roles.md as data
check        the live suite against that table
words        calls in words, and words as calls
"""

from stockade.authority.acts import call_function, cancel, execute, grant, map_function, required_role, revoke, schedule
from stockade.authority.check import Difference, check, profile_of
from stockade.authority.marks import Mark, NewMark, acknowledgement, marks, marks_to_set
from stockade.authority.operations import (
    Operation,
    OperationState,
    find_operation,
    operations,
    replay_operations,
)
from stockade.authority.rotation import Step, StepState, rotate, rotation
from stockade.authority.standing import Holder, Standing, standing
from stockade.authority.table import FunctionRow, RoleRow, RoleTable, read_table
from stockade.authority.words import describe, span

__all__ = [
    "Difference",
    "FunctionRow",
    "Holder",
    "Mark",
    "NewMark",
    "Operation",
    "OperationState",
    "RoleRow",
    "RoleTable",
    "Standing",
    "Step",
    "StepState",
    "acknowledgement",
    "call_function",
    "cancel",
    "check",
    "describe",
    "execute",
    "find_operation",
    "grant",
    "map_function",
    "marks",
    "marks_to_set",
    "operations",
    "profile_of",
    "read_table",
    "replay_operations",
    "required_role",
    "revoke",
    "rotate",
    "rotation",
    "schedule",
    "span",
    "standing",
]
