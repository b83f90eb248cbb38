"""A provider that answers wrong in every way that tests/support/spoiler.py knows, before a real
PowerDNS: a push ends right, by itself where it can, and never says so before it is.

Each kind is met once, at a request that TAPROOT_SEED chooses; at every request in turn with
TAPROOT_FAULTS=all, and those that take half a minute are met then, too.
"""

import os
import queue
import random
import sys
import threading

from case import LabCase, main
from lab import PowerDns, taproot_config

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from spoiler import KINDS, PASSING, RIGHT, Spoiler, chosen  # noqa: E402

SEED = int(os.environ.get("TAPROOT_SEED") or random.randrange(1 << 32))
ALL = os.environ.get("TAPROOT_FAULTS") == "all"
LANES = 4  # zones that are pushed at the same time, each to a provider of its own
REQUESTS = (1, 2, 3)  # of a push of one change: reading, writing, reading
SLOW = ("an answer that never comes", "an octet now and then, without end")
MOST_MEMORY = 16 << 20  # of the process, more than before, for each lane


class Lane:
    """One zone, its provider, and what stands between."""

    def __init__(self, test, number):
        self.test, self.zone = test, f"z{number}.example"
        self.name = f"lane{number}"
        self.spoiler = Spoiler(test.pdns.api_port)
        self.pushes = 0
        self.failures = []

    def entry(self):
        pdns = self.test.pdns
        # Half of them read the whole zone each time, half only what they change.
        more = {"reading-interval": "0s"} if self.name[-1] in "02468" else {}
        return {"name": self.name, "kind": "powerdns", "api-key-file": "keys/pdns",
                "url": f"http://127.0.0.1:{self.spoiler.port}",
                "nameservers": {f"ns1.{self.name}.example.": [f"127.0.0.1:{pdns.port}"]}, **more}

    def write(self, address):
        self.test.taproot.write_zone(self.zone + ".zone", "\n".join([
            f"$ORIGIN {self.zone}.", "$TTL 300",
            "@ IN SOA ns1.example.net. hostmaster.example.net. 1 7200 900 1209600 300",
            f"@ IN NS ns1.{self.name}.example.", "other IN A 192.0.2.1", f"www IN A {address}"])
            + "\n")

    def there(self):
        """The zone as the server has it, without its SOA."""
        _, zone = self.test.pdns.api("GET", f"/zones/{self.zone}.")
        return {(one["name"].removesuffix(f"{self.zone}.").rstrip("."), one["type"]):
                sorted(record["content"] for record in one["records"])
                for one in zone["rrsets"] if one["type"] != "SOA"}

    def check(self, what, is_so):
        if not is_so:
            self.failures.append(what)

    def apply(self, seconds):
        return self.test.taproot.run("apply", self.zone, "--wait", "--timeout", str(seconds),
                                     timeout=seconds + 30)

    def meet(self, name, request):
        """One push whose request of that number meets the fault, and perhaps one without it."""
        self.pushes += 1
        address = f"198.51.100.{self.pushes % 250 + 1}"
        wanted = {("", "NS"): [f"ns1.{self.name}.example."], ("other", "A"): ["192.0.2.1"],
                  ("www", "A"): [address]}
        case = f"{name}, request {request}, {self.name}"
        self.spoiler.reset()
        before = self.spoiler.met[name]

        def choose(number, _):
            return name if number >= request and self.spoiler.met[name] == before else None

        self.spoiler.choose = choose
        self.write(address)
        self.test.taproot.run("reload", self.zone)
        done = self.apply(90)
        said = done.stdout + done.stderr
        is_right = self.there() == wanted
        self.check(f"{case}: exit {done.returncode}, and it is not right: {said}",
                   done.returncode != 0 or is_right)
        self.check(f"{case}: the fault was not met", self.spoiler.met[name] > before)
        if KINDS[name].effect in (RIGHT, PASSING):
            self.check(f"{case}: it did not pass: {said}", done.returncode == 0)
        if done.returncode == 0:
            return
        self.check(f"{case}: exit {done.returncode}: {said}", done.returncode in (1, 2, 3, 4))
        self.check(f"{case}: it does not say who: {said}", self.name in said)
        self.spoiler.choose = lambda *_: None
        again = self.apply(60)
        self.check(f"{case}: exit {again.returncode} without the fault: {again.stdout}"
                   f"{again.stderr}", again.returncode == 0 and self.there() == wanted)


class ProviderFaults(LabCase):
    def test_every_way_to_answer_wrong(self):
        print(f"TAPROOT_SEED={SEED}", flush=True)
        self.begin()
        choice = random.Random(SEED)
        cases = queue.Queue()
        left_out = [] if ALL else SLOW
        for name in chosen(SEED):
            if name in left_out:
                continue
            for request in REQUESTS if ALL else [choice.choice(REQUESTS)]:
                cases.put((name, request))
        if left_out:
            print(f"left out, to be met with TAPROOT_FAULTS=all: {', '.join(left_out)}", flush=True)
        total = cases.qsize()
        self.watch_memory()
        threads = [threading.Thread(target=self.work, args=(lane, cases)) for lane in self.lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = self.memory("VmHWM") - self.before
        failures = [words for lane in self.lanes for words in lane.failures]
        followed = sum(lane.spoiler.followed for lane in self.lanes)
        print(f"{total} faults of {len(KINDS)} kinds; {grown >> 20} MiB more memory at most",
              file=sys.stderr)
        self.assertEqual(failures, [])
        self.assertEqual(followed, 0, "a redirect was followed")
        self.assertLess(grown, LANES * MOST_MEMORY)
        with open(self.taproot.log, encoding="utf-8", errors="replace") as log:
            self.assertNotIn(self.pdns.api_key, log.read())

    def begin(self):
        """All zones are there and in sync, and each has been changed once."""
        zones = [f"z{number}.example" for number in range(LANES)]
        self.pdns = self.lab.add(PowerDns(self.lab, zones))
        self.pdns.api_key = "canary-powerdns-4711"
        self.pdns.start()
        self.lanes = [Lane(self, number) for number in range(LANES)]
        for lane in self.lanes:
            self.addCleanup(lane.spoiler.stop)
        self.taproot.write("keys/pdns", self.pdns.api_key + "\n", 0o600)
        for lane in self.lanes:
            lane.write("192.0.2.80")
        taproot_config(self.taproot, [], [lane.entry() for lane in self.lanes],
                       [{"name": lane.zone, "source": f"zones/{lane.zone}.zone",
                         "guards": {"max-shrink-percent": 100}, "providers": [lane.name]}
                        for lane in self.lanes])
        self.taproot.start()
        self.command(0, "apply", "--wait")

    def work(self, lane, cases):
        while True:
            try:
                name, request = cases.get_nowait()
            except queue.Empty:
                return
            try:
                lane.meet(name, request)
            except Exception as error:  # pylint: disable=broad-except
                lane.failures.append(f"{name}, request {request}: {type(error).__name__}: {error}")

    def watch_memory(self):
        with open(f"/proc/{self.taproot.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the high-water mark starts anew
        self.before = self.memory("VmRSS")

    def memory(self, what):
        with open(f"/proc/{self.taproot.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(what)


if __name__ == "__main__":
    main()
