"""The demo's own processes: started with what they need, watched, and ended however the demo ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stockade.demo.processes import Processes
from stockade.errors import StockadeError

# Says its number and, of the environment, one secret; then waits to be ended.
WAITS = "import os, time; print(os.getpid(), os.environ.get('SECRET'), flush=True); time.sleep(600)"
FAILS = "import sys; print('said', file=sys.stderr); sys.exit('no such thing')"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def started(processes: Processes, name: str) -> list[str]:
    return processes.until(lambda: processes.log(name).read_text().split() or None, "The start")


def is_alive(number: str) -> bool:
    return Path(f"/proc/{number}").exists()


def test_start__until_the_demo_fails__runs_with_its_secret_and_is_ended(tmp_path: Path) -> None:
    def play() -> None:
        with Processes(tmp_path) as processes:
            processes.start("one", python(WAITS), {"SECRET": "42"})
            processes.start("other", python(WAITS), {})
            said.extend((started(processes, "one"), started(processes, "other")))
            assert [is_alive(number) for number, _ in said] == [True, True]
            raise KeyboardInterrupt

    said: list[list[str]] = []
    with pytest.raises(KeyboardInterrupt):
        play()

    assert [secret for _, secret in said] == ["42", "None"]
    assert [is_alive(number) for number, _ in said] == [False, False]
    assert "SECRET" not in os.environ


def test_end__one_of_two__ends_that_one_and_its_log_goes_on_when_started_again(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("one", python(WAITS), {})
        processes.start("other", python(WAITS), {})
        (one, _), (other, _) = started(processes, "one"), started(processes, "other")

        processes.end("one")

        assert (is_alive(one), is_alive(other)) == (False, True)
        processes.start("one", python("print('again')"), {})
        processes.until(lambda: "again" in processes.log("one").read_text() or None, "The second start")
    assert processes.log("one").read_text() == f"{one} None\nagain\n"


def test_until__a_process_ends_meanwhile__says_which_and_where_its_log_is(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("one", python(FAILS), {})

        with pytest.raises(StockadeError) as failed:
            processes.until(lambda: None, "Nothing")

    assert str(failed.value) == f"`one` has ended; what it said stands in {tmp_path / 'one.log'}."
    assert (tmp_path / "one.log").read_text() == "said\nno such thing\n"


def test_run__a_command_fails__says_what_it_said(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes, pytest.raises(StockadeError) as failed:
        processes.run(python(FAILS))

    assert str(failed.value) == f"`{sys.executable} -c {FAILS}` failed: said\nno such thing."


def test_run__shown__speaks_to_the_reader(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Processes(tmp_path) as processes:
        processes.run(python("print('unseen')"))
        processes.run(python("print('seen')"), show=True)

    assert capfd.readouterr().out == "seen\n"
