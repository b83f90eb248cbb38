"""The shrink guard: half a file is not installed until a person says so."""

from case import ZONE, LabCase, main, source
from lab import short, wait_until


def large(names, address="192.0.2.80"):
    return source(address, "".join(f"h{i}: {{type: A, value: 192.0.2.1}}\n" for i in range(names)))


class Shrink(LabCase):
    def start(self, **more):
        self.taproot.write_zone(ZONE + ".yaml", large(100))
        self.configure([], zones=[{"name": ZONE, "source": f"zones/{ZONE}.yaml", **more}])
        self.taproot.start()
        self.await_address("192.0.2.80")

    def await_address(self, address):
        wait_until(f"www to be {address}",
                   lambda: short(self.taproot.port, "www." + ZONE, "A") == [address])

    def guard(self):
        return self.taproot.ask("status", ZONE)["zones"][0]["guard"]

    def test_half_a_file_waits_for_a_person(self):
        self.start()
        self.taproot.write_zone(ZONE + ".yaml", large(10, "192.0.2.81"))
        guard = wait_until("the guard", self.guard)
        self.assertEqual(guard["rule"], "max-shrink-percent")
        self.assertIn("names", guard["why"])
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.assertIn("--force " + guard["force_id"], self.command(0, "status").stdout)
        self.assertIn("--force", self.command(5, "reload", ZONE).stdout)
        self.assertIn("max-shrink-percent", self.command(2, "plan").stdout)
        self.assertIn("--force", self.command(5, "apply").stdout)
        self.command(1, "apply", "--force", "0123456789ab")
        self.command(5, "reload", "--force", "0123456789ab")
        # Another candidate needs another word.
        self.taproot.write_zone(ZONE + ".yaml", large(11, "192.0.2.82"))
        other = wait_until("another guard", lambda: (
            lambda now: now if now and now["force_id"] != guard["force_id"] else None)(self.guard()))
        self.command(5, "reload", ZONE, "--force", guard["force_id"])
        self.command(0, "apply", ZONE, "--force", other["force_id"], "--why", "a smaller zone")
        self.await_address("192.0.2.82")
        self.assertIsNone(self.guard())
        newest = self.taproot.ask("history", ZONE)["versions"][0]
        self.assertEqual(newest["why"], "a smaller zone")
        # And it holds after a restart, for what changed while taproot was down.
        self.taproot.write_zone(ZONE + ".yaml", large(100, "192.0.2.83"))
        self.await_address("192.0.2.83")
        self.taproot.stop()
        self.taproot.write_zone(ZONE + ".yaml", large(0, "192.0.2.84"))
        self.taproot.start()
        guard = wait_until("the guard", self.guard)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.83"])
        self.command(0, "reload", ZONE, "--force", guard["force_id"], "--why", "really")
        self.await_address("192.0.2.84")
        # What was lost comes back without a question, and so does a rollback to less.
        self.command(0, "rollback", ZONE)
        self.await_address("192.0.2.83")

    def test_the_source_put_back_ends_the_waiting(self):
        self.start()
        self.taproot.write_zone(ZONE + ".yaml", large(10))
        wait_until("the guard", self.guard)
        self.taproot.write_zone(ZONE + ".yaml", large(100))
        wait_until("the guard to be gone", lambda: self.guard() is None)
        self.command(0, "reload")

    def test_the_share_is_set_by_zone(self):
        self.start(guards={"max-shrink-percent": 100})
        self.taproot.write_zone(ZONE + ".yaml", large(0, "192.0.2.81"))
        self.await_address("192.0.2.81")

    def test_small_changes_and_on_apply_zones(self):
        self.start(publish="on-apply")
        self.taproot.write_zone(ZONE + ".yaml", large(90, "192.0.2.81"))
        self.command(0, "apply")
        self.await_address("192.0.2.81")
        self.taproot.write_zone(ZONE + ".yaml", large(20, "192.0.2.82"))
        self.assertIn("pending", self.command(0, "reload", ZONE).stdout)
        guard = self.taproot.ask("plan", ZONE)["zones"][0]["guard"]
        self.command(5, "apply", ZONE)
        self.command(0, "apply", ZONE, "--force", guard["force_id"])
        self.await_address("192.0.2.82")


if __name__ == "__main__":
    main()
