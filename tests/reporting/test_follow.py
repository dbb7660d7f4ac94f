"""The follower on a real node: what it stores is what the chain says, whatever the chain does meanwhile."""

from __future__ import annotations

from stockade.store import open_store, tables
from tests.reporting.following import Following


def test_run__a_whole_life__every_report_is_stored_once(node, node_streams, tmp_path):
    it = Following(open_store(f"sqlite:///{tmp_path}/a.db"), node.suite, node.suite.w3.provider.endpoint_uri)

    it.run()

    stored = {(row[0], row[1]): "0x" + row[14][2:] for row in it.rows(tables.report)}
    told = {
        (stream.source.address, entry.seq): stream.head.chain for stream in node_streams for entry in stream.entries
    }
    assert set(stored) == set(told)
    for stream in node_streams:
        assert int(stored[stream.source.address, stream.head.sequence], 16) == stream.head.chain
