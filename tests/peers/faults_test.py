"""Secondaries that do everything wrong: each ends in the right state by itself, or with one cure
that `taproot status` shows."""

import json
import os
import shutil
import signal
import socket
import struct
import sys
import threading
import time

from case import ZONE, LabCase, main, source
from lab import Key, Knot, Nsd, serial_at, short, wait_until
from secondary_requests import (AXFR, BADTIME, FORMERR, IXFR, NOERROR, NOTAUTH, REFUSED, SOA, Connection,
                      ask_udp, counts, mac_of, query, rcode, sign, tsig_error)

HOUR = 3600


class Notified:
    """Somebody who is notified, and answers as `answer` says: a function of the datagram that
    returns the octets to send, or None."""

    def __init__(self, answer):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.other.bind(("127.0.0.1", 0))
        self.answer = answer
        self.from_other_port = False
        self.got = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                message, sender = self.socket.recvfrom(4096)
                reply = self.reply(message)
                if reply is not None:
                    (self.other if self.from_other_port else self.socket).sendto(reply, sender)
            except OSError:  # it is closed
                return

    def reply(self, message):
        if message[2] >> 3 & 15 != 4:
            return answer_with(REFUSED)(message)  # to the one who looks what it serves
        self.got += 1
        return self.answer(message)

    def close(self):
        self.socket.close()
        self.other.close()


def answer_with(code):
    """An answer with this RCODE and the question alone."""
    def answer(message):
        at = 12
        while message[at]:
            at += 1 + message[at]
        return (message[:2] + bytes([0x84 | message[2] & 0x79, code]) + struct.pack(">4H", 1, 0, 0, 0)
                + message[12:at + 5])
    return answer


class Faults(LabCase):
    def begin(self, targets=(), key=None, size=0, servers=(), **options):
        """taproot with one provider whose secondaries are made here, at 127.0.0.1; `servers` are
        providers beside it."""
        more = "".join(f"h{i}: {{type: A, value: 10.0.{i >> 8}.{i & 255}}}\n" for i in range(size))
        self.more = more
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1", more))
        self.keys += [key] if key else []
        document = self.configure(servers)
        provider = {"name": "odd", "kind": "transfer", "transfer-from": ["127.0.0.1"],
                    "notify": [f"127.0.0.1:{target.port}" for target in targets], **options}
        if targets:
            provider["nameservers"] = {"ns1.odd.example.": provider["notify"]}
        if key:
            provider["key"] = key.name + "."
        document["providers"].append(provider)
        document["zones"][0]["providers"].append("odd")
        self.taproot.write("taproot.yaml", json.dumps(document))
        self.taproot.start()
        wait_until("the zone", lambda: serial_at(self.taproot.port, ZONE))

    def notified(self, answer):
        target = Notified(answer)
        self.addCleanup(target.close)
        return target

    def edit(self, address):
        self.taproot.write_zone(ZONE + ".yaml", source(address, self.more))
        wait_until(f"taproot to serve {address}",
                   lambda: short(self.taproot.port, "www." + ZONE, "A") == [address])

    def odd(self):
        rows = self.taproot.ask("status", ZONE)["zones"][0]["providers"]
        return next(row for row in rows if row["provider"] == "odd")

    def troubles(self):
        return [row["trouble"] for row in self.odd()["secondaries"]]

    def shown(self, words):
        """Waits until `taproot status` shows these words to a person."""
        return wait_until(f"status to show: {words}",
                          lambda: words in (self.taproot.run("status").stdout) or None)

    def ixfr(self, serial, key=None):
        """(records, octets) of an IXFR from a serial."""
        message = query(ZONE, IXFR, serial)
        with Connection(self.taproot.port) as connection:
            connection.send(sign(message, key)[0] if key else message)
            first = connection.receive()
            self.assertEqual(rcode(first), NOERROR)
            return counts(first)[1]

    def test_a_secondary_that_cannot_apply_differences_gets_the_whole_zone(self):
        self.begin()
        first = serial_at(self.taproot.port, ZONE)
        self.edit("192.0.2.2")
        whole = 12
        self.assertEqual(self.ixfr(first), 6)
        self.assertEqual(self.troubles(), [""])
        self.assertEqual(self.ixfr(first), whole, "it asked again: it gets everything")
        words = f"it asked again for the differences from serial {first}, so it is given the whole zone"
        wait_until("status to tell", lambda: self.troubles() == [words])
        self.shown(words)
        # It is at the new version, and the next change comes as differences again.
        self.assertEqual(self.ixfr(first + 1), 1)
        wait_until("the trouble to be over", lambda: self.troubles() == [""])
        self.edit("192.0.2.3")
        self.assertEqual(self.ixfr(first + 1), 6)

    def test_a_secondary_that_resets_its_transfer_midway(self):
        self.begin(size=12000)
        first = serial_at(self.taproot.port, ZONE)
        connection = Connection(self.taproot.port, buffer=4096)
        connection.send(query(ZONE, AXFR)).read(2)
        connection.reset()
        self.shown("its transfer broke off: the peer ended the connection")
        with Connection(self.taproot.port) as again:
            self.assertGreater(again.send(query(ZONE, AXFR)).transfer()[0], 12000)
        wait_until("the trouble to be over", lambda: self.troubles() == [""])
        # The same in the middle of differences, which it is then not given again.
        self.more = self.more.replace("10.0.2", "10.1.2").replace("10.0.4", "10.1.4")
        self.edit("192.0.2.2")
        connection = Connection(self.taproot.port, buffer=4096)
        connection.send(query(ZONE, IXFR, first)).read(2)
        connection.reset()
        self.shown("its transfer broke off: the peer ended the connection")
        with Connection(self.taproot.port) as again:
            self.assertLess(again.send(query(ZONE, IXFR, first)).transfer()[0], 12100)
        self.shown(f"it broke off the differences from serial {first}, so it is given the whole zone")

    def test_garbage_is_answered_with_little(self):
        self.begin()
        for octets in (b"\xff" * 100, b"\0\1\0", b"GET / HTTP/1.1\r\n\r\n", os.urandom(4000)):
            with Connection(self.taproot.port) as connection:
                connection.socket.sendall(octets)
                connection.socket.shutdown(socket.SHUT_WR)
                while connection.socket.recv(65536):
                    pass
            ask_udp(self.taproot.port, octets[:1000], 0.05)
        self.assertTrue(serial_at(self.taproot.port, ZONE))
        self.assertIsNone(self.taproot.process.poll())

    def test_answers_to_notify_are_shown_with_their_cure(self):
        cases = [(answer_with(REFUSED), "REFUSED: the secondary does not take NOTIFY from our address"),
                 (answer_with(NOTAUTH), "NOTAUTH: the secondary does not serve this zone"),
                 (answer_with(FORMERR), "the secondary answered FORMERR"),
                 (lambda message: os.urandom(60), "not answered"),
                 (lambda message: message, "not answered"),
                 (lambda message: None, "not answered")]
        targets = [self.notified(answer) for answer, _ in cases]
        self.begin(targets)
        for target, (_, words) in zip(targets, cases):
            wait_until(f"status to show {words}", lambda: words in self.odd()["waits_for"]
                       or words in json.dumps(self.odd()))
        # One of them thinks better of it, and only it is done when it has been here.
        targets[0].answer = answer_with(NOERROR)
        self.edit("192.0.2.2")
        got = targets[0].got
        wait_until("it to be told", lambda: targets[0].got >= got)
        with Connection(self.taproot.port) as connection:
            self.assertGreater(connection.send(query(ZONE, AXFR)).transfer()[0], 10)

    def test_an_answer_from_another_port_is_no_answer(self):
        target = self.notified(answer_with(NOERROR))
        target.from_other_port = True
        self.begin([target])
        wait_until("a NOTIFY", lambda: target.got > 0)
        wait_until("status to tell that it did not answer",
                   lambda: "not answered" in self.odd()["waits_for"])
        target.from_other_port = False
        wait_until("the next try to be acknowledged", lambda: "acknowledged" in self.odd()["waits_for"])

    def test_a_clock_that_is_an_hour_off_is_shown(self):
        key = Key("xfr.example")

        def answer(message):  # to a NOTIFY, from a host whose clock is an hour late
            late = int(time.time()) - HOUR
            reply = answer_with(NOTAUTH)(message)
            signed_at = self.time_signed(message, key)
            return sign(reply, key, request_mac=mac_of(message, key), error=BADTIME,
                        other=struct.pack(">HI", 0, late), at=signed_at)[0]

        target = self.notified(answer)
        self.begin([target], key)
        # Its own requests get BADTIME with our time, and the operator is told.
        request, _ = sign(query(ZONE, SOA), key, skew=-HOUR)
        reply = ask_udp(self.taproot.port, request)
        error, mac, other = tsig_error(reply)
        self.assertEqual((rcode(reply), error, mac), (NOTAUTH, BADTIME, 32))
        ours = int.from_bytes(other, "big")
        self.assertLess(abs(ours - time.time()), 60)
        self.shown("SOA refused: BADTIME: key xfr.example. hmac-sha256.: signed 36")
        self.shown("the clocks of the two hosts differ; set the one that is wrong, for example by NTP")
        # What it says to our NOTIFY is told, too.
        wait_until("status to tell of its clock", lambda: "s behind ours" in self.odd()["waits_for"])
        self.assertIn("for example by NTP", self.odd()["waits_for"])
        # Its clock is set: all is well without our doing anything.
        reply = ask_udp(self.taproot.port, sign(query(ZONE, SOA), key)[0])
        self.assertEqual(rcode(reply), NOERROR)
        wait_until("the trouble to be over", lambda: self.troubles() == [""])

    @staticmethod
    def time_signed(message, key):
        at = message.rindex(b"\x0bhmac-sha256\0") + 13
        high, low = struct.unpack_from(">HI", message, at)
        return high << 32 | low

    def test_a_frozen_secondary_delays_nobody(self):
        frozen, other = self.secondaries(Knot, Nsd)
        self.begin(servers=[frozen, other])
        for server in (frozen, other):
            wait_until(f"{server.name} to follow",
                       lambda server=server: short(server.port, "www." + ZONE, "A") == ["192.0.2.1"])
        self.command(0, "notify", ZONE)
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            for step in range(2, 12):
                started = time.monotonic()
                self.edit(f"192.0.2.{step}")
                served = time.monotonic() - started
                wait_until("the other secondary to follow",
                           lambda step=step: short(other.port, "www." + ZONE, "A") == [f"192.0.2.{step}"], 10,
                           0.01)
                self.assertLess(served, 5)
            row = wait_until("status to tell", lambda: next(
                (row for row in self.taproot.ask("status", ZONE)["zones"][0]["providers"]
                 if row["provider"] == frozen.name and row["waits_for"]), None))
            self.assertNotEqual(row["state"], "in-sync")
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        wait_until("the frozen one to follow, now that it can",
                   lambda: short(frozen.port, "www." + ZONE, "A") == ["192.0.2.11"], 60)

    def test_yesterdays_state_is_shown_and_cured_for_each_maker(self):
        servers = self.secondaries()
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure(servers)
        self.taproot.start()
        for server in servers:
            wait_until(f"{server.name} to follow", lambda server=server: serial_at(server.port, ZONE))
        self.taproot.stop()
        backup = self.taproot.path("backup")
        shutil.copytree(self.taproot.path("state"), backup)
        self.taproot.start()
        for step in (81, 82, 83):
            self.taproot.write_zone(ZONE + ".yaml", source(f"192.0.2.{step}"))
            for server in servers:
                wait_until(f"{server.name} to follow", lambda server=server, step=step: short(
                    server.port, "www." + ZONE, "A") == [f"192.0.2.{step}"])
        self.taproot.stop()
        shutil.rmtree(self.taproot.path("state"))
        os.rename(backup, self.taproot.path("state"))
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.90"))
        self.taproot.start()
        cure = f"taproot serial {ZONE}. --above-secondaries"
        wait_until("status to show the cure", lambda: cure in self.taproot.run("status").stdout)
        self.command(0, "serial", ZONE, "--above-secondaries")
        for server in servers:
            wait_until(f"{server.name} to follow", lambda server=server: short(
                server.port, "www." + ZONE, "A") == ["192.0.2.90"], 60)
        self.command(0, "apply", "--wait")
        wait_until("all records to be the same", lambda: self.taproot.run("verify", ZONE).returncode == 0)


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
