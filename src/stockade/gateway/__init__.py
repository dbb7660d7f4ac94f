"""The receiving side, as a regulator could run it: `stockade-gateway`.

tables        what was received, and what the chain says of it
reading       a request's bytes as a submission, however hostile
books         what is held, as the next records are checked against it
checks        what is asked of a record before it counts as valid
intake        a submission, taken as a whole or not at all
acks          what the gateway says of records, signed and numbered
searching     what is held, for those who ask
chainside     the final entries of a suite's streams, told as records would tell them, under proven heads
comparing     a record against its entry
linking       every FINAL record compared once, and acknowledged
completeness  whether every entry of a stream is here once and says the same; `stockade verify` asks it too
answers       what the HTTP answers hold
app           the endpoints
cli           the command
"""
