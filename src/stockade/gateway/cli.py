"""`stockade-gateway`: who may send, and the server."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
from pathlib import Path
from typing import Any

import click
import uvicorn
from eth_utils.address import is_address, to_checksum_address
from pydantic import TypeAdapter, ValidationError
from rich.table import Table
from rich.text import Text
from web3 import Web3

from stockade.errors import InputError, NetworkError
from stockade.gateway import searching
from stockade.gateway.app import create_app
from stockade.gateway.chainside import ChainSide
from stockade.gateway.intake import open_gateway, register
from stockade.gateway.linking import Linker, Linking
from stockade.keys import GATEWAY_KEY, GATEWAY_TOKEN, load_signer
from stockade.suite import Deployment
from stockade.terminal import FileCommand, console
from stockade.wire.envelope import ReporterId

_SHORTEST_TOKEN = 20

store_option = click.option(
    "--store",
    default="sqlite:///build/gateway/gateway.db",
    envvar="STOCKADE_GATEWAY_STORE",
    show_default=True,
    help="The gateway's database: sqlite:///FILE or postgresql://... (also from STOCKADE_GATEWAY_STORE).",
)


@click.group()
def main() -> None:
    """Receives records of issuers' reporters, checks and acknowledges them: the side a regulator can run."""


@main.command(cls=FileCommand)
@store_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8780, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--id", "gateway_id", default="gateway", show_default=True, help="The name that acknowledgements bear.")
@click.option("--keystore", type=click.Path(path_type=Path), help=f"The key that signs, instead of {GATEWAY_KEY}.")
@click.option("--rpc", help="A node: records are then compared with the chain (LINKED).")
@click.option("--deployment", type=click.Path(path_type=Path), help="The suite's deployment file; with --rpc.")
@click.option(
    "--poll", default=2000, show_default=True, type=click.IntRange(50), help="Milliseconds between looks at the chain."
)
def serve(
    store: str,
    host: str,
    port: int,
    gateway_id: str,
    keystore: Path | None,
    rpc: str | None,
    deployment: Path | None,
    poll: int,
) -> None:
    """Run the gateway until it is stopped.

    It signs with STOCKADE_GATEWAY_KEY. Beyond loopback it asks everybody for STOCKADE_GATEWAY_TOKEN; put TLS before it.
    """
    token = _token(host)
    signer = load_signer(GATEWAY_KEY, keystore)
    database = open_gateway(store)
    linking = None
    if rpc or deployment:
        if not (rpc and deployment):
            raise InputError("Linking needs both: give --rpc and --deployment, or neither.")
        # A node that is away now must not keep the gateway from receiving.
        node = Web3(Web3.HTTPProvider(rpc, request_kwargs={"timeout": 60}))
        side = ChainSide(database, node, Deployment.load(deployment))
        linking = Linking(database, side, Linker(database, signer, _id(gateway_id)), poll / 1000)
    app = create_app(database, signer, _id(gateway_id), token, linking.standing if linking else None)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    listening = _listen(host, port)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5)
    server = _Announcing(config, f"Gateway {gateway_id} ({signer.address})")
    if linking:
        linking.start()
    # uvicorn ends in order and then raises what ended it anew: both ways to be stopped are one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        if linking:
            linking.stop()


class _Announcing(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, name: str) -> None:
        super().__init__(config)
        self._name = name

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            host, port = each.getsockname()[:2]
            console.print(
                f"{self._name} listens on http://{f'[{host}]' if ':' in host else host}:{port}", soft_wrap=True
            )


@main.group()
def reporter() -> None:
    """Who may send, and whose key signs for them."""


@reporter.command(cls=FileCommand)
@click.argument("reporter_id")
@click.argument("signer")
@store_option
def add(reporter_id: str, signer: str, store: str) -> None:
    """Know REPORTER_ID, or give it another account SIGNER from now on."""
    if not is_address(signer):
        raise InputError(f"{signer!r} is no account: give the address of the reporter's key.")
    account = to_checksum_address(signer)
    register(open_gateway(store), _id(reporter_id), account)
    console.print(f"{reporter_id} is known by {account}.")


@reporter.command("list", cls=FileCommand)
@store_option
def list_reporters(store: str) -> None:
    """Show everybody known here."""
    with open_gateway(store).read() as connection:
        known = searching.reporters(connection)
    table = Table("reporter", "signs with", "next record")
    for each in known:
        table.add_row(Text(each.reporter_id), each.signer, str(each.next))
    console.print(table)


def _id(value: str) -> str:
    try:
        return TypeAdapter[str](ReporterId).validate_python(value)
    except ValidationError:
        raise InputError(
            f"{value!r} is no id: give 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter "
            "or a digit."
        ) from None


def _token(host: str) -> str | None:
    """The token that everybody is asked for; None on loopback without one."""
    token = os.environ.get(GATEWAY_TOKEN, "")
    if token and (len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        raise InputError(f"{GATEWAY_TOKEN} is no token: give at least {_SHORTEST_TOKEN} visible ASCII characters.")
    if not token and not _is_loopback(host):
        raise InputError(f"{host} is not loopback: put a token into {GATEWAY_TOKEN}, which everybody must then give.")
    return token or None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise NetworkError(f"Nothing can listen on {host} port {port}: {error.strerror}.") from None
    return listening
