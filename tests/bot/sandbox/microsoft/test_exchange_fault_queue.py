"""Which call meets which of the ordered faults."""

import pytest

from bot.sandbox.microsoft.faults import FAULTS, Fault
from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.shared.fault_queue import FaultQueue
from tests.bot.sandbox.microsoft.exchange_client import Clock

REQUIRED = """
    slow throttle throttle_date throttle_bare server_error bad_gateway unavailable unavailable_retry
    gateway_timeout transient_400 unauthorized unauthorized_claims role_missing reset_before lose_answer
    apply_then_500 late_apply redirect_same redirect_foreign errors_in_200 missing_key null_value empty_value
    two_rows wrong_type truncated
    html_200 other_tenant slow_drip forbidden_json forbidden_empty role_text redirect_307 parameter_withheld
"""


def taken(queue: FaultQueue[Fault], *cmdlets: str) -> list[str | None]:
    return [fault.name if (fault := queue.take(cmdlet)) else None for cmdlet in cmdlets]


def test_every_promised_fault_is_there_with_a_label_for_people() -> None:
    assert set(REQUIRED.split()) <= set(FAULTS)
    assert len(set(FAULTS.values())) == len(FAULTS)


def test_faults_come_in_order_and_each_as_often_as_ordered() -> None:
    queue = FaultQueue[Fault]()
    queue.add(Fault("slow", remaining=2))
    queue.add(Fault("throttle"))
    assert taken(queue, *["Get-TransportConfig"] * 4) == ["slow", "slow", "throttle", None]


def test_a_fault_for_one_cmdlet_lets_the_others_pass() -> None:
    queue = FaultQueue[Fault]()
    queue.add(Fault("slow", cmdlet="Set-TransportConfig"))
    assert taken(queue, "Get-TransportConfig", "set-transportconfig", "Set-TransportConfig") == [
        None,
        "slow",
        None,
    ]


def test_an_unknown_fault_is_a_key_error_and_queues_nothing() -> None:
    tenant = Tenant(clock=Clock())
    with pytest.raises(KeyError, match="nonsense"):
        tenant.queue_fault("nonsense")
    assert tenant.pending_faults == []


@pytest.mark.parametrize(("count", "seconds"), [(0, None), (-1, None), (1, -0.1)])
def test_senseless_counts_and_times_are_refused(count: int, seconds: float | None) -> None:
    with pytest.raises(ValueError, match="count of at least 1"):
        Tenant(clock=Clock()).queue_fault("slow", count=count, seconds=seconds)


def test_what_waits_can_be_seen_and_cleared() -> None:
    tenant = Tenant(clock=Clock())
    tenant.queue_fault("slow", cmdlet="Get-TransportConfig", count=3, seconds=1.5)
    assert tenant.pending_faults == [Fault("slow", "Get-TransportConfig", remaining=3, seconds=1.5)]
    tenant.clear_faults()
    assert tenant.pending_faults == []
