"""kill -9 at any moment loses no accepted version and never reuses a serial."""

import json
import os
import random
import threading
import time

from case import ZONE, LabCase, main, source
from lab import Knot, serial_at, short, wait_until

ROUNDS = int(os.environ.get("TAPROOT_CRASH_ROUNDS", "12"))


class Crash(LabCase):
    def test_kill_9_loses_no_accepted_version(self):
        chosen = random.Random(20160)
        knot, = self.secondaries(Knot)
        self.configure([knot])
        contents = {}  # serial -> the address that was acknowledged with it
        step = 0
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.0"))
        for _ in range(ROUNDS):
            self.taproot.start()
            current = serial_at(self.taproot.port, ZONE)
            acknowledged = max(contents, default=0)
            self.assertGreaterEqual(current, acknowledged, "an accepted version was lost")
            address = short(self.taproot.port, "www." + ZONE, "A")[0]
            if current in contents:
                self.assertEqual(contents[current], address, "one serial stands for two contents")
            contents[current] = address
            killer = threading.Timer(chosen.uniform(0.05, 0.6), self.taproot.kill)
            killer.start()
            while killer.is_alive():
                step += 1
                address = f"192.0.{step // 250}.{step % 250 + 1}"
                self.taproot.write_zone(ZONE + ".yaml", source(address))
                done = self.taproot.run("reload", ZONE, "--json")
                if done.returncode != 0:
                    break  # killed before it answered: nothing was promised
                zone, = json.loads(done.stdout)["zones"]
                known = contents.setdefault(zone["serial"], address)
                self.assertEqual(known, address, "one serial stands for two contents")
            killer.join()
        self.assertGreater(len(contents), ROUNDS, "hardly anything was accepted: no real test")
        self.taproot.start()
        newest = serial_at(self.taproot.port, ZONE)
        self.assertGreaterEqual(newest, max(contents))
        wait_until("the secondary to have followed through all of it",
                   lambda: serial_at(knot.port, ZONE) == serial_at(self.taproot.port, ZONE), 60)
        self.assertEqual(short(knot.port, "www." + ZONE, "A"),
                         short(self.taproot.port, "www." + ZONE, "A"))

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
    main()
