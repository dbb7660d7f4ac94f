"""The endpoints. Every answer is declared in the OpenAPI document, and no other is given: what goes wrong is told in
one sentence, and why in the server's log alone.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from stockade.chain import Signer
from stockade.errors import StockadeError
from stockade.gateway import acks, completeness, searching
from stockade.gateway.answers import (
    AckPage,
    CompletenessAnswer,
    Health,
    HeldRecord,
    Next,
    Problem,
    RecordPage,
    Reporters,
    Streams,
    SubmissionAnswer,
)
from stockade.gateway.books import Books
from stockade.gateway.intake import Intake, Unknown
from stockade.gateway.reading import MAX_BYTES, Unreadable, read_submission
from stockade.store.opening import Store
from stockade.wire.envelope import Caip10, EventType, Hash32, PartyRef, ReporterId, Submission
from stockade.wire.schema import SCHEMAS, published

log = logging.getLogger("stockade.gateway")

_NUMBER = 2**53 - 1

Reporter = Annotated[ReporterId, Query(description="the reporter's id")]
After = Annotated[int, Query(ge=0, le=_NUMBER, description="what comes after this one")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Sequence = Annotated[int | None, Query(ge=1, le=_NUMBER, description="a number of the stream")]

# How linking stands: the block up to which the chain was read, and why it waits.
Standing = Callable[[], tuple[int | None, str | None]]


def create_app(
    store: Store, signer: Signer, gateway_id: str, token: str | None = None, standing: Standing | None = None
) -> FastAPI:
    """The gateway over a store. With a token, every endpoint asks for it."""
    intake = Intake(store, signer, gateway_id)
    # Whoever sends is known only once it is read: many large ones at once must not take all of the machine.
    parsing = asyncio.Semaphore(2)
    app = FastAPI(
        title="Stockade gateway",
        version="1.0",
        description="Receives records of issuers' reporters, checks and acknowledges them. Loopback needs no token.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(_asking(token))] if token else [],
        responses=_problems(
            {401: "no token, or a wrong one"} if token else {},
            {422: "the request cannot be read", 503: "the database does not answer"},
        ),
    )
    _answer_problems(app)

    @app.post(
        "/v1/submissions",
        response_model=SubmissionAnswer,
        responses={
            409: {"model": SubmissionAnswer, "description": "the records do not follow what is held"},
            **_problems(
                {401: "unknown reporter or signature", 413: "the request is too large", 415: "the request is no JSON"}
            ),
        },
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}},
    )
    async def submit(request: Request) -> Response:
        """Takes records, in the reporter's own strict order."""
        content = await _content(request)
        async with parsing:
            submission = await run_in_threadpool(read_submission, content)
        answer = await run_in_threadpool(intake.accept, submission)
        return JSONResponse({"acks": answer.acks, "next": answer.following}, answer.status)

    @app.get("/v1/acks", response_model=AckPage)
    def list_acks(reporter: Reporter, after: After = 0, limit: Limit = 1000) -> Response:
        """A reporter's acknowledgements, in the order in which they were given."""
        with store.read() as connection:
            return JSONResponse({"acks": acks.after(connection, reporter, after, limit)})

    @app.get("/v1/next")
    def expected(reporter: Reporter) -> Next:
        """Which record of a reporter is expected next."""
        with store.read() as connection:
            return Next(reporter_id=reporter, next=Books(connection, reporter).last()[0] + 1)

    @app.get("/v1/reporters")
    def reporters() -> Reporters:
        """Who may send."""
        with store.read() as connection:
            return Reporters(reporters=searching.reporters(connection))

    @app.get("/v1/records")
    def records(
        reporter: Annotated[ReporterId | None, Query()] = None,
        stream: Annotated[Caip10 | None, Query(description="the reporting contract, CAIP-10")] = None,
        since: Annotated[Sequence, Query(alias="from")] = None,
        until: Annotated[Sequence, Query(alias="to")] = None,
        cusip: Annotated[str | None, Query(max_length=9)] = None,
        party: Annotated[PartyRef | None, Query()] = None,
        day: Annotated[date | None, Query(alias="date", description="the day of the event, UTC")] = None,
        event_type: Annotated[EventType | None, Query(alias="eventType")] = None,
        after: After = 0,
        limit: Limit = 100,
    ) -> RecordPage:
        """Records by what they say, a page at a time."""
        with store.read() as connection:
            return searching.find(
                connection,
                reporter=reporter,
                stream=stream,
                since=since,
                until=until,
                cusip=cusip,
                party=party,
                day=day,
                event_type=event_type,
                after=after,
                limit=limit,
            )

    @app.get("/v1/records/{recordId}", responses=_problems({404: "no such record"}))
    def record(record_id: Annotated[Hash32, Path(alias="recordId")]) -> HeldRecord:
        """One record."""
        with store.read() as connection:
            found = searching.one(connection, record_id)
        if found is None:
            raise HTTPException(404, "No record of this id is held.")
        return found

    @app.get("/v1/streams")
    def streams() -> Streams:
        """The streams of which records are held."""
        with store.read() as connection:
            return Streams(streams=searching.streams(connection))

    @app.get("/v1/completeness")
    def complete(
        stream: Annotated[Caip10, Query()],
        reporter: Annotated[ReporterId | None, Query(description="whose records; else everybody's")] = None,
    ) -> CompletenessAnswer:
        """Whether every entry of a stream is here, and unaltered."""
        with store.read() as connection:
            return CompletenessAnswer(results=completeness.of_stream(connection, stream, reporter))

    @app.get("/v1/schema")
    def schema() -> dict[str, Any]:
        """The JSON Schema of records, submissions and acknowledgements."""
        return _SCHEMAS

    @app.get("/v1/health")
    def health() -> Health:
        """Whether the gateway answers, as whom, and how far it has read the chain."""
        with store.read() as connection:
            held = searching.count(connection)
        up_to, trouble = standing() if standing else (None, None)
        return Health(
            status="ok",
            gateway_id=gateway_id,
            signer=signer.address,
            records=held,
            linked_to=up_to,
            trouble=trouble,
        )

    return app


# ---------------------------------------------------------------- what goes wrong


def _problems(*told: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    every = {status: text for each in told for status, text in each.items()}
    return {status: {"model": Problem, "description": text} for status, text in every.items()}


def _problem(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": text}, status, headers)


def _answer_problems(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def unreadable_query(request: Request, error: RequestValidationError) -> JSONResponse:
        fault = error.errors()[0]
        where = "/".join(str(part) for part in fault["loc"][1:])
        return _problem(422, f"{where}: {fault['msg']}.")

    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: StarletteHTTPException) -> JSONResponse:
        return _problem(error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Unreadable)
    async def unreadable(request: Request, error: Unreadable) -> JSONResponse:
        return _problem(422, str(error))

    @app.exception_handler(Unknown)
    async def unknown(request: Request, error: Unknown) -> JSONResponse:
        return _problem(401, str(error), {"WWW-Authenticate": "Signature"})

    @app.exception_handler(StockadeError)
    async def failing(request: Request, error: StockadeError) -> JSONResponse:
        log.error("%s", error)
        return _problem(503, "The gateway's database does not answer: try again later.")

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        return _problem(500, "The gateway failed, and took nothing of this request: its operator's log says why.")


def _asking(token: str) -> Callable[..., None]:
    """Compares in a time that says nothing of the token."""
    expected = f"Bearer {token}".encode()

    def guard(request: Request, scheme: Annotated[Any, Depends(HTTPBearer(auto_error=False))]) -> None:
        given = request.headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, expected):
            raise HTTPException(401, "This gateway asks for its bearer token.", {"WWW-Authenticate": "Bearer"})

    return guard


async def _content(request: Request) -> bytes:
    """The body, as far as it may be long."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "A submission is application/json.")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            raise HTTPException(413, f"A submission has at most {MAX_BYTES} bytes: send fewer records at once.")
    return bytes(content)


_BODY = Submission.model_json_schema()
_SCHEMAS = {name: json.loads(published(name)) for name in SCHEMAS}
