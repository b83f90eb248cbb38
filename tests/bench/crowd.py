"""Two hundred secondaries that follow fifty changes a second of the large zone.

The secondaries are sockets of one process (followers.py). Changes come at their pace whether the
secondaries follow or not; of a burst the newest serial wins, so what counts is how far behind each
secondary is: from a change's acknowledgement until it holds that serial or a later one.
"""

import select
import shutil
import socket
import time

import wire
from editors import ApiEditor, UpdateEditor
from followers import Followers
from plot import stacked
from results import Results
from servers import Failed, Knot, Taproot
from trial import load
from zone_files import ZONE

TITLE = "Two hundred secondaries that follow fifty changes a second"
KINDS = ((Taproot, ApiEditor), (Knot, UpdateEditor))
COLOURS = {"taproot": "#0072b2", "knot": "#d55e00"}
PACE = 50        # changes a second
QUIET = 2        # seconds that are watched before and after the changes
CATCH_UP = 15    # seconds that the secondaries have after the last change
LOOK = 0.2       # seconds between two looks at memory


def soa_serial(port):
    """The serial that a server answers with."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(2)
        asking.connect(("127.0.0.1", port))
        asking.send(wire.query(ZONE, wire.SOA, 1))
        return wire.transfer(asking.recv(4096)).serial


class Gauge:
    """Memory and processor time of a server while the time goes on."""

    def __init__(self, server):
        self.server = server
        self.began = self.second = time.perf_counter()
        self.cpu = server.cpu()
        self.due = self.began
        self.memory, self.shares = [], []  # (moment, octets) and (moment, share of a core)

    def look(self, now):
        if now < self.due:
            return
        self.due = now + LOOK
        self.memory.append((now, self.server.memory()))
        if now >= self.second + 1:
            cpu = self.server.cpu()
            self.shares.append((now, (cpu - self.cpu) / (now - self.second)))
            self.cpu, self.second = cpu, now

    def during(self, seconds):
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            self.look(now)
            time.sleep(LOOK / 4)


class Changes:
    """Makes changes at a pace, each when it is due and the one before is acknowledged."""

    def __init__(self, editor):
        self.editor = editor
        self.acknowledged = []  # moments; each change is one serial

    def make(self, seconds, gauge):
        self.editor.renew()
        began = time.perf_counter()
        for number in range(round(seconds * PACE)):
            while (now := time.perf_counter()) < began + number / PACE:
                gauge.look(now)
                time.sleep(max(0, min(0.01, began + number / PACE - now)))
            if now > began + 1.25 * seconds:
                break  # it cannot keep the pace: the figure says how many there were
            gauge.look(now)
            address = None if number % 3 == 2 else f"192.0.2.{number % 250 + 1}"
            self.editor.send(f"crowd{number // 3:05d}", address)
            self.until_acknowledged(gauge)
        return time.perf_counter() - began

    def until_acknowledged(self, gauge):
        deadline = time.perf_counter() + 10
        while True:
            if not select.select([self.editor.socket], [], [], LOOK)[0]:
                gauge.look(time.perf_counter())
                if time.perf_counter() > deadline:
                    raise Failed(f"change {len(self.acknowledged) + 1} was not acknowledged in 10 s")
            elif self.editor.receive():
                self.acknowledged.append(time.perf_counter())
                return


def lags(first, acknowledged, moments, serials):
    """Seconds by which one secondary came after each change; `first` is the first one's serial."""
    behind, at = [], 0
    for number, moment in enumerate(acknowledged):
        while at < len(serials) and wire.is_ahead(first + number, serials[at]):
            at += 1
        if at == len(serials):
            raise Failed(f"a secondary never came to serial {first + number}")
        behind.append(max(0.0, moments[at] - moment))
    return behind


def thinned(values, most=2000):
    """So many of them, evenly by their rank, and the largest for certain."""
    values = sorted(values)
    step = max(1, len(values) // most)
    return values[::step] + values[-1:]


def until_all_hold(followers, serial, gauge):
    deadline = time.perf_counter() + CATCH_UP
    while (hold := followers.how_many_hold(serial)) < followers.count:
        if time.perf_counter() > deadline:
            raise Failed(f"{followers.count - hold} of {followers.count} secondaries do not hold the "
                         f"last serial {serial} after {CATCH_UP} s")
        gauge.look(time.perf_counter())
        time.sleep(0.02)


def one_server(trial, results, origin, kind, make_editor):
    followers = Followers(trial.size(200, 20))
    server = trial.server(kind, [ZONE], origin, notify=followers.addresses())
    editor = None
    try:
        load(server)
        serial = soa_serial(server.port)
        followers.start(server.port, serial)
        server.rest()
        gauge = Gauge(server)
        gauge.during(QUIET)
        editor = make_editor(server)
        changes = Changes(editor)
        began = time.perf_counter()
        took = changes.make(trial.size(20, 5), gauge)
        last = serial + len(changes.acknowledged)
        if (found := soa_serial(server.port)) != last:
            raise Failed(f"after {len(changes.acknowledged)} changes from serial {serial} on it has "
                         f"serial {found}: not one serial for each")
        until_all_hold(followers, last, gauge)
        gauge.during(QUIET)
        tell(results, server.kind, took, gauge, began, changes.acknowledged, serial + 1,
             followers.end())
    finally:
        if editor:
            editor.close()
        server.stop()
        followers.close()
        shutil.rmtree(server.folder, ignore_errors=True)


def tell(results, server, took, gauge, began, acknowledged, first, histories):
    """Adds the figures of the table and the lines of the plot."""
    add = results.add
    add(server, "changes a second", len(acknowledged) / took)
    for history in histories:
        add(server, "NOTIFY to each secondary, a second", history.notifies / took)
        add(server, "IXFR of each secondary, a second", history.transfers / took)
    behind = [lags(first, acknowledged, *history.held) for history in histories]
    for value in thinned([value for one in behind for value in one]):
        add(server, "behind the change, ms", value * 1000)
    before = [octets for moment, octets in gauge.memory if moment < began]
    add(server, "memory at the start, MB", before[-1] / 1e6)
    add(server, "memory at its largest, MB", max(octets for _, octets in gauge.memory) / 1e6)
    add(server, "memory at the end, MB", gauge.memory[-1][1] / 1e6)
    for moment, share in gauge.shares:
        if began < moment <= began + took + 1:
            add(server, "share of a core", share)
    for name, number in (("whole zones sent", 2), ("transfers by TCP", 3), ("requests repeated", 4)):
        add(server, name, sum(history[number] for history in histories))
    tell_plot(results, server, gauge, began, acknowledged, behind)


def tell_plot(results, server, gauge, began, acknowledged, behind):
    """Adds the lines of the plot, whose time begins with the changes."""
    add = results.add
    for moment, octets in gauge.memory:
        add(server, "plot: memory at, s", moment - began)
        add(server, "plot: memory, MB", octets / 1e6)
    for moment, share in gauge.shares:
        add(server, "plot: share at, s", moment - began)
        add(server, "plot: share, %", share * 100)
    for second in range(int(acknowledged[-1] - began) + 1):
        chosen = [number for number, moment in enumerate(acknowledged)
                  if second <= moment - began < second + 1]
        values = sorted(one[number] * 1000 for one in behind for number in chosen)
        if values:
            add(server, "plot: behind at, s", second + 0.5)
            add(server, "plot: behind, median, ms", values[len(values) // 2])
            add(server, "plot: behind, largest, ms", values[-1])


def run(trial):
    results = Results("crowd", TITLE)
    origin, _, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    results.facts = {"records": records, "secondaries": trial.size(200, 20),
                     "seconds of changes": trial.size(20, 5)}
    results.show("changes a second")
    results.show("NOTIFY to each secondary, a second", "median", "largest")
    results.show("IXFR of each secondary, a second", "median", "largest")
    results.show("behind the change, ms", "median", "p99", "largest")
    for figure in ("memory at the start, MB", "memory at its largest, MB", "memory at the end, MB"):
        results.show(figure)
    results.show("share of a core", "median", "largest")
    for figure in ("whole zones sent", "transfers by TCP", "requests repeated"):
        results.show(figure)
    for kind, make_editor in KINDS:
        results.servers.append(kind.kind)
        try:
            one_server(trial, results, origin, kind, make_editor)
        except (Failed, OSError) as error:
            results.fail(kind.kind, error)
    return results


def drawing(results):
    """The plot: memory, processor time, and how far secondaries are behind, one below the other."""
    def lines(at, *figures):
        found = []
        for server in results.servers:
            across = results.samples.get(at, {}).get(server, [])
            for label, figure, dashed in figures:
                values = results.samples.get(figure, {}).get(server, [])
                if values:
                    found.append((f"{server}{label}", COLOURS[server], dashed,
                                  list(zip(across, values))))
        return found

    count = results.facts["secondaries"]
    return stacked(f"{count} secondaries and {PACE} changes a second", "seconds", [
        ("memory, MB", False, lines("plot: memory at, s", ("", "plot: memory, MB", False))),
        ("share of a core, %", False, lines("plot: share at, s", ("", "plot: share, %", False))),
        ("behind, ms", True, lines("plot: behind at, s",
                                   (": median", "plot: behind, median, ms", False),
                                   (": largest", "plot: behind, largest, ms", True)))])
