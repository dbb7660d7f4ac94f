"""The tables. Facts are what the chain says, and can be made again from it; submissions are what was sent, answered and
noticed, and cannot.

The database itself refuses to change or delete a final fact, a finality mark or any row of a submission (the guards,
migrations/guards.py). The cursor of the follower is the highest block: there is no other.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from stockade.store.types import Address, Hash, Uint256

# SQLite numbers rows by itself only in a column that is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

# ---------------------------------------------------------------- facts

# Which suite this store is of, in one row.
suite = Table(
    "suite",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("authority", Address, nullable=False),
    Column("first_block", BigInteger, nullable=False),
)

# Where reports come from: the suite's own contracts from its first block, a token from the block of its LISTING.
source = Table(
    "source",
    metadata,
    Column("address", Address, primary_key=True),
    Column("name", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)

# Blocks with reports in them, all that are not final, and the last one read. `timestamp` in seconds UTC.
block = Table(
    "block",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Hash, nullable=False),
    Column("parent", Hash, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)

# One entry of one stream. `topics` (joined, 32 bytes each) and `data` are the log as it stands on the chain; the others
# are read from it, `chain` and `supply` (of a token, raw) being those after the entry. `account` and `target` are who
# a movement takes from and gives to, or whom another entry is about, for those who search by wallet.
report = Table(
    "report",
    metadata,
    Column("source", Address, ForeignKey("source.address"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("block", BigInteger, ForeignKey("block.number"), nullable=False),
    Column("log", Integer, nullable=False),
    Column("transaction", Hash, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("operator", Address, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("account", Address),
    Column("target", Address),
    Column("amount", Uint256),
    Column("supply", Uint256),
    Column("topics", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("chain", Hash, nullable=False),
    UniqueConstraint("block", "log"),
    Index("report_account", "account"),
    Index("report_target", "target"),
)

# Everything in blocks up to the highest mark is final. `at` in milliseconds UTC, by our clock.
finality = Table(
    "finality",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
)

# ---------------------------------------------------------------- submissions

# What the reporter says, in its own strict order. `body` is the record as it is sent: canonical JSON, whose hash is
# `record_id`. `refers_to` is the record that this one confirms, corrects or cancels: no two do that to one.
record = Table(
    "record",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", Hash, nullable=False, unique=True),
    Column("source", Address, nullable=False),
    Column("stream_seq", BigInteger, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("block_hash", Hash, nullable=False),
    Column("finality", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason_code", Text),
    Column("refers_to", BigInteger, ForeignKey("record.seq"), unique=True),
    Column("event_type", Text, nullable=False),
    Column("event_time", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("record_of", "source", "stream_seq"),
    Index("record_recorded_at", "recorded_at"),
)

# Whose records these are, in one row, written with the first of them: the reporter's name, and a print of the key under
# which they name wallets (HMAC-SHA256 over a fixed text).
identity = Table(
    "identity",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),
    Column("reporter_id", Text, nullable=False),
    Column("key_print", Hash, nullable=False),
)

# Where records go: who may acknowledge them there. The only row here that may change, by a person.
destination = Table(
    "destination",
    metadata,
    Column("name", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("signer", Address, nullable=False),
)

# Records `first` to `last`, about to be sent. Written before anything is sent.
transmission = Table(
    "transmission",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("digest", Hash, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Index("transmission_of", "destination", "last"),
)

# What came of it: the HTTP status (0: none), and what the destination expects next, where it said so.
answer = Table(
    "answer",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("transmission", RowId, ForeignKey("transmission.id"), nullable=False),
    Column("destination", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("next", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Index("answer_of", "destination", "id"),
)

# Acknowledgements and rejections, each signed by the destination; `body` as it came.
ack = Table(
    "ack",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("ack_id", BigInteger, nullable=False),
    Column("stage", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("code", Text),
    Column("field", Text),
    Column("body", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("destination", "body"),
    Index("ack_stage", "destination", "stage", "last"),
)

# How far a destination's acknowledgements were read (`ack_id`), beside those that came with answers; zero where it
# turned out to have forgotten, and numbers them anew.
ack_read = Table(
    "ack_read",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Index("ack_read_of", "destination", "id"),
)

# A rejection that asks for a better record. It is closed by the record that refers to the rejected one, of which there
# is one at most. `field` is empty where the rejection names none.
repair = Table(
    "repair",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("seq", BigInteger, ForeignKey("record.seq"), nullable=False),
    Column("code", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    UniqueConstraint("destination", "seq", "code", "field"),
    Index("repair_of", "seq"),
)

# What stopped a stream, once; and when it was over.
incident = Table(
    "incident",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
)
incident_end = Table(
    "incident_end",
    metadata,
    Column("incident", RowId, ForeignKey("incident.id"), primary_key=True, autoincrement=False),
    Column("ended_at", BigInteger, nullable=False),
)

# Who asked which wallet a pseudonym is, and why; written before the answer is given.
resolution = Table(
    "resolution",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("party", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
)

# ---------------------------------------------------------------- reconciliation

# One comparison of all sides at a block. `holders`: SHA-256 of the registrar's file, None where none was given. What
# such a file says enters only where it differs: a wallet and its amount, nothing else.
run = Table(
    "run",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("block", BigInteger, nullable=False),
    Column("block_hash", Hash, nullable=False),
    Column("holders", Hash),
    Column("at", BigInteger, nullable=False),
)

# What did not agree in it, of a token, of one custodian's position in it or of one wallet: 18-decimal units.
difference = Table(
    "difference",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("run", RowId, ForeignKey("run.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("token", Address, nullable=False),
    Column("custodian", BigInteger),
    Column("wallet", Address),
    Column("one", Uint256, nullable=False),
    Column("other", Uint256, nullable=False),
    Index("difference_of", "run"),
)

FACTS = (source, block, report)
APPEND_ONLY = (
    suite,
    finality,
    record,
    identity,
    transmission,
    answer,
    ack,
    ack_read,
    repair,
    incident,
    incident_end,
    resolution,
    run,
    difference,
)
