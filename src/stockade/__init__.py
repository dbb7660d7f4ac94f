"""Stockade: listed shares as permissioned tokens. The library behind the scripts; it runs without Ape."""

import os

# Keccak in C without a layer in Python: a third of the time, and following hashes everything twice. eth-hash looks at
# this the first time that it hashes; whoever chose another stays with it.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

__version__ = "0.1.0"
