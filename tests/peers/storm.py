"""A storm: random edits of several zones in every way there is, while servers are killed, stopped,
frozen and started again, and the book of what the zones must say afterwards.

Every editor has owner names of its own, repeats an edit until it is acknowledged, and writes down
what was: so what a zone must say is known exactly, whatever was killed when.
"""

import json
import os
import random
import re
import shlex
import signal
import socket
import threading
import time

from lab import Failed, dig, wait_until
from updates import knsupdate, nsupdate

BACK = 60  # seconds within which an editor must get through: taproot is down for moments only


class Book:
    """What was acknowledged: for each zone its RRsets, and how many edits there were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.zones = {}  # zone -> (owner, type) -> (TTL, values)
        self.edits = 0
        self.kinds = {}

    def acknowledge(self, kind, zone, changes):
        with self.lock:
            self.edits += 1
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            rrsets = self.zones.setdefault(zone, {})
            for owner, rrtype, rrset in changes:
                rrsets.pop((owner, rrtype), None)
                if rrset:
                    rrsets[owner, rrtype] = rrset

    def forget(self, zone):
        with self.lock:
            self.zones.pop(zone, None)

    def lines(self, zone):
        """The zone's records but those of the apex, comparable with comparable()."""
        return {comparable(f"{owner}.{zone}.", ttl, rrtype, value)
                for (owner, rrtype), (ttl, values) in self.zones[zone].items() for value in values}


def comparable(owner, ttl, rrtype, rdata):
    """A record in one form, whoever wrote it: quotes and escapes read, hexadecimal digits small."""
    words = tuple(shlex.split(rdata)) if '"' in rdata or "\\" in rdata else tuple(rdata.split())
    if rrtype.startswith("TYPE"):
        words = (*words[:2], "".join(words[2:]).lower())
    return (owner.lower(), int(ttl), rrtype, *words)


def records_at(port, zone):
    """All records a server gives by AXFR, comparable; empty if it refuses."""
    records = set()
    for line in dig(port, "+noall", "+answer", "+nocmd", "+onesoa", zone, "AXFR",
                    timeout=10).splitlines():
        fields = line.split(None, 4)
        if len(fields) == 5 and not line.startswith(";"):
            records.add(comparable(fields[0], fields[1], fields[3], fields[4]))
    return records


def journaled(taproot, zone):
    """(serial, records) of the newest version in taproot's journal."""
    newest = taproot.get(f"/v1/zones/{zone}/history?limit=1")["versions"][0]
    shown = taproot.get(f"/v1/zones/{zone}/show?at={newest['version']}")
    records = set()
    for line in shown["records"]:
        owner, ttl, _, rrtype, rdata = line.split(None, 4)
        records.add(comparable(owner, ttl, rrtype, rdata))
    return newest["serial"], records


class Weather:
    """Random RRsets."""

    def __init__(self, chosen):
        self.chosen = chosen

    def text(self):
        letters = "abcdefghij KLMNOP;,=+-_:0123456789\\\"'"
        size = self.chosen.choice((1, 8, 40, 255, 400))
        octets = [self.chosen.choice(letters) for _ in range(size)]
        strings = ["".join(octets[i:i + 255]) for i in range(0, size, 255)]
        return " ".join('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in strings)

    def value(self, rrtype):
        number = self.chosen.randrange
        return {
            "A": lambda: f"192.0.2.{number(256)}",
            "AAAA": lambda: f"2001:db8::{number(1, 0xffff):x}",
            "TXT": self.text,
            "MX": lambda: f"{number(100)} mx{number(9)}.provider.example.",
            "SRV": lambda: f"{number(9)} {number(9)} 5060 sip{number(9)}.provider.example.",
            "CAA": lambda: f'0 issue "ca{number(9)}.example"',
            "NS": lambda: f"ns{number(9)}.provider.example.",
            "CNAME": lambda: f"target{number(9)}.provider.example.",
            "TYPE65280": lambda: f"\\# 4 {number(1 << 32):08x}",
        }[rrtype]()

    def rrset(self, rrtype):
        """(TTL, values)"""
        many = 1 if rrtype == "CNAME" else self.chosen.choice((1, 1, 2, 3, 12))
        values = tuple(sorted({self.value(rrtype) for _ in range(many)}))
        return self.chosen.choice((0, 60, 300, 3600, 86400)), values

    def place(self, prefix):
        """An owner with this prefix and the types it may have."""
        number = self.chosen.randrange(12)
        ordinary = ("A", "AAAA", "TXT", "MX", "SRV", "CAA", "TYPE65280")
        return self.chosen.choice((
            (f"{prefix}{number}", ordinary),
            (f"deep.down.{prefix}{number}x", ordinary),
            (f"*.{prefix}{number}w", ordinary),
            (f"{prefix}{number}c", ("CNAME",)),
            (f"{prefix}{number}d", ("NS",))))

    def changes(self, prefix):
        """A few changes of an edit: (owner, type, RRset, or None to delete it)."""
        made = {}
        for _ in range(self.chosen.choice((1, 1, 1, 2, 5))):
            owner, types = self.place(prefix)
            rrtype = self.chosen.choice(types)
            gone = self.chosen.random() < 0.25
            made[owner, rrtype] = None if gone else self.rrset(rrtype)
        return [(owner, rrtype, rrset) for (owner, rrtype), rrset in made.items()]


class Editor(threading.Thread):
    """Makes `count` edits of zones chosen at random, each repeated until it is acknowledged."""

    kind = prefix = ""

    def __init__(self, taproot, zones, book, seed, count):
        super().__init__(daemon=True)
        self.taproot, self.zones, self.book, self.count = taproot, zones, book, count
        self.chosen = random.Random(seed)
        self.weather = Weather(self.chosen)
        self.wants_end = threading.Event()
        self.failure = None
        self.said = ""  # what the last attempt was answered

    def run(self):
        try:
            while self.count > 0 and not self.wants_end.is_set():
                self.count -= 1
                self.edit()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def edit(self):
        zone = self.chosen.choice(self.zones)
        changes = self.weather.changes(self.prefix)
        self.insist(f"the edit of {zone} by {self.kind}", lambda: self.submit(zone, changes))
        self.book.acknowledge(self.kind, zone, changes)

    def insist(self, what, attempt):
        """Repeats an attempt while nobody answers."""
        self.said = ""
        try:
            wait_until(f"{what} to be acknowledged",
                       lambda: self.wants_end.is_set() or attempt(), BACK)
        except Failed as failure:
            raise Failed(f"{failure}; the last answer was {self.said}") from failure

    def submit(self, zone, changes):
        """True if it was acknowledged, False if nobody answered; raises Failed if refused."""
        raise NotImplementedError


class ApiEditor(Editor):
    """Edits over the control API, and now and then with the command line."""

    kind, prefix = "edit", "a"

    def submit(self, zone, changes):
        document = {"why": "storm", "changes": [
            {"op": "put", "owner": owner, "type": rrtype, "ttl": rrset[0], "values": list(rrset[1])}
            if rrset else {"op": "delete", "owner": owner, "type": rrtype}
            for owner, rrtype, rrset in changes]}
        if self.chosen.random() < 0.2:
            return self.by_command(zone, document)
        status, answer = self.said = self.taproot.call("POST", f"/v1/zones/{zone}/edit", document)
        if status not in (0, 200, 503):
            raise Failed(f"an edit of {zone} was answered {status}: {answer}\n{document}")
        return status == 200

    def by_command(self, zone, document):
        path = self.taproot.write(f"edit-{self.prefix}.json", json.dumps(document))
        done = self.taproot.run("edit", zone, "--file", path)
        if done.returncode != 0 and not re.search("no taproot is running|the control API: |token",
                                                  done.stderr):
            raise Failed(f"taproot edit {zone}: {done.returncode} {done.stdout}{done.stderr}")
        return done.returncode == 0


class UpdateEditor(Editor):
    """DNS UPDATE by nsupdate and knsupdate, over UDP and TCP."""

    kind, prefix = "update", "u"
    key = None

    def submit(self, zone, changes):
        lines = []
        for owner, rrtype, rrset in changes:
            lines.append(f"del {owner}.{zone}. {rrtype}")
            ttl, values = rrset or (0, ())
            lines += [f"add {owner}.{zone}. {ttl} {rrtype} {value}" for value in values]
        client = self.chosen.choice((nsupdate, knsupdate))
        code, self.said = client(self.taproot.port, self.key, zone, *lines,
                            tcp=self.chosen.random() < 0.5)
        # REFUSED is for later, too: one that was signed before taproot came back might be a copy.
        refused = re.search("FORMERR|NOTAUTH|NOTZONE|BADSIG|BADKEY|BADTIME|syntax|invalid",
                            self.said)
        if refused:
            raise Failed(f"{client.__name__} of {zone}: {self.said}\n" + "\n".join(lines))
        return code == 0 and not re.search("failed|status: (?!NOERROR)|timed out|REFUSED|SERVFAIL",
                                           self.said)


class FileEditor(Editor):
    """Writes the zones' files: half of the time it asks for a reload, else it leaves it to taproot
    to notice."""

    kind, prefix = "file", "f"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.contents = {}

    def submit(self, zone, changes):
        contents = self.contents.setdefault(zone, {})
        for owner, rrtype, rrset in changes:
            contents.pop((owner, rrtype), None)
            if rrset:
                contents[owner, rrtype] = rrset
        self.taproot.write_zone(f"{zone}.zone", zone_file(contents))
        if self.chosen.random() < 0.5:
            return True
        status, answer = self.taproot.call("POST", "/v1/reload", {"zones": [zone]})
        if status == 0:
            return False
        if status != 200 or answer["zones"][0]["result"] not in ("installed", "unchanged"):
            raise Failed(f"a reload of {zone} was answered {status}: {answer}")
        return True


class MemberEditor(Editor):
    """Zones come into the catalog, change, and leave it."""

    kind, prefix = "member", "m"

    def edit(self):
        zone = self.chosen.choice(self.zones)
        if zone in self.book.zones and self.chosen.random() < 0.4:
            self.drop(zone)
            return
        changes = [("www", "A", self.weather.rrset("A")), ("text", "TXT", self.weather.rrset("TXT"))]
        self.taproot.write_zone(f"members/{zone}.zone", zone_file(
            {(owner, rrtype): rrset for owner, rrtype, rrset in changes}))
        self.book.acknowledge("zone written", zone, changes)

    def drop(self, zone):
        os.remove(self.taproot.zone_path(f"members/{zone}.zone"))
        self.insist(f"{zone} to be dropped", lambda: self.dropped(zone))
        self.book.acknowledge("zone dropped", zone, [])
        self.book.forget(zone)

    def dropped(self, zone):
        status, answer = self.said = self.taproot.call("POST", f"/v1/zones/{zone}/drop",
                                                       {"why": "storm"})
        # 409: it has not noticed yet that the file is gone. 404: an earlier attempt did it, or its
        # file came and went unseen.
        if status not in (0, 200, 404, 409, 503):
            raise Failed(f"taproot drop {zone}: {status} {answer}")
        return status in (200, 404)


def zone_file(rrsets):
    """A zone file with these RRsets; taproot counts the serial."""
    lines = ["$TTL 3600", "@ SOA ns1.provider.example. hostmaster.provider.example. 1 3600 600 2419200 300",
             "@ NS ns1.provider.example.", "@ NS ns2.provider.example."]
    for (owner, rrtype), (ttl, values) in rrsets.items():
        lines += [f"{owner} {ttl} IN {rrtype} {value}" for value in values]
    return "\n".join(lines) + "\n"


def is_running(pid):
    """False also for one that has ended and that nobody has asked about."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def family(pid):
    """A process that was started here, and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found, at = [pid], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found


def is_free(port):
    """Whether a server can listen there."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as one:
            if kind == socket.SOCK_STREAM:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


class Lightning:
    """Kills, stops, freezes and starts what it is given, one at a time."""

    def __init__(self, taproot, secondaries, chosen):
        self.taproot, self.secondaries, self.chosen = taproot, secondaries, chosen
        self.down, self.frozen = [], []
        self.counts = {}

    def strike(self):
        """One thing happens: to taproot in one case of three, to a secondary in the others."""
        if self.chosen.random() < 0.33:
            how = self.chosen.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
            self.count(f"taproot {'killed' if how == signal.SIGKILL else 'stopped'}")
            time.sleep(self.chosen.uniform(0, 0.05))  # at any moment of the edits that are under way
            self.taproot.stop(how)
            self.taproot.start()
            return
        if len(self.down) + len(self.frozen) > 3:
            self.bring_one_back()
            return
        server = self.chosen.choice([one for one in self.secondaries
                                     if one not in self.down + self.frozen])
        act = self.chosen.choice(("killed", "killed", "stopped", "frozen"))
        self.count(f"secondary {act}")
        if act == "frozen":
            self.send(server, signal.SIGSTOP)
            self.frozen.append(server)
        else:
            self.end(server, act == "killed")
            self.down.append(server)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    @staticmethod
    def send(server, how):
        for pid in family(server.process.pid):
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass

    def end(self, server, killed):
        if killed:
            self.send(server, signal.SIGSTOP)  # so that none of them starts another one meanwhile
            processes = family(server.process.pid)
            self.send(server, signal.SIGKILL)
            server.process.wait()
        else:
            processes = family(server.process.pid)
            server.stop()
        # NSD's children live on for a moment, and so do those that they were making.
        wait_until(f"the ports of {server.name} to be free",
                   lambda: not any(is_running(pid) for pid in processes) and is_free(server.port))

    def bring_one_back(self):
        at = self.chosen.randrange(len(self.down) + len(self.frozen))
        if at < len(self.down):
            self.down.pop(at).start()
        else:
            self.send(self.frozen.pop(at - len(self.down)), signal.SIGCONT)

    def clear(self):
        while self.down or self.frozen:
            self.bring_one_back()
