"""Many transactions of one account, each exactly once, whatever breaks on the way.

    with Journal(path, {"plan": ..., "chain": ..., "account": ...}) as journal:
        sender = Sender(w3, signer, journal, chain_id)
        for job in jobs:                  # a job is a call's data, its gas and a key of the caller's
            sender.put(job)               # signed, written to the journal, then broadcast; waits while many are open
            handle(sender.settled())
        sender.finish()                   # all mined, and still in the chain
        handle(sender.settled())

What the calls mean is deliberately absent: whoever uses this knows what to do about one that reverted.
"""

from stockade.sending.journal import Entry, Job, Journal, State
from stockade.sending.node import Node
from stockade.sending.sender import Sender, Settings

__all__ = ["Entry", "Job", "Journal", "Node", "Sender", "Settings", "State"]
