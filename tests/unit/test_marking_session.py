"""What the marking page shows of a class, and what becomes of what is decided there."""

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from unit.marking_sample import a_hand_in, hostile_hand_in, names, served, small_class, write_class
from unit.sample_parts import check, task
from unit.sample_results import broken

from harness.complaints.confirm import confirm
from harness.marking.entries import Draft, Kind
from harness.marking.gathered import Gathered
from harness.marking.pages import steps
from harness.marking.session import Given, Session, Target
from harness.marking.store import Conflict, MarkStore
from harness.results import IntegrityNote, Outcome, ReportFacts, save


@pytest.fixture
def page(tmp_path):
    with served(small_class(tmp_path)) as running:
        yield running


class Tags(HTMLParser):
    """The elements and attributes of a piece of HTML, and where it leads."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.addresses = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]


# --- what is shown beside the work


def test_notes_for_the_person_and_who_stands_for_the_total_are_on_both_views(tmp_path):
    note = IntegrityNote(code="unaccounted-fit", message="No line of the notebook asks for <fit-3>.")
    out = write_class(tmp_path, a_hand_in("group-01", integrity=(note,)), a_hand_in("group-02", integrity=()))
    views = ("/api/question/2B/{}", "/api/hand-in/{}")
    with served(out) as page:
        for view in views:
            shown = page.ask(view.format("group-01")).json["html"]
            assert "No line of the notebook asks for &lt;fit-3&gt;." in shown
            assert "Confirmed" not in shown
            assert "For the person who marks" not in page.ask(view.format("group-02")).json["html"]
        confirm(out, ["group-01"], "Grace", incomplete=True)
        for view in views:
            assert "Confirmed by Grace on" in page.ask(view.format("group-01")).json["html"]
            assert "Confirmed" not in page.ask(view.format("group-02")).json["html"]
        page.decide(points=0.1)
        for view in views:
            shown = page.ask(view.format("group-01")).json["html"]
            assert "This does not hold until it is confirmed again." in shown


# --- what is decided


def test_a_mark_is_kept_with_all_that_it_says(page):
    answer = page.decide(points=0.4, text="Good.\nShow the sum.", rubric=["formula", "means"])
    assert answer.status == 200
    (entry,) = page.store.since()
    said = (entry.kind, entry.submission, entry.target, entry.points, entry.text, entry.rubric, entry.author)
    assert said == (Kind.MARK, "group-01", "2B", 0.4, "Good.\nShow the sum.", ("formula", "means"), "Ask")
    standing = answer.standing
    assert (standing["after"], standing["points"], standing["counts"]) == (entry.id, 0.4, True)
    assert page.ask("/api/question/2B/group-01").standing == standing
    assert page.decided == ["group-01"]


def test_a_comment_alone_leaves_the_question_open(page):
    answer = page.decide(text="Ask the other assistant.")
    assert answer.status == 200
    assert answer.standing["counts"] is False
    assert answer.standing["text"] == "Ask the other assistant."
    assert page.ask("/api/overview/2B").json["marked"]["2B"] == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"points": 0.6}, "0.5"),
        ({"points": 0.3, "target": "2A"}, "0.25"),
        ({"points": 0.1, "target": "2C"}, "2C"),
        ({"points": 0.1, "target": "9Z"}, "9Z"),
        ({"points": 0.1, "rubric": ["no-such"]}, "no-such"),
        ({"points": -0.1}, "decision"),
        ({"points": "0.1"}, "decision"),
        ({"points": 0.1, "text": "x" * 4_001}, "decision"),
        ({"points": 0.1, "kind": "note"}, "note"),
        ({"points": 0.1, "kind": "confirmed"}, "confirmed"),
        ({"points": 0.1, "more": 1}, "decision"),
    ],
    ids=str,
)
def test_what_cannot_be_given_is_refused_in_words(page, said, words):
    answer = page.decide(**said)
    assert answer.status == 400
    assert words in answer.json["words"]
    assert page.store.since() == ()


def test_a_hand_in_that_is_not_there_is_not_marked(page):
    for key in ("group-99", "../group-01", "", "group-01/"):
        assert page.decide(key=key, points=0.1).status == 404
    assert page.store.since() == ()


def test_whoever_saw_less_is_told_what_stands_and_overwrites_nothing(page):
    first = page.decide(points=0.5, text="Mine").standing
    answer = page.decide(points=0.1, text="Other")
    assert answer.status == 409
    assert answer.standing == first
    assert [entry.points for entry in page.store.since()] == [0.5]
    assert page.decide(points=0.1, text="Other", after=first["after"]).status == 200


def test_an_undo_brings_back_what_was_before_and_then_nothing(page):
    after = page.decide(points=0.5, text="One").standing["after"]
    after = page.decide(points=0.2, text="Two", after=after).standing["after"]
    target = {"kind": "mark", "key": "group-01", "target": "2B"}
    back = page.ask("/api/undo", "POST", {**target, "after": after}).standing
    assert (back["points"], back["text"], back["can_undo"]) == (0.5, "One", True)
    empty = page.ask("/api/undo", "POST", {**target, "after": back["after"]}).standing
    assert (empty["points"], empty["text"], empty["counts"], empty["can_undo"]) == (None, "", False, False)
    answer = page.ask("/api/undo", "POST", {**target, "after": empty["after"]})
    assert (answer.status, answer.json["words"]) == (400, "There is nothing left to undo.")
    assert len(empty["history"]) == 4


def test_an_undo_of_what_somebody_else_changed_is_a_conflict(page):
    after = page.decide(points=0.5).standing["after"]
    page.decide(points=0.2, after=after)
    target = {"kind": "mark", "key": "group-01", "target": "2B", "after": after}
    answer = page.ask("/api/undo", "POST", target)
    assert (answer.status, answer.standing["points"]) == (409, 0.2)


def test_whoever_decided_is_told_of_his_own_decision_though_somebody_else_went_on_at_once(tmp_path):
    out = small_class(tmp_path, 1)
    store = MarkStore.of(out)
    went_on = []

    def somebody_else(name: str) -> None:  # between the decision and the answer to it
        last = store.since()[-1]
        if last.author == "Ask":
            draft = Draft.model_validate(last.model_dump(exclude={"id"}) | {"author": "Grace", "text": "Hers"})
            went_on.append(store.add(draft, after=last.id).id)

    session = Session(Gathered(out, hidden=False), store, "Ask", somebody_else)
    given = Given(kind=Kind.MARK, key="group-01", target="2B", after=None, points=0.5, text="His")
    told = session.decide(given)
    assert (told.by, told.text, told.after) == ("Ask", "His", went_on[0] - 1)
    with pytest.raises(Conflict, match="Grace"):  # what rests on his own does not overwrite hers
        session.decide(given.model_copy(update={"after": told.after, "points": 0.1}))
    told = session.undo(Target(kind=Kind.MARK, key="group-01", target="2B", after=went_on[0]))
    assert (told.by, told.text, told.after) == ("Ask", "His", went_on[1] - 1)
    assert [entry.author for entry in store.since()] == ["Ask", "Grace", "Ask", "Grace"]


def test_a_mark_of_an_earlier_version_counts_again_when_it_is_given_again(page):
    after = page.decide(points=0.5, text="Fine").standing["after"]
    changed = a_hand_in("group-01")
    changed = changed.model_copy(update={"submission": changed.submission.model_copy(update={"sha256": "b" * 64})})
    save(changed, page.out / "group-01" / "result.json")
    standing = page.ask("/api/question/2B/group-01").standing
    assert (standing["points"], standing["counts"]) == (0.5, False)
    assert page.ask("/api/overview/2B").json["marked"]["2B"] == []
    assert page.decide(points=0.5, text="Fine", after=after).standing["counts"] is True
    assert page.ask("/api/overview/2B").json["marked"]["2B"] == ["group-01"]


# --- overrides


def test_a_check_is_overruled_with_a_reason(page):
    said = {"kind": "override", "target": "2B-measured"}
    assert "reason" in page.decide(**said, points=0.5).json["words"]
    assert "0.5" in page.decide(**said, points=0.6, text="x").json["words"]
    assert page.decide(**said, text="x").status == 400
    assert page.decide(kind="override", target="2B-other", points=0, text="x").status == 400
    standing = page.decide(**said, points=0.5, text="It is the same up to a factor.").standing
    assert standing["counts"] is True
    assert page.ask("/api/hand-in/group-01").json["overrides"]["2B-measured"] == standing


def test_an_override_does_not_count_when_what_was_measured_changed(page):
    page.decide(kind="override", target="2B-measured", points=0.5, text="Look at it.")
    result = a_hand_in("group-01")
    other = task(
        "2B", Outcome.PARTIAL, 0.2, 0.5, check("2B", Outcome.PARTIAL, 0.2, 0.5), manual=result.tasks[1].manual
    )
    save(
        result.model_copy(update={"tasks": (result.tasks[0], other, result.tasks[2])}),
        page.out / "group-01" / "result.json",
    )
    standing = page.ask("/api/hand-in/group-01").json["overrides"]["2B-measured"]
    assert (standing["points"], standing["counts"]) == (0.5, False)


# --- how far the class is, and comments


def test_progress_counts_marks_that_count(page):
    page.decide(points=0.5)
    page.decide(points=0, key="group-03")
    page.decide(text="later", key="group-02")
    page.decide(points=0.1, target="2A", key="group-02")
    assert page.ask("/api/overview/2A").json["marked"] == {"2A": ["group-02"], "2B": ["group-01", "group-03"]}


def test_comments_are_offered_again_the_most_used_first(page):
    page.decide(points=0.5, text="Show the sum.\nGood.", key="group-01")
    page.decide(points=0.5, text="Good.\nGood.", key="group-02")
    after = page.decide(points=0.5, text="A slip", key="group-03").standing["after"]
    page.decide(points=0.5, text="Good.", key="group-03", after=after)
    page.decide(points=0.1, text="Of another question", target="2A")
    assert page.ask("/api/overview/2B").json["comments"] == ["Good.", "Show the sum."]


# --- what is shown


def test_a_question_shows_the_answer_its_facts_and_the_figures(page):
    html = page.ask("/api/question/2A/group-01").json["html"]
    for shown in ("55,050 parameters", "The number of layers is wrong", "data:image/png", "cell 5", "cell 6"):
        assert shown in html
    assert "It is <em>cross-entropy</em>" not in html


def test_where_no_text_was_found_the_rest_of_it_is_at_hand(tmp_path):
    result = a_hand_in("a")
    with served(write_class(tmp_path, result.model_copy(update={"answers": result.answers[1:]}))) as page:
        html = page.ask("/api/question/2A/a").json["html"]
    assert "No text was found for this question" in html
    assert "It is <em>cross-entropy</em>" in html


def test_a_hand_in_that_could_not_be_read_can_be_marked(tmp_path):
    with served(write_class(tmp_path, broken("lost"), a_hand_in("group-01"))) as page:
        assert page.ask("/hand-in/lost").status == 200
        assert page.ask("/api/hand-in/lost").status == 200
        assert page.ask("/api/question/2B/lost").status == 200


@pytest.mark.parametrize("path", ["/api/question/2A/a", "/api/hand-in/a"])
def test_nothing_of_a_hand_in_is_markup(tmp_path, path):
    with served(write_class(tmp_path, hostile_hand_in("a"))) as page:
        html = page.ask(path).json["html"]
    seen = Tags()
    seen.feed(html)
    assert not {"script", "iframe", "style", "object", "embed", "link", "form", "base", "meta"} & seen.tags
    assert not [name for name in seen.attributes if name.startswith("on") or name == "style"]
    assert all(address.startswith(("data:image/png;", "#", "https://", "http://")) for address in seen.addresses)
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html
    assert "{{ 7*7 }}" in html


@pytest.mark.parametrize("task_", ["2Z", "2C", "<script>"])
def test_a_question_that_nobody_marks_is_not_there(page, task_):
    from urllib.parse import quote

    assert page.ask(f"/question/{quote(task_, safe='')}").status == 404


def test_the_first_address_leads_to_the_first_question(page):
    answer = page.ask("/")
    assert (answer.status, answer.headers["location"]) == (303, "/question/2A")


@pytest.mark.parametrize(
    ("most", "offered"),
    [
        (0.1, [0, 0.02, 0.04, 0.06, 0.08, 0.1]),
        (0.25, [0, 0.05, 0.1, 0.15, 0.2, 0.25]),
        (0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (1, [0, 0.25, 0.5, 0.75, 1]),
        (3, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
        (0.35, [0, 0.087, 0.175, 0.262, 0.35]),
    ],
)
def test_points_are_offered_in_steps_that_people_use(most, offered):
    assert steps(most) == offered


# --- names


def test_where_names_are_hidden_they_are_nowhere(tmp_path):
    secret = "Wilhelmina-Quist"
    result = a_hand_in(secret, text=f"By {secret}. Wilhelmina wrote it, 55,050 parameters.")
    out = write_class(tmp_path, result, a_hand_in("group-02"))
    with served(out, hidden=True) as page:
        key = next(key for key in _keys(page) if secret_of(page, key))
        assert key.startswith("student-")
        page.decide(key=key, points=0.5)
        texts = [page.ask(path).body.decode() for path in _paths(key)]
        answers = [
            page.decide(key=key, points=0.1), page.decide(key=key, points=7), page.decide(key=key, target="9"),
            page.decide(key=key, kind="override", target="none", points=0, text="x"),
            page.ask(f"/report/{key}/0"), page.ask(f"/api/question/2A/{secret}"),
        ]  # fmt: skip
        (tmp_path / secret / "result.json").unlink()
        answers.append(page.ask(f"/api/question/2A/{key}"))
        assert answers[-1].status == 404
        texts += [answer.body.decode().replace(f"'{secret}'", "") for answer in answers]
    for text in texts:
        assert "wilhelmina" not in text.lower()
        assert "quist" not in text.lower()
        assert "Alva" not in text
    assert [entry.submission for entry in page.store.since()] == [secret]  # the log has the name


def _paths(key):
    addresses = (f"/question/2A/{key}", f"/hand-in/{key}", f"/scorecard/{key}")
    data = (f"/api/question/2A/{key}", f"/api/hand-in/{key}", "/api/overview/2A", f"/api/standing/mark/{key}/2B")
    return (*addresses, *data)


def _keys(page):
    return re.findall(r'"key": ?"([^"]+)"', page.ask("/question/2A").body.decode())


def secret_of(page, key):
    return (
        "55,050 parameters" in page.ask(f"/api/question/2A/{key}").json["html"]
        and "wrote it" in (page.ask(f"/api/question/2A/{key}").json["html"])
    )


def test_hidden_names_come_in_another_order(tmp_path):
    """In the order of the names, pseudonyms would tell them."""
    out = write_class(tmp_path, *[a_hand_in(name, text=f"word{number}") for number, name in enumerate(names(8))])
    with served(out, hidden=True) as page:
        keys = _keys(page)
        shown = [re.search(r"word(\d)", page.ask(f"/api/question/2A/{key}").json["html"])[1] for key in keys]
    assert keys == sorted(keys)
    assert shown != sorted(shown)


def test_reports_are_named_where_they_cannot_be_shown(page):
    assert "start the page with --hand-ins" in page.ask("/api/question/2A/group-01").json["html"]
    assert page.ask("/report/group-01/0").status == 404


# --- two at once


def test_of_many_who_decide_at_once_about_one_thing_one_is_kept_and_the_others_are_told(page):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: page.decide(points=number / 20), range(8)))
    kept = [answer for answer in answers if answer.status == 200]
    assert len(kept) == 1
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    (entry,) = page.store.since()
    assert all(answer.standing["points"] == entry.points for answer in answers)


def test_of_two_who_go_on_after_each_conflict_every_decision_is_in_the_log(page):
    def client(number):
        after, given = None, 0
        while given < 10:
            answer = page.decide(points=0.5, text=f"{number}.{given}", after=after)
            given += answer.status == 200
            after = answer.standing["after"]
        return number

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(client, range(2)))
    texts = [entry.text for entry in page.store.since()]
    for number in range(2):
        assert [text for text in texts if text.startswith(f"{number}.")] == [f"{number}.{n}" for n in range(10)]


def test_reports_with_a_problem_say_so(tmp_path):
    report = ReportFacts(file="thesis.docx", pages=0, problem="A document of this kind is not read here; a PDF is.")
    with served(write_class(tmp_path, a_hand_in("a", reports=(report,)))) as page:
        assert "A document of this kind is not read here" in page.ask("/api/question/2A/a").json["html"]
