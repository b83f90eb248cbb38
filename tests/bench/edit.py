"""One-record edits of the large zone without a file: taproot's API beside dynamic updates.

Of each edit three moments are taken: it is acknowledged, an answer shows it, and a secondary has
got its NOTIFY. One thread waits for all three, and asks the server a tenth of a millisecond after
each answer.
"""

import collections
import math
import select
import socket
import time

import wire
from editors import editor_of
from lab import free_port
from results import Results
from servers import Bind, Failed, Knot, Taproot, is_right
from trial import Together, load
from zone_files import ZONE

TITLE = "One-record edits"
KINDS = (Taproot, Bind, Knot)
PAUSE = 0.2  # seconds between edits: of a burst all but the first are told of together

Edit = collections.namedtuple("Edit", "acknowledged served notified")  # seconds from sending


class Secondary:
    """Takes NOTIFY and answers it, and never asks for anything. Knot comes by TCP."""

    def __init__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()
        self.udp.bind(("127.0.0.1", self.port))
        self.udp.setblocking(False)
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.sockets = [self.udp, self.tcp]
        self.serial = None

    def receive(self, readable):
        """Answers what has come to these sockets; True if a serial was told that is new."""
        new = False
        try:
            if self.udp in readable:
                message, sender = self.udp.recvfrom(4096)
                reply, serial = wire.notify(message)
                self.udp.sendto(reply, sender)
                new = self._is_new(serial)
            if self.tcp in readable:
                with self.tcp.accept()[0] as connection:
                    connection.settimeout(1)
                    frame = connection.recv(4096)
                    reply, serial = wire.notify(frame[2:])
                    new = self._is_new(serial) or new
                    connection.sendall(len(reply).to_bytes(2, "big") + reply)
        except (OSError, ValueError):
            pass  # not a NOTIFY: whoever waits for one says so
        return new

    def _is_new(self, serial):
        """Whether it is ahead of what was told before; NOTIFY is repeated, and may come late."""
        if None not in (serial, self.serial) and not 0 < (serial - self.serial) % 2**32 < 2**31:
            return False
        self.serial = serial
        return True

    def drain(self):
        while readable := select.select(self.sockets, [], [], 0)[0]:
            self.receive(readable)

    def close(self):
        self.udp.close()
        self.tcp.close()


class Moments:
    """Makes edits at one server, one after the other."""

    def __init__(self, server, secondary=None, editor=None):
        self.server, self.secondary = server, secondary
        self.editor = editor or editor_of(server)
        self.asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.asking.connect(("127.0.0.1", server.port))
        self.asking.setblocking(False)
        self.count = 0

    def close(self):
        self.editor.close()
        self.asking.close()

    def edit(self, owner, address, seconds=10):
        """Puts the address, or deletes it if it is None, and waits until all have seen it."""
        question = wire.query(f"{owner}.{ZONE}")
        acknowledged = served = None
        notified = math.nan  # without a secondary there is nothing to wait for
        secondary_sockets = []
        if self.secondary:
            self.secondary.drain()
            notified = None
            secondary_sockets = self.secondary.sockets
        began = time.perf_counter()
        self.editor.send(owner, address)
        due = began
        while acknowledged is None or served is None or notified is None:
            now = time.perf_counter()
            if now - began > seconds:
                raise Failed(f"{self.server.name}: after {seconds} s the edit was"
                             f"{' not' if acknowledged is None else ''} acknowledged,"
                             f"{' not' if served is None else ''} served,"
                             f"{' not' if notified is None else ''} told by NOTIFY")
            if served is None and now >= due:
                self.asking.send(question)
                due = now + 0.02  # asks again if no answer comes
            wait = [*secondary_sockets, self.asking]
            if acknowledged is None:
                wait.append(self.editor.socket)
            pause = max(0, due - now) if served is None else 0.02
            readable, _, _ = select.select(wait, [], [], pause)
            now = time.perf_counter()
            if self.editor.socket in readable and self.editor.receive():
                acknowledged = now - began
            if self.secondary and self.secondary.receive(readable):
                notified = notified or now - began
            if self.asking in readable:
                try:
                    right = is_right(wire.answer(self.asking.recv(4096)), address)
                except (OSError, ValueError):
                    continue
                if right and served is None:
                    served = now - began
                due = now + 0.0001
        return Edit(acknowledged, served, notified)

    def row(self, numbers, pause=0):
        """Edits of these numbers: a new name, another address for it, and its end, in turn."""
        self.editor.renew()
        for number in numbers:
            time.sleep(pause)
            address = None if number % 3 == 2 else f"192.0.2.{number % 250 + 1}"
            yield self.edit(f"api{number // 3:05d}", address)


def run(trial):
    results = Results("edit", TITLE)
    origin, _, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    blocks, block = trial.size(8, 3), trial.size(21, 9)
    # Knot sends NOTIFY a second after its update: a tenth of the edits must do.
    of_kind = {"taproot": block, "bind": block, "knot": max(3, block // 10)}
    results.facts = {"records": records, **{f"edits of {kind}": count * blocks
                                            for kind, count in of_kind.items()}}
    for figure in ("acknowledged, ms", "served, ms", "NOTIFY received, ms"):
        results.show(figure, "median", "p99")
    results.show("acknowledged to served, ms", "median", "p99")
    results.show("acknowledged to NOTIFY, ms", "median", "p99")
    results.show("processor time of an edit, ms")
    secondaries = {kind.kind: Secondary() for kind in KINDS}
    moments = {}

    def prepare(server):
        load(server)
        server.rest()
        moments[server.kind] = Moments(server, secondaries[server.kind])

    def some(server):
        before, count = server.cpu(), of_kind[server.kind]
        numbers = range(turn * count, (turn + 1) * count)
        for seen in moments[server.kind].row(numbers, PAUSE):
            for figure, value in (
                    ("acknowledged, ms", seen.acknowledged), ("served, ms", seen.served),
                    ("NOTIFY received, ms", seen.notified),
                    ("acknowledged to served, ms", seen.served - seen.acknowledged),
                    ("acknowledged to NOTIFY, ms", seen.notified - seen.acknowledged)):
                results.add(server.kind, figure, value * 1000)
        results.add(server.kind, "processor time of an edit, ms",
                    (server.cpu() - before) * 1000 / count)

    with Together(trial, results, KINDS, [ZONE], origin,
                  notify={kind: secondary.port for kind, secondary in secondaries.items()}) as all_:
        all_.each(prepare)
        for turn in range(blocks):
            all_.each(some)
        for one in moments.values():
            one.close()
    for secondary in secondaries.values():
        secondary.close()
    return results
