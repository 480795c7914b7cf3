"""What is remembered of examples that were learned."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prediction.remembered import Decided, Remembered

learned = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1), st.integers(1, 50)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(learned=learned, most=st.integers(1, 6))
def test_the_newest_are_known_and_of_the_others_the_newest_decision(learned, most):
    remembered = Remembered(most)
    order: list[int] = []
    held: dict[int, Decided] = {}
    forgotten = 0
    for number, label, at_ms in learned:
        remembered.add(str(number), label, at_ms)
        if number not in order:
            order.append(number)
        held[number] = Decided(label, at_ms)
        if len(order) > most:
            forgotten = max(forgotten, held.pop(order.pop(0)).at_ms)
    assert len(remembered) == len(order)
    assert {number: remembered.of(str(number)) for number in range(13)} == {n: held.get(n) for n in range(13)}
    assert remembered.forgotten_ms == forgotten
    assert [remembered.too_old(at_ms) for at_ms in range(60)] == [at_ms <= forgotten for at_ms in range(60)]


@settings(max_examples=50, deadline=None)
@given(before=learned, after=learned, most=st.integers(1, 6))
def test_one_that_goes_on_from_arrays_forgets_like_one_that_was_never_stopped(before, after, most):
    first = Remembered(most)
    for number, label, at_ms in before:
        first.add(str(number), label, at_ms)
    second = Remembered.of_arrays(most, first.forgotten_ms, *first.arrays())
    for number, label, at_ms in after:
        first.add(str(number), label, at_ms)
        second.add(str(number), label, at_ms)
    assert [part.tolist() for part in first.arrays()] == [part.tolist() for part in second.arrays()]
    assert first.forgotten_ms == second.forgotten_ms
