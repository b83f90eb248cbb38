"""History: who, why, from which commit; versions by number, serial and time."""

import os
import shutil
import subprocess

from case import ZONE, LabCase, main, source
from lab import short, wait_until


def git(folder, *words):
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True,
                          check=True)
    return done.stdout.strip()


class History(LabCase):
    def put(self, address):
        self.taproot.write_zone(ZONE + ".yaml", source(address))

    def await_address(self, address):
        wait_until(f"www to be {address}",
                   lambda: short(self.taproot.port, "www." + ZONE, "A") == [address])

    def newest(self):
        return self.taproot.ask("history", ZONE)["versions"][0]

    def test_the_commit_of_a_work_tree_is_kept(self):
        if shutil.which("git") is None:
            self.skipTest("git is not installed")
        self.put("192.0.2.80")
        folder = self.taproot.path("zones")
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "one")
        first = git(folder, "rev-parse", "HEAD")
        self.configure([])
        self.taproot.start()
        self.await_address("192.0.2.80")
        self.assertEqual(self.newest()["commit"], first)
        # Packed refs, and a commit that is not on a branch.
        git(folder, "pack-refs", "--all")
        self.put("192.0.2.81")
        self.await_address("192.0.2.81")
        self.assertEqual(self.newest()["commit"], first)
        git(folder, "commit", "-q", "-a", "-m", "two")
        git(folder, "checkout", "-q", "--detach")
        second = git(folder, "rev-parse", "HEAD")
        self.put("192.0.2.82")
        self.command(0, "reload", ZONE, "--why", "moved the web server")
        self.await_address("192.0.2.82")
        newest = self.newest()
        self.assertEqual(newest["commit"], second)
        self.assertIn(second[:12], self.command(0, "history", ZONE).stdout)
        self.assertIn(second[:12], self.command(0, "status").stdout)
        # A second work tree of the same repository.
        git(folder, "worktree", "add", "-q", self.taproot.path("other"), first)
        self.configure([], zones=[{"name": ZONE, "source": f"other/{ZONE}.yaml"}])
        self.command(0, "reload", "--why", "another tree")
        self.await_address("192.0.2.80")
        newest = self.newest()
        self.assertEqual((newest["commit"], newest["why"]), (first, "another tree"))
        # It is kept over a restart.
        self.taproot.stop()
        self.taproot.start()
        self.assertEqual(self.newest()["commit"], first)

    def test_versions_by_number_serial_and_time(self):
        self.put("192.0.2.80")
        self.configure([])
        self.taproot.start()
        for step in range(81, 84):
            self.await_address(f"192.0.2.{step - 1}")
            self.put(f"192.0.2.{step}")
        self.await_address("192.0.2.83")
        versions = self.taproot.ask("history", ZONE)["versions"]
        self.assertEqual([row["version"] for row in versions], [4, 3, 2, 1])
        second = versions[2]

        def address(*words):
            records = self.taproot.ask("show", ZONE, *words)["records"]
            return [r.split()[-1] for r in records if r.startswith("www." + ZONE) and "\tA\t" in r]

        self.assertEqual(address("--at", "2"), ["192.0.2.81"])
        self.assertEqual(address("--at", f"serial:{second['serial']}"), ["192.0.2.81"])
        self.assertEqual(address("--at", "-0s"), ["192.0.2.83"])
        self.assertIn("oldest", self.command(1, "show", ZONE, "--at", "-2h").stderr)
        self.assertIn("serial 7", self.command(1, "show", ZONE, "--at", "serial:7").stderr)
        self.command(64, "show", ZONE, "--at", "yesterday")
        diff = self.taproot.ask("diff", ZONE, f"serial:{second['serial']}", "4")
        self.assertEqual((diff["a"]["version"], diff["b"]["version"]), (2, 4))
        self.command(0, "rollback", ZONE, "--to", f"serial:{second['serial']}")
        self.await_address("192.0.2.81")


if __name__ == "__main__":
    main()
