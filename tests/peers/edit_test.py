"""Edits over the control API: seen at real secondaries, never lost, and together with the source."""

import json
import os
import random
import subprocess
import threading
import urllib.error
import urllib.request

from case import ZONE, LabCase, main, source
from lab import Knot, Nsd, serial_at, short, wait_until

KILLS = int(os.environ.get("TAPROOT_EDIT_KILLS", "6"))
EDITS = int(os.environ.get("TAPROOT_EDIT_RACE", "200"))


class Edit(LabCase):
    def begin(self, *kinds, text=None):
        """Starts taproot with this source, and secondaries that follow it."""
        servers = self.secondaries(*kinds) if kinds else []
        self.text = text or source()
        self.taproot.write_zone(ZONE + ".yaml", self.text)
        self.configure(servers)
        self.taproot.start()
        for server in servers:
            self.see(server, "www", "192.0.2.80")
        return servers

    def see(self, server, owner, *addresses, seconds=30):
        wait_until(f"{server.name} to serve {owner} with {addresses}",
                   lambda: short(server.port, f"{owner}.{ZONE}", "A") == sorted(addresses), seconds)

    def edit(self, *words, code=0):
        return self.command(code, "edit", ZONE, *words)

    def file(self):
        with open(self.taproot.zone_path(ZONE + ".yaml"), encoding="utf-8") as file:
            return file.read()

    def post(self, changes, based_on=None, **more):
        """One edit over HTTP: status and document."""
        with open(self.taproot.path("state", "control.token"), encoding="utf-8") as file:
            token = file.read().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if based_on is not None:
            headers["If-Match"] = f'"{based_on}"'
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.taproot.control}/v1/zones/{ZONE}/edit", method="POST",
            data=json.dumps({"changes": changes, **more}).encode(), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def version(self):
        return self.taproot.ask("history", ZONE, "--limit", "1")["current"]

    def test_an_edit_is_seen_at_every_secondary(self):
        servers = self.begin(Nsd, Knot)
        done = self.edit("--delete", "mail", "--dry-run", code=2)
        self.assertIn("dangling-target", done.stdout, "the MX would point nowhere")
        done = self.edit("--put", "www 300 A 192.0.2.1", "--put", "www A 192.0.2.2",
                         "--put", "new 60 TXT hello", "--why", "move")
        self.assertIn("+ 300 A 192.0.2.1", done.stdout)
        for server in servers:
            self.see(server, "www", "192.0.2.1", "192.0.2.2")
            self.assertEqual(short(server.port, "new." + ZONE, "TXT"), ['"hello"'])
        self.command(0, "apply", "--wait")
        newest = self.taproot.ask("history", ZONE)["versions"][0]
        self.assertEqual((newest["why"], newest["source"]), ("move", "edit"))

    def test_refused_edits_change_nothing_and_say_why(self):
        self.begin()
        before = self.version()
        for changes, rule in (
                ([{"op": "put", "owner": "www", "type": "CNAME", "value": "mail.example.com."}],
                 "cname-and-other-data"),
                ([{"op": "put", "owner": "x", "type": "A", "value": "192.0.2.1"},
                  {"op": "put", "owner": "y", "type": "A", "value": "192.0.2"}], "bad-rdata"),
                ([{"op": "delete", "owner": ""}], "edit-soa")):
            status, document = self.post(changes)
            self.assertEqual(status, 422, document)
            self.assertIn(rule, [finding["rule"] for finding in document["findings"]])
        done = self.edit("--put", "x A 192.0.2.1", "--dry-run", code=2)
        self.assertIn("+ 3600 A 192.0.2.1", done.stdout)
        self.assertEqual(self.version(), before)
        self.assertEqual(short(self.taproot.port, "x." + ZONE, "A"), [])

    def test_two_writers_with_if_match_lose_nothing(self):
        knot, = self.begin(Knot)
        made = []
        conflicts = []

        def write(writer):
            current = self.version()
            for number in range(EDITS // 2):
                owner = f"w{writer}-{number}"
                change = [{"op": "put", "owner": owner, "type": "A", "value": "192.0.2.7"},
                          {"op": "add", "owner": "both", "type": "TXT", "value": owner}]
                for _ in range(1000):
                    status, document = self.post(change, based_on=current)
                    if status == 200:
                        current = document["version"]
                        made.append((current, owner))
                        break
                    conflicts.append(status)
                    current = self.version()

        writers = [threading.Thread(target=write, args=(number,)) for number in (1, 2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.assertEqual(set(conflicts) | {412}, {412}, "anything but 412 was answered")
        self.assertTrue(conflicts, "the two never met: no real test")
        self.assertEqual(len(made), EDITS)
        self.assertEqual(len({version for version, _ in made}), EDITS, "a version was given twice")
        self.assertEqual(len(short(self.taproot.port, "both." + ZONE, "TXT", "+tcp")), EDITS)
        for _, owner in made:
            self.assertEqual(short(self.taproot.port, f"{owner}.{ZONE}", "A"), ["192.0.2.7"])
        wait_until("the secondary to follow", lambda: serial_at(knot.port, ZONE) ==
                   serial_at(self.taproot.port, ZONE))
        self.assertEqual(short(knot.port, "both." + ZONE, "TXT", "+tcp"),
                         short(self.taproot.port, "both." + ZONE, "TXT", "+tcp"))

    def test_kill_9_loses_no_acknowledged_edit(self):
        chosen = random.Random(4)
        self.begin()
        kept = {}
        step = 0
        for _ in range(KILLS):
            killer = threading.Timer(chosen.uniform(0.3, 1.5), self.taproot.kill)
            killer.start()
            while killer.is_alive():
                step += 1
                address = f"192.0.{step // 250}.{step % 250 + 1}"
                write_back = step % 3 == 0
                try:
                    status, _ = self.post(
                        [{"op": "put", "owner": f"k{step % 7}", "type": "A", "value": address}],
                        write_back=write_back)
                except (OSError, urllib.error.URLError, json.JSONDecodeError):
                    kept.pop(f"k{step % 7}", None)  # may be done or not: nothing was promised
                    break
                self.assertEqual(status, 200)
                kept[f"k{step % 7}"] = address
            killer.join()
            self.taproot.start()
            wait_until("the sources to be read", lambda: self.taproot.run("reload", ZONE).returncode == 0)
            for owner, address in kept.items():
                self.assertEqual(short(self.taproot.port, f"{owner}.{ZONE}", "A"), [address])
        self.assertGreater(step, KILLS, "hardly anything was edited: no real test")
        self.edit("--write-back")
        self.edit("--discard")
        for owner, address in kept.items():
            self.assertEqual(short(self.taproot.port, f"{owner}.{ZONE}", "A"), [address])

    def test_edits_stay_over_reloads_and_restarts(self):
        self.begin()
        self.edit("--put", "www 60 A 192.0.2.1", "--delete", "text")
        version = self.version()
        self.command(0, "reload", ZONE)
        self.assertEqual(self.version(), version)
        self.taproot.kill()
        self.taproot.start()
        done = self.command(0, "reload", ZONE)
        self.assertIn("edit-not-in-source", done.stdout)
        self.assertEqual(self.version(), version)
        # What the source changes elsewhere comes in, and takes nothing back.
        self.taproot.write_zone(ZONE + ".yaml", source(more="more: {type: A, value: 192.0.2.9}\n"))
        self.see(self.taproot, "more", "192.0.2.9")
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.1"])
        self.assertEqual(short(self.taproot.port, "text." + ZONE, "TXT"), [])
        # The source comes to say the same: then it has its say again.
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1").replace("ttl: 300", "ttl: 60"))
        self.command(0, "reload", ZONE)
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.3"))
        self.see(self.taproot, "www", "192.0.2.3")

    def test_a_conflict_keeps_the_zone_until_somebody_chooses(self):
        for way, wanted in (("--write-back", "192.0.2.1"), ("--discard", "192.0.2.81")):
            with self.subTest(way):
                self.setUp()
                self.begin()
                self.edit("--put", "www 300 A 192.0.2.1")
                self.taproot.write_zone(
                    ZONE + ".yaml", source("192.0.2.81", "more: {type: A, value: 192.0.2.9}\n"))
                done = self.command(1, "reload", ZONE)
                self.assertIn("edit-conflict", done.stdout)
                self.assertIn("www.example.com. A", done.stdout)
                self.assertIn("--discard", done.stdout)
                self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.1"])
                self.assertEqual(short(self.taproot.port, "more." + ZONE, "A"), [])
                # An edit is possible all the same, only not into that file.
                self.edit("--put", "other A 192.0.2.5")
                done = self.edit("--put", "other A 192.0.2.6", "--write-back", code=1)
                self.assertIn("reload", done.stderr)
                self.edit(way)
                self.see(self.taproot, "www", wanted)
                self.see(self.taproot, "more", "192.0.2.9")
                self.command(0, "reload", ZONE)
                self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), [wanted])
                self.assertEqual("192.0.2.1\n" in self.file() or "192.0.2.1}" in self.file(),
                                 way == "--write-back", self.file())

    def test_write_back_touches_nothing_else_of_the_file(self):
        text = "# The zone.\n" + source().replace(
            "www:\n", "# The web server.\nwww:   # two families\n")
        self.begin(text=text)
        path = self.taproot.zone_path(ZONE + ".yaml")
        os.chmod(path, 0o640)
        done = self.edit("--put", "www 300 A 192.0.2.1", "--put", "new 60 A 192.0.2.7",
                         "--write-back")
        self.assertIn("Written back to", done.stdout)
        old, new = text.splitlines(), self.file().splitlines()
        self.assertEqual([line for line in old if line not in new],
                         ["  - {type: A, ttl: 300, value: 192.0.2.80}"])
        self.assertEqual([line for line in new if line not in old],
                         ["  - {type: A, ttl: 300, value: 192.0.2.1}",
                          "new:", "  type: A", "  ttl: 60", "  value: 192.0.2.7"], self.file())
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        self.assertEqual(os.listdir(os.path.dirname(path)), [ZONE + ".yaml"])
        version = self.version()
        done = self.command(0, "reload", ZONE)
        self.assertNotIn("edit-not-in-source", done.stdout)
        self.assertEqual(self.version(), version)
        # Another maker's reader of YAML takes the file, too.
        subprocess.run(["python3", "-c", "import sys, yaml; yaml.safe_load(open(sys.argv[1]))",
                        path], check=True)

    def test_what_cannot_be_written_back_changes_nothing(self):
        text = source() + "a: &a {type: A, value: 192.0.2.1}\nb: *a\n"
        self.begin(text=text)
        version = self.version()
        done = self.edit("--put", "b A 192.0.2.9", "--write-back", code=1)
        self.assertIn("anchors", done.stderr)
        self.assertEqual((self.version(), self.file()), (version, text))
        self.edit("--put", "b A 192.0.2.9")
        self.see(self.taproot, "b", "192.0.2.9")

    def test_a_rollback_of_an_edit_leaves_the_other_edits(self):
        self.begin()
        self.edit("--put", "e1 A 192.0.2.1")
        self.edit("--put", "e2 A 192.0.2.2")
        self.command(0, "rollback", ZONE)
        for _ in range(2):
            self.command(0, "reload", ZONE)
            self.assertEqual(short(self.taproot.port, "e1." + ZONE, "A"), ["192.0.2.1"])
            self.assertEqual(short(self.taproot.port, "e2." + ZONE, "A"), [])
            self.taproot.kill()
            self.taproot.start()


if __name__ == "__main__":
    main()
