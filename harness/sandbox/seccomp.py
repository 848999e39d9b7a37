"""Which system calls student code may not make: a filter for the kernel's seccomp, in classic BPF.

What is denied is the kernel's surface that neither Python nor TensorFlow, matplotlib or a shell needs: keys, rings,
tracing, mounts, namespaces, modules, sockets of odd families, and every call that is younger than this table. The
stage (`harness.worker.stage`) loads the filter last, as itself, so that it holds with and without bubblewrap.

There is no library behind it. pyseccomp, the one that is known, loads libseccomp, which not every machine has, and
had its last release in 2021; libseccomp's own binding is not on the package index. What is needed is a list of
comparisons, which is two functions here, and tests/unit/test_seccomp.py interprets the result.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

# linux/filter.h: load a word, jump if equal, jump if greater or equal, and with a mask, return
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
ALLOW = 0x7FFF0000
KILL = 0x80000000  # the process, with SIGSYS
REFUSE = 0x00050000  # and the errno to tell
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

NEWEST = 467
"""open_tree_attr (Linux 6.15), the youngest call that was looked at. Younger ones answer ENOSYS, as they would on
an older kernel: programs have to do without."""
X32 = 0x40000000
NAMESPACES = 0x7E020000  # CLONE_NEW* that clone takes
UNIX, INET, INET6 = 1, 2, 10
STREAM, KIND_OF_SOCKET = 1, 15  # the rest of the number is flags
PLAIN, TCP, UDP = 0, 6, 17
TIOCSTI, TIOCLINUX, TIOCSETD = 0x5412, 0x541C, 0x5423  # type into a terminal, its selection, its line discipline
ASK = 0xFFFFFFFF  # personality's query


@dataclass(frozen=True)
class Call:
    """A call that is denied, by its numbers on x86_64 and aarch64; None where that has none."""

    name: str
    x86_64: int | None
    aarch64: int | None


def _young(name: str, number: int) -> Call:
    """Calls since Linux 5.1 have one number everywhere."""
    return Call(name, number, number)


GROUPS: dict[str, tuple[Call, ...]] = {
    "keys, which outlive a run": (
        Call("add_key", 248, 217), Call("request_key", 249, 218), Call("keyctl", 250, 219),
    ),
    "rings, which no filter sees into": (
        _young("io_uring_setup", 425), _young("io_uring_enter", 426), _young("io_uring_register", 427),
    ),
    "other processes": (
        Call("ptrace", 101, 117), Call("process_vm_readv", 310, 270), Call("process_vm_writev", 311, 271),
        Call("kcmp", 312, 272), _young("pidfd_getfd", 438), _young("process_madvise", 440),
        _young("process_mrelease", 448), Call("move_pages", 279, 239), Call("migrate_pages", 256, 238),
    ),
    "the kernel's workings": (
        Call("bpf", 321, 280), Call("perf_event_open", 298, 241), Call("userfaultfd", 323, 282),
        Call("syslog", 103, 116), Call("modify_ldt", 154, None), Call("iopl", 172, None),
        Call("ioperm", 173, None), Call("uselib", 134, None), _young("memfd_secret", 447),
    ),
    "the machine": (
        Call("kexec_load", 246, 104), Call("kexec_file_load", 320, 294), Call("init_module", 175, 105),
        Call("finit_module", 313, 273), Call("delete_module", 176, 106), Call("reboot", 169, 142),
        Call("swapon", 167, 224), Call("swapoff", 168, 225), Call("acct", 163, 89), Call("quotactl", 179, 60),
        _young("quotactl_fd", 443), Call("settimeofday", 164, 170), Call("clock_settime", 227, 112),
        Call("adjtimex", 159, 171), Call("clock_adjtime", 305, 266), Call("sethostname", 170, 161),
        Call("setdomainname", 171, 162), Call("vhangup", 153, 58),
    ),
    "mounts": (
        Call("mount", 165, 40), Call("umount2", 166, 39), Call("pivot_root", 155, 41), Call("chroot", 161, 51),
        _young("open_tree", 428), _young("move_mount", 429), _young("fsopen", 430), _young("fsconfig", 431),
        _young("fsmount", 432), _young("fspick", 433), _young("mount_setattr", 442), _young("statmount", 457),
        _young("listmount", 458), _young("open_tree_attr", 467),
    ),
    "files past their folders": (
        Call("name_to_handle_at", 303, 264), Call("open_by_handle_at", 304, 265), Call("fanotify_init", 300, 262),
        Call("fanotify_mark", 301, 263),
    ),
    "namespaces": (Call("unshare", 272, 97), Call("setns", 308, 268)),
}  # fmt: skip
"""What answers EPERM whatever its arguments are."""

SHARED = (
    Call("shmget", 29, 194), Call("shmat", 30, 196), Call("shmctl", 31, 195), Call("semget", 64, 190),
    Call("semop", 65, 193), Call("semctl", 66, 191), Call("semtimedop", 220, 192), Call("msgget", 68, 186),
    Call("msgsnd", 69, 189), Call("msgrcv", 70, 188), Call("msgctl", 71, 187), Call("mq_open", 240, 180),
    Call("mq_unlink", 241, 181),
)  # fmt: skip
"""System V's and POSIX's queues: a namespace of their own holds them, and where there is none they are denied."""
OWNERSHIP = (
    Call("chmod", 90, None), Call("fchmod", 91, 52), Call("fchmodat", 268, 53), _young("fchmodat2", 452),
    Call("chown", 92, None), Call("fchown", 93, 55), Call("lchown", 94, None), Call("fchownat", 260, 54),
    Call("utime", 132, None), Call("utimes", 235, None), Call("futimesat", 261, None),
    Call("utimensat", 280, 88), Call("setxattr", 188, 5), Call("lsetxattr", 189, 6), Call("fsetxattr", 190, 7),
    Call("removexattr", 197, 14), Call("lremovexattr", 198, 15), Call("fremovexattr", 199, 16),
    _young("setxattrat", 463), _young("removexattrat", 466),
)  # fmt: skip
"""Rights, owners and times of files. Landlock lets them be changed wherever the user may. Where no other file
system is put before the user's, they answer 0 and do nothing: programs that copy files go on."""

ONLY_OWN: dict[Call, tuple[tuple[int, int], ...]] = {
    Call("prlimit64", 302, 261): ((0, 0),),
    Call("sched_setparam", 142, 118): ((0, 0),),
    Call("sched_setscheduler", 144, 119): ((0, 0),),
    Call("sched_setaffinity", 203, 122): ((0, 0),),
    Call("sched_setattr", 314, 274): ((0, 0),),
    Call("setpriority", 141, 140): ((0, 0), (1, 0)),
    Call("ioprio_set", 251, 30): ((0, 1), (1, 0)),
}
"""Limits and priorities, which a user may set of every process of theirs. Where no namespace hides those, they
answer EPERM but to a process that means itself, by 0, as the C library does: (argument, what it has to be)."""

CLONE, CLONE3 = Call("clone", 56, 220), _young("clone3", 435)
PERSONALITY = Call("personality", 135, 92)
SOCKET, SOCKETPAIR = Call("socket", 41, 198), Call("socketpair", 53, 199)
IOCTL = Call("ioctl", 16, 29)

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""By `platform.machine()`, what the kernel calls them (linux/audit.h)."""


class UnknownMachine(ValueError):
    """There is no table of calls for this processor."""


def program(machine: str, *, namespaces: bool = True) -> bytes:
    """The filter for this processor (`platform.machine()`): instructions of 8 bytes, as the kernel takes them.

    `namespaces`: the sandbox has a network, processes and files of its own. Without, every socket but a pair of
    streams within the run is denied (one of datagrams could send to any path), and so are queues and the limits of
    other processes, and changes of rights, owners and times do nothing.
    Raises UnknownMachine.
    """
    if machine not in MACHINES:
        raise UnknownMachine(f"there is no table of system calls for {machine}")
    made = [
        _one(_LOAD, _MACHINE),
        _one(_EQUAL, MACHINES[machine], 1, 0),
        _one(_RETURN, KILL),
        _one(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":  # 32-bit calls are another machine's; x32's share this one
        made += [_one(_EQUAL, 0xFFFFFFFF, 2, 0), _one(_AT_LEAST, X32, 0, 1), _one(_RETURN, KILL)]
    made += [_one(_AT_LEAST, NEWEST + 1, 0, 1), _one(_RETURN, REFUSE | errno.ENOSYS)]
    answers = {call: errno.EPERM for group in GROUPS.values() for call in group} | {CLONE3: errno.ENOSYS}
    if not namespaces:
        answers |= dict.fromkeys(SHARED, errno.EPERM) | dict.fromkeys(OWNERSHIP, 0)
    for call, answer in answers.items():
        made += _when(machine, call, [_one(_RETURN, REFUSE | answer)])
    if not namespaces:
        for call, wanted in ONLY_OWN.items():
            made += _when(machine, call, _where(wanted, errno.EPERM))
    made += _when(machine, CLONE, [_load(0), _one(_AND, NAMESPACES), *_only((0,), errno.EPERM)])
    made += _when(machine, PERSONALITY, [_load(0), *_only((ASK,), errno.EPERM)])
    made += _when(machine, IOCTL, [_load(1), *_but((TIOCSTI, TIOCLINUX, TIOCSETD), errno.EPERM)])
    made += _when(machine, SOCKETPAIR, _pair(streams_only=not namespaces))
    made += _when(machine, SOCKET, _socket() if namespaces else [_one(_RETURN, REFUSE | errno.EAFNOSUPPORT)])
    return b"".join([*made, _one(_RETURN, ALLOW)])


def _socket() -> list[bytes]:
    """Local ones, and TCP and UDP. Others, netlink among them, are the kernel's or load modules: name resolution
    and event loops do without."""
    family = [
        _load(0),
        *(_one(_EQUAL, UNIX, 0, 1), _one(_RETURN, ALLOW)),
        *(_one(_EQUAL, INET, 2, 0), _one(_EQUAL, INET6, 1, 0), _one(_RETURN, REFUSE | errno.EAFNOSUPPORT)),
    ]
    return [*family, _load(2), *_only((PLAIN, TCP, UDP), errno.EPROTONOSUPPORT)]


def _pair(*, streams_only: bool) -> list[bytes]:
    """Local ones. A stream stays with its other half; what sends datagrams may name another receiver."""
    local = [_load(0), _one(_EQUAL, UNIX, 1, 0), _one(_RETURN, REFUSE | errno.EAFNOSUPPORT)]
    if not streams_only:
        return [*local, _one(_RETURN, ALLOW)]
    return [*local, _load(1), _one(_AND, KIND_OF_SOCKET), *_only((STREAM,), errno.EPROTONOSUPPORT)]


def _when(machine: str, call: Call, then: list[bytes]) -> list[bytes]:
    """`then`, which has to return, where the call is this one; the call's number is loaded."""
    number: int | None = getattr(call, machine)
    return [] if number is None else [_one(_EQUAL, number, 0, len(then)), *then]


def _only(values: tuple[int, ...], answer: int) -> list[bytes]:
    """Return: allowed where what is loaded is one of these."""
    tests = [_one(_EQUAL, value, len(values) - at, 0) for at, value in enumerate(values)]
    return [*tests, _one(_RETURN, REFUSE | answer), _one(_RETURN, ALLOW)]


def _where(wanted: tuple[tuple[int, int], ...], answer: int) -> list[bytes]:
    """Return: allowed where each of these arguments has its value."""
    tests = [(_load(at), _one(_EQUAL, value, 1, 0), _one(_RETURN, REFUSE | answer)) for at, value in wanted]
    return [*(one for test in tests for one in test), _one(_RETURN, ALLOW)]


def _but(values: tuple[int, ...], answer: int) -> list[bytes]:
    """Return: refused where what is loaded is one of these."""
    tests = [_one(_EQUAL, value, len(values) - at, 0) for at, value in enumerate(values)]
    return [*tests, _one(_RETURN, ALLOW), _one(_RETURN, REFUSE | answer)]


def _load(argument: int) -> bytes:
    """The lower half of an argument: the kernel reads these ones as 32-bit numbers."""
    return _one(_LOAD, _ARGUMENTS + 8 * argument)


def _one(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
