"""Attempts against the wall, made inside it: `test_wall.py` runs this file in place of the worker.

The first argument is JSON: what the probes are to look for outside, and `names`, those to run (all where empty).
Each says "through" or what stopped it: an errno, a signal, or "not there".
"""

# Written with the system's own calls, which are what is tried.
# ruff: noqa: PTH101, PTH110, PTH123, PTH208

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
import sysconfig
import termios
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
INTEL = platform.machine() == "x86_64"
NEW_USER = 0x10000000
ABSENT = "not there"

about = json.loads(sys.argv[1])


def call(number, *arguments):
    """A system call by its number; raises what the kernel answers."""
    result = LIBC.syscall(number, *(ctypes.c_long(one) if isinstance(one, int) else one for one in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def in_a_child(action):
    """Run in a process of its own, for what could end the process; says how that ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, outcome(action).encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    said = os.read(reading, 100).decode()
    os.close(reading)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def outcome(action: Callable[[], object]) -> str:
    try:
        result = action()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return result if isinstance(result, str) else ABSENT if result is False else "through"


# --- the network, and others' processes and memory ---------------------------------------------------------


def tcp():
    socket.create_connection(("127.0.0.1", about["tcp"]), timeout=5)


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", about["udp"]))
        one.send(b"1")
        one.send(b"2")  # where nobody listens, this tells


def abstract_socket():
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("\0" + about["abstract"])


def local_port():
    socket.create_server(("127.0.0.1", 0)).close()


def processes():
    return len([name for name in os.listdir("/proc") if name.isdigit()]) > 2  # bubblewrap's init, and itself


def signals():
    os.kill(1, 0)


def shared_memory():
    call(29 if INTEL else 194, about["shared"], 0, 0)


def machine_name():
    return os.uname().nodename != "sandbox"


def control_groups():
    with open("/proc/self/cgroup") as file:
        return any(about["group"] in line for line in file)


def session():
    return os.getsid(0) == 0  # a session that is none of this namespace's


def descriptors():
    return len(os.listdir("/proc/self/fd")) > 4  # three, and the listing


def environment():
    return "WALL_SECRET" in os.environ


def command_line():
    with open("/proc/1/cmdline") as file:
        return about["repository"] + "/harness/worker" in file.read()


# --- files -------------------------------------------------------------------------------------------------


def hidden_files():
    # The folders that lead to the interpreter are there, empty but for it: it may lie in /home, or in the checkout.
    paths = ["/etc/shadow", "/etc/passwd", "/etc/hostname", "/home", "/var", "/sys", "/boot", "/root"]
    paths = [path for path in paths if not (sys.prefix + sys.base_prefix).count(path + "/")]
    names = ("/harness/classroom.py", "/pyproject.toml", "/reference", "/.git")
    return any(os.path.exists(path) for path in [*paths, *(about["repository"] + name for name in names)])


def read_hidden():
    with open("/etc/passwd") as file:
        return bool(file.read())


def own_program():
    with open("/scratch/own", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod("/scratch/own", 0o755)
    return os.spawnv(os.P_WAIT, "/scratch/own", ["own"]) == 0


def _writable(*places):
    def write(place):
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT))

    return any(outcome(lambda place=place: write(place)) == "through" for place in places)


def write_submission():
    return _writable("/work/in/x")


def write_interpreter():
    return _writable(*(f"{folder}/x" for folder in (sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"))))


def write_worker():
    return _writable("/work/worker/harness/worker/x")


def write_root():
    return _writable("/x", "/work/x", "/usr/x", "/etc/x")


def write_devices():
    return _writable("/dev/x")


def write_kernel():
    return any(
        outcome(lambda path=path: os.close(os.open(path, os.O_WRONLY))) == "through"
        for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches")
    )


def score_of_oom():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("0")


def _fill(folder):
    for number in range(3):
        with open(f"{folder}/fill{number}", "wb") as file:
            file.write(bytes(about["fill"]))


def fill_scratch():
    _fill("/scratch")


def fill_shared():
    for number in range(20):
        with open(f"/dev/shm/{number}", "wb") as file:
            file.write(bytes(4 * 2**20))


# --- rights and limits -------------------------------------------------------------------------------------


def become_root():
    os.setuid(0)


def capabilities():
    with open("/proc/self/status") as file:
        return any(line.startswith("Cap") and "Bnd" not in line and int(line.split()[1], 16) for line in file)


def mount():
    if LIBC.mount(b"none", b"/scratch", b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "refused")


def unlimited(name):
    return resource.getrlimit(getattr(resource, name))[1] != about["limits"][name]


# --- system calls, one a group -----------------------------------------------------------------------------


def keys():
    call(250 if INTEL else 219, 0, -3, 0)  # the session's keyring


def rings():
    os.close(call(425, 1, ctypes.create_string_buffer(120)))


def tracing():
    return in_a_child(lambda: call(101 if INTEL else 117, 0, 0, 0, 0))


def faults():
    os.close(call(323 if INTEL else 282, 1))


def trees():
    os.close(call(428, -100, ctypes.c_char_p(b"/scratch"), 0))


def handles():
    handle = ctypes.create_string_buffer((128).to_bytes(4, "little") + bytes(132))
    number = 303 if INTEL else 264
    call(number, -100, ctypes.c_char_p(b"/scratch"), handle, ctypes.byref(ctypes.c_int()), 0)


def namespaces():
    return in_a_child(lambda: call(272 if INTEL else 97, NEW_USER))


def cloned_namespaces():
    def clone():
        if call(56 if INTEL else 220, NEW_USER | signal.SIGCHLD, 0, 0, 0, 0) == 0:
            os._exit(0)

    return in_a_child(clone)


def clone3():
    call(435, 0, 0)


def personality():
    call(135 if INTEL else 92, 0x0040000)


def netlink():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()


def vsock():
    socket.socket(40, socket.SOCK_STREAM, 0).close()


def multipath_tcp():
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()


def line_discipline():
    import fcntl

    _, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSETD, (0).to_bytes(4, "little"))


def typed_for_you():
    import fcntl

    def type_it():
        os.setsid()
        terminal = os.open(os.ttyname(os.openpty()[1]), os.O_RDWR)
        fcntl.ioctl(terminal, termios.TIOCSTI, b"x")

    return in_a_child(type_it)


def calls_of_32_bits():
    if not INTEL:
        return "SIGSYS"

    def interrupt():
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # getpid, by its number there
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()

    return in_a_child(interrupt)


def calls_of_x32():
    return in_a_child(lambda: call(0x40000000 | 39)) if INTEL else "SIGSYS"


def younger_calls():
    call(469, 0, 0, 0, 0)


PROBES: dict[str, Callable[[], object]] = {
    one.__name__: one
    for one in (
        *(tcp, udp, abstract_socket, local_port, processes, signals, shared_memory, machine_name, control_groups),
        *(
            session,
            descriptors,
            environment,
            command_line,
            hidden_files,
            read_hidden,
            own_program,
            write_submission,
        ),
        *(write_interpreter, write_worker, write_root, write_devices, write_kernel, score_of_oom, fill_scratch),
        *(fill_shared, become_root, capabilities, mount, keys, rings, tracing, faults, trees, handles, namespaces),
        *(cloned_namespaces, clone3, personality, netlink, vsock, multipath_tcp, line_discipline, typed_for_you),
        *(calls_of_32_bits, calls_of_x32, younger_calls),
    )
} | {name: (lambda name=name: unlimited(name)) for name in about["limits"]}

if __name__ == "__main__":
    payload = json.dumps({name: outcome(PROBES[name]) for name in about["names"] or PROBES}).encode()
    os.write(1, b"HRN1J" + bytes(2) + len(payload).to_bytes(8, "big") + payload)
