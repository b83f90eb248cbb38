"""One-record changes of the large zone until a real secondary answers with them.

Between primary and secondary stands a proxy that notes when NOTIFY, requests and answers pass. A
change counts as committed when it is acknowledged or its NOTIFY leaves, whichever is first. What the
proxy takes for itself is in no figure. All pairs run at the same time and take turns.
"""

import collections
import select
import shutil
import socket
import subprocess
import time

import wire
from editors import ApiEditor, KnotcEditor, UpdateEditor
from proxy import Proxy
from results import Results
from secondaries import BindSecondary, KnotSecondary, NsdSecondary
from servers import Failed, Knot, Taproot, is_right
from zone_files import LAST, LAST_ADDRESS, ZONE

TITLE = "One change until a secondary answers with it"
# (column, primary, secondary, how changes are made)
PAIRS = (("taproot", Taproot, KnotSecondary, ApiEditor),
         ("taproot", Taproot, NsdSecondary, ApiEditor),
         ("taproot", Taproot, BindSecondary, ApiEditor),
         ("knot", Knot, KnotSecondary, UpdateEditor),
         ("knot by knotc", Knot, KnotSecondary, KnotcEditor))
PAUSE = 1.0      # seconds between two changes of a pair: of a burst they are told of together
PATIENCE = 60    # seconds for loading a zone
WHOLE = 100      # seconds after which no further changes are made, once there were a few
FEW = 3

# Seconds. `sent` begins with sending the change, `whole` and `share` with its commit; `share` is the
# primary's part of `whole`, and `own_work` the secondary's, from the last octet of the transfer to
# its first new answer.
Followed = collections.namedtuple("Followed", "sent whole share notified answers own_work proxy")


def followed(sent, acknowledged, passed, seen):
    """What a change took, from the moments of its sending, its acknowledgement, what has passed, and
    the secondary's first new answer."""
    passed = [one for one in passed if one.moment <= seen]
    notify = next((one for one in passed if one.kind == "notify"), None)
    if notify is None:
        raise Failed("the secondary changed without a NOTIFY: it asked by itself")
    committed = min(acknowledged, notify.moment)
    answers, in_flight, began, last = 0, 0, None, None
    for one in passed:
        if one.moment < notify.moment:
            continue
        if one.kind == "request":
            began = began if in_flight else one.moment
            in_flight += 1
        elif one.kind == "answer" and in_flight:
            in_flight -= 1
            last = one
            if not in_flight:
                answers += one.moment - began
    if last is None or in_flight:
        raise Failed("the secondary changed before its transfer had passed")
    held = sum(one.held for one in passed if notify.moment <= one.moment <= last.moment)
    notified = notify.moment - committed
    return Followed(seen - sent - held, seen - committed - held, notified + answers, notified, answers,
                    seen - last.moment - last.held, held)


class Pair:
    """A primary, a proxy, and a secondary that sees the proxy as its primary."""

    def __init__(self, trial, origin, column, kind, secondary_kind, make_editor):
        self.column, self.make_editor = column, make_editor
        self.proxy = Proxy()
        self.primary = trial.server(kind, [ZONE], origin, notify=self.proxy.port)
        self.secondary = trial.lab.add(
            secondary_kind(trial.lab, self.proxy.port, label=f"-of-{self.primary.name}"))
        self.name = f"{column} to {self.secondary.kind}"
        self.editor = None
        self.asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.asking.connect(("127.0.0.1", self.secondary.port))
        self.asking.setblocking(False)
        self.last = 0

    def launch_primary(self):
        self.primary.launch()

    def until_loaded(self):
        self.primary.until_right(LAST, LAST_ADDRESS, PATIENCE)

    def launch_secondary(self):
        self.proxy.start(self.primary.port, self.secondary.port)
        self.secondary.launch()

    def until_ready(self):
        self.secondary.until_right(LAST, LAST_ADDRESS, PATIENCE)
        self.secondary.rest()
        self.editor = self.make_editor(self.primary)

    def change(self, number, seconds=20):
        """A new name, another address for it, and its end, in turn, each followed by the secondary."""
        time.sleep(max(0, self.last + PAUSE - time.perf_counter()))
        owner = f"follow{number // 3:04d}"
        address = None if number % 3 == 2 else f"192.0.2.{number % 250 + 1}"
        self.editor.renew()
        self.proxy.passed()
        sent = time.perf_counter()
        self.editor.send(owner, address)
        acknowledged, passed, seen = self._wait(f"{owner}.{ZONE}", address, seconds)
        self.last = time.perf_counter()
        return followed(sent, acknowledged, passed + self.proxy.passed(), seen)

    def _wait(self, owner, address, seconds):
        """(moment of the acknowledgement, what has passed, moment of the first new answer).

        The secondary is asked in earnest only once a transfer has passed, so that asking it takes
        no time from what comes before.
        """
        question = wire.query(owner)
        acknowledged = seen = None
        passed, due, pace = [], 0, 0.02
        deadline = time.perf_counter() + seconds
        while acknowledged is None or seen is None:
            now = time.perf_counter()
            if now > deadline:
                raise Failed(self._in_vain(acknowledged, passed, seconds))
            if seen is None and now >= due:
                self.asking.send(question)
                due = now + 0.02  # asks again if no answer comes
            wait = [self.proxy.pipe, self.asking]
            if acknowledged is None:
                wait.append(self.editor.socket)
            readable, _, _ = select.select(wait, [], [], max(0, due - now) if seen is None else 0.02)
            now = time.perf_counter()
            if self.editor.socket in readable and acknowledged is None and self.editor.receive():
                acknowledged = now
            if self.proxy.pipe in readable:
                passed += self.proxy.passed()
                if any(one.kind == "answer" and one.qtype == wire.IXFR for one in passed):
                    pace, due = 0.0002, min(due, now)
            if self.asking in readable:
                try:
                    right = is_right(wire.answer(self.asking.recv(4096)), address)
                except (OSError, ValueError):
                    continue
                if right and seen is None:
                    seen = now
                due = now + pace
        return acknowledged, passed, seen

    def _in_vain(self, acknowledged, passed, seconds):
        kinds = [one.kind for one in passed]
        return (f"{self.name}: after {seconds} s the secondary does not answer with the change; "
                f"{'' if acknowledged else 'not '}acknowledged, NOTIFY {kinds.count('notify')} times, "
                f"{kinds.count('request')} requests, {kinds.count('answer')} answers")

    def close(self):
        if self.editor:
            self.editor.close()
        self.asking.close()
        self.secondary.stop()
        self.primary.stop()
        self.proxy.close()
        for server in (self.secondary, self.primary):
            shutil.rmtree(server.folder, ignore_errors=True)


def whole_figure(secondary):
    return f"{secondary} as secondary: whole, ms"


def share_figure(secondary):
    return f"{secondary} as secondary: the primary's share, ms"


def add(results, pair, seen):
    of = f"{pair.secondary.kind} as secondary"
    for figure, value in ((whole_figure(pair.secondary.kind), seen.whole),
                          (share_figure(pair.secondary.kind), seen.share),
                          (f"{of}: whole from sending, ms", seen.sent),
                          (f"{of}: commit to NOTIFY, ms", seen.notified),
                          (f"{of}: SOA and IXFR answered, ms", seen.answers),
                          (f"{of}: its own work, ms", seen.own_work),
                          (f"{of}: the proxy, not counted, ms", seen.proxy)):
        results.add(pair.column, figure, value * 1000)
        results.show(figure, *(("median", "p99") if figure in (
            whole_figure(pair.secondary.kind), share_figure(pair.secondary.kind)) else ("median",)))


def run(trial):
    results = Results("follow", TITLE)
    results.servers = list(dict.fromkeys(column for column, *_ in PAIRS))
    origin, _, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    changes, began = trial.asked_rounds or trial.size(25, 6), time.monotonic()
    results.facts = {"records": records}
    pairs = [Pair(trial, origin, *kinds) for kinds in PAIRS]
    going = list(pairs)

    def each(action):
        for pair in list(going):
            try:
                action(pair)
            except (Failed, OSError, subprocess.SubprocessError) as error:
                results.fail(pair.column, f"{pair.name}: {error}")
                going.remove(pair)

    try:
        for step in (Pair.launch_primary, Pair.until_loaded, Pair.launch_secondary, Pair.until_ready):
            each(step)
        number = 0
        while going and number < changes and (number < FEW or time.monotonic() < began + WHOLE):
            each(lambda pair: add(results, pair, pair.change(number)))
            number += 1
        results.facts["changes of each pair"] = number
    finally:
        for pair in pairs:
            pair.close()
    return results
