"""`plan` and `verify` where no taproot runs: they say what one would, and touch nothing."""

import hashlib
import os

from case import ZONE, LabCase, main, source
from lab import Knot, PowerDns, short, wait_until


class Look(LabCase):
    def prepare(self):
        self.powerdns = self.lab.add(PowerDns(self.lab, [ZONE])).start()
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.knot, = self.secondaries(Knot)
        self.configure([self.knot, self.powerdns])

    def contents(self):
        """What the state folder's files have; a log without contents is none."""
        files = {}
        for folder, _, names in os.walk(self.taproot.state):
            for name in names:
                path = os.path.join(folder, name)
                if not name.endswith("-shm") and os.path.getsize(path) > 0:
                    with open(path, "rb") as file:
                        files[name] = hashlib.sha256(file.read()).hexdigest()
        return files

    def test_without_any_state_a_plan_starts_from_nothing(self):
        self.prepare()
        done = self.command(2, "plan")
        self.assertIn("No taproot is running there", done.stderr)
        self.assertIn("+ www.example.com. A", done.stdout)
        plan, = self.taproot.ask("plan")["zones"]
        self.assertEqual((plan["version"], len(plan["source_changes"])), (0, 10))
        api = next(one for one in plan["providers"] if one["via"] == "api")
        self.assertEqual((api["error"], api["counts"]["add"]), ("", 9))  # all but the SOA
        self.assertIn("## taproot plan", self.command(2, "plan", "--markdown").stdout)
        done = self.command(1, "verify")
        self.assertIn("no version to compare with", done.stderr)
        self.assertEqual(short(self.powerdns.port, "www." + ZONE, "A"), [])
        self.assertFalse(os.path.exists(self.taproot.state))
        self.command(1, "status")  # needs one that runs

    def test_with_the_state_of_one_that_has_ended(self):
        self.prepare()
        self.taproot.start()
        self.command(0, "apply", "--wait")
        self.taproot.stop()
        before = self.contents()
        self.command(0, "plan")
        self.command(0, "verify")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        done = self.command(2, "plan")
        self.assertEqual(done.stdout.count("192.0.2.81"), 3, done.stdout)  # source, knot, powerdns
        status, _ = self.powerdns.api("PATCH", f"/zones/{ZONE}.", {"rrsets": [{
            "name": f"mail.{ZONE}.", "type": "A", "ttl": 300, "changetype": "REPLACE",
            "records": [{"content": "203.0.113.66", "disabled": False}]}]})
        self.assertEqual(status, 204)
        self.assertIn("203.0.113.66", self.command(2, "verify").stdout)
        self.assertIn("203.0.113.66", self.command(2, "plan").stdout)
        for server in (self.knot, self.powerdns):
            self.assertEqual(short(server.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.assertEqual(self.contents(), before)
        # The one that runs says the same.
        looked = self.taproot.ask("plan")
        self.write_on_apply()
        self.taproot.start()
        told = self.taproot.ask("plan")
        self.assertEqual(told["id"], looked["id"])

    def write_on_apply(self):
        """The same configuration, but what is read waits for `taproot apply`."""
        self.configure([self.knot, self.powerdns], zones=[
            {"name": ZONE, "source": f"zones/{ZONE}.yaml", "publish": "on-apply",
             "providers": ["knot", "powerdns"]}])

    def test_one_that_was_killed_has_its_last_version(self):
        self.prepare()
        self.taproot.start()
        self.command(0, "apply", "--wait")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.82"))
        wait_until("the change to be served", lambda: short(
            self.taproot.port, "www." + ZONE, "A") == ["192.0.2.82"])
        self.command(0, "apply", "--wait")
        self.taproot.kill()
        self.command(0, "plan")
        self.command(0, "verify")


if __name__ == "__main__":
    main()
