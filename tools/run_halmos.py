"""halmos on the rich that eth-ape needs: `python tools/run_halmos.py --contract NAME`, arguments as halmos takes them.

halmos 0.3.3 clears the console's live display before it has one. rich below 14.1 let that pass, later ones raise
IndexError; eth-ape 0.8.52 needs 14.3.3. Remove this file with the override in pyproject.toml when halmos allows it.
"""

from __future__ import annotations

import sys

from halmos.__main__ import main
from rich.console import Console

original = Console.clear_live


def clear_live(console: Console) -> None:
    if console._live_stack:
        original(console)


if __name__ == "__main__":
    Console.clear_live = clear_live
    sys.exit(main())
