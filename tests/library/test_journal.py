"""The file that holds what was signed: whose it is, and that one process has it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from stockade.errors import InputError
from stockade.sending import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def test_journal__of_another_purpose__refused_by_name(path):
    Journal(path, {"plan": "p"}).close()

    with pytest.raises(InputError, match=r"journal is the journal of another plan \(p instead of q\): go on with"):
        Journal(path, {"plan": "q"})
    Journal(path, {"plan": "p"}).close()


@pytest.mark.parametrize(
    "content", [b"wallet,investor_ref\n" * 100, b"SQLite format 3\0" + b"\xff" * 1000], ids=["text", "broken"]
)
def test_journal__another_file__refused_and_untouched(path, content):
    path.write_bytes(content)

    with pytest.raises(InputError, match="journal cannot be used as a journal"):
        Journal(path, {"plan": "p"})
    assert path.read_bytes() == content


def test_journal__in_a_folder_that_is_not_there__refused(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "journal", {})


HOLD = """
import sys
from pathlib import Path
from stockade.sending import Journal
journal = Journal(Path(sys.argv[1]), {"plan": "p"})
print("held", flush=True)
sys.stdin.read()
"""


def test_journal__held_by_another_process__refused_until_that_one_is_killed(path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="is in use by another process: wait until that one has ended"):
            Journal(path, {"plan": "p"})
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    Journal(path, {"plan": "p"}).close()
