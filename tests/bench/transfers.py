"""AXFR of the large zone, plain and signed with TSIG, read to its end by a client on loopback.

taproot keeps what it composed for one secondary for the next; a second one that keeps nothing
shows what the first secondary costs. The client checks no signatures, since its time would be
measured, only that they are there.
"""

import socket
import struct
import time

import wire
from results import Results
from servers import KEY_NAME, KEY_SECRET, Failed, Knot, Nsd, Taproot
from trial import Together, load
from zone_files import ZONE

TITLE = "AXFR of a million records"


class SignedTaproot(Taproot):
    signed = True


class ComposingTaproot(SignedTaproot):
    """Keeps no transfer for the next secondary, as if each were the first."""

    kind = "taproot, first"
    server_keys = {"kept-transfers": 0}


class SignedKnot(Knot):
    signed = True


class SignedNsd(Nsd):
    signed = True


def transfer(port, records, signed=False):
    """Seconds and octets of one AXFR."""
    message = wire.query(ZONE, wire.AXFR, 4711)
    if signed:
        message = wire.signed(message, KEY_NAME, KEY_SECRET)
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
            first = seen == 0
            seen += struct.unpack("!H", body[6:8])[0]
            octets += len(body)
            # RFC 8945, section 5.3.1: the first message and the last one at least are signed.
            if signed and (first or seen == records + 1) and body[10:12] == b"\0\0":
                raise Failed("the transfer is not signed")
    return time.perf_counter() - began, octets


def run(trial):
    results = Results("axfr", TITLE)
    origin, _, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    rounds = trial.rounds(7)
    results.facts = {"records": records, "transfers": rounds}
    for figure in ("AXFR, s", "processor time of it, s", "size, MB",
                   "signed AXFR, s", "processor time of the signed one, s"):
        results.show(figure)

    def warm(server):
        load(server)
        server.rest()
        for _ in range(2):  # what is kept for the next secondary is there then
            transfer(server.port, records)
            transfer(server.port, records, signed=True)

    def measure(server, time_figure, processor_figure, signed):
        before = server.cpu_of_threads()
        seconds, octets = transfer(server.port, records, signed)
        results.add(server.kind, time_figure, seconds)
        server.rest(1)
        results.add(server.kind, processor_figure, server.cpu_of_threads() - before)
        return octets

    def plain(server):
        octets = measure(server, "AXFR, s", "processor time of it, s", False)
        results.add(server.kind, "size, MB", octets / 1e6)

    def signed(server):
        measure(server, "signed AXFR, s", "processor time of the signed one, s", True)

    with Together(trial, results, (SignedTaproot, ComposingTaproot, SignedKnot, SignedNsd), [ZONE], origin) as all_:
        all_.each(warm)
        for _ in range(rounds):
            all_.each(plain)
            all_.each(signed)
    return results
