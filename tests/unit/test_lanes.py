"""Stages in one process: the most urgent that is ready, each with the values that it waits for."""

import pytest

from harness.lanes import Here, Ticket, with_tickets


def doubled(_bench, value):
    return 2 * value


def summed(_bench, values):
    return sum(values)


def fails(_bench, *_):
    raise ZeroDivisionError("as asked")


def test_a_stage_is_given_the_bench_and_the_values_of_tickets():
    lanes = Here("bench")
    first = lanes.submit("first", lambda bench: bench)
    assert lanes.next() is first
    assert lanes.value(first) == "bench"


def test_what_is_not_ready_waits_however_urgent_it_is():
    lanes = Here(None)
    late = lanes.submit("late", doubled, 4, priority=-5)
    urgent = lanes.submit("urgent", summed, [late, late], priority=9)
    assert [lanes.next(), lanes.next()] == [late, urgent]
    assert lanes.value(urgent) == 16


def test_of_several_the_urgent_one_comes_first_and_then_the_older():
    lanes = Here(None)
    tickets = [lanes.submit(str(priority), doubled, 1, priority=priority) for priority in (-1, 0, -1, 0)]
    assert [lanes.next() for _ in tickets] == [tickets[1], tickets[3], tickets[0], tickets[2]]


def test_what_a_stage_raised_is_raised_where_its_value_is_asked_for_and_in_what_needs_it():
    lanes = Here(None)
    failed = lanes.submit("failed", fails)
    after = lanes.submit("after", doubled, failed)
    lanes.next(), lanes.next()
    for ticket in (failed, after):
        with pytest.raises(ZeroDivisionError):
            lanes.value(ticket)
        with pytest.raises(ZeroDivisionError):
            lanes.check(ticket)


def test_a_value_that_nobody_asks_for_again_is_let_go():
    lanes = Here(None)
    ticket = lanes.submit("one", doubled, 1)
    lanes.next()
    lanes.forget(ticket)
    with pytest.raises(KeyError):
        lanes.value(ticket)


def test_tickets_are_found_in_lists_and_tuples():
    one = Ticket("one")
    assert with_tickets([1, (one, "x"), [one]], lambda _: "value") == [1, ("value", "x"), ["value"]]
