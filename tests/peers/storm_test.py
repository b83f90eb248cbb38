"""A hundred reloads a second lose no query.

Times are printed, and bounded only so generously that a debug build on a busy machine keeps them;
tests/bench/recovery.py measures them for a release build.
"""

import os
import sys
import time

import durable
from asker import Asker, words
from case import ZONE, LabCase, main, source
from lab import serial_at

SECONDS = float(os.environ.get("TAPROOT_STORM_SECONDS", "5"))


class Storm(LabCase):
    def test_a_hundred_reloads_a_second(self):
        self.configure([])
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1"))
        self.taproot.start()
        resting = Asker(self.taproot.port, "www." + ZONE).start()
        time.sleep(1)
        print(f"at rest: {words(resting.stop()[0])}", flush=True)
        asker = Asker(self.taproot.port, "www." + ZONE).start()
        reloads, started = 0, time.monotonic()
        while time.monotonic() - started < SECONDS:
            reloads += 1
            self.taproot.write_zone(ZONE + ".yaml", source(f"192.0.{reloads // 250}.{reloads % 250 + 1}"))
            status, answer = self.taproot.call("POST", "/v1/reload", {"zones": [ZONE]})
            self.assertEqual(status, 200, answer)
            self.assertIn(answer["zones"][0]["result"], ("installed", "unchanged"))
            time.sleep(max(0, started + reloads / 100 - time.monotonic()))
        took, lost, wrong = asker.stop()
        print(f"{reloads / SECONDS:.0f} reloads a second: {len(took)} answers, {lost} lost, {wrong} "
              f"wrong; {words(took)}", flush=True)
        self.assertEqual((lost, wrong), (0, 0))
        self.assertGreater(len(took), 100)
        self.assertGreaterEqual(serial_at(self.taproot.port, ZONE), reloads // 2)

    def test_writing_and_asking_go_on_when_all_zones_change_at_once(self):
        zones = [{"name": f"z{i}.example", "source": f"zones/z{i}.yaml"} for i in range(100)]
        self.configure([], zones=zones)
        for i in range(100):
            self.taproot.write_zone(f"z{i}.yaml", durable.source(1))
        self.taproot.start()
        asker = Asker(self.taproot.port, "mail.z50.example").start()
        for value in range(2, 8):
            for i in range(100):
                self.taproot.write_zone(f"z{i}.yaml", durable.source(value))
            self.command(0, "reload")
        took, lost, wrong = asker.stop()
        print(f"600 changes of 100 zones: {len(took)} answers, {lost} lost; {words(took)}", flush=True)
        self.assertEqual((lost, wrong), (0, 0))


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
