"""taproot follows real primaries: AXFR, IXFR, NOTIFY and TSIG in, and what goes wrong with it."""

import os
import random
import re
import signal
import time

from case import ZONE, LabCase, main
from lab import Key, axfr, serial_at, short, taproot_config, wait_until
from primaries import (BindPrimary, FakePrimary, KnotPrimary, NsdPrimary, PowerDnsPrimary, address,
                       record, soa, wire_name, zone_text)

MAKERS = (BindPrimary, KnotPrimary, NsdPrimary, PowerDnsPrimary)
WWW = "www 300 IN A 192.0.2.80"


class Growing:
    """A random zone of many names, a few of which change with each step."""

    def __init__(self, seed, names=60):
        self.rng, self.hosts = random.Random(seed), {}
        for i in range(names):
            self.renew(i)

    def renew(self, i):
        rng = self.rng
        ttl = rng.choice((300, 600))
        lines = [f"host{i} {ttl} IN A 192.0.2.{last}"
                 for last in rng.sample(range(1, 250), rng.randint(1, 3))]
        if rng.random() < 0.3:
            lines.append(f'host{i} 600 IN TXT "text {rng.randint(1, 9)}"')
        if rng.random() < 0.3:
            lines.append(f"alias{i} 600 IN CNAME host{i}.example.com.")
        if rng.random() < 0.2:
            lines.append(f"mail{i} 600 IN MX {rng.randint(1, 9)} host{i}.example.com.")
        self.hosts[i] = lines

    def step(self):
        """The next state, as lines of a zone file."""
        for _ in range(self.rng.randint(1, 4)):
            i = self.rng.randrange(len(self.hosts) + 20)
            if i in self.hosts and self.rng.random() < 0.3:
                del self.hosts[i]
            else:
                self.renew(i)
        return [WWW, *(line for lines in self.hosts.values() for line in lines)]


class FollowerCase(LabCase):
    def follow(self, primaries, key=None, zone=None, **more):
        """Writes a configuration in which ZONE is followed, and anybody here may read it."""
        source = {"transfer": [f"127.0.0.1:{one.port}" for one in primaries], "min-refresh": "1s",
                  **more}
        if key:
            source["key"] = key.name + "."
        reader = {"name": "reader", "kind": "transfer", "transfer-from": ["127.0.0.1"]}
        taproot_config(self.taproot, [key] if key else [], [reader],
                       [{"name": ZONE, "source": source, "providers": ["reader"], **(zone or {})}])

    def made(self, maker, key=None, name="primary"):
        return self.lab.add(maker(self.lab, self.taproot.port, [ZONE], key, name))

    def fake(self):
        fake = FakePrimary()
        self.addCleanup(fake.stop)
        return fake

    def log(self):
        with open(self.taproot.log, encoding="utf-8") as log:
            return log.read()

    def zone(self):
        return self.taproot.ask("status", ZONE)["zones"][0]

    def wait_serial(self, serial, seconds=30):
        wait_until(f"taproot to serve serial {serial}",
                   lambda: serial_at(self.taproot.port, ZONE) == serial, seconds)

    def assert_same(self, primary):
        mine = axfr(self.taproot.port, ZONE)
        self.assertGreater(len(mine), 3)
        self.assertEqual(mine, axfr(primary.port, ZONE, primary.key))


class Follow(FollowerCase):
    def follow_maker(self, maker, key, brings_ixfr=True):
        zone = Growing(maker.__name__)
        primary = self.made(maker, key)
        primary.put(zone_text(7, zone.step(), timers="300 60 3000"))
        primary.start()
        self.follow([primary], key)
        self.taproot.start()
        self.wait_serial(7)
        self.assert_same(primary)
        # The SOA's timers are long: only its NOTIFY can bring these.
        for serial in range(8, 14):
            primary.change(serial, zone.step(), timers="300 60 3000")
            self.wait_serial(serial, 15)
            self.assert_same(primary)
        log = self.log()
        self.assertIn("AXFR of serial 7 received", log)
        if brings_ixfr:
            self.assertIn("IXFR of serial 13 received", log)
            self.assertNotIn("taking the whole zone", log)
        row = self.zone()["primaries"][0]
        self.assertEqual((row["serial"], row["error"], row["expired"]), (13, "", False))
        self.assertTrue(row["confirmed"] and row["next"] and row["expires"], row)
        self.assertEqual(self.command(0, "check", self.taproot.config).returncode, 0)
        # A restart goes on by IXFR, without the primary having to send everything again.
        self.taproot.kill()
        primary.change(14, zone.step(), timers="300 60 3000")
        self.taproot.start()
        self.wait_serial(14)
        self.assert_same(primary)
        if brings_ixfr:
            self.assertEqual(len(re.findall(r"AXFR of serial \d+ received", self.log())), 1)

    def test_bind_with_tsig(self):
        self.follow_maker(BindPrimary, Key("bind.example"))

    def test_bind_without_key(self):
        self.follow_maker(BindPrimary, None)

    def test_knot_with_tsig(self):
        self.follow_maker(KnotPrimary, Key("knot.example"))

    def test_nsd_with_tsig(self):
        self.follow_maker(NsdPrimary, Key("nsd.example"))

    def test_powerdns_with_tsig(self):
        self.follow_maker(PowerDnsPrimary, Key("pdns.example"), brings_ixfr=False)

    def test_refresh_alone_brings_changes_too(self):
        primary = self.made(KnotPrimary)
        primary.follower = 9  # its NOTIFY goes nowhere
        primary.put(zone_text(1, [WWW]))
        primary.start()
        self.follow([primary])
        self.taproot.start()
        self.wait_serial(1)
        primary.change(2, [WWW, "new 300 IN A 192.0.2.1"])
        self.wait_serial(2, 10)
        self.assert_same(primary)

    def test_nothing_but_the_serial_is_a_version_too(self):
        primary = self.made(BindPrimary)
        primary.put(zone_text(1, [WWW]))
        primary.start()
        self.follow([primary])
        self.taproot.start()
        self.wait_serial(1)
        primary.change(5, [WWW])
        self.wait_serial(5)
        self.assertEqual(self.zone()["version"], 2)

    def test_own_serials_go_on_by_ixfr(self):
        zone = Growing(1)
        primary = self.made(BindPrimary)
        primary.put(zone_text(1, zone.step()))
        primary.start()
        self.follow([primary], zone={"serial": "unixtime"})
        self.taproot.start()
        wait_until("the zone", lambda: (serial_at(self.taproot.port, ZONE) or 0) > 1_000_000)
        for serial in (2, 3):
            primary.change(serial, [*zone.step(), f"step{serial} 60 IN A 192.0.2.{serial}"])
            wait_until("the change", lambda: short(
                self.taproot.port, f"step{serial}.{ZONE}", "A") == [f"192.0.2.{serial}"])
        self.taproot.kill()
        primary.change(4, [*zone.step(), "step4 60 IN A 192.0.2.4"])
        self.taproot.start()
        wait_until("the change", lambda: short(
            self.taproot.port, f"step4.{ZONE}", "A") == ["192.0.2.4"])
        self.assertEqual(len(re.findall(r"AXFR of serial \d+ received", self.log())), 1)
        no_soa = [[line for line in axfr(port, ZONE) if " SOA " not in line]
                  for port in (self.taproot.port, primary.port)]
        self.assertEqual(*no_soa)

    def test_verify_compares_with_the_incumbent_and_a_file_takes_over(self):
        primary = self.made(KnotPrimary)
        primary.put(zone_text(7, [WWW, "old 300 IN A 192.0.2.1"]))
        primary.start()
        self.follow([primary])
        public = {"name": "incumbent", "kind": "transfer", "transfer-from": ["127.0.0.1"],
                  "nameservers": {"ns1.example.net.": [f"127.0.0.1:{primary.port}"]}}
        zone = {"name": ZONE, "providers": ["incumbent"],
                "source": {"transfer": f"127.0.0.1:{primary.port}", "min-refresh": "1s"}}
        taproot_config(self.taproot, [], [public], [zone])
        self.taproot.start()
        self.wait_serial(7)
        self.command(0, "verify", ZONE)
        # The zone becomes taproot's own: same contents, same version.
        self.command(0, "import", ZONE, "--from", f"axfr://127.0.0.1:{primary.port}",
                     "--output", self.taproot.path("own.yaml"))
        before = self.zone()
        taproot_config(self.taproot, [], [public],
                       [{"name": ZONE, "providers": ["incumbent"], "source": "own.yaml"}])
        self.command(0, "reload")
        after = self.zone()
        self.assertEqual((after["version"], after["serial"]), (before["version"], 7))
        self.assertEqual(after["primaries"], [])
        self.command(0, "edit", ZONE, "--put", "www 300 A 192.0.2.99")
        self.assertEqual(serial_at(self.taproot.port, ZONE), 8)

    def test_secondaries_of_taproot_get_the_change(self):
        primary = self.made(KnotPrimary)
        primary.put(zone_text(1, [WWW]))
        primary.start()
        from lab import Nsd, transfer_provider
        secondary = self.lab.add(Nsd(self.lab, self.taproot.port, [ZONE])).start()
        self.follow([primary])
        taproot_config(self.taproot, [], [transfer_provider(secondary)], [
            {"name": ZONE, "providers": ["nsd"],
             "source": {"transfer": f"127.0.0.1:{primary.port}", "min-refresh": "1s"}}])
        self.taproot.start()
        wait_until("the secondary", lambda: serial_at(secondary.port, ZONE) == 1)
        primary.change(2, [WWW, "new 300 IN A 192.0.2.1"])
        wait_until("the secondary", lambda: serial_at(secondary.port, ZONE) == 2)
        self.assertEqual(short(secondary.port, "new." + ZONE, "A"), ["192.0.2.1"])


class Trouble(FollowerCase):
    def test_a_primary_that_is_down_and_comes_back(self):
        primary = self.made(KnotPrimary)
        primary.put(zone_text(1, [WWW]))
        primary.start()
        self.follow([primary])
        self.taproot.start()
        self.wait_serial(1)
        primary.stop()
        row = wait_until("the trouble to be shown", lambda: next(
            (row for row in self.zone()["primaries"] if row["error"]), None))
        self.assertTrue(row["failing_since"])
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.assertIn("failing", self.taproot.run("status").stdout)
        self.command(1, "reload", ZONE)
        primary.put(zone_text(2, [WWW]))
        primary.start()
        self.wait_serial(2, 10)
        self.assertEqual(self.zone()["primaries"][0]["error"], "")

    def test_the_second_primary_takes_over(self):
        primaries = [self.made(KnotPrimary, name=name) for name in ("first", "second")]
        for primary in primaries:
            primary.put(zone_text(1, [WWW]))
            primary.start()
        self.follow(primaries)
        self.taproot.start()
        self.wait_serial(1)
        primaries[0].stop()
        primaries[1].change(2, [WWW])
        self.wait_serial(2, 15)
        rows = wait_until("both to be shown", lambda: (
            lambda rows: rows if rows[0]["error"] and rows[1]["serial"] == 2 else None)(
                self.zone()["primaries"]))
        self.assertEqual(rows[1]["error"], "")

    def test_expired_is_servfail_and_loud_and_over_when_the_primary_is_back(self):
        for serve_expired in (False, True):
            with self.subTest(serve_expired=serve_expired):
                self.setUp()
                primary = self.made(BindPrimary)
                primary.put(zone_text(1, [WWW], timers="1 1 3"))
                primary.start()
                self.follow([primary], **{"serve-expired": serve_expired})
                self.taproot.start()
                self.wait_serial(1)
                primary.stop()
                wait_until("the expiry to be shown", lambda: self.zone()["primaries"][0]["expired"])
                report = self.taproot.ask("status")
                self.assertIn("has expired", report["warnings"][0])
                self.assertIn("EXPIRED", self.taproot.run("status").stdout)
                self.assertEqual(short(self.taproot.port, "www." + ZONE, "A") == ["192.0.2.80"],
                                 serve_expired)
                self.assertEqual(axfr(self.taproot.port, ZONE) != [], serve_expired)
                # Also after a restart, which must not count from the beginning.
                self.taproot.kill()
                self.taproot.start()
                self.assertEqual(short(self.taproot.port, "www." + ZONE, "A") == ["192.0.2.80"],
                                 serve_expired)
                primary.start()
                wait_until("the zone to be served again",
                           lambda: short(self.taproot.port, "www." + ZONE, "A") == ["192.0.2.80"])
                wait_until("the warning to be gone", lambda: not self.taproot.ask("status")["warnings"])

    def test_a_lower_serial_is_shown_with_its_cure(self):
        primary = self.made(KnotPrimary)
        primary.put(zone_text(9, [WWW]))
        primary.start()
        self.follow([primary])
        self.taproot.start()
        self.wait_serial(9)
        primary.stop()
        import shutil
        shutil.rmtree(primary.path("db"))
        primary.put(zone_text(3, [WWW, "lost 300 IN A 192.0.2.1"]))
        primary.start()
        row = wait_until("the trouble to be shown", lambda: next(
            (row for row in self.zone()["primaries"] if "not ahead" in row["error"]), None))
        self.assertIn("above 9", row["cure"])
        self.assertEqual(row["serial"], 3)
        self.assertIn("above 9", self.taproot.run("status").stdout)
        # With the primary's own serials it cannot be taken; with taproot's it can.
        done = self.command(1, "reload", ZONE)
        self.assertIn("behind 9", done.stdout + done.stderr)
        self.assertEqual(serial_at(self.taproot.port, ZONE), 9)
        self.follow([primary], zone={"serial": "increment"})
        self.command(0, "reload")
        self.command(0, "reload", ZONE)
        self.assertEqual(serial_at(self.taproot.port, ZONE), 10)
        self.assertEqual(short(self.taproot.port, "lost." + ZONE, "A"), ["192.0.2.1"])
        # Or it is raised there.
        primary.change(20, [WWW])
        self.wait_serial(20)
        self.assertEqual(self.zone()["primaries"][0]["error"], "")

    def test_garbage_and_half_transfers_change_nothing(self):
        fake = self.fake()
        fake.whole(1, address("www." + ZONE, 80))
        self.follow([fake])
        self.taproot.start()
        self.wait_serial(1)
        a = address("www." + ZONE, 81)
        ns = record(ZONE, 2, wire_name("ns1.example.net"))
        bad = {
            "octets of nobody": [os.urandom(600)],
            "a length and nothing": [b"\xff\xff"],
            "an empty message": [b"\0\0"],
            "half a zone": [[soa(2), ns, a]],
            "another end": [[soa(2), ns, a, soa(3)]],
            "more behind the end": [[soa(2), ns, a, soa(2), a]],
            "no SOA first": [[ns, soa(2)]],
            "differences to a stranger": [[soa(2), soa(7), soa(2), a, soa(2)]],
            "differences that go back": [[soa(2), soa(1), soa(0), a, soa(2)]],
            "a meta type": [[soa(2), ns, record("www." + ZONE, 252, b""), soa(2)]],
        }
        for what, messages in bad.items():
            with self.subTest(what):
                fake.messages, before = messages, len(fake.asked)
                fake.serial = 2
                row = wait_until("the trouble", lambda: len(fake.asked) > before + 1 and next(
                    (row for row in self.zone()["primaries"] if row["error"]), None))
                self.assertIn("transfer failed", row["error"])
                self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        fake.whole(3, a)
        self.wait_serial(3)

    def test_differences_that_do_not_fit_lead_to_the_whole_zone(self):
        fake = self.fake()
        ns = record(ZONE, 2, wire_name("ns1.example.net"))
        www = address("www." + ZONE, 80)
        fake.whole(1, www)
        self.follow([fake])
        self.taproot.start()
        self.wait_serial(1)
        steps = {
            "deletes what is not there": [soa(2), soa(1), address("x." + ZONE, 1), soa(2), soa(2)],
            "adds what is there": [soa(3), soa(2), soa(3), www, soa(3)],
            "begins with another SOA": [soa(4), soa(3, timers=(9, 9, 9999)), soa(4), soa(4)],
        }
        for serial, (what, ixfr) in enumerate(steps.items(), start=2):
            with self.subTest(what):
                whole = [soa(serial), ns, www, address(f"n{serial}." + ZONE, serial), soa(serial)]
                fake.messages = lambda qtype, i=ixfr, w=whole: [i if qtype == 251 else w]
                fake.serial = serial
                self.wait_serial(serial, 10)
                self.assertEqual(fake.asked[-2:], [251, 252])
                self.assertEqual(short(self.taproot.port, f"n{serial}." + ZONE, "A"),
                                 [f"192.0.2.{serial}"])

    def test_a_version_with_errors_is_refused_and_shown(self):
        fake = self.fake()
        www = address("www." + ZONE, 80)
        fake.whole(1, www)
        self.follow([fake])
        self.taproot.start()
        self.wait_serial(1)
        alias = record("www." + ZONE, 5, wire_name("elsewhere.example.net"))
        fake.whole(2, www, alias)  # a CNAME beside other data
        zone = wait_until("the refusal", lambda: (
            lambda zone: zone if zone["candidate_refused"] else None)(self.zone()))
        self.assertIn("CNAME", zone["candidate_refused"])
        asked = len(fake.asked)
        self.assertEqual(serial_at(self.taproot.port, ZONE), 1)
        # It is not transferred again and again.
        looked = zone["primaries"][0]["asked"]
        wait_until("two more looks", lambda: self.zone()["primaries"][0]["asked"] > looked)
        self.assertEqual(len(fake.asked), asked)
        fake.whole(3, address("www." + ZONE, 81))
        self.wait_serial(3)
        self.assertEqual(self.zone()["candidate_refused"], "")

    def test_a_zone_that_shrank_waits_for_a_person(self):
        fake = self.fake()
        fake.whole(1, *[address(f"h{i}." + ZONE, i) for i in range(1, 60)])
        self.follow([fake])
        self.taproot.start()
        self.wait_serial(1)
        fake.whole(2, address("h1." + ZONE, 1))
        guard = wait_until("the guard", lambda: self.zone()["guard"])
        self.assertEqual(serial_at(self.taproot.port, ZONE), 1)
        transfers = len(fake.asked)
        self.command(0, "apply", ZONE, "--force", guard["force_id"])
        self.wait_serial(2)
        self.assertEqual(len(fake.asked), transfers, "it was not transferred again for that")

    def test_a_stranger_notify_is_refused_and_a_primary_one_heeded(self):
        key = Key("notify.example")
        primary = self.made(KnotPrimary, key)
        primary.put(zone_text(1, [WWW], timers="300 60 3000"))
        primary.start()
        self.follow([primary], key)
        self.taproot.start()
        self.wait_serial(1)
        from lab import dig
        words = ("+opcode=NOTIFY", "+norec", ZONE, "SOA")
        self.assertIn("status: REFUSED", dig(self.taproot.port, *words))
        wait_until("the refusal in the log", lambda: "NOTIFY over UDP" in self.log())
        wrong = Key("notify.example")
        for one, status in ((wrong, "NOTAUTH"), (key, "NOERROR")):
            text = dig(self.taproot.port, "-y", f"{one.algorithm}:{one.name}:{one.secret}", *words)
            self.assertIn(f"status: {status}", text)
        self.assertIn(" aa", text)
        self.assertIn("status: REFUSED", dig(
            self.taproot.port, "-y", f"{key.algorithm}:{key.name}:{key.secret}", "+opcode=NOTIFY",
            "other.example", "SOA"))

    def test_a_wrong_key_is_shown(self):
        primary = self.made(KnotPrimary, Key("one.example"))
        primary.put(zone_text(1, [WWW]))
        primary.start()
        self.follow([primary], Key("one.example"))
        self.taproot.start()
        row = wait_until("the trouble", lambda: next(
            (row for row in self.zone()["primaries"] if row["error"]), None))
        self.assertIn("TSIG", row["error"])
        self.assertEqual(serial_at(self.taproot.port, ZONE), None)
        self.assertEqual(self.zone()["version"], 0)

    def test_edits_and_rollbacks_are_refused(self):
        primary = self.made(BindPrimary)
        primary.put(zone_text(1, [WWW]))
        primary.start()
        self.follow([primary])
        self.taproot.start()
        self.wait_serial(1)
        primary.change(2, [WWW, "new 300 IN A 192.0.2.1"])
        self.wait_serial(2)
        for words in (("edit", ZONE, "--put", "x A 192.0.2.9"), ("rollback", ZONE),
                      ("serial", ZONE, "--above-secondaries")):
            done = self.taproot.run(*words)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn("change it there", done.stdout + done.stderr, words)
        self.assertEqual(serial_at(self.taproot.port, ZONE), 2)

    def test_kills_during_a_storm_of_changes_lose_nothing(self):
        zone = Growing(5, 150)
        primary = self.made(BindPrimary)
        primary.put(zone_text(1, zone.step()))
        primary.start()
        self.follow([primary])
        self.taproot.start()
        self.wait_serial(1)
        for serial in range(2, 22):
            primary.change(serial, zone.step())
            if serial % 5 == 0:
                self.taproot.kill()
                self.taproot.start()
            if serial % 7 == 0:
                primary.stop(signal.SIGKILL)
                primary.start()
        self.wait_serial(21, 20)
        self.assert_same(primary)

    def test_many_notifies_cost_few_looks(self):
        fake = self.fake()
        fake.whole(1, address("www." + ZONE, 80))
        self.follow([fake])
        self.taproot.start()
        self.wait_serial(1)
        import socket
        import struct
        asked = []
        real = fake.answer
        fake.answer = lambda query, rrs: asked.append(1) or real(query, rrs)
        notify = struct.pack("!HHHHHH", 1, 0x2400, 1, 0, 0, 0) + wire_name(ZONE) + b"\0\6\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            started = time.monotonic()
            for _ in range(2000):
                udp.sendto(notify, ("127.0.0.1", self.taproot.port))
            wait_until("a look", lambda: asked)
            took = time.monotonic() - started
        self.assertLess(len(asked), 20 * took + 20)


if __name__ == "__main__":
    main()
