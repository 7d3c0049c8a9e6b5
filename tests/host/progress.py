# SPDX-License-Identifier: GPL-2.0
"""What takes a while is seen to pass, and can be ended."""
from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def step(title: str, verbose: bool) -> Iterator[None]:
    """What takes a while, with the time that it takes, as scripts/step shows it."""
    if not verbose:
        yield
        return
    start = time.monotonic()
    done = threading.Event()

    def show(end: str) -> None:
        print(f"\r  {title:<44} {time.monotonic() - start:3.0f}s", end=end,
              file=sys.stderr, flush=True)

    def tick() -> None:
        while not done.wait(1):
            show("")

    ticker = threading.Thread(target=tick, daemon=True)
    if sys.stderr.isatty():
        ticker.start()
    else:
        print(f"  {title:<44} ...", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        done.set()
        if ticker.is_alive():
            ticker.join()
        show("\n")


def terminate_on_signal() -> None:
    """Make SIGTERM unwind the stack as ctrl-C does, so that `with Host()` cleans up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
