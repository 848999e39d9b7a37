"""Ends this process where nobody waits for it any more: its input has ended, as it does however a kernel ends."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
import time

import psutil

GRACE_SECONDS = 10.0  # for leaving by itself
STOPPED = 130


def watch(waiting: int) -> None:
    """From now on, where the file descriptor `waiting` meets its end, raise KeyboardInterrupt in the main thread; a
    process that is there some time after is ended with all that it has started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a kernel may have ignored it
    threading.Thread(target=_watch, args=(waiting,), daemon=True).start()


def _watch(waiting: int) -> None:
    while os.read(waiting, 4096):
        pass
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # which ends a wait in the system, too
    else:
        _thread.interrupt_main()
    time.sleep(GRACE_SECONDS)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(STOPPED)
