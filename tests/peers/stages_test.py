"""Providers in stages: the next one starts when the one before has been seen serving the version for a
while, and a stage that fails stops the rest."""

import json
import time

from case import ZONE, LabCase, main, source
from conformance import Between
from lab import PowerDns, powerdns_provider, short, taproot_config, wait_until

HOLD = 4


class Stages(LabCase):
    def begin(self):
        self.first = self.lab.add(PowerDns(self.lab, [ZONE], "first")).start()
        self.second = self.lab.add(PowerDns(self.lab, [ZONE], "second")).start()
        self.between = Between(self.second.api_port)
        self.addCleanup(self.between.stop)
        self.taproot.write_zone(ZONE + ".yaml", source())
        late = powerdns_provider(self.second, self.taproot)
        late.update(url=f"http://127.0.0.1:{self.between.port}", stage=2)
        late["stage-hold"] = f"{HOLD}s"
        taproot_config(self.taproot, [], [powerdns_provider(self.first, self.taproot), late],
                       [{"name": ZONE, "source": f"zones/{ZONE}.yaml",
                         "providers": ["first", "second"]}])
        self.taproot.start()
        wait_until("both to serve the zone", lambda: self.serve("192.0.2.80"), 60)

    def address(self, server):
        return short(server.port, "www." + ZONE, "A")

    def serve(self, address):
        return [self.address(server) for server in (self.first, self.second)] == [[address]] * 2

    def change(self, address):
        self.taproot.write_zone(ZONE + ".yaml", source(address))
        self.taproot.run("reload", ZONE)

    def provider(self, name):
        return next(one for one in self.taproot.ask("status")["zones"][0]["providers"]
                    if one["provider"] == name)

    def says(self, name, words):
        return words in json.dumps(self.provider(name))

    def test_the_next_stage_waits_until_it_was_served_for_a_while(self):
        self.begin()
        self.between.reset()
        self.change("192.0.2.81")
        wait_until("the first to serve it", lambda: self.address(self.first) == ["192.0.2.81"])
        served = time.monotonic()
        wait_until("status to say what is waited for", lambda: self.says(
            "second", f"waits until the stages before have served the version for {HOLD} s"))
        self.assertEqual(self.address(self.second), ["192.0.2.80"])
        self.assertEqual(self.between.requests, 0)
        wait_until("the second to serve it", lambda: self.address(self.second) == ["192.0.2.81"])
        self.assertGreaterEqual(time.monotonic() - served, HOLD - 0.5)
        self.command(0, "apply", "--wait")  # and nothing is held back any more

    def test_a_stage_that_fails_stops_the_rest_until_it_is_taken_back(self):
        self.begin()
        # The first one takes the new version, and serves something else: a bad canary.
        self.change("192.0.2.81")
        wait_until("the first to serve it", lambda: self.address(self.first) == ["192.0.2.81"])
        status, _ = self.first.api("PATCH", f"/zones/{ZONE}.", {"rrsets": [{
            "name": f"www.{ZONE}.", "type": "A", "ttl": 300, "changetype": "REPLACE",
            "records": [{"content": "203.0.113.66", "disabled": False}]}]})
        self.assertEqual(status, 204)
        wait_until("status to say so", lambda: self.says("second", "stopped, because stage 1 (first) "
                                                                   "failed"), 30)
        self.assertTrue(self.says("second", f"taproot rollback {ZONE}."))
        time_over = time.monotonic() + HOLD + 2
        wait_until("the hold to be over", lambda: time.monotonic() > time_over)
        self.assertEqual(self.address(self.second), ["192.0.2.80"])
        self.command(0, "rollback", ZONE)
        wait_until("both to serve the old data", lambda: self.serve("192.0.2.80"), 40)

    def test_a_stage_that_cannot_be_reached(self):
        self.begin()
        self.first.stop()
        self.change("192.0.2.81")
        wait_until("status to say so", lambda: self.says("second", "stage 1 (first)"), 40)
        time_over = time.monotonic() + HOLD + 2
        wait_until("the hold to be over", lambda: time.monotonic() > time_over)
        self.assertEqual(self.address(self.second), ["192.0.2.80"])
        # After a restart it waits all the same.
        self.taproot.stop()
        self.taproot.start()
        wait_until("status to say so", lambda: self.says("second", "stage 1 (first)"), 40)
        self.assertEqual(self.address(self.second), ["192.0.2.80"])

    def test_only_the_newest_version_goes_on(self):
        self.begin()
        self.between.reset()
        for i in range(1, 5):
            self.change(f"192.0.2.{80 + i}")
            wait_until(f"the first to serve version {i}",
                       lambda i=i: self.address(self.first) == [f"192.0.2.{80 + i}"])
        wait_until("the second to serve the last", lambda: self.address(self.second) == ["192.0.2.84"],
                   40)
        self.assertLessEqual(self.between.requests, 3)

    def test_a_secondary_can_only_be_of_stage_one(self):
        taproot_config(self.taproot, [], [
            {"name": "a", "kind": "transfer", "transfer-from": ["127.0.0.1"], "stage": 2}], [])
        done = self.taproot.run("check")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("it can only be of stage 1", done.stdout)


if __name__ == "__main__":
    main()
