"""The budget of requests: the guard that all accounts share."""

from datetime import datetime, timedelta

from merge_sync.budget import Admission, Budget, Ending, Limits
from support import NOON

SECOND = timedelta(seconds=1)


def admitted(budget: Budget, account: str, now: datetime) -> Admission:
    found = budget.admit(account, now)
    assert isinstance(found, Admission), found
    return found


def answered(budget: Budget, account: str, ending: int | Ending, now: datetime = NOON) -> None:
    budget.settle(admitted(budget, account, now), ending, now)


def test_requests_in_flight_count_as_failing() -> None:
    budget = Budget(Limits(failing_answers=2))
    first, second = admitted(budget, "a", NOON), admitted(budget, "b", NOON)
    assert budget.admit("c", NOON) == timedelta(milliseconds=250)
    budget.settle(first, 200, NOON)
    third = admitted(budget, "c", NOON)
    budget.settle(second, Ending.NO_ANSWER, NOON)
    budget.settle(third, 429, NOON)
    admitted(budget, "c", NOON)


def test_fifteen_failing_answers_in_ten_seconds_stop_every_account() -> None:
    budget = Budget()
    for number in range(15):
        answered(budget, str(number), 500)
    assert budget.admit("another", NOON + 2 * SECOND) == 8 * SECOND
    admitted(budget, "another", NOON + 10 * SECOND)


def test_accounts_that_always_fail_never_hold_up_one_that_does_not() -> None:
    budget, sent = Budget(), 0
    for hundredth in range(40):
        now = NOON + hundredth * SECOND / 100
        for number in range(6):
            found = budget.admit(f"failing {number}", now)
            if isinstance(found, Admission):
                budget.settle(found, 502, now)
                sent += 1
        answered(budget, "healthy", 200, now)
    assert sent == 6 + 5, "each once before anything was known of it, and five of all of them"


def test_accounts_that_failed_before_share_five_failing_answers() -> None:
    budget = Budget()
    for at in (NOON, NOON + 10 * SECOND):
        for number in range(5):
            answered(budget, str(number), 500, at)
    now = NOON + 12 * SECOND
    assert budget.admit("0", now) == 8 * SECOND
    answered(budget, "another", 500, now)
    admitted(budget, "0", NOON + 20 * SECOND)


def test_an_account_is_of_those_that_failed_for_ten_minutes() -> None:
    budget = Budget(Limits(failing_share=0))
    answered(budget, "a", 500)
    ends = NOON + timedelta(minutes=10)
    assert budget.admit("a", ends - SECOND) == timedelta(milliseconds=250)
    admitted(budget, "a", ends)


def test_what_hangs_leaves_room_for_others() -> None:
    budget = Budget()
    for number in range(15):
        answered(budget, str(number), Ending.TIMED_OUT)
    later = NOON + SECOND
    found = [budget.admit(str(number), later) for number in range(15)]
    assert sum(isinstance(each, Admission) for each in found) == 5
    admitted(budget, "another", later)


def test_a_clock_that_was_set_back_does_not_hold_up() -> None:
    budget = Budget(Limits(failing_answers=1))
    answered(budget, "a", 500)
    assert budget.admit("a", NOON) == 10 * SECOND
    admitted(budget, "a", NOON - timedelta(hours=1))


def test_accounts_that_no_longer_fail_are_forgotten() -> None:
    budget = Budget()
    for number in range(3_000):
        now = NOON + number * SECOND
        answered(budget, f"failing {number}", 500, now)
    assert len(budget._failing) < 2_000
