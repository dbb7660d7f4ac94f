"""A follower that is killed anywhere, a disk that is full, a database that is started anew: it goes on from the last
whole step.
"""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from sqlalchemy import event

from stockade.store import open_store, tables
from tests.e2e.faulty import Fault, proxy
from tests.reporting.following import PARTY_KEY, Following, write_records


class Killed(BaseException):
    """As SIGKILL would: nothing of ours runs after it but what the database does by itself."""


@pytest.fixture
def truth(node, followed):
    """What a follower that nothing happened to has stored."""
    return Following(open_store(f"sqlite:///{followed}"), node.suite, "")


# ---------------------------------------------------------------- killed


def killing(following: Following, statement: int) -> bool:
    """Follows until so many statements were made, and is killed there; whether it came that far."""
    engine, made = following.store.engine, 0

    def count(*_: object) -> None:
        nonlocal made
        made += 1
        if made > statement:
            raise Killed

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    try:
        following.run()
    except Killed:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", count)
    return False


def state(following: Following) -> dict[str, object]:
    return {
        **following.facts(),
        "records": following.records(),
        "final": [row[0] for row in following.rows(tables.finality)],
    }


def test_run__killed_between_any_two_statements__goes_on_from_the_last_whole_step(node, truth, tmp_path):
    """Whatever was stored when it was killed is a beginning of the truth, and what follows completes it."""
    following = Following(open_store(f"sqlite:///{tmp_path}/store.db"), node.suite, f"http://127.0.0.1:{node.port}")
    whole, statement = state(truth), 0
    while killing(following, statement):
        records = following.records()
        assert records == whole["records"][: len(records)]
        assert len(following.rows(tables.report)) == len(records)
        if len(records) == len(whole["records"]):
            break
        statement += 1

    following.run()

    assert statement > 10
    assert state(following) == whole


def test_run__killed_while_it_takes_back__reversed_once(restored, tmp_path):
    following = Following(open_store(f"sqlite:///{tmp_path}/a.db"), restored.suite, f"http://127.0.0.1:{restored.port}")
    write_records(restored, 3)
    following.run()
    before = following.records()
    restored.rpc("anvil_reorg", 3, [])

    statement = 0
    while killing(following, statement):
        statement += 1
    following.run()

    new = following.records()[len(before) :]
    reversed_ = [row[5] for row in new if row[2] == "REVERSED"]
    assert len(reversed_) == len(set(reversed_)) == 6
    assert following.facts() == following.afresh(tmp_path).facts()
    assert statement > 10


def test_follow__sigkill_while_it_asks__nothing_is_lost(node, truth, tmp_path):
    """The real command, killed by the kernel while it waits for the node."""
    url = f"sqlite:///{tmp_path}/store.db"
    environment = {**os.environ, "STOCKADE_PARTY_KEY": PARTY_KEY.hex()}
    killed = 0
    with proxy(f"http://127.0.0.1:{node.port}") as line:
        command = ["stockade-report", "follow", "--once", "--rpc", line.url, "--store", url]
        command += ["--deployment", str(node.deployment), "--reporter", "TEST"]
        for request in range(1, 100, 6):
            line.methods.clear()
            line.faults = lambda number, method, last=request: Fault.CUT_BEFORE if number == last else None
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
                line.cut = process.kill
                process.communicate(timeout=120)
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL
            killed += 1

    following = Following(open_store(url), node.suite, "")
    assert killed > 1
    assert state(following) == state(truth)


# ---------------------------------------------------------------- full, and started anew


def test_run__the_disk_is_full__one_sentence_and_goes_on_when_it_is_not(node, tmp_path, truth):
    following = Following(open_store(f"sqlite:///{tmp_path}/full.db"), node.suite, f"http://127.0.0.1:{node.port}")
    connection = following.store.engine.raw_connection()
    (pages,) = connection.driver_connection.execute("PRAGMA page_count").fetchone()
    connection.driver_connection.execute(f"PRAGMA max_page_count = {pages + 20}").close()
    connection.close()  # back to the pool, whose only connection it is

    def make_room(seconds: float) -> None:
        if len(pauses) == 2:
            following.store.engine.dispose()
        pauses.append(seconds)

    pauses: list[float] = []
    following.run(pause=make_room)

    assert following.warned == ["The database says: database or disk is full. Nothing of this step was written."]
    assert len(pauses) == 3
    assert following.facts() == truth.facts()


def test_run__the_database_is_started_anew__one_sentence_and_goes_on(node, truth, request):
    postgres = request.getfixturevalue("postgres")
    if postgres.own is None:
        pytest.skip("another's server is not ours to stop")
    following = Following(open_store(postgres.database()), node.suite, f"http://127.0.0.1:{node.port}")
    follower = following.follower()
    first = follower.step()
    assert first is not None
    postgres.own.stop()

    pauses: list[float] = []

    def start_again(seconds: float) -> None:
        if len(pauses) == 2:
            postgres.own.start()
        pauses.append(seconds)

    try:
        follower.run(True, 0, following.said.append, following.warned.append, start_again)
    finally:
        postgres.own.start()

    assert 1 <= len(following.warned) <= 2
    assert all(words.startswith("The database says: ") for words in following.warned)
    assert following.facts() == truth.facts()
    following.store.engine.dispose()
