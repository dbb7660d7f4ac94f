"""Each room of the library can be entered first, and none of them needs Ape."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT

HOME = ROOT / "src" / "stockade"
# `stockade.ape` alone needs Ape; the demo and the rooms within a package are imported by others.
ROOMS = sorted(
    path.stem
    for path in HOME.iterdir()
    if path.stem not in ("ape", "py", "manifest") and (path.suffix == ".py" or (path / "__init__.py").exists())
)


@pytest.mark.parametrize("room", ROOMS)
def test_import__first_of_all__without_ape(room):
    code = f"import sys, stockade.{room}; sys.exit('ape' in sys.modules)" if room != "__init__" else "import stockade"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert (done.returncode, done.stderr) == (0, "")
