"""Plan a book in Python, without Ape: plan_a_book.py http://127.0.0.1:8545 deployments/31337.json plan.jsonl

Takes your key from STOCKADE_REGISTRAR_KEY. Nothing is signed or sent.
"""

import sys
from pathlib import Path

from stockade import chain, whitelist
from stockade.suite import Deployment, Suite

suite = Suite(chain.connect(sys.argv[1]), Deployment.load(Path(sys.argv[2])))
book = whitelist.read_book(Path(__file__).with_name("investors.csv"))
state = whitelist.read_whitelist(suite)
plan = whitelist.make_plan(suite, state, book, whitelist.registrar_key(), registrar=1)
whitelist.save(plan, Path(sys.argv[3]))
print(f"{len(plan.rows)} to write, {plan.unchanged} unchanged, {len(plan.refused)} refused at block {plan.block}")
