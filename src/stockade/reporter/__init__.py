"""The reporter: from events on the chain to records that somebody else acknowledged.

node      what following asks of a node, and how it says that the node is away
reading   one step's blocks: headers that follow each other, logs that are theirs
tips      each stream from its last entry on: numbered without a gap, chained, and ending at the contract's head
facts     what a step writes, and what it takes back
recorder  the records made of it
follow    the steps
compare   the facts against the chain, read anew
"""
