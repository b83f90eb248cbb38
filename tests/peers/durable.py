"""What was promised is kept: a ledger of acknowledged versions, those who make changes, and a
follower that replays IXFR. Shared by the tests that kill the daemon and those that cut its power.
"""

import collections
import json
import os
import random
import threading

from lab import Failed, short, transfer

ZONES = ("example.com", "example.net", "example.org")


def seed():
    """The seed of this run: TAPROOT_SEED, or a new one; printed, so that a run can be repeated."""
    value = int(os.environ.get("TAPROOT_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"TAPROOT_SEED={value}", flush=True)
    return value


def source(value):
    """A zone whose contents are a number: it adds, changes and removes records as it goes up."""
    lines = ["'':", "  - {type: NS, values: [ns1.provider.example., ns2.provider.example.]}",
             "state:", f"  - {{type: TXT, value: 'value {value}'}}",
             "mail:", f"  - {{type: A, value: 192.0.2.{value % 250 + 1}}}"]
    for i in range(value % 7):
        lines += [f"n{(value * 5 + i) % 23}:",
                  f"  - {{type: A, ttl: {300 + value % 3}, values: [198.51.100.{i + 1}, 203.0.113.{value % 5}]}}"]
    return "\n".join(lines) + "\n"


BROKEN = "this: [is no zone\n"  # so that nothing but the state can bring a version back


class Ledger:
    """All that was acknowledged, and what was tried without an answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = collections.defaultdict(dict)  # zone -> version -> (serial, value)
        self.serials = collections.defaultdict(dict)  # zone -> serial -> value, seen by anybody
        self.tried = collections.defaultdict(set)  # zone -> values since the last answer
        self.written = collections.Counter()  # zone -> the value last written to its source
        self.count = 0
        self.kinds = collections.Counter()

    def attempt(self, zone, value):
        with self.lock:
            self.tried[zone].add(value)

    def saw(self, zone, serial, value):
        """A serial stands for one contents, whoever says so and whenever."""
        with self.lock:
            known = self.serials[zone].setdefault(serial, value)
        if known != value:
            raise Failed(f"serial {serial} of {zone} stood for {known}, and now for {value}")

    def acknowledge(self, zone, version, serial, value, kind):
        self.saw(zone, serial, value)
        with self.lock:
            known = self.acknowledged[zone].setdefault(version, (serial, value))
            self.tried[zone] = {value}
            self.count += 1
            self.kinds[kind] += 1
        if known != (serial, value):
            raise Failed(f"version {version} of {zone} was {known}, and now {(serial, value)}")

    def newest(self, zone):
        """(version, serial, value) of the last one acknowledged; None before the first."""
        with self.lock:
            all_of_it = self.acknowledged[zone]
            return (max(all_of_it), *all_of_it[max(all_of_it)]) if all_of_it else None

    def check(self, taproot, zone, chosen, sample=2):
        """Raises Failed unless a daemon that has come back keeps what was promised of a zone."""
        promised = dict(self.acknowledged[zone])
        if not promised:
            return
        rows = taproot.get(f"/v1/zones/{zone}/history?limit=100000")["versions"]
        kept = {row["version"]: row["serial"] for row in rows}
        serials = [row["serial"] for row in rows]
        if serials != sorted(set(serials), reverse=True):
            raise Failed(f"{zone}: serials do not go up with the versions: {serials[:20]}")
        lost = [number for number in promised if number >= min(kept) and number not in kept]
        if lost or max(kept) < max(promised):
            raise Failed(f"{zone}: acknowledged versions are lost: {lost}, {max(promised)} was the "
                         f"newest, {max(kept)} is now")
        # Versions that were in doubt are looked at too: their serials are taken for good now.
        doubtful = [number for number in kept if number > max(promised)]
        old = [number for number in promised if number in kept]
        for number in {*doubtful[:3], max(promised), *chosen.sample(old, min(sample, len(old)))}:
            value = value_of(taproot.get(f"/v1/zones/{zone}/show?at={number}")["records"])
            self.saw(zone, kept[number], value)
            if number in promised and promised[number] != (kept[number], value):
                raise Failed(f"version {number} of {zone} was {promised[number]}, and is now "
                             f"{(kept[number], value)}")
            if number in doubtful and value not in self.tried[zone]:
                raise Failed(f"{zone}: version {number} with {value} was never asked for")
        text = short(taproot.port, "state." + zone, "TXT")
        value = value_of([f"state.{zone}.\t300\tIN\tTXT\t{line}" for line in text])
        newest = value_of(taproot.get(f"/v1/zones/{zone}/show")["records"])
        if value != newest:
            raise Failed(f"{zone}: {value} is served, and {newest} is the newest version")


def value_of(records):
    """The number behind the contents of a zone."""
    for record in records:
        fields = record.split(None, 4)
        if fields[0].startswith("state.") and fields[3] == "TXT":
            return int(fields[4].strip('"').split()[1])
    raise Failed(f"no state record in {records[:5]}")


class Changer(threading.Thread):
    """Changes one zone again and again until the daemon is gone: by its file and a reload, and now
    and then by going back. What is answered goes into the ledger."""

    def __init__(self, taproot, zone, ledger, chosen):
        super().__init__(daemon=True)
        self.taproot, self.zone, self.ledger = taproot, zone, ledger
        self.chosen = random.Random(chosen.random())
        self.wants_end = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.wants_end.is_set():
                back = self.chosen.random() < 0.25 and self.ledger.newest(self.zone)
                if not (self.roll_back() if back else self.change_file()):
                    return
        except Failed as failure:
            self.failure = failure

    def change_file(self):
        ledger, zone = self.ledger, self.zone
        value = ledger.written[zone] + 1
        ledger.written[zone] = value
        ledger.attempt(zone, value)
        self.taproot.write_zone(zone + ".yaml", source(value))
        status, answer = self.taproot.call("POST", "/v1/reload", {"zones": [zone]})
        if status != 200:
            return False  # killed, or without a disk, before it answered: nothing was promised
        row, = answer["zones"]
        if row["result"] not in ("installed", "unchanged"):
            return False
        ledger.acknowledge(zone, row["version"], row["serial"], value, "reload")
        return True

    def roll_back(self):
        ledger, zone = self.ledger, self.zone
        to, (_, value) = self.chosen.choice(list(ledger.acknowledged[zone].items())[-20:])
        ledger.attempt(zone, value)
        status, answer = self.taproot.call("POST", f"/v1/zones/{zone}/rollback", {"to": to})
        if status != 200:
            return False
        ledger.acknowledge(zone, answer["version"], answer["serial"], value, "rollback")
        return True


def change_all(taproot, ledger, chosen):
    """Starts a changer per zone."""
    changers = [Changer(taproot, zone, ledger, chosen) for zone in ZONES]
    for changer in changers:
        changer.start()
    return changers


def end_all(changers):
    """Ends them, and raises what they found."""
    for changer in changers:
        changer.wants_end.set()
    for changer in changers:
        changer.join(30)
        if changer.is_alive():
            raise Failed(f"the changes of {changer.zone} hang")
        if changer.failure:
            raise changer.failure


def break_sources(taproot):
    for zone in ZONES:
        taproot.write_zone(zone + ".yaml", BROKEN)


class Follower:
    """A secondary of our own: it keeps copies, brings them forward by IXFR and compares with AXFR."""

    def __init__(self, taproot):
        self.taproot = taproot
        self.copies = {zone: {} for zone in ZONES}  # zone -> serial -> set of records
        self.replayed = self.whole = 0

    def follow(self, zone):
        """IXFR from every copy kept must give just what AXFR gives."""
        for _ in range(5):
            reference = whole_zone(transfer(self.taproot.port, zone))
            if reference is None:
                return
            serial, records = reference
            moved = False
            for old, copy in list(self.copies[zone].items()):
                answer = transfer(self.taproot.port, zone, old)
                if not answer:
                    return
                if serial_of(answer[0]) != serial:
                    moved = True
                    break
                self.compare(zone, old, copy, answer, reference)
            if moved:
                continue
            known = self.copies[zone].setdefault(serial, records)
            if known != records:
                raise Failed(f"{zone} serial {serial} has other records now: {known ^ records}")
            while len(self.copies[zone]) > 6:
                self.copies[zone].pop(min(self.copies[zone]))
            return

    def compare(self, zone, old, copy, answer, reference):
        serial, records = reference
        if serial == old:
            if copy != records:
                raise Failed(f"{zone} serial {serial} has other records now: {copy ^ records}")
            return
        if len(answer) > 1 and answer[1][3] != "SOA":  # RFC 1995: all of it instead
            self.whole += 1
            if whole_zone(answer) != reference:
                raise Failed(f"{zone}: IXFR from {old} gave a whole zone that is not {serial}")
            return
        self.replayed += 1
        result = replay(copy, old, answer)
        if result != (serial, records):
            raise Failed(f"{zone}: IXFR from {old} to {serial} does not lead there: {result[0]}, "
                         f"{result[1] ^ records}")


def serial_of(soa):
    return int(soa[4].split()[2])


def whole_zone(answer):
    """(serial, records without the SOA) of an AXFR; None if it broke off."""
    if not answer or len(answer) < 2 or answer[0][3] != "SOA" or answer[0] != answer[-1]:
        return None
    return serial_of(answer[0]), frozenset(answer[1:-1])


def replay(copy, serial, answer):
    """(serial, records) of applying an IXFR to a copy, as strictly as RFC 1995 has it."""
    if answer[0] != answer[-1]:
        raise Failed("an IXFR that does not end with its SOA")
    target, records, at = serial_of(answer[0]), set(copy), 1
    while at < len(answer) - 1:
        if answer[at][3] != "SOA" or serial_of(answer[at]) != serial:
            raise Failed(f"an IXFR step from {answer[at]} where we have {serial}")
        at += 1
        while answer[at][3] != "SOA":
            if answer[at] not in records:
                raise Failed(f"an IXFR removes what is not there: {answer[at]}")
            records.remove(answer[at])
            at += 1
        serial = serial_of(answer[at])
        at += 1
        while answer[at][3] != "SOA":
            if answer[at] in records:
                raise Failed(f"an IXFR adds what is there: {answer[at]}")
            records.add(answer[at])
            at += 1
    if serial != target:
        raise Failed(f"an IXFR to {target} that ends at {serial}")
    return serial, frozenset(records)


def configure(taproot, state, providers=()):
    """A configuration of ZONES with the state in this folder; transfers are allowed from here."""
    client = {"name": "client", "kind": "transfer", "transfer-from": ["127.0.0.1"]}
    names = ["client", *(provider["name"] for provider in providers)]
    taproot.state = state
    document = {
        "server": {"listen": [f"127.0.0.1:{taproot.port}"], "workers": 2},
        "state": state,
        "control": {"listen": f"127.0.0.1:{taproot.control}"},
        "probe": {"interval": "2s"},
        "providers": [client, *providers],
        "zones": [{"name": zone, "source": f"zones/{zone}.yaml", "providers": names}
                  for zone in ZONES],
    }
    taproot.write("taproot.yaml", json.dumps(document, indent=2))
