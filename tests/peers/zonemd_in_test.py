"""ZONEMD of transfers in: what a primary sends is verified before it is taken (RFC 8976)."""

import hashlib
import re
import signal
import struct

from case import ZONE, main
from follower_test import FollowerCase, Growing
from lab import serial_at, short, wait_until
from primaries import FakePrimary, KnotPrimary, address, record, soa, wire_name, zone_text

NS = record(ZONE, 2, wire_name("ns1.example.net"))
TIMERS = "300 60 3000"


class DigestingKnot(KnotPrimary):
    """Makes a ZONEMD for each serial."""

    digest = "zonemd-sha384"

    def command(self):
        words = super().command()
        with open(self.path("knot.conf"), encoding="utf-8") as file:
            text = file.read()
        text = text.replace("  - id: default\n", f"  - id: default\n    zonemd-generate: {self.digest}\n")
        self.write("knot.conf", text)
        return words

    def load(self, serial, zone=ZONE):
        """The digest may cost a serial more than the file has."""
        self.process.send_signal(signal.SIGHUP)
        wait_until(f"{self.name} to serve serial {serial} or the next",
                   lambda: (serial_at(self.port, zone) or 0) >= serial)


def key_of(one):
    """The place of a record in canonical order (RFC 4034 section 6): all names here are in small
    letters."""
    labels, at = [], 0
    while one[at]:
        labels.insert(0, one[at + 1:at + 1 + one[at]])
        at += 1 + one[at]
    rrtype, _, _, size = struct.unpack("!HHIH", one[at + 1:at + 11])
    return labels, rrtype, one[at + 11:at + 11 + size]


def zonemd(serial, records, scheme=1, algorithm=1, digest=None):
    """The record that is right for a zone of these records, or says what it is told to."""
    hashes = {1: hashlib.sha384, 2: hashlib.sha512}
    made = hashes.get(algorithm, hashlib.sha384)(b"".join(sorted(records, key=key_of))).digest()
    rdata = struct.pack("!IBB", serial, scheme, algorithm) + (digest or made)
    return record(ZONE, 63, rdata)


def zone(serial, *hosts):
    return [soa(serial), NS, *(address(f"h{i}.{ZONE}", i) for i in hosts)]


class VerifyCase(FollowerCase):
    def give(self, fake, records, serial, more=()):
        """The whole zone is this from now on, with these ZONEMD."""
        fake.messages = [[*records, *more, records[0]]]
        fake.serial = serial

    def row(self, at=0):
        return self.zone()["primaries"][at]

    def wait_error(self, words, at=0):
        return wait_until(f"the trouble to be shown: {words}", lambda: (
            lambda row: row if words in row["error"] else None)(self.row(at)))


class Verified(VerifyCase):
    def test_knot_makes_and_taproot_verifies_each_version(self):
        for digest, name in (("zonemd-sha384", "sha384"), ("zonemd-sha512", "sha512")):
            with self.subTest(name):
                self.setUp()
                growing = Growing(name)
                primary = self.made(DigestingKnot)
                primary.digest = digest
                primary.put(zone_text(10, growing.step(), timers=TIMERS))
                primary.start()
                self.follow([primary], zonemd="require")
                self.taproot.start()
                for serial in range(10, 80, 10):
                    if serial > 10:
                        primary.change(serial, growing.step(), timers=TIMERS)
                    wait_until(f"taproot to have serial {serial}", lambda: serial <= (
                        serial_at(self.taproot.port, ZONE) or 0) == serial_at(primary.port, ZONE))
                    self.assert_same(primary)
                self.assertRegex(self.log(), r"IXFR of serial 7\d received")
                self.assertNotIn("taking the whole zone", self.log())
                self.assertEqual((self.row()["zonemd"], self.row()["error"]),
                                 (f"verified ({name})", ""))
                self.assertIn(f"ZONEMD verified ({name})", self.taproot.run("status").stdout)
                self.assertEqual(int(short(self.taproot.port, ZONE, "ZONEMD")[0].split()[0]),
                                 serial_at(self.taproot.port, ZONE))
                self.command(0, "check")

    def follow_with_own(self, zone_keys, expected):
        """Serials or digests of its own: the primary's IXFR go on all the same."""
        self.setUp()
        growing = Growing(1)
        primary = self.made(DigestingKnot)
        primary.put(zone_text(10, growing.step(), timers=TIMERS))
        primary.start()
        self.follow([primary], zone=zone_keys, zonemd="require")
        self.taproot.start()

        def change(serial):
            primary.change(10 * serial, [*growing.step(), f"s{serial} 60 IN A 192.0.2.{serial}"],
                           timers=TIMERS)

        def come(serial):
            wait_until(f"change {serial}", lambda: short(
                self.taproot.port, f"s{serial}.{ZONE}", "A") == [f"192.0.2.{serial}"])

        wait_until("the zone", lambda: serial_at(self.taproot.port, ZONE))
        for serial in (2, 3):
            change(serial)
            come(serial)
        self.taproot.kill()
        change(4)
        self.taproot.start()
        come(4)
        self.assertEqual(len(re.findall(r"AXFR of serial \d+ received", self.log())), 1)
        self.assertEqual([line.split()[:3] for line in short(self.taproot.port, ZONE, "ZONEMD")],
                         [[str(serial_at(self.taproot.port, ZONE)), *one] for one in expected])

    def test_with_own_serials_the_primary_s_digest_is_left_out(self):
        self.follow_with_own({"serial": "unixtime"}, [])

    def test_own_digests_take_the_place_of_the_primary_s(self):
        self.follow_with_own({"zonemd": "sha512"}, [("1", "2")])
        self.follow_with_own({"serial": "unixtime", "zonemd": "sha384"}, [("1", "1")])


class Refused(VerifyCase):
    def begin(self, *more, **keys):
        self.fake_one = FakePrimary()
        self.addCleanup(self.fake_one.stop)
        first = zone(1, 1, 2)
        self.give(self.fake_one, first, 1, [zonemd(1, first)])
        self.follow([self.fake_one, *more], **keys)
        self.taproot.start()
        self.wait_serial(1)
        return self.fake_one

    def test_every_way_to_be_wrong_keeps_the_last_good_version(self):
        fake = self.begin()
        good = zone(2, 1, 2, 3)
        right = zonemd(2, good)
        cases = {
            "a record is missing": (zone(2, 1, 2), [right], "ZONEMD of serial 2 says sha384"),
            "a record is another": (zone(2, 1, 2, 4), [right], "the zone's digest is"),
            "of another serial": (good, [zonemd(1, good)], "ZONEMD is for serial 1"),
            "two of one kind": (good, [right, zonemd(2, good, digest=b"x" * 48)], "two ZONEMD"),
            "strange and wrong": (good, [zonemd(2, good, algorithm=240), zonemd(
                2, good, algorithm=2, digest=b"x" * 64)], "says sha512 78787878"),
        }
        for what, (records, digests, words) in cases.items():
            with self.subTest(what):
                self.give(fake, records, 2, digests)
                before = len(fake.asked)
                row = self.wait_error(words)
                self.assertIn("the transfer failed: serial 2: ", row["error"])
                self.assertIn("zonemd: ignore", row["cure"])
                wait_until("two transfers", lambda: len(fake.asked) > before + 1)
                self.assertEqual(serial_at(self.taproot.port, ZONE), 1)
                self.assertEqual(short(self.taproot.port, "h3." + ZONE, "A"), [])
        self.assertIn("zonemd: ignore", self.taproot.run("status").stdout)
        done = self.command(1, "reload", ZONE)
        self.assertIn("zonemd-wrong", done.stdout + done.stderr)
        done = self.command(2, "check")
        self.assertIn("zonemd-wrong", done.stdout + done.stderr)
        self.assertIn("ZONEMD of serial 2", self.log())
        self.give(fake, good, 2, [right])
        self.wait_serial(2)
        self.assertEqual(self.row()["error"], "")

    def test_an_ixfr_that_is_wrong_leads_to_one_axfr(self):
        fake = self.begin()
        good = zone(2, 1, 2, 3)
        whole = [*good, zonemd(2, good), good[0]]
        old = zonemd(1, zone(1, 1, 2))
        # The differences are without the new host.
        ixfr = [soa(2), soa(1), old, soa(2), zonemd(2, good), soa(2)]
        fake.messages = lambda qtype: [ixfr if qtype == 251 else whole]
        fake.serial = 2
        self.wait_serial(2)
        self.assertEqual(fake.asked[-2:], [251, 252])
        self.assertEqual(short(self.taproot.port, "h3." + ZONE, "A"), ["192.0.2.3"])
        self.assertIn("taking the whole zone", self.log())
        # And those that are right are taken as they are.
        next_zone = zone(3, 1, 2, 3, 4)
        ixfr = [soa(3), soa(2), zonemd(2, good), soa(3), address("h4." + ZONE, 4),
                zonemd(3, next_zone), soa(3)]
        fake.messages = lambda qtype: [ixfr]
        fake.serial = 3
        self.wait_serial(3)
        self.assertEqual(fake.asked[-1], 251)

    def test_a_primary_whose_zone_is_wrong_is_left_for_the_next(self):
        second = FakePrimary()
        self.addCleanup(second.stop)
        first = zone(1, 1, 2)
        self.give(second, first, 1, [zonemd(1, first)])
        fake = self.begin(second)
        good = zone(2, 1, 2, 3)
        self.give(second, good, 2, [zonemd(2, good)])
        self.give(fake, zone(2, 1, 2), 2, [zonemd(2, good)])
        self.wait_serial(2)
        self.assertEqual(short(self.taproot.port, "h3." + ZONE, "A"), ["192.0.2.3"])
        self.assertIn("ZONEMD of serial 2", self.wait_error("ZONEMD")["error"])
        self.assertEqual(self.row(1)["error"], "")

    def test_what_is_demanded_is_what_the_source_says(self):
        none = (zone(2, 1), [], "absent")
        strange = (zone(2, 1), [zonemd(2, zone(2, 1), scheme=9)], "unsupported")
        wrong = (zone(2, 1), [zonemd(2, zone(2, 1, 2))], "")
        for demand, (records, digests, shown), taken in (
                ("check", none, True), ("require", none, False), ("check", strange, True),
                ("require", strange, False), ("ignore", wrong, True), ("check", wrong, False)):
            with self.subTest(f"{demand} {shown}"):
                self.setUp()
                fake = self.begin(zonemd=demand)
                self.give(fake, records, 2, digests)
                if taken:
                    self.wait_serial(2)
                    self.assertEqual(self.row()["zonemd"], shown)
                else:
                    self.wait_error("ZONEMD")
                    self.assertEqual(serial_at(self.taproot.port, ZONE), 1)

    def test_a_zone_that_was_never_right_is_not_served(self):
        fake = FakePrimary()
        self.addCleanup(fake.stop)
        self.give(fake, zone(1, 1), 1)
        self.follow([fake], zonemd="require")
        self.taproot.start()
        self.wait_error("has no ZONEMD")
        self.assertIn("have the primary make a ZONEMD", self.row()["cure"])
        self.assertIsNone(serial_at(self.taproot.port, ZONE))
        self.give(fake, zone(2, 1), 2, [zonemd(2, zone(2, 1))])
        self.wait_serial(2)


if __name__ == "__main__":
    main()
