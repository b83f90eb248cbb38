"""A state folder that is full, read-only or damaged: what there is is served, changes are refused
with the reason, and work again, without a restart, as soon as they can.

Full and read-only file systems need root for mounting; without it those tests are skipped, and say
so.
"""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

import durable
from bad_zones_test import NOBODY, Unprivileged
from case import ZONE, LabCase, main, source
from lab import Failed, serial_at, short, wait_until


def mount(*words):
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    return done.stderr.strip() or str(done.returncode) if done.returncode != 0 else None


class FileSystem:
    """A small file system in memory."""

    def __init__(self, test, folder):
        self.folder = folder
        os.makedirs(folder)
        reason = mount("-t", "tmpfs", "-o", "size=4m,mode=700", "taproot-test", folder)
        if reason:
            print(f"skipped: nothing can be mounted here: {reason}", flush=True)
            test.skipTest(f"nothing can be mounted here: {reason}")
        test.addCleanup(lambda: subprocess.run(["umount", folder], check=False))
        test.addCleanup(test.taproot.stop)

    def fill(self):
        """Takes all room, to the last octet."""
        with open(os.path.join(self.folder, "ballast"), "wb", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    continue

    def make_room(self):
        os.remove(os.path.join(self.folder, "ballast"))

    def remount(self, how):
        reason = mount("-o", f"remount,{how}", self.folder)
        if reason:
            raise Failed(f"cannot remount: {reason}")


class State(LabCase):
    def begin(self, state):
        document = self.configure([])
        document["state"] = state
        import json
        self.taproot.state = state
        self.taproot.write("taproot.yaml", json.dumps(document))
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1"))
        self.taproot.start()
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.2"))
        self.command(0, "reload", ZONE)

    def served(self):
        return short(self.taproot.port, "www." + ZONE, "A")

    def writable(self):
        return re.search(r"^taproot_state_writable (\d)$", self.metrics(), re.M).group(1) == "1"

    def changes_are_refused(self, words, address="192.0.2.3"):
        """By file and by rollback, and everybody can see why."""
        before = serial_at(self.taproot.port, ZONE)
        self.taproot.write_zone(ZONE + ".yaml", source(address))
        done = self.command(1, "reload", ZONE)
        self.assertRegex(done.stdout + done.stderr, words)
        done = self.command(1, "rollback", ZONE, "--to", "1")
        self.assertRegex(done.stdout + done.stderr, words)
        self.assertEqual((self.served(), serial_at(self.taproot.port, ZONE)), (["192.0.2.2"], before))
        done = self.taproot.run("status")
        self.assertRegex(done.stdout, "(?s)warning: the state cannot be written.*" + words)
        self.assertFalse(self.writable())
        wait_until("the log to say so", lambda: "the state cannot be written" in self.log())

    def log(self):
        with open(self.taproot.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def changes_work_again(self, address="192.0.2.3"):
        """What was refused comes in by itself; then everything is as ever."""
        wait_until("what was refused to come in", lambda: self.served() == [address])
        self.assertTrue(self.writable())
        self.assertNotIn("warning:", self.taproot.run("status").stdout)
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.4"))
        self.command(0, "reload", ZONE)
        self.assertEqual(self.served(), ["192.0.2.4"])
        self.command(0, "rollback", ZONE, "--to", "2")
        self.assertEqual(self.served(), ["192.0.2.2"])

    def test_a_disk_that_becomes_full_and_has_room_again(self):
        disk = FileSystem(self, self.taproot.path("disk"))
        self.begin(disk.folder)
        disk.fill()
        self.changes_are_refused("disk is full")
        disk.make_room()
        self.changes_work_again()

    def test_it_starts_on_a_full_disk(self):
        for how in (signal.SIGTERM, signal.SIGKILL):  # with and without a log left behind
            with self.subTest(how):
                disk = FileSystem(self, self.taproot.path(f"disk-{how}"))
                self.begin(disk.folder)
                self.taproot.stop(how)
                disk.fill()
                self.taproot.start()
                self.changes_are_refused("full|space")
                disk.make_room()
                self.changes_work_again()
                self.taproot.stop()

    def test_it_starts_on_a_read_only_disk(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                disk = FileSystem(self, self.taproot.path(f"disk-{how}"))
                self.begin(disk.folder)
                self.taproot.stop(how)
                disk.remount("ro")
                self.taproot.start()
                self.changes_are_refused("Read-only file system")
                disk.remount("rw")
                self.changes_work_again()
                self.taproot.stop()

    def test_a_state_without_a_token_on_a_read_only_disk(self):
        disk = FileSystem(self, self.taproot.path("disk"))
        self.begin(disk.folder)
        self.taproot.stop()
        os.remove(os.path.join(disk.folder, "control.token"))
        disk.remount("ro")
        self.taproot.start()
        self.assertEqual(self.served(), ["192.0.2.2"])
        self.assertIn("nothing can be changed over the control API", self.log())

    def test_a_state_folder_without_permission(self):
        self.taproot = self.lab.add(Unprivileged(self.lab))
        for name in ("", "home", "state", "zones"):
            path = self.taproot.path(name)
            os.makedirs(path, exist_ok=True)
            if os.getuid() == 0:
                shutil.chown(path, NOBODY, NOBODY)
        self.begin(self.taproot.path("state"))
        self.taproot.stop()
        state = self.taproot.path("state")
        for name in os.listdir(state):
            os.chmod(os.path.join(state, name), 0o400)
        os.chmod(state, 0o500)
        self.taproot.start()
        self.changes_are_refused("Permission denied")
        os.chmod(state, 0o700)
        for name in os.listdir(state):
            os.chmod(os.path.join(state, name), 0o600)
        self.changes_work_again()

    def ends_with(self, words):
        done = self.taproot.run("serve", timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr.strip().splitlines()[-1], "^taproot: .*" + words)

    def test_a_database_that_is_none_is_explained(self):
        self.begin(self.taproot.path("state"))
        self.taproot.stop()
        database = os.path.join(self.taproot.state, "taproot.db")
        shutil.copy(database, database + ".good")
        size = os.path.getsize(database)

        def another_program():
            os.remove(database)
            other = sqlite3.connect(database)
            other.execute("CREATE TABLE notes (text)")
            other.commit()
            other.close()

        def rubbish():
            with open(database, "wb") as file:
                file.write(os.urandom(8192))

        def newer():
            other = sqlite3.connect(database)
            other.execute("PRAGMA user_version = 1000000")
            other.close()

        def folder():
            os.remove(database)
            os.mkdir(database)

        for what, make, words in (
                ("of another program", another_program, "is not a journal of taproot"),
                ("of a newer taproot", newer, "was written by a newer taproot"),
                ("rubbish", rubbish, "the file is damaged: restore it from a backup"),
                ("half a page", lambda: os.truncate(database, 700), "damaged"),
                ("a few pages", lambda: os.truncate(database, size // 8192 * 4096), "damaged|malformed"),
                ("a folder", folder, "is not a regular file")):
            with self.subTest(what):
                make()
                self.ends_with(words)
                shutil.rmtree(database) if os.path.isdir(database) else os.remove(database)
                shutil.copy(database + ".good", database)
        self.taproot.start()
        self.assertEqual(self.served(), ["192.0.2.2"])

    def test_a_damaged_database_is_never_a_crash_nor_another_zone(self):
        chosen = random.Random(durable.seed())
        self.begin(self.taproot.path("state"))
        self.taproot.stop()
        self.taproot.write_zone(ZONE + ".yaml", durable.BROKEN)
        database = os.path.join(self.taproot.state, "taproot.db")
        with open(database, "rb") as file:
            content = file.read()
        ended = served = without = 0
        for _ in range(12):
            damaged = bytearray(content)
            for _ in range(chosen.choice((1, 8, 64))):
                damaged[chosen.randrange(len(damaged))] ^= 1 << chosen.randrange(8)
            with open(database, "wb") as file:
                file.write(damaged)
            for rest in ("-wal", "-shm"):
                if os.path.exists(database + rest):
                    os.remove(database + rest)
            try:
                self.taproot.start()
            except Failed:
                self.assertEqual(self.taproot.process.returncode, 1, self.log()[-2000:])
                ended += 1
                continue
            address = self.served()
            self.assertIn(address, ([], ["192.0.2.2"]), "what is damaged must not be served")
            served += bool(address)
            without += not address
            self.taproot.stop()
            self.assertEqual(self.taproot.process.returncode, 0)
        print(f"12 damaged databases: {served} served the right version, {without} did without it "
              f"and said so, {ended} ended with the reason", flush=True)


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
