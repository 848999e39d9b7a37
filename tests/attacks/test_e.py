"""Group E, malicious or broken artefacts: files are refused by name, or read without running what they hold."""

import pytest
from attacks.expectations import differences
from attacks.invariants import after_a_case, i1_honest_as_before, i4_nothing_changed, i7_clean_class_views
from attacks.listed import parameters

GROUP = "E"
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
