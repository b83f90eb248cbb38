"""kill -9 at any moment loses no accepted version and never reuses a serial.

TAPROOT_CRASH_SECONDS sets for how long it is killed again and again, TAPROOT_SEED when.
"""

import os
import random
import sys
import threading
import time

import durable
from case import ZONE, LabCase, main, source
from lab import Knot, axfr, serial_at, short, transfer_provider, wait_until

SECONDS = float(os.environ.get("TAPROOT_CRASH_SECONDS", "30"))


class Crash(LabCase):
    def test_kill_9_loses_no_accepted_version(self):
        chosen = random.Random(durable.seed())
        ledger = durable.Ledger()
        follower = durable.Follower(self.taproot)
        knot = self.lab.add(Knot(self.lab, self.taproot.port, durable.ZONES)).start()
        durable.configure(self.taproot, self.taproot.path("state"), [transfer_provider(knot)])
        durable.break_sources(self.taproot)
        kills, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end or kills < 3:
            self.taproot.start()
            for zone in durable.ZONES:
                ledger.check(self.taproot, zone, chosen)
                follower.follow(zone)
            changers = durable.change_all(self.taproot, ledger, chosen)
            killer = threading.Timer(chosen.uniform(0.02, 0.6), self.taproot.kill)
            killer.start()
            while killer.is_alive():  # also transfers are broken off
                follower.follow(chosen.choice(durable.ZONES))
            killer.join()
            kills += 1
            durable.end_all(changers)
            durable.break_sources(self.taproot)
        self.taproot.start()
        for zone in durable.ZONES:
            ledger.check(self.taproot, zone, chosen, 50)
            follower.follow(zone)
            wait_until("the secondary to have followed through all of it", lambda z=zone: serial_at(
                knot.port, z) == serial_at(self.taproot.port, z), 60)
            self.assertEqual(axfr(self.taproot.port, zone), axfr(knot.port, zone))
        print(f"{kills} kills: {ledger.count} acknowledged versions ({dict(ledger.kinds)}), none "
              f"lost, no serial with two contents; {follower.replayed} IXFRs replayed, "
              f"{follower.whole} were whole zones", flush=True)
        self.assertGreater(ledger.count, kills, "hardly anything was accepted: no real test")
        self.assertGreater(follower.replayed, kills // 2, "hardly any IXFR: no real test")

    def test_it_serves_from_its_state_when_the_sources_are_gone(self):
        self.configure([])
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.taproot.start()
        self.taproot.kill()
        os.remove(self.taproot.zone_path(ZONE + ".yaml"))
        self.taproot.start()
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        zone, = self.taproot.ask("status")["zones"]
        self.assertIn("unreadable", zone["candidate_refused"])

    def test_who_goes_back_twice_goes_back_from_both(self):
        self.configure([])
        for value in (1, 2, 3):
            self.taproot.write_zone(ZONE + ".yaml", source(f"192.0.2.{value}"))
            if value == 1:
                self.taproot.start()
            self.command(0, "reload", ZONE)
        for to in (2, 1):
            self.command(0, "rollback", ZONE, "--to", str(to))
        self.taproot.kill()
        self.taproot.start()  # reads the source, which still has version 3
        done = self.command(0, "reload", ZONE)
        self.assertIn("unchanged", done.stdout)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.1"])
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.4"))
        self.command(0, "reload", ZONE)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.4"])

    def test_a_second_daemon_on_the_same_state_ends_with_one_line(self):
        self.configure([])
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.taproot.start()
        done = self.taproot.run("serve", timeout=20)
        self.assertEqual(done.returncode, 1)
        last = done.stderr.strip().splitlines()[-1]
        self.assertTrue(last.startswith("taproot: "), last)
        time.sleep(0)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
