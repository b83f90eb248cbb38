#!/usr/bin/env python3
"""Load time, memory, AXFR and queries per server-CPU-second of taproot, Knot and NSD.

All three run one after the other in the same run, on the same zone file and with one worker,
several times over; medians are printed, and ratios to taproot. Loopback only. The zone is a
delegation zone: three NS records of one child each, every second child with glue inside it.

usage: bench.py TAPROOT [--records N] [--rounds N] [--seconds S] [--json FILE]
"""

import argparse
import json
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from lab import Failed, Lab, Server, serial_at, wait_until  # noqa: E402

ZONE = "bench.example"
TICKS = os.sysconf("SC_CLK_TCK")


def write_zone(path, records):
    """About `records` records of a delegation zone; returns (records, some owner names)."""
    count, child, names = 3, 0, []
    with open(path, "w", encoding="ascii") as file:
        file.write(f"$ORIGIN {ZONE}.\n$TTL 86400\n"
                   "@ SOA ns1 hostmaster 2026010100 1800 900 604800 86400\n"
                   "@ NS ns1\nns1 A 192.0.2.1\n")
        while count < records:
            name = f"child{child:07d}"
            names.append(name)
            if child % 2 == 0:
                file.write(f"{name} NS ns1.{name}\n{name} NS ns2.{name}\n"
                           f"ns1.{name} A 198.51.100.{child % 250}\n"
                           f"ns2.{name} A 203.0.113.{child % 250}\n")
                count += 4
            else:
                file.write(f"{name} NS ns1.hoster{child % 97}.example.net.\n"
                           f"{name} NS ns2.hoster{child % 97}.example.net.\n"
                           f"{name} NS ns3.hoster{child % 97}.example.net.\n")
                count += 3
            child += 1
    return count, names


class Measured(Server):
    """A server that loads the zone as its primary."""

    def __init__(self, lab, name, zone_file):
        super().__init__(lab, name)
        self.zone_file = zone_file

    def ready(self):
        return serial_at(self.port, ZONE) is not None

    def up(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with {self.process.returncode}, see {self.log}")
        return self.ready()

    def pids(self):
        """The process and its children, as NSD has them."""
        pids, new = [], [self.process.pid]
        while new:
            pid = new.pop()
            pids.append(pid)
            path = f"/proc/{pid}/task/{pid}/children"
            with open(path, encoding="ascii") as file:
                new += [int(word) for word in file.read().split()]
        return pids

    def memory(self):
        """Octets of memory, shared pages counted once (PSS)."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        return total

    def cpu(self):
        """Seconds of processor time, all processes and threads."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICKS


class TaprootServer(Measured):
    def command(self):
        return [self.lab.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--workers", "1",
                "--control", "127.0.0.1:0", "--state", self.path("state"),
                "--zone", f"{ZONE}={self.zone_file}", "--allow-transfer", "127.0.0.1"]


class KnotServer(Measured):
    def command(self):
        self.write("knot.conf", f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: "{self.folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{self.path('db')}"
acl:
  - id: transfer
    address: 127.0.0.1
    action: transfer
zone:
  - domain: {ZONE}
    file: "{self.zone_file}"
    acl: transfer
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
""")
        return ["knotd", "-c", self.path("knot.conf")]


class NsdServer(Measured):
    def command(self):
        self.write("nsd.conf", f"""
server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  pidfile: "{self.path('pid')}"
  xfrdfile: "{self.path('xfrd.state')}"
  zonelistfile: "{self.path('zone.list')}"
  xfrdir: "{self.folder}"
  database: ""
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "{ZONE}"
  zonefile: "{self.zone_file}"
  provide-xfr: 127.0.0.1 NOKEY
""")
        return ["nsd", "-d", "-c", self.path("nsd.conf")]


def transfer(port, records):
    """Seconds and octets of one AXFR, read to its last record."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in ZONE.split(".")) + b"\0"
    question = labels + struct.pack("!HH", 252, 1)
    message = struct.pack("!HHHHHH", 4711, 0, 1, 0, 0, 0) + question
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as tcp:
        tcp.sendall(struct.pack("!H", len(message)) + message)
        stream = tcp.makefile("rb", buffering=1 << 20)
        seen = octets = 0
        while seen < records + 1:
            head = stream.read(2)
            if len(head) < 2:
                raise Failed(f"the transfer ended after {seen} of {records + 1} records")
            body = stream.read(struct.unpack("!H", head)[0])
            if body[3] & 15:
                raise Failed(f"the transfer was answered with rcode {body[3] & 15}")
            seen += struct.unpack("!H", body[6:8])[0]
            octets += len(body)
    return time.perf_counter() - started, octets


def queries(server, path, seconds):
    """Queries answered per second of the server's processor time, and per second."""
    before = server.cpu()
    done = subprocess.run(
        ["dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", path, "-l", str(seconds),
         "-c", "8", "-q", "200", "-T", "1"],
        capture_output=True, text=True, check=True)
    used = server.cpu() - before
    completed = rate = 0.0
    for line in done.stdout.splitlines():
        if "Queries completed:" in line:
            completed = float(line.split()[2])
        if "Queries per second:" in line:
            rate = float(line.split()[3])
    return completed / used, rate


def measure(kind, lab, name, zone_file, records, query_file, seconds):
    server = lab.add(kind(lab, name, zone_file))
    started = time.perf_counter()
    with open(server.log, "ab") as log:
        server.process = subprocess.Popen(
            server.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            cwd=server.folder, env={**os.environ, "HOME": server.folder})
    wait_until(f"{name} to serve {ZONE}", server.up, seconds=180, pause=0.02)
    loaded = time.perf_counter() - started
    load_cpu = server.cpu()
    memory = server.memory()
    transfer(server.port, records)  # warm
    before = server.cpu()
    axfr, octets = transfer(server.port, records)
    axfr_cpu = server.cpu() - before
    per_cpu, rate = queries(server, query_file, seconds)
    server.stop()
    return {"load s": loaded, "load CPU s": load_cpu, "octets per record": memory / records,
            "AXFR s": axfr, "AXFR CPU s": axfr_cpu, "AXFR MB": octets / 1e6,
            "queries per CPU s": per_cpu, "queries per s": rate}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("taproot")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    kinds = {"taproot": TaprootServer, "knot": KnotServer, "nsd": NsdServer}
    runs = {name: [] for name in kinds}
    with Lab(options.taproot) as lab:
        zone_file = os.path.join(lab.folder, "bench.zone")
        records, names = write_zone(zone_file, options.records)
        query_file = os.path.join(lab.folder, "queries")
        chosen = random.Random(1)
        with open(query_file, "w", encoding="ascii") as file:
            for _ in range(100_000):
                word = chosen.choice(names)
                prefix = "" if chosen.random() < 0.8 else "www."
                suffix = "" if chosen.random() < 0.9 else "x"
                file.write(f"{prefix}{word}{suffix}.{ZONE} A\n")
        for round_number in range(options.rounds):
            for name, kind in kinds.items():
                print(f"round {round_number + 1} of {options.rounds}: {name}", file=sys.stderr)
                runs[name].append(measure(kind, lab, f"{name}-{round_number}", zone_file, records,
                                          query_file, options.seconds))
    report(runs, records, options)


def report(runs, records, options):
    names = list(runs)
    median = {name: {key: statistics.median(run[key] for run in runs[name])
                     for key in runs[name][0]} for name in names}
    print(f"{records} records, medians of {options.rounds} rounds, one worker each")
    print(f"{'':20}" + "".join(f"{name:>14}" for name in names)
          + "".join(f"{'/' + name:>10}" for name in names[1:]))
    for key in median["taproot"]:
        row = f"{key:20}" + "".join(f"{median[name][key]:14,.2f}" for name in names)
        for name in names[1:]:
            other = median[name][key]
            row += f"{median['taproot'][key] / other:10.2f}" if other else f"{'-':>10}"
        print(row)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"records": records, "median": median, "runs": runs}, file, indent=1)


if __name__ == "__main__":
    main()
