"""The filter of system calls, run by an interpreter of classic BPF: its answer to each call, on both processors."""

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox import seccomp
from harness.sandbox.seccomp import ALLOW, GROUPS, KILL, MACHINES, NEWEST, REFUSE, UnknownMachine, program

EVERYWHERE = sorted(MACHINES)
REFUSED, ABSENT = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
NO_FAMILY, NO_PROTOCOL = REFUSE | errno.EAFNOSUPPORT, REFUSE | errno.EPROTONOSUPPORT
DENIED = [call for group in GROUPS.values() for call in group]


def answer(filtered: bytes, number: int, machine: int, *arguments: int) -> int:
    """What the filter returns for a call: the instructions that it is made of, and no others."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, machine, 0, *(value & (2**64 - 1) for value in padded))
    code = list(struct.iter_unpack("=HBBI", filtered))
    loaded, at = 0, 0
    while True:
        what, then, otherwise, value = code[at]
        at += 1
        if what == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif what == 0x15:
            at += then if loaded == value else otherwise
        elif what == 0x35:
            at += then if loaded >= value else otherwise
        elif what == 0x54:
            loaded &= value
        elif what == 0x06:
            return value
        else:
            raise AssertionError(f"an instruction {what:#x} that the filter has no need of")


def of(name: str, machine: str) -> int:
    """A call's number."""
    calls = [*DENIED, *seccomp.SHARED, *seccomp.OWNERSHIP, seccomp.CLONE, seccomp.CLONE3, seccomp.PERSONALITY]
    calls += [seccomp.SOCKET, seccomp.SOCKETPAIR, seccomp.IOCTL, *seccomp.ONLY_OWN]
    return next(getattr(call, machine) for call in calls if call.name == name)


@pytest.mark.parametrize("machine", EVERYWHERE)
@pytest.mark.parametrize("namespaces", [True, False])
def test_each_call_of_the_list_is_refused_and_its_neighbours_are_not(machine, namespaces):
    filtered = program(machine, namespaces=namespaces)
    numbers = {getattr(call, machine) for call in DENIED} - {None}
    assert {answer(filtered, number, MACHINES[machine]) for number in numbers} == {REFUSED}
    others = set(range(NEWEST + 1)) - numbers - {of("clone3", machine), of("personality", machine)}
    others -= {of("socket", machine), of("socketpair", machine)}
    if not namespaces:
        others -= {getattr(call, machine) for call in (*seccomp.SHARED, *seccomp.OWNERSHIP)}
        others -= {of("ioprio_set", machine)}  # whose argument for itself is not 0
    assert {answer(filtered, number, MACHINES[machine]) for number in others} == {ALLOW}


@pytest.mark.parametrize("machine", EVERYWHERE)
def test_what_python_and_its_libraries_live_on_is_allowed(machine):
    filtered = program(machine)
    named = {"x86_64": (0, 1, 9, 56, 57, 59, 202, 257, 324), "aarch64": (63, 64, 222, 220, 221, 98, 56, 283)}
    # read, write, mmap, clone (also as fork and for threads), execve, futex, openat, membarrier
    assert {answer(filtered, number, MACHINES[machine]) for number in named[machine]} == {ALLOW}
    threads, fork = 0x3D0F00, 0x01200011
    assert answer(filtered, of("clone", machine), MACHINES[machine], threads) == ALLOW
    assert answer(filtered, of("clone", machine), MACHINES[machine], fork) == ALLOW


@pytest.mark.parametrize("machine", EVERYWHERE)
@pytest.mark.parametrize(
    "flag", [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]
)
def test_no_namespace_is_made(machine, flag):
    assert answer(program(machine), of("clone", machine), MACHINES[machine], flag | 17) == REFUSED
    assert answer(program(machine), of("clone", machine), MACHINES[machine], flag | 2**40) == REFUSED


@pytest.mark.parametrize("machine", EVERYWHERE)
def test_calls_that_are_younger_than_the_table_do_not_exist(machine):
    for number in (of("clone3", machine), NEWEST + 1, 1000, 0x3FFFFFFF):
        assert answer(program(machine), number, MACHINES[machine]) == ABSENT


@pytest.mark.parametrize("machine", EVERYWHERE)
def test_calls_of_another_machine_end_the_process(machine):
    for other in (0x40000003, 0x40000028, 0, *(set(MACHINES.values()) - {MACHINES[machine]})):
        assert answer(program(machine), 1, other) == KILL
    if machine == "x86_64":
        assert answer(program(machine), 0x40000001, MACHINES[machine]) == KILL  # x32
        assert answer(program(machine), -1, MACHINES[machine]) == ABSENT  # no call at all, in any table


@pytest.mark.parametrize("machine", EVERYWHERE)
@pytest.mark.parametrize(
    ("arguments", "with_namespaces"),
    [
        ((1, 1, 0), ALLOW),
        ((2, 1, 0), ALLOW),
        ((2, 1, 6), ALLOW),
        ((10, 2, 17), ALLOW),
        ((2, 1, 262), NO_PROTOCOL),  # MPTCP, which Landlock's rights for TCP once passed over
        ((2, 1, 132), NO_PROTOCOL),  # SCTP
        ((2, 3, 1), NO_PROTOCOL),  # ICMP
        ((16, 3, 0), NO_FAMILY),  # netlink
        ((17, 3, 0), NO_FAMILY),  # packets
        ((38, 5, 0), NO_FAMILY),  # the kernel's ciphers
        ((40, 1, 0), NO_FAMILY),  # vsock
        ((2**32 + 40, 1, 0), NO_FAMILY),  # the kernel reads its lower half
    ],
)
def test_sockets(machine, arguments, with_namespaces):
    number, of_machine = of("socket", machine), MACHINES[machine]
    assert answer(program(machine), number, of_machine, *arguments) == with_namespaces
    assert answer(program(machine, namespaces=False), number, of_machine, *arguments) == NO_FAMILY
    pair = ALLOW if arguments[0] == 1 else NO_FAMILY
    for filtered in (program(machine), program(machine, namespaces=False)):
        assert answer(filtered, of("socketpair", machine), of_machine, *arguments) == pair


@pytest.mark.parametrize("machine", EVERYWHERE)
@pytest.mark.parametrize(
    ("kind", "without_namespaces"),
    [
        (1, ALLOW),
        (1 | 0o2000000 | 0o4000, ALLOW),  # streams that do not wait, and are closed at exec
        (2, NO_PROTOCOL),  # of datagrams, which may be sent to any path
        (2 | 0o2000000, NO_PROTOCOL),
        (3, NO_PROTOCOL),  # the same by another name
        (5, NO_PROTOCOL),
        (2**32 + 2, NO_PROTOCOL),
    ],
)
def test_pairs_that_stay_within_the_run(machine, kind, without_namespaces):
    number, of_machine = of("socketpair", machine), MACHINES[machine]
    assert answer(program(machine), number, of_machine, 1, kind) == ALLOW
    assert answer(program(machine, namespaces=False), number, of_machine, 1, kind) == without_namespaces


@pytest.mark.parametrize("machine", EVERYWHERE)
@pytest.mark.parametrize(
    ("name", "own", "others"),
    [
        ("prlimit64", (0, 7), [(1, 7), (4321, 7), (2**32 + 5, 7), (2**31, 7)]),
        ("sched_setaffinity", (0,), [(4321,)]),
        ("sched_setattr", (2**32,), [(4321,)]),  # the kernel reads its lower half
        ("sched_setparam", (0,), [(4321,)]),
        ("sched_setscheduler", (0, 5), [(4321, 5)]),
        ("setpriority", (0, 0), [(0, 4321), (1, 0), (2, 0)]),  # a process, a group, all of a user's
        ("ioprio_set", (1, 0), [(1, 4321), (2, 0), (3, 0)]),
    ],
)
def test_without_namespaces_limits_and_priorities_are_set_of_oneself_alone(machine, name, own, others):
    number, of_machine = of(name, machine), MACHINES[machine]
    filtered = program(machine, namespaces=False)
    assert answer(filtered, number, of_machine, *own) == ALLOW
    assert {answer(filtered, number, of_machine, *other) for other in others} == {REFUSED}
    assert {answer(program(machine), number, of_machine, *other) for other in others} == {ALLOW}


@pytest.mark.parametrize("machine", EVERYWHERE)
def test_terminals_and_personalities(machine):
    filtered, of_machine = program(machine), MACHINES[machine]
    for command in (seccomp.TIOCSTI, seccomp.TIOCLINUX, seccomp.TIOCSETD, seccomp.TIOCSTI | 2**32):
        assert answer(filtered, of("ioctl", machine), of_machine, 0, command) == REFUSED
    assert answer(filtered, of("ioctl", machine), of_machine, 0, 0x5413) == ALLOW  # the size of a window
    assert answer(filtered, of("personality", machine), of_machine, 0xFFFFFFFF) == ALLOW
    assert answer(filtered, of("personality", machine), of_machine, 0x0040000) == REFUSED


@pytest.mark.parametrize("machine", EVERYWHERE)
def test_without_namespaces_queues_are_refused_and_rights_stay_as_they_are(machine):
    filtered = program(machine, namespaces=False)
    for calls, expected in ((seccomp.SHARED, REFUSED), (seccomp.OWNERSHIP, REFUSE)):
        numbers = {getattr(call, machine) for call in calls} - {None}
        assert {answer(filtered, number, MACHINES[machine]) for number in numbers} == {expected}


@given(
    st.sampled_from(EVERYWHERE),
    st.booleans(),
    st.integers(0, 2**32 - 1) | st.integers(0, 500),
    st.sampled_from([*MACHINES.values(), 0x40000003]),
    st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6),
)
def test_every_call_has_an_answer(machine, namespaces, number, of_machine, arguments):
    given = answer(program(machine, namespaces=namespaces), number, of_machine, *arguments)
    assert given in (ALLOW, KILL, REFUSE, REFUSED, ABSENT, NO_FAMILY, NO_PROTOCOL)
    if of_machine != MACHINES[machine]:
        assert given == KILL


@pytest.mark.parametrize("machine", EVERYWHERE)
def test_the_filter_is_one_that_the_kernel_takes(machine):
    """Whole instructions, at most 4,096, every jump within, and a return at the end."""
    for namespaces in (True, False):
        code = list(struct.iter_unpack("=HBBI", program(machine, namespaces=namespaces)))
        assert len(code) <= 4096
        assert code[-1][0] == 0x06
        assert all(at + 1 + max(then, other) < len(code) for at, (_, then, other, _) in enumerate(code[:-1]))


def test_no_call_is_named_twice():
    calls = [*DENIED, *seccomp.SHARED, *seccomp.OWNERSHIP, *seccomp.ONLY_OWN]
    for key in ("name", *EVERYWHERE):
        values = [getattr(call, key) for call in calls if getattr(call, key) is not None]
        assert len(values) == len(set(values)), key


def test_a_processor_without_a_table():
    with pytest.raises(UnknownMachine, match="riscv64"):
        program("riscv64")
