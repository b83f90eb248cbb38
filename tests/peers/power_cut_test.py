"""A power cut at any moment loses no acknowledged version, and no serial stands for two contents.

The state folder lies on an ext4 image of its own, mounted through a loop device. It is cut in two
ways, by turns: the file system is shut down under the running daemon without writing anything out
(EXT4_IOC_SHUTDOWN), or the image is copied as it is while the daemon stands still, and the copy is
what it finds after the cut. Either way what was not synced is gone; a file that is never synced
shows in each run that it is.

Where nothing can be mounted, the daemon runs on a simulated disk instead (taproot_on_faulty_disk):
its state is replaced by what was synced. The test says which of the two it used, and why.

TAPROOT_POWER_CUTS sets how many cuts there are, TAPROOT_SEED which.
"""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import durable
from case import LabCase, main
from lab import Failed, wait_until

CUTS = int(os.environ.get("TAPROOT_POWER_CUTS", "12"))
SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
WITHOUT_FLUSH = 2


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")


class LoopDisk:
    """An ext4 file system in a file. What is not synced is lost at a cut."""

    name = "an ext4 image on a loop device"

    def __init__(self, folder):
        self.image = os.path.join(folder, "disk.img")
        self.mounted = os.path.join(folder, "disk")
        self.folder = os.path.join(self.mounted, "state")
        self.copied = self.image + ".cut"
        os.makedirs(self.mounted)
        with open(self.image, "wb") as file:
            file.truncate(32 << 20)
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "size=4", self.image)
        self.mount()
        self.lost = self.kept = 0

    @staticmethod
    def why_not():
        """Why there can be no such disk here; None if there can."""
        with tempfile.TemporaryDirectory(prefix="taproot-loop-") as folder:
            try:
                LoopDisk(folder).close()
            except OSError as error:
                return str(error)
        return None

    def mount(self):
        run("mount", "-o", "loop", self.image, self.mounted)

    def close(self):
        subprocess.run(["umount", self.mounted], capture_output=True, check=False)

    def write_canaries(self):
        """One file that is synced, as it should be, and one that is not."""
        for name, sync in (("synced", True), ("unsynced", False)):
            with open(os.path.join(self.mounted, name), "w", encoding="ascii") as file:
                file.write("here")
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
        folder = os.open(self.mounted, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        with open(os.path.join(self.mounted, "unsynced"), "w", encoding="ascii") as file:
            file.write("gone")

    def look_at_canaries(self):
        with open(os.path.join(self.mounted, "synced"), encoding="ascii") as file:
            if file.read() != "here":
                raise Failed("the disk of the test loses what was synced: it proves nothing")
        with contextlib.suppress(FileNotFoundError), open(
                os.path.join(self.mounted, "unsynced"), encoding="ascii") as file:
            if file.read() == "gone":
                self.kept += 1
                return
        self.lost += 1

    def cut(self, taproot, chosen):
        """Cuts the power under a daemon that is at work; afterwards it is dead and the disk is
        mounted again. Returns which way it was."""
        self.write_canaries()
        how = chosen.choice(("shut down", "copied"))
        if how == "shut down":
            self.shut_down(taproot)
        else:
            self.copy(taproot)
        taproot.kill()
        wait_until("the disk to be free", self.unmounted, 20)
        if how == "copied":
            os.replace(self.copied, self.image)
        self.mount()
        self.look_at_canaries()
        return how

    def shut_down(self, taproot):
        # A sync that is under way when the file system shuts down may be answered with success and
        # still be lost: a few lines that append and sync show it, too. So none is under way.
        taproot.process.send_signal(signal.SIGSTOP)
        wait_until("the daemon to stand still", lambda: stands_still(taproot.process.pid), 20, 0.001)
        folder = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(folder)
            taproot.process.send_signal(signal.SIGCONT)
        # Without a disk it goes on serving; what it answers to changes from now on is refused.
        for zone in durable.ZONES:
            status, answer = taproot.call("POST", "/v1/reload", {"zones": [zone]})
            if status == 200 and answer["zones"][0]["result"] == "installed":
                raise Failed(f"{zone}: a change is acknowledged on a dead disk: {answer}")
        if taproot.process.poll() is not None:
            raise Failed(f"without its disk it ended with {taproot.process.returncode}")
        if taproot.call("GET", "/v1/status")[0] != 200:
            raise Failed("without its disk it does not answer")

    def copy(self, taproot):
        taproot.process.send_signal(signal.SIGSTOP)
        wait_until("the daemon to stand still", lambda: stands_still(taproot.process.pid), 20, 0.001)
        run("cp", "--sparse=always", self.image, self.copied)

    def loses(self):
        return self.lost > 0

    def words(self):
        return f"; a file never synced was gone after {self.lost} of {self.lost + self.kept} cuts"

    def unmounted(self):
        try:
            run("umount", self.mounted)
        except OSError:
            return False
        return True


def stands_still(pid):
    """True if every thread is stopped: so none is within a system call."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii", errors="replace") as file:
            if file.read().rsplit(")", 1)[1].split()[0] not in ("T", "t"):
                return False
    return True


class SimulatedDisk:
    """The daemon's SQLite files on a disk that keeps what was synced in a folder beside."""

    name = "a simulated disk below SQLite"

    def __init__(self, folder):
        self.folder = os.path.join(folder, "state")
        self.synced = os.path.join(folder, "synced")
        os.makedirs(self.synced)

    def close(self):
        pass

    @staticmethod
    def loses():
        return True  # by construction: only what was synced is put back

    @staticmethod
    def words():
        return ""

    def cut(self, taproot, _):
        taproot.kill()
        shutil.rmtree(self.folder)
        os.makedirs(self.folder, 0o700)
        for name in os.listdir(self.synced):
            if not name.endswith(".new"):
                shutil.copy(os.path.join(self.synced, name), self.folder)
        return "replaced"


class PowerCut(LabCase):
    def disk(self):
        reason = LoopDisk.why_not()
        if reason is None:
            disk = LoopDisk(self.lab.folder)
        else:
            print(f"no file system can be mounted here ({reason})", flush=True)
            disk = self.simulated()
        self.addCleanup(disk.close)
        self.addCleanup(self.taproot.stop)  # this one comes first
        print(f"the state lies on {disk.name}", flush=True)
        return disk

    def simulated(self):
        disk = SimulatedDisk(self.lab.folder)
        self.taproot.binary = os.environ.get(
            "TAPROOT_ON_FAULTY_DISK", "build/dev/tests/server/taproot_on_faulty_disk")
        self.taproot.binary = os.path.abspath(self.taproot.binary)
        self.taproot.more_environment["TAPROOT_SYNCED_FOLDER"] = disk.synced
        return disk

    def cut_again_and_again(self, disk, cuts):
        chosen = random.Random(durable.seed())
        ledger = durable.Ledger()
        durable.configure(self.taproot, disk.folder)
        durable.break_sources(self.taproot)
        follower = durable.Follower(self.taproot)
        hows = []
        for _ in range(cuts):
            self.taproot.start()
            for zone in durable.ZONES:
                ledger.check(self.taproot, zone, chosen)
                follower.follow(zone)
            changers = durable.change_all(self.taproot, ledger, chosen)
            time.sleep(chosen.uniform(0.02, 0.5))  # the cut comes at any time
            hows.append(disk.cut(self.taproot, chosen))
            durable.end_all(changers)
            durable.break_sources(self.taproot)
        self.taproot.start()
        for zone in durable.ZONES:
            ledger.check(self.taproot, zone, chosen, 50)
            follower.follow(zone)
        ways = ", ".join(f"{hows.count(how)} {how}" for how in sorted(set(hows)))
        print(f"{cuts} power cuts ({ways}): {ledger.count} acknowledged versions "
              f"({dict(ledger.kinds)}), none lost, no serial with two contents; "
              f"{follower.replayed} IXFRs replayed, {follower.whole} were whole zones"
              f"{disk.words()}", flush=True)
        self.assertGreater(ledger.count, cuts, "hardly anything was acknowledged: no real test")
        self.assertTrue(disk.loses(), "the cuts lose nothing that was not synced: no real test")

    def test_power_cuts_lose_nothing(self):
        disk = self.disk()
        self.cut_again_and_again(disk, CUTS)

    def test_power_cuts_of_a_simulated_disk_lose_nothing(self):
        disk = self.simulated()
        self.cut_again_and_again(disk, max(3, CUTS // 3))


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
