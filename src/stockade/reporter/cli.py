"""`stockade-report`: the reporter's commands, without Ape. Each group of them is a module of its own."""

from __future__ import annotations

import click

from stockade.reporter import book_commands, delivery_commands, follow_commands, record_commands


@click.group()
def cli() -> None:
    """Follow a suite's reports, send their records to whoever must have them, and look at what became of them.

    \b
    Addresses and secrets are better in the environment than on a command line:
      STOCKADE_RPC            the node's address                          (--rpc)
      STOCKADE_STORE          the store's, sqlite:/// or postgresql://    (--store)
      STOCKADE_REPORTER_ID    who reports, as records name it             (--reporter)
      STOCKADE_PARTY_KEY      the secret key under which wallets are named
      STOCKADE_REPORTER_KEY   the key that signs what is sent             (or --keystore)
      STOCKADE_GATEWAY_TOKEN  what a destination beyond this machine asks for
    """


COMMANDS: tuple[click.Command, ...] = (
    follow_commands.follow,
    follow_commands.rebuild,
    record_commands.export,
    record_commands.resolve,
    record_commands.schema,
    *book_commands.COMMANDS,
    *delivery_commands.COMMANDS,
)
for each in COMMANDS:
    cli.add_command(each)
