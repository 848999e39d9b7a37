"""All cases as one class: each gets what the list says, and after it everything holds.

What `-k` leaves out is not graded: `pytest tests/attacks/test_cases.py -k B04`.
"""

import pytest
from attacks.expectations import differences
from attacks.invariants import after_a_case, i1_honest_as_before, i4_nothing_changed, i7_clean_class_views
from attacks.listed import every_case, parameters

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("name", parameters())
def test_it_gets_what_the_list_says(name, observed):
    assert differences(observed) == []


@pytest.mark.parametrize("name", every_case())
def test_after_it_everything_holds(name, observed, graded):
    after_a_case(observed, graded.canary)


def test_after_all_of_them_everything_holds(graded, before):
    i1_honest_as_before(graded, before)
    i4_nothing_changed(graded)
    i7_clean_class_views(graded)
