"""AXFR of the large zone, read to its end by a client on loopback."""

import socket
import struct
import time

import wire
from results import Results
from servers import Failed, Knot, Nsd, Taproot
from trial import Together, load
from zone_files import ZONE

TITLE = "AXFR of a million records"


def transfer(port, records):
    """Seconds and octets of one AXFR."""
    message = wire.query(ZONE, wire.AXFR, 4711)
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as tcp:
        tcp.sendall(struct.pack("!H", len(message)) + message)
        stream = tcp.makefile("rb", buffering=1 << 20)
        seen = octets = 0
        while seen < records + 1:  # the SOA comes twice
            head = stream.read(2)
            if len(head) < 2:
                raise Failed(f"the transfer ended after {seen} of {records + 1} records")
            body = stream.read(struct.unpack("!H", head)[0])
            if body[3] & 15:
                raise Failed(f"the transfer was answered with rcode {body[3] & 15}")
            seen += struct.unpack("!H", body[6:8])[0]
            octets += len(body)
    return time.perf_counter() - began, octets


def run(trial):
    results = Results("axfr", TITLE)
    origin, _, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    rounds = trial.rounds(7)
    results.facts = {"records": records, "transfers": rounds}
    for figure in ("AXFR, s", "processor time of it, s", "size, MB"):
        results.show(figure)

    def warm(server):
        load(server)
        server.rest()
        transfer(server.port, records)

    def measure(server):
        before = server.cpu()
        seconds, octets = transfer(server.port, records)
        results.add(server.kind, "AXFR, s", seconds)
        server.rest(1)
        results.add(server.kind, "processor time of it, s", server.cpu() - before)
        results.add(server.kind, "size, MB", octets / 1e6)

    with Together(trial, results, (Taproot, Knot, Nsd), [ZONE], origin) as all_:
        all_.each(warm)
        for _ in range(rounds):
            all_.each(measure)
    return results
