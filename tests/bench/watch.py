"""Watching a server while it changes: pauses in answering, the first new answer, peak memory.

The client that looks for pauses is a process of its own, so that what the benchmark does meanwhile
cannot be taken for a pause of the server; where the system allows it, it runs before all others.
"""

import array
import collections
import multiprocessing
import os
import select
import signal
import socket
import threading
import time

import wire
from lab import Failed
from servers import is_right

PACE = 0.001  # seconds from query to query

Seen = collections.namedtuple("Seen", "moment pause idle_pause lost")


class Watcher:
    """Asks a server for `owner` every millisecond, whether answers come or not."""

    def __init__(self, port, owner, address):
        self.pipe, far = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=_watch, args=(far, port, owner, address), daemon=True)
        self.process.start()
        far.close()
        self.what = f"{owner} to be {address or 'absent'}"
        self.moment = None
        self._expect("ready", 10)

    def _expect(self, word, seconds):
        try:
            if not self.pipe.poll(seconds):
                raise Failed(f"waited {seconds} s in vain for {self.what}")
            got, value = self.pipe.recv()
        except EOFError as error:
            raise Failed("the watching client ended") from error
        if got != word:
            raise Failed(f"the watching client said {got}: {value}")
        return value

    def until_seen(self, seconds=120):
        """The moment of the first answer that shows the change."""
        self.moment = self._expect("seen", seconds)
        return self.moment

    def end(self, began):
        """What was seen: the largest gap between two answers before and after `began`."""
        self.pipe.send("end")
        moments, sent = self._expect("moments", 10)
        self.close()
        gaps = [(after, after - before) for before, after in zip(moments, moments[1:])]
        return Seen(self.moment,
                    max((gap for at, gap in gaps if at > began), default=float("nan")),
                    max((gap for at, gap in gaps if at <= began), default=float("nan")),
                    sent - len(moments))

    def close(self):
        if self.process.is_alive():
            self.process.terminate()
        self.process.join()
        self.pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.pipe.closed:
            self.close()


def prefer():
    """Lets this process run before others, if the system allows it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        try:
            os.nice(-10)
        except OSError:
            return False
    return True


def _watch(pipe, port, owner, address):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    prefer()
    moments, sent, said_ready, seen = array.array("d"), 0, False, False
    question = bytearray(wire.query(owner))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        asking.setblocking(False)
        asking.connect(("127.0.0.1", port))
        due = time.perf_counter()
        while True:
            now = time.perf_counter()
            if now >= due:
                sent += 1
                question[0:2] = (sent & 0xFFFF).to_bytes(2, "big")
                try:
                    asking.send(question)
                except OSError:
                    pass  # nobody listens, or the queue is full: a pause, if it lasts
                due = max(due + PACE, now)
            readable, _, _ = select.select([asking, pipe], [], [], max(0, due - now))
            if asking in readable:
                now = time.perf_counter()
                try:
                    answer = wire.answer(asking.recv(4096))
                except (OSError, ValueError):
                    continue
                moments.append(now)
                if not seen and is_right(answer, address):
                    seen = True
                    pipe.send(("seen", now))
                if not said_ready and len(moments) == 200:
                    said_ready = True
                    pipe.send(("ready", None))
            if pipe in readable:
                pipe.recv()
                pipe.send(("moments", (moments, sent)))
                return


class PeakMemory:
    """The most memory that a server has, looked at every 20 ms; for one process the kernel's own
    high-water mark as well, which misses nothing."""

    def __init__(self, server):
        self.server = server
        self.peak = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def __enter__(self):
        self.only = self.server.pids()
        for pid in self.only:
            with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
                file.write("5")  # the mark starts anew
        self.thread.start()
        return self

    def _look(self):
        while not self.stopping.wait(0.02):
            self.peak = max(self.peak, self.server.memory())

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        if len(self.only) == 1 and self.server.pids() == self.only:
            with open(f"/proc/{self.only[0]}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)
