"""Whatever is sent to any endpoint, the answer is one that the OpenAPI document declares."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.reporting.made import CHAIN, TOKEN, Maker, listening

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

few = settings(
    max_examples=15,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_endpoint__asked_what_its_document_allows_and_what_not__answers_as_declared(tmp_path):
    with listening(f"sqlite:///{tmp_path}/g.db") as gateway:
        made = Maker()
        made.listing(finality="FINAL")
        made.final(made.transfer(1))
        gateway.post(made.submission())
        operations = [
            each.ok() for each in schemathesis.openapi.from_url(f"{gateway.url}/v1/openapi.json").get_all_operations()
        ]

        submit = next(each for each in operations if each.method.upper() == "POST")
        assert set(submit.definition.raw["responses"]) == {"200", "401", "409", "413", "415", "422", "503"}

        for operation in operations:
            modes = MODES if operation.body or operation.query or operation.path_parameters else MODES[:1]

            @few
            @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
            def ask(case):
                case.call_and_validate(checks=CHECKS)

            ask()

        assert len(operations) == 10
        assert [record["record"] for record in gateway.get("records")["records"]] == made.made
        assert gateway.get("completeness", stream=f"{CHAIN}:{TOKEN}")["results"][0]["findings"] == []
