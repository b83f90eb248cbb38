"""Parents are told of changed CDS and CSYNC (RFC 9859): DSYNC comes from real servers, and a small
receiver stands for the parent's operator."""

import json
import signal
import socket
import struct
import threading

from case import ZONE, LabCase, main, source
from lab import Nsd, free_port, serial_at, short, wait_until
from primaries import BindPrimary, KnotPrimary, NsdPrimary, wire_name, zone_text

CDS, CSYNC = 59, 62
CDS_DATA = "12345 13 2 " + "ab" * 32
NOERROR, REFUSED = 0, 5


def dsync(owner, port, target="notify.nic.com", kinds=(CDS, CSYNC)):
    """DSYNC records as lines of a zone file, in the syntax that every server takes (RFC 3597)."""
    lines = []
    for kind in kinds:
        rdata = struct.pack("!HBH", kind, 1, port) + wire_name(target)
        lines.append(f"{owner} 300 IN TYPE66 \\# {len(rdata)} {rdata.hex()}")
    return lines


class Receiver:
    """Takes NOTIFY over UDP and TCP, and answers with self.rcode; over UDP only if not self.deaf."""

    def __init__(self):
        self.port, self.got, self.rcode, self.deaf = free_port(), [], NOERROR, False
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def take(self, octets, over):
        """The answer to a NOTIFY, which is remembered as (zone, type, transport, options)."""
        end = octets.index(b"\0", 12) + 1
        labels, at = [], 12
        while octets[at]:
            labels.append(octets[at + 1:at + 1 + octets[at]].decode())
            at += 1 + octets[at]
        flags, = struct.unpack("!H", octets[2:4])
        assert flags == 0x2400, "opcode NOTIFY with AA, and nothing else"
        assert struct.unpack("!H", octets[6:8])[0] == 0, "no answer section"
        kind, = struct.unpack("!H", octets[end:end + 2])
        self.got.append((".".join(labels), kind, over, octets[end + 4:]))
        return octets[:2] + struct.pack("!5H", 0xa400 | self.rcode, 1, 0, 0, 0) + octets[12:end + 4]

    def serve_udp(self):
        while True:
            try:
                octets, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            answer = self.take(octets, "udp")
            if not self.deaf:
                self.udp.sendto(answer, peer)

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                size, = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
                answer = self.take(connection.recv(size, socket.MSG_WAITALL), "tcp")
                connection.sendall(struct.pack("!H", len(answer)) + answer)

    def told(self):
        return [one[:2] for one in self.got]

    def stop(self):
        self.udp.close()
        self.tcp.close()


class ParentCase(LabCase):
    def begin(self, maker=KnotPrimary, records=None, parent="com", zone=ZONE, servers=(), channel=None):
        """A parent with these records, and taproot with the zone and one record to begin with."""
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.parent_zone, self.child = parent, zone
        self.parent = self.lab.add(maker(self.lab, free_port(), [parent], name="parent"))
        self.records = ["notify.nic 300 IN A 127.0.0.1"]
        if records is None:
            records = dsync("example._dsync", self.receiver.port)
        self.parent.put(zone_text(1, [*self.records, *records], parent), parent)
        self.parent.start()
        self.taproot.write_zone(zone + ".yaml", source())
        document = self.configure(list(servers), [
            {"name": zone, "source": f"zones/{zone}.yaml", "notify-parent": True,
             "providers": [server.name for server in servers]}])
        document["parent-notify"] = {"resolver": f"127.0.0.1:{self.parent.port}"}
        if channel:
            document["parent-notify"]["report-channel"] = channel
        self.document = document
        self.taproot.write("taproot.yaml", json.dumps(document, indent=2))
        self.taproot.start()
        wait_until("the zone", lambda: serial_at(self.taproot.port, zone))

    def edit(self, *records):
        words = [word for record in records for word in ("--put", record)]
        self.command(0, "edit", self.child, *words)

    def row(self, kind="CDS"):
        rows = self.taproot.ask("status", self.child)["zones"][0]["parents"]
        return next((row for row in rows if row["type"] == kind), None)

    def wait_state(self, state, kind="CDS", seconds=30):
        return wait_until(f"{kind} to be {state}", lambda: (
            lambda row: row if row and row["state"] == state else None)(self.row(kind)), seconds)

    def log(self):
        with open(self.taproot.log, encoding="utf-8") as log:
            return log.read()


class Told(ParentCase):
    def tell(self, maker):
        self.begin(maker, channel="r.ns1.example.net.")
        self.assertIsNone(self.row())
        self.edit(f"@ 300 CDS {CDS_DATA}")
        row = self.wait_state("told")
        self.assertEqual(self.receiver.told(), [(ZONE, CDS)])
        self.assertIn(b"\0\x12\0\x13" + wire_name("r.ns1.example.net"), self.receiver.got[0][3])
        self.assertIn(f"notify.nic.com. port {self.receiver.port} (127.0.0.1)", row["target"])
        self.assertIn("parent, CDS: told", self.taproot.run("status").stdout)
        # What is not for the parent is not told; what is, once.
        self.edit("new 60 A 192.0.2.1")
        self.edit(f"@ 300 CSYNC 1 3 A NS AAAA")
        self.wait_state("told", "CSYNC")
        self.assertEqual(self.receiver.told(), [(ZONE, CDS), (ZONE, CSYNC)])
        # CDNSKEY is told of as CDS.
        self.edit("@ 300 CDNSKEY 257 3 13 " + "A" * 86 + "==")
        wait_until("the third", lambda: len(self.receiver.got) == 3)
        self.assertEqual(self.receiver.told()[2], (ZONE, CDS))
        self.wait_state("told")
        # A restart repeats nothing, and what came while it was down is told.
        self.taproot.kill()
        self.taproot.start()
        self.edit("newer 60 A 192.0.2.1")
        self.edit(f"@ 300 CDS {CDS_DATA.replace('ab', 'cd')}")
        wait_until("the fourth", lambda: len(self.receiver.got) == 4)
        self.wait_state("told")
        self.command(0, "notify", ZONE)
        wait_until("both again", lambda: len(self.receiver.got) == 6)

    def test_dsync_from_knot(self):
        self.tell(KnotPrimary)

    def test_dsync_from_bind(self):
        self.tell(BindPrimary)

    def test_dsync_from_nsd(self):
        self.tell(NsdPrimary)

    def test_where_dsync_is_found(self):
        for what, maker, parent, zone, owner in (
                ("a wildcard", KnotPrimary, "com", ZONE, "*._dsync"),
                ("the bare name", BindPrimary, "com", ZONE, "_dsync"),
                ("further up", NsdPrimary, "jp", "city.ise.mie.jp", "city.ise.mie._dsync"),
                ("further up, and the bare name", KnotPrimary, "jp", "city.ise.mie.jp", "_dsync")):
            with self.subTest(what):
                self.setUp()
                self.begin(maker, [], parent, zone)
                target = f"notify.nic.{parent}"
                self.parent.change(2, [*self.records, *dsync(owner, self.receiver.port, target)],
                                   parent)
                self.edit(f"@ 300 CDS {CDS_DATA}")
                self.wait_state("told")
                self.assertEqual(self.receiver.told(), [(zone, CDS)])


    def test_reports_go_to_nobody_but_the_zone_s_own_nameservers(self):
        self.begin(channel="reports.example.org.")
        self.edit(f"@ 300 CDS {CDS_DATA}")
        self.wait_state("told")
        self.assertEqual(self.receiver.got[0][3], b"")


class Trouble(ParentCase):
    def test_without_dsync_nobody_is_told_until_it_is_there(self):
        self.begin(records=[])
        self.edit(f"@ 300 CDS {CDS_DATA}")
        row = self.wait_state("nobody")
        self.assertIn("it has no DSYNC", row["error"])
        self.assertIn("no DSYNC", self.taproot.run("status").stdout)
        self.parent.change(2, [*self.records, *dsync("*._dsync", self.receiver.port, kinds=(CSYNC,))],
                           "com")
        self.command(0, "notify", ZONE)
        wait_until("the other answer", lambda: "none for it" in (self.row()["error"] or ""))
        self.parent.change(3, [*self.records, *dsync("*._dsync", self.receiver.port)], "com")
        self.command(0, "notify", ZONE)
        self.wait_state("told")

    def test_no_answer_over_udp_leads_to_tcp(self):
        self.begin()
        self.receiver.deaf = True
        self.edit(f"@ 300 CDS {CDS_DATA}")
        self.wait_state("told")
        self.assertEqual([one[2] for one in self.receiver.got], ["udp", "udp", "udp", "tcp"])

    def test_an_error_is_shown_and_told_again(self):
        self.begin()
        self.receiver.rcode = REFUSED
        self.edit(f"@ 300 CDS {CDS_DATA}")
        row = wait_until("the trouble", lambda: (
            lambda row: row if row and "answers REFUSED" in row["error"] else None)(self.row()))
        self.assertEqual((row["state"], bool(row["next"]), bool(row["cure"])), ("waiting", True, True))
        self.assertIn("answers REFUSED to NOTIFY(CDS)", self.taproot.run("status").stdout)
        self.assertIn("cannot be told of CDS", self.log())
        self.assertIn(f'taproot_parent_told{{zone="{ZONE}.",type="CDS"}} 0', self.metrics())
        self.receiver.rcode = NOERROR
        self.wait_state("told")
        self.assertEqual(self.row()["error"], "")
        self.assertIn(f'taproot_parent_told{{zone="{ZONE}.",type="CDS"}} 1', self.metrics())

    def test_a_resolver_that_is_gone_comes_back(self):
        self.begin()
        self.parent.stop()
        self.edit(f"@ 300 CDS {CDS_DATA}")
        row = wait_until("the trouble", lambda: (
            lambda row: row if row and row["error"] else None)(self.row()))
        self.assertIn(f"resolver 127.0.0.1:{self.parent.port}", row["error"])
        # It survives a crash.
        self.taproot.kill()
        self.parent.start()
        self.taproot.start()
        self.wait_state("told")
        self.assertEqual(self.receiver.told(), [(ZONE, CDS)])

    def test_nameservers_have_it_first(self):
        secondary = self.secondary(Nsd)
        self.begin(servers=[secondary])
        secondary.start()
        wait_until("the secondary", lambda: serial_at(secondary.port, ZONE) ==
                   serial_at(self.taproot.port, ZONE))
        secondary.process.send_signal(signal.SIGSTOP)
        try:
            self.edit(f"@ 300 CDS {CDS_DATA}")
            self.assertEqual(self.row()["state"], "waiting")
            self.assertIn("waits until all nameservers have it", self.taproot.run("status").stdout)
            self.edit("more 60 A 192.0.2.1")
            self.assertEqual(self.receiver.got, [])
        finally:
            secondary.process.send_signal(signal.SIGCONT)
        self.wait_state("told")
        self.assertTrue(short(secondary.port, ZONE, "CDS"))

    def test_configuration(self):
        self.begin()
        self.edit(f"@ 300 CDS {CDS_DATA}")
        self.wait_state("told")
        # Another resolver is taken by a reload; a zone that is told nothing any more has no row.
        self.document["parent-notify"]["resolver"] = [f"127.0.0.1:{free_port()}"]
        self.taproot.write("taproot.yaml", json.dumps(self.document, indent=2))
        self.command(0, "reload")
        self.edit(f"@ 300 CDS {CDS_DATA.replace('ab', 'cd')}")
        wait_until("the trouble", lambda: self.row()["error"])
        self.document["zones"][0]["notify-parent"] = False
        self.taproot.write("taproot.yaml", json.dumps(self.document, indent=2))
        self.command(0, "reload")
        self.assertIsNone(self.row())
        self.document["zones"][0]["notify-parent"] = True
        del self.document["parent-notify"]
        self.taproot.write("taproot.yaml", json.dumps(self.document, indent=2))
        done = self.command(2, "check")
        self.assertIn("add parent-notify:", done.stdout + done.stderr)


if __name__ == "__main__":
    main()
