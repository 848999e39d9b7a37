"""The roster: a CSV table with a line a student, and the group that each belongs to.

Its columns are found by their heads, in any order and case: `group`, `name` (or `first name` and `last name`), `id`
(Canvas's), `sis user id`, `login` and `email`. Canvas's own list of groups (People, Groups, Download Course Group
Roster CSV) and an exported gradebook are read as they are. Without a column `group` each student is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.csv_cells import Line, TableError, lines, text_of
from harness.downloads import HandIn

HEADS: dict[str, tuple[str, ...]] = {
    "group": ("group", "group name", "team", "groupname"),
    "name": ("name", "student", "student name", "full name"),
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "id": ("id", "canvas id", "canvas user id"),
    "sis": ("sis user id", "sis id", "user id", "student id"),
    "login": ("login", "login id", "sis login id", "username", "user name", "github", "github username"),
    "email": ("email", "e-mail", "email address", "mail"),
}
TEST_STUDENT = "student, test"  # Canvas's own, one a course
POINTS_POSSIBLE = "points possible"
POSTING = ("Manual Posting", "Muted")


class RosterError(ValueError):
    """A roster, or what it says of the hand-ins, that cannot be followed: the fault of whoever wrote it."""


@dataclass(frozen=True)
class Person:
    """A student; what is not known is empty. `id` is Canvas's, `line` that of the table."""

    name: str = ""
    id: str = ""
    sis: str = ""
    login: str = ""
    email: str = ""
    line: int = 0

    def __str__(self) -> str:
        return self.name or self.login or self.email or self.id or self.sis


@dataclass(frozen=True)
class Roster:
    """The members of each group, in the order of the table."""

    groups: Mapping[str, tuple[Person, ...]]

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody."""
        return tuple(person for members in self.groups.values() for person in members)

    def group_of(self, name: str, hand_in: HandIn | None = None) -> str | None:
        """The group that a hand-in belongs to; None where the roster does not tell.

        By Canvas's id of who handed it in; else by the group's name; else by a member's login or e-mail; else by a
        member's name. Raises RosterError where two groups fit equally well.
        """
        titles = {key(text) for text in (name, hand_in.title if hand_in else "")} - {""}
        user = hand_in.user if hand_in and not hand_in.anonymous else ""
        found: list[str] = []
        rules: tuple[Callable[[str], bool], ...] = (
            lambda group: bool(user) and any(person.id == user for person in self.groups[group]),
            lambda group: key(group) in titles,
            lambda group: any(titles & logins(person) for person in self.groups[group]),
            lambda group: any(titles & names(person) for person in self.groups[group]),
        )
        for rule in rules:
            found = [group for group in self.groups if rule(group)]
            if found:
                break
        if len(found) > 1:
            raise RosterError(f"{name} could be handed in by {' or '.join(found[:5])}; name it for one of them")
        return found[0] if found else None


@dataclass(frozen=True)
class Assigned:
    """To whom each hand-in belongs. `unknown`: hand-ins of nobody in the roster. `missing`: groups without one."""

    members: Mapping[str, tuple[Person, ...]]
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def key(text: str) -> str:
    """Equal for names that people hold to be the same: "Group 12" and "group_12", as Canvas's "group12"."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def names(person: Person) -> set[str]:
    """How a person's name may stand in a download, as keys: both orders of first and last name."""
    last, comma, first = person.name.partition(",")
    if not comma:
        first, _, last = person.name.rpartition(" ")
    return {each for each in (key(person.name), key(f"{first}{last}"), key(f"{last}{first}")) if each}


def logins(person: Person) -> set[str]:
    """A person's login and e-mail as keys, whole and without what follows the @."""
    both = (person.login, person.email)
    return {each for text in both for each in (key(text), key(text.partition("@")[0])) if each}


def read(path: Path) -> Roster:
    """The roster in a CSV file in UTF-8. Raises RosterError, with the line."""
    try:
        table = [line for line in lines(text_of(path), str(path)) if not line.blank]
    except TableError as error:
        raise RosterError(str(error)) from None
    if not table:
        raise RosterError(f"{path} is empty; write a line of heads such as group,name,id,login,email")
    columns = _columns(table[0], path)
    groups: dict[str, list[Person]] = {}
    seen: dict[tuple[str, str], Person] = {}
    for line in table[1:]:
        where = f"{path}, line {line.number}"
        if len(line.cells) != len(table[0].cells):
            raise RosterError(
                f"{where}: there are {len(line.cells)} cells, and {len(table[0].cells)} in the first line"
            )
        cells = {column: line.values[place] for column, place in columns.items()}
        if is_no_student(line):
            continue
        person = _person(cells, line.number)
        if not str(person):
            raise RosterError(f"{where}: nothing says who this is; give a name, an id, a login or an e-mail")
        for kind in ("id", "sis", "login", "email"):
            value = getattr(person, kind).casefold()
            other = seen.setdefault((kind, value), person) if value else person
            if other is not person:
                raise RosterError(f"{where}: the same {kind} as in line {other.line}; a student stands there once")
        groups.setdefault(cells.get("group") or str(person), []).append(person)
    if not groups:
        raise RosterError(f"{path} holds heads and no student")
    return Roster({group: tuple(members) for group, members in groups.items()})


def assign(submissions: Iterable[str], hand_ins: Mapping[str, HandIn], roster: Roster | None) -> Assigned:
    """To whom each result belongs: the members of its group, or, without a roster, who handed it in.

    Raises RosterError where two hand-ins are one group's.
    """
    if roster is None:
        return Assigned({name: (_alone(name, hand_ins.get(name)),) for name in submissions})
    members: dict[str, tuple[Person, ...]] = {}
    by_group: dict[str, str] = {}
    unknown = []
    for name in submissions:
        group = roster.group_of(name, hand_ins.get(name))
        if group is None:
            unknown.append(name)
        elif group in by_group:
            raise RosterError(
                f"{by_group[group]} and {name} are both handed in by {group}; grade the one that counts"
            )
        else:
            by_group[group] = name
            members[name] = roster.groups[group]
    missing = tuple(group for group in roster.groups if group not in by_group)
    return Assigned(members, tuple(unknown), missing)


def _alone(name: str, hand_in: HandIn | None) -> Person:
    if hand_in is None:
        return Person(name=name, login=name)
    return Person(name=hand_in.title, id="" if hand_in.anonymous else hand_in.user, login=name)


def _columns(heads: Line, path: Path) -> dict[str, int]:
    plain = [re.sub(r"[\s_]+", " ", head.casefold()) for head in heads.values]
    columns: dict[str, int] = {}
    for column, known in HEADS.items():
        places = [place for place, head in enumerate(plain) if head in known]
        if len(places) > 1 and column != "login":
            both = " and ".join(repr(heads.values[place]) for place in places[:2])
            raise RosterError(f"{path}, line {heads.number}: {both} are both a column of the {column}")
        if places:
            columns[column] = places[0]
    if not {"name", "id", "sis", "login", "email", "last"} & set(columns):
        raise RosterError(
            f"{path}, line {heads.number}: no column says who a student is; call one of them name, id, login or "
            "email"
        )
    return columns


def _person(cells: Mapping[str, str], line: int) -> Person:
    parts = (cells.get("last", ""), cells.get("first", ""))
    name = cells.get("name") or ", ".join(part for part in parts if part)
    known = {column: cells.get(column, "") for column in ("id", "sis", "login", "email")}
    return Person(name=name, line=line, **known)


def is_no_student(line: Line) -> bool:
    """Whether this is one of the rows of an exported gradebook that stand for no student."""
    first = line.values[0].casefold()
    return first in (POINTS_POSSIBLE, TEST_STUDENT) or all(
        not value or value.startswith(POSTING) for value in line.values
    )
