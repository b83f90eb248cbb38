"""Readers that stall and strangers that ask: neither slows an honest secondary's transfer, costs
memory without bound, or pushes anybody out who may transfer.
"""

import json
import os
import socket
import subprocess
import sys
import time

from case import ZONE, LabCase, main
from lab import Key, wait_until
from secondary_requests import AXFR, REFUSED, SOA, Connection, ask_udp, query, rcode, records, sign

RECORDS = 60_000
SLOW_READERS = int(os.environ.get("TAPROOT_SLOW_READERS", "2000"))
SMALL = 4096  # octets of a receive buffer: the zone stays at the server
MIB = 1 << 20


def zone_file():
    lines = [f"$ORIGIN {ZONE}.", "$TTL 300", "@ SOA ns1.example.net. admin.example.net. 1 60 60 9999 60",
             "@ NS ns1.example.net."]
    lines += [f"host-number-{i} A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(RECORDS)]
    return "\n".join(lines) + "\n"


class Readers(LabCase):
    def begin(self, access):
        self.taproot.write_zone(ZONE + ".zone", zone_file())
        self.keys = [Key("xfr.example")]
        document = self.configure([], zones=[{"name": ZONE, "source": f"zones/{ZONE}.zone",
                                              "providers": ["secondary"]}])
        document["providers"] = [{"name": "secondary", "kind": "transfer", **access}]
        self.taproot.write("taproot.yaml", json.dumps(document))
        self.taproot.start()
        wait_until("the zone to be served",
                   lambda: rcode(ask_udp(self.taproot.port, query(ZONE, SOA)) or b"\0\0\0\2") == 0)

    def axfr(self, key=None, source="127.0.0.1"):
        """(seconds, records) of a whole AXFR."""
        message = query(ZONE, AXFR)
        started = time.monotonic()
        with Connection(self.taproot.port, source) as connection:
            connection.send(sign(message, key)[0] if key else message)
            count, _ = connection.transfer()
        return time.monotonic() - started, count

    def memory(self):
        """Octets of the process's own memory that are in use."""
        with open(f"/proc/{self.taproot.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

    def stalled(self, count, sources=1, key=None, may_end=0):
        """Connections that asked for the zone and read no more than its first octets. Of very
        many, `may_end` may find no room: the system shares them out among the workers by chance,
        and each worker has room for 1024. They are not among those returned.
        """
        readers = []
        for i in range(count):
            reader = Connection(self.taproot.port, f"127.0.0.{2 + i % sources}", SMALL)
            self.addCleanup(reader.close)
            message = query(ZONE, AXFR)
            reader.send(sign(message, key)[0] if key else message)
            readers.append(reader)
        begun = []
        for reader in readers:
            try:
                self.assertEqual(len(reader.read(2)), 2, "its transfer has begun")
                begun.append(reader)
            except (EOFError, ConnectionResetError):
                self.assertGreater(may_end, 0, "there is room for all of them")
        self.assertGreaterEqual(len(begun), count - may_end)
        return begun

    def text_of_log(self):
        with open(self.taproot.log, encoding="utf-8") as log:
            return log.read()

    def test_sixty_stalled_readers_and_a_hundred_strangers_slow_nobody(self):
        self.begin({"transfer-from": ["127.0.0.1", "127.0.0.2"]})
        alone = min(self.axfr()[0] for _ in range(5))
        readers = self.stalled(60)
        refused = 0
        for i in range(100):
            with Connection(self.taproot.port, f"127.0.1.{i + 1}") as stranger:
                refused += rcode(stranger.send(query(ZONE, AXFR)).receive()) == REFUSED
        self.assertEqual(refused, 100)
        strangers = [Connection(self.taproot.port, f"127.0.2.{i + 1}") for i in range(100)]
        for stranger in strangers:
            self.addCleanup(stranger.close)
            stranger.send(query(ZONE, AXFR))
        beside = min(self.axfr()[0] for _ in range(5))
        seconds, count = self.axfr()
        print(f"an AXFR of {RECORDS} records: alone {alone * 1000:.0f} ms, beside the others "
              f"{beside * 1000:.0f} ms", flush=True)
        self.assertEqual(count, RECORDS + 3)
        self.assertLess(beside, alone * 2 + 0.1)
        self.assertNotIn("broke off", self.text_of_log(), "they have their 30 s")
        # They are dropped when they have read nothing for 30 seconds, and not much later.
        started = time.monotonic()
        wait_until("the stalled readers to be dropped", lambda: self.text_of_log().count(
            "broke off: the peer stopped reading") == len(readers), 60, 0.5)
        print(f"dropped {time.monotonic() - started:.0f} s after that", flush=True)
        status = self.taproot.ask("status", ZONE)
        rows = status["zones"][0]["providers"][0]["secondaries"]
        self.assertIn("its transfer broke off: the peer stopped reading",
                      [row["trouble"] for row in rows if row["address"] == "127.0.0.2"])
        self.assertIn("the peer stopped reading", self.command(0, "status").stdout)
        # The strangers: each first refusal is a line, and says how to allow it.
        text = self.text_of_log()
        self.assertIn(f"{ZONE}.: AXFR over TCP from 127.0.1.1:", text)
        self.assertIn("transfer-from", text)

    def test_thousands_of_slow_readers_cost_little(self):
        self.begin({"transfer-from": ["127.0.0.0/24"]})
        self.axfr()
        before = self.memory()
        descriptors = int(subprocess.run(["sh", "-c", "ulimit -n"], capture_output=True, text=True,
                                         check=True).stdout)
        many = min(SLOW_READERS, descriptors - 200)
        if many < SLOW_READERS:
            print(f"only {many} slow readers: no more descriptors", flush=True)
        readers = self.stalled(many, sources=20, may_end=many // 10)
        seconds, count = self.axfr(source="127.0.0.99")
        after = self.memory()
        print(f"{many} slow readers, {many - len(readers)} without room, "
              f"{(after - before) / MIB:.0f} MiB, {(after - before) / 1024 / len(readers):.0f} KiB "
              f"each; an honest AXFR beside them {seconds * 1000:.0f} ms", flush=True)
        self.assertEqual(count, RECORDS + 3)
        self.assertLess(after - before, len(readers) * 128 * 1024 + 32 * MIB)
        self.assertLess(seconds, 20)

    def test_a_flood_of_strangers_pushes_out_no_transfer(self):
        self.begin({"key": "xfr.example."})
        key = self.keys[0]
        honest = Connection(self.taproot.port, "127.0.0.2", SMALL)
        self.addCleanup(honest.close)
        honest.send(sign(query(ZONE, AXFR), key)[0])
        octets = len(honest.receive())
        flood = []
        for i in range(3000):
            try:
                flood.append(socket.create_connection(("127.0.0.1", self.taproot.port), 5,
                                                      (f"127.0.3.{1 + i % 250}", 0)))
            except OSError:
                break
            if len(flood) > 600:
                flood.pop(0).close()
            if i % 3 == 0:  # in the name of the key, but without the secret
                message = sign(query(ZONE, AXFR), Key("xfr.example"))[0]
                flood[-1].sendall(len(message).to_bytes(2, "big") + message)
        for one in flood:
            one.close()
        soas = 1
        while soas < 2:  # it goes on where it was
            message = honest.receive()
            octets += len(message)
            soas += [rrtype for section, rrtype, _ in records(message) if section == 1].count(SOA)
        self.assertGreater(octets, RECORDS * 16)
        self.assertRegex(self.text_of_log(), r"BADSIG: key xfr\.example\. .*give both the same")
        self.assertRegex(self.text_of_log(), r"\(secondary\): AXFR of serial 1: ")


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
