#!/usr/bin/env python3
"""How soon taproot answers after a crash, and whether reloading a large zone holds up answers.

For several sizes the daemon is loaded, killed with SIGKILL and started again: measured is from the
start of the process to the first right answer, several times, and the median is printed, with what
the log says about where the time went. Then one record of a large zone changes while a process asks
about a thousand times a second: the longest wait for an answer is printed beside that at rest.

usage: recovery.py TAPROOT [--quick] [--json FILE]
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from asker import Asker, first_answer, words  # noqa: E402
from lab import Lab, Taproot, wait_until  # noqa: E402
from zone_files import ZONE, delegation_zone  # noqa: E402


class Daemon(Taproot):
    """taproot without providers, with the zones it is given: a list of (name, source)."""

    def configure(self, zones):
        self.write("taproot.yaml", json.dumps({
            "server": {"listen": [f"127.0.0.1:{self.port}"], "workers": 1},
            "state": "state", "control": {"listen": f"127.0.0.1:{self.control}"},
            "zones": [{"name": name, "source": source} for name, source in zones]}))

    def launch(self):
        self.launched = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder,
                                            stdin=subprocess.DEVNULL, env=self.environment())

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def small_zones(daemon, count, records):
    """`count` zones of `records` records each; returns (zones, a name to ask for)."""
    os.makedirs(daemon.path("zones"), exist_ok=True)
    text = ("$TTL 300\n@ SOA ns1.provider.example. host.provider.example. 1 3600 600 2419200 300\n"
            "@ NS ns1.provider.example.\n@ NS ns2.provider.example.\n"
            + "".join(f"h{i} A 192.0.2.{i % 250}\n" for i in range(records - 3)))
    zones = []
    for i in range(count):
        with open(daemon.path("zones", f"z{i}.zone"), "w", encoding="ascii") as file:
            file.write(text)
        zones.append((f"z{i}.example", f"zones/z{i}.zone"))
    return zones, f"h0.z{count - 1}.example"


def large_zone(daemon, records):
    os.makedirs(daemon.path("zones"), exist_ok=True)
    with open(daemon.path("zones", "large.zone"), "w", encoding="ascii") as file:
        file.write(delegation_zone(records)[0] + "www A 192.0.2.1\n")
    return [(ZONE, "zones/large.zone")], f"www.{ZONE}"


def recovery(lab, what, make, size, rounds):
    """Median seconds from exec to the first right answer after a SIGKILL."""
    daemon = lab.add(Daemon(lab, f"recovery-{len(lab.servers)}"))
    zones, name = make(daemon, *size)
    daemon.configure(zones)
    daemon.launch()
    started = time.monotonic()
    if first_answer(daemon.port, name, started, 600) is None:
        raise SystemExit(f"{what}: no answer after the first start, see {daemon.log}")
    first = time.monotonic() - daemon.launched
    wait_until("everything to be installed", lambda: all(
        zone["version"] for zone in daemon.get("/v1/status")["zones"]), 600, 0.5)
    times, used = [], []
    for _ in range(rounds):
        daemon.stop(signal.SIGKILL)
        daemon.launch()
        times.append(first_answer(daemon.port, name, daemon.launched, 600))
        used.append(daemon.cpu())
    daemon.stop(signal.SIGKILL)
    print(f"{what}: first right answer after {statistics.median(times):.3f} s "
          f"({min(times):.3f} to {max(times):.3f}; {statistics.median(used):.2f} s of processor time); "
          f"the first load took {first:.2f} s", flush=True)
    return {"what": what, "seconds": times, "cpu": used, "first_load": first}


def pause(lab, records):
    """The longest wait for an answer while one record of a large zone changes."""
    daemon = lab.add(Daemon(lab, "pause"))
    zones, name = large_zone(daemon, records)
    daemon.configure(zones)
    daemon.launch()
    first_answer(daemon.port, name, daemon.launched, 600)
    wait_until("it to be ready", daemon.ready, 60)
    resting = Asker(daemon.port, name, 0.001).start()
    time.sleep(3)
    rest, *_ = resting.stop()
    asker = Asker(daemon.port, name, 0.001).start()
    started = time.monotonic()
    for i in range(3):
        with open(daemon.path("zones", "large.zone"), "a", encoding="ascii") as file:
            file.write(f"new{i} A 192.0.2.7\n")
        status, answer = daemon.call("POST", "/v1/reload", {"zones": [ZONE]}, 300)
        if status != 200 or answer["zones"][0]["result"] not in ("installed", "unchanged"):
            raise SystemExit(f"the change was not taken: {status} {answer}")
    took = (time.monotonic() - started) / 3
    during, lost, wrong = asker.stop()
    print(f"{records} records, a change by reload in {took:.2f} s: {len(during)} answers, {lost} lost, "
          f"{wrong} wrong; {words(during)}; at rest {words(rest)}", flush=True)
    return {"records": records, "change": took, "during": during[-20:], "rest": rest[-20:],
            "lost": lost}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("taproot")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--json", metavar="FILE")
    words_given = parser.parse_args()
    part = 10 if words_given.quick else 1
    results = []
    with Lab(words_given.taproot) as lab:
        for what, make, size in (
                (f"{1000 // part} zones of 100 records", small_zones, (1000 // part, 100)),
                (f"{100000 // part} zones of 5 records", small_zones, (100000 // part, 5)),
                (f"one zone of {1000000 // part} records", large_zone, (1000000 // part,))):
            results.append(recovery(lab, what, make, size, 5))
        results.append(pause(lab, 1000000 // part))
    if words_given.json:
        with open(words_given.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
