"""Real secondaries follow: NOTIFY, AXFR and IXFR, signed with TSIG."""

import os
import shutil
import signal
import subprocess
import time

from case import ZONE, LabCase, main, source
from lab import Bind, Key, Knot, Nsd, axfr, serial_at, short, wait_until


class Follow(LabCase):
    def follow_all(self, servers, address, seconds=30):
        for server in servers:
            wait_until(f"{server.name} to serve {address}",
                       lambda server=server: short(server.port, "www." + ZONE, "A") == [address],
                       seconds)

    def test_three_makers_follow_signed_transfers(self):
        servers = self.secondaries()
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure(servers)
        self.taproot.start()
        self.follow_all(servers, "192.0.2.80")
        self.command(0, "apply", "--wait")
        # Every record at every secondary, as its own maker's server transfers or answers it.
        for step in range(81, 86):
            self.taproot.write_zone(ZONE + ".yaml",
                                    source(f"192.0.2.{step}", f"n{step}: {{type: A, value: 192.0.2.1}}\n"))
            self.follow_all(servers, f"192.0.2.{step}")
        wanted = axfr(self.taproot.port, ZONE, servers[2].key)
        self.assertGreater(len(wanted), 10)
        bind = servers[2]
        self.assertEqual(axfr(bind.port, ZONE, bind.key), wanted)
        wait_until("taproot verify to find no difference",
                   lambda: self.taproot.run("verify", ZONE).returncode == 0)
        with open(self.taproot.log, encoding="utf-8") as log:
            text = log.read()
        for server in servers:
            self.assertRegex(text, rf"\({server.name}\): IXFR of serial", "it followed by IXFR")

    def test_unsigned_or_wrongly_signed_requests_get_nothing(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        knot, = self.secondaries(Knot)
        self.configure([knot])
        self.taproot.start()
        self.assertEqual(axfr(self.taproot.port, ZONE), [])
        self.assertEqual(axfr(self.taproot.port, ZONE, Key(knot.key.name)), [])
        wanted = axfr(self.taproot.port, ZONE, knot.key)
        self.assertGreater(len(wanted), 10)
        # Another maker's client, which checks the signatures of the transfer itself, gets as much.
        key = f"{knot.key.algorithm}:{knot.key.name}:{knot.key.secret}"
        done = subprocess.run(
            ["kdig", "@127.0.0.1", "-p", str(self.taproot.port), "-y", key, ZONE, "AXFR",
             "+noall", "+answer"], capture_output=True, text=True, check=False)
        records = {line for line in done.stdout.splitlines() if line and not line.startswith(";")}
        self.assertEqual(len(records), len(wanted), done.stdout + done.stderr)

    def test_a_change_while_a_secondary_is_down_arrives_after_it_is_back(self):
        for kind in (Nsd, Knot, Bind):
            with self.subTest(kind.__name__):
                self.setUp()  # a lab of its own for each maker
                server, = self.secondaries(kind)
                self.taproot.write_zone(ZONE + ".yaml", source())
                self.configure([server])
                self.taproot.start()
                self.follow_all([server], "192.0.2.80")
                server.stop()
                self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
                wait_until("taproot to serve the change",
                           lambda: short(self.taproot.port, "www." + ZONE, "A") == ["192.0.2.81"])
                self.command(3, "apply", "--wait", "--timeout", "1")
                status = self.taproot.ask("status", ZONE)
                row = status["zones"][0]["providers"][0]
                self.assertNotEqual(row["state"], "in-sync")
                self.assertTrue(row["waits_for"])
                server.start()
                self.follow_all([server], "192.0.2.81", seconds=60)
                self.command(0, "apply", "--wait", "--timeout", "60")

    def test_a_start_tells_who_is_behind(self):
        """They missed a version, and by the SOA's timers they would ask again in ten minutes."""
        servers = self.secondaries(Knot, Nsd)
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure(servers)
        self.taproot.start()
        self.follow_all(servers, "192.0.2.80")
        for server in servers:
            server.process.send_signal(signal.SIGSTOP)
        try:
            self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
            wait_until("taproot to serve the change",
                       lambda: short(self.taproot.port, "www." + ZONE, "A") == ["192.0.2.81"])
            self.taproot.kill()
        finally:
            for server in servers:
                server.process.send_signal(signal.SIGCONT)
        for server in servers:
            self.assertEqual(short(server.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.taproot.start()  # with nothing new
        self.follow_all(servers, "192.0.2.81", seconds=10)

    def test_a_change_is_seen_everywhere_within_a_second(self):
        servers = self.secondaries(Knot, Nsd)
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure(servers)
        self.taproot.start()
        self.command(0, "apply", "--wait")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.99"))
        self.follow_all(servers, "192.0.2.99")
        self.command(0, "apply", "--wait")
        status = self.taproot.ask("status", ZONE)
        for provider in status["zones"][0]["providers"]:
            self.assertEqual(provider["state"], "in-sync")
            for nameserver in provider["nameservers"]:
                self.assertEqual(nameserver["seen_version"], 2)
                # Not a benchmark: only that the lag is measured, and from the commit on.
                self.assertGreaterEqual(nameserver["lag_ms"], 0)
                self.assertLess(nameserver["lag_ms"], 10_000)

    def test_a_lost_state_goes_on_above_the_secondaries(self):
        server, = self.secondaries(Knot)
        soa = ("'':\n  - {type: SOA, value: {mname: ns1.example.net., rname: h.example.com., "
               "serial: 500, refresh: 60, retry: 60, expire: 86400, minimum: 60}}\n")
        self.taproot.write_zone(ZONE + ".yaml", source().replace("'':\n", soa))
        self.configure([server])
        self.taproot.start()
        wait_until("the secondary to follow", lambda: serial_at(server.port, ZONE) == 500)
        self.taproot.stop()
        # The state is lost, and the source has an older serial.
        shutil.rmtree(self.taproot.path("state"))
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        self.taproot.start()
        self.follow_all([server], "192.0.2.81")
        self.assertEqual(serial_at(server.port, ZONE), 501)
        self.assertEqual(serial_at(self.taproot.port, ZONE), 501)

    def test_secondaries_that_are_down_do_not_hold_a_new_zone_up(self):
        server = self.secondary(Knot)  # never started
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([server])
        started = time.monotonic()
        self.taproot.start()
        wait_until("the zone to be served", lambda: serial_at(self.taproot.port, ZONE), 10)
        self.assertLess(time.monotonic() - started, 10)
        with open(self.taproot.log, encoding="utf-8") as log:
            self.assertIn("holds it or answers", log.read())

    def test_a_secondary_that_is_ahead_is_shown_and_cured(self):
        server, = self.secondaries(Knot)
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([server])
        self.taproot.start()
        wait_until("the secondary to follow", lambda: serial_at(server.port, ZONE))
        self.taproot.stop()
        backup = self.taproot.path("backup")
        shutil.copytree(self.taproot.path("state"), backup)
        self.taproot.start()
        for step in range(81, 86):
            self.taproot.write_zone(ZONE + ".yaml", source(f"192.0.2.{step}"))
            self.follow_all([server], f"192.0.2.{step}")
        ahead = serial_at(server.port, ZONE)
        self.assertIn("nothing to do", self.command(0, "serial", ZONE, "--above-secondaries").stdout)
        self.taproot.stop()
        # An old backup of the state is put back: the secondary has seen more than taproot.
        shutil.rmtree(self.taproot.path("state"))
        os.rename(backup, self.taproot.path("state"))
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.90"))
        self.taproot.start()
        row = wait_until("the secondary to be shown ahead", lambda: next(
            (n for n in self.taproot.ask("status")["zones"][0]["providers"][0]["nameservers"]
             if n["state"] == "ahead"), None))
        self.assertEqual(row["seen_serial"], ahead)
        self.assertIn(f"taproot serial {ZONE}. --above-secondaries", row["waits_for"])
        self.command(0, "serial", ZONE, "--above-secondaries")
        self.follow_all([server], "192.0.2.90")
        self.assertEqual(serial_at(server.port, ZONE), ahead + 1)
        self.command(0, "apply", "--wait")


if __name__ == "__main__":
    main()
