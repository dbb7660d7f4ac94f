"""What was received, and what the chain says of it. Nothing here is ever changed, and nothing deleted but entries of
the chain that no proven head covers yet (migrations/versions).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, SmallInteger, Table, Text, UniqueConstraint

from stockade.store.tables import RowId
from stockade.store.types import Address, Hash

metadata = MetaData()

# ---------------------------------------------------------------- received

# Who may send, under which key; the newest row of a reporter holds.
reporter = Table(
    "reporter",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("reporter_id", Text, nullable=False),
    Column("signer", Address, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)

# What was signed: the evidence that these records are the reporter's. Times here and below in milliseconds UTC.
submission = Table(
    "submission",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("reporter_id", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("sent_time", Text, nullable=False),
    Column("prev_hash", Hash, nullable=False),
    Column("record_id", Hash, nullable=False),
    Column("signature", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)

# One record. `body` is its canonical JSON; the columns repeat what is searched and checked, and are empty where a
# record that is not valid does not say it. `root` is the `seq` of the NEW record that this one goes back to. `code` and
# `field` say why it is not valid.
record = Table(
    "record",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("reporter_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("record_id", Hash, nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("stream", Text),
    Column("stream_seq", BigInteger),
    Column("block", BigInteger),
    Column("finality", Text),
    Column("action", Text),
    Column("event_type", Text),
    Column("event_time", Text),
    Column("kind", Text),
    Column("token", Text),
    Column("isin", Text),
    Column("cusip", Text),
    Column("mic", Text),
    Column("code", Text),
    Column("field", Text),
    Column("body", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("reporter_id", "seq"),
    UniqueConstraint("record_id", "reporter_id"),
    Index("record_of", "stream", "reporter_id", "stream_seq"),
    Index("record_by", "reporter_id", "id"),
    Index("record_root", "reporter_id", "root"),
    Index("record_token", "reporter_id", "token", "kind", "seq"),
    Index("record_event_time", "event_time"),
    Index("record_cusip", "cusip"),
)

# Which parties a record names.
mention = Table(
    "mention",
    metadata,
    Column("party", Text, primary_key=True),
    Column("record", RowId, primary_key=True, autoincrement=False),
)

# What was answered, signed: `ack_id` runs 1, 2, 3 without a gap.
ack = Table(
    "ack",
    metadata,
    Column("ack_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reporter_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("code", Text),
    Column("body", Text, nullable=False),
    Index("ack_of", "reporter_id", "last"),
    Index("ack_to", "reporter_id", "ack_id"),
)

# ---------------------------------------------------------------- the chain's side

# One final entry of one stream. `expected` is what a record of it must say, canonical JSON, accounts under a key that
# everybody knows.
entry = Table(
    "entry",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("block", BigInteger, nullable=False),
    Column("expected", Text, nullable=False),
)

# The final blocks up to which all streams were read and proven.
reached = Table(
    "reached",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("block_hash", Hash, nullable=False),
    Column("proven_at", BigInteger, nullable=False),
)

# What a stream's contract holds from a block on, proven from the block's hash: it was proven again at every block
# reached since, where no later row says otherwise.
proof = Table(
    "proof",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("contract", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("chain", Text, nullable=False),
)

# A FINAL record was compared with its entry: `agrees` is 1, or `field` is the first that differs.
link = Table(
    "link",
    metadata,
    Column("record", RowId, primary_key=True, autoincrement=False),
    Column("agrees", SmallInteger, nullable=False),
    Column("field", Text),
    Column("linked_at", BigInteger, nullable=False),
)

# Which of the reporter's references stands for which of ours: one for one.
party = Table(
    "party",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("reporter_id", Text, nullable=False),
    Column("ours", Text, nullable=False),
    Column("theirs", Text, nullable=False),
    UniqueConstraint("reporter_id", "ours"),
    UniqueConstraint("reporter_id", "theirs"),
)

APPEND_ONLY = (reporter, submission, record, mention, ack, reached, proof, link, party)
