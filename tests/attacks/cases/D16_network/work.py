"""Every way out: loopback, the local network, the internet, names, raw packets, netlink, vsock, sockets of the host."""
import errno
import os
import socket

PORT = 47147  # the suite listens there, and on an abstract socket
MARK = "harness-attack-mark"


def tried(what, call):
    try:
        call()
        print(what, "-> GOT THROUGH")
    except OSError as error:
        print(what, "->", errno.errorcode.get(error.errno, type(error).__name__))


def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        if kind == socket.SOCK_DGRAM:
            one.send(b"x")


for host in ("127.0.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254", "1.1.1.1"):
    for port in (PORT, 80, 53):
        tried("tcp %s %d" % (host, port), lambda: connect(socket.AF_INET, (host, port)))
tried("tcp ::1", lambda: connect(socket.AF_INET6, ("::1", PORT)))
for host in ("10.0.0.1", "1.1.1.1"):
    tried("udp " + host, lambda: connect(socket.AF_INET, (host, 53), socket.SOCK_DGRAM))
tried("dns", lambda: socket.getaddrinfo("example.org", 80))
tried("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
tried("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3))
tried("vsock", lambda: connect(socket.AF_VSOCK, (2, 1)))
tried("abstract", lambda: connect(socket.AF_UNIX, "\0" + MARK))
for path in ("/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private", "/tmp/.X11-unix/X0"):
    tried("unix " + path, lambda: connect(socket.AF_UNIX, path))
try:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    names = sorted(name for _, name in socket.if_nameindex())
    print("netlink -> sees", names, "" if names == ["lo"] else "GOT THROUGH")
except OSError as error:
    print("netlink ->", errno.errorcode.get(error.errno))
