"""Group F, notebooks: one bad cell or file costs the others nothing, and what was saved is not believed."""

import pytest
from attacks.expectations import differences
from attacks.invariants import after_a_case, i1_honest_as_before, i4_nothing_changed, i7_clean_class_views
from attacks.listed import parameters

GROUP = "F"
pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("name", parameters(GROUP))
def test_it_gets_what_the_list_says(name, observed):
    assert differences(observed) == []


@pytest.mark.parametrize("name", [case.values[0] for case in parameters(GROUP)])
def test_after_it_everything_holds(name, observed, graded):
    after_a_case(observed, graded.canary)


def test_after_the_group_everything_holds(graded, before):
    i1_honest_as_before(graded, before)
    i4_nothing_changed(graded)
    i7_clean_class_views(graded)
