"""The name servers that are measured: each the primary of the same zones, with one worker.

A server's settings are the fastest that one would run in production, and all of them stand here:

* all: one thread that answers UDP (and one for TCP where a server has both apart), no query log,
  warnings only; every control command over loopback or a UNIX socket, without TLS where a server
  allows it, and without reading the server's configuration where the command can do without.
* taproot: as it is. What it takes is checked by all its rules and synced to its journal first.
* knot: `zonefile-load: difference` with `journal-content: changes`, which a primary needs so that its
  secondaries get IXFR after a reload, as taproot gives it. `knot whole` is the variant that gives
  that up: nothing is compared and nothing is written. `zonefile-sync: -1`, so that an update does
  not rewrite the zone file. Two background workers, one for each core.
* nsd: no `nsd.db`, and `rrl-ratelimit: 0`, since Debian's is built with response rate limiting: of one
  client's queries it would answer 200 a second of each kind, and drop or truncate the others. A
  small `rrl-size`, since its table would only take memory.
* bind: `notify-delay 0` and a `notify-rate` that does not count; by default NOTIFY waits 5 s.
"""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from lab import Failed, Server, free_port, wait_until  # noqa: E402

import wire  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")

# The TSIG key (hmac-sha256) of those servers that are `signed`.
KEY_NAME = "bench-key"
KEY_SECRET = secrets.token_bytes(32)
KEY_TEXT = base64.b64encode(KEY_SECRET).decode("ascii")


class Measured(Server):
    """A server that loads `zones` from `folder`, one file `ZONE.zone` each, as their primary.

    NOTIFY goes to `notify`: a port of 127.0.0.1, or a list of pairs of address and port.
    """

    kind = ""
    takes_edits = False
    signed = False  # whether it gives transfers to whoever has the key, too

    def __init__(self, lab, zones, folder, label="", notify=None):
        super().__init__(lab, self.kind.replace(" ", "-") + label)
        self.zones, self.folder_of_zones = zones, folder
        self.notify = [("127.0.0.1", notify)] if isinstance(notify, int) else notify or []
        self.control = self.path("control")

    def file_of(self, zone):
        return os.path.join(self.folder_of_zones, f"{zone}.zone")

    def launch(self):
        """Starts it and returns the moment; it need not answer yet."""
        command = self.command()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        with open(self.log, "ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                env={**environment, "HOME": self.folder}, start_new_session=True)
        return began

    def check_alive(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise Failed(f"{self.name} ended with {self.process.returncode}: "
                             f"{log.read()[-1500:].strip()}")

    def until_right(self, owner, address, seconds=180):
        """Asks until `owner` has `address` (None: is absent), and returns that moment."""
        deadline = time.perf_counter() + seconds
        with Asker(self.port) as asker:
            while not asker.is_right(owner, address):
                self.check_alive()
                if time.perf_counter() > deadline:
                    raise Failed(f"{self.name} does not answer {owner} with {address}")
                time.sleep(0.001)
            return time.perf_counter()

    def pids(self):
        """Its processes: those of its session, since NSD's change parents at a reload."""
        pids = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                        fields = file.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue  # it ended meanwhile
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    pids.append(int(entry))
        return pids

    def memory(self):
        """Octets of memory, pages that several processes share counted once (PSS)."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    total += sum(int(line.split()[1]) * 1024 for line in file
                                 if line.startswith("Pss:"))
            except OSError:
                continue  # it ended meanwhile
        return total

    def cpu(self):
        """Seconds of processor time, of all processes and threads and of those that ended."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += sum(int(field) for field in fields[11:15])
        return total / TICKS

    def cpu_of_threads(self):
        """Seconds of processor time of the threads there are, in nanoseconds instead of ticks."""
        total = 0
        for pid in self.pids():
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def rest(self, seconds=20, share=0.05):
        """Waits until it has nothing to do any more: at most this share of a core for 0.2 s."""
        deadline = time.monotonic() + seconds
        before = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(0.2)
            now = self.cpu()
            if now - before <= 0.2 * share + 0.5 / TICKS:
                return
            before = now

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        pids = self.pids()
        super().stop(how)
        if how == signal.SIGKILL:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            wait_until(f"{self.name} to be gone", lambda: not self.pids())

    def during(self, words, action):
        """Runs a control command, expects it to succeed, and does action() meanwhile."""
        command = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
            env={**os.environ, "HOME": self.folder})
        try:
            value = action()
            said, _ = command.communicate(timeout=180)
        finally:
            command.kill()
            command.wait()
        if command.returncode != 0:
            raise Failed(f"{' '.join(words)}: exit {command.returncode}: {said.strip()[-500:]}")
        return value

    def reload_command(self, zone=None):
        """The command that makes it read a zone's file again, or whatever changed."""
        raise NotImplementedError

    @staticmethod
    def version_of(command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        words = (done.stdout + done.stderr).splitlines()
        return words[0].strip() if words else "?"


class Asker:
    """A socket that asks one server, one question at a time."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(0.02)  # a server that is loading may drop what it is asked
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, owner):
        """The answer, or None if none came."""
        self.count = self.count % 65535 + 1
        try:
            self.socket.send(wire.query(owner, wire.A, self.count))
            while True:
                answer = wire.answer(self.socket.recv(4096))
                if answer.id == self.count:
                    return answer
        except (OSError, ValueError):
            return None

    def is_right(self, owner, address):
        answer = self.ask(owner)
        return answer is not None and is_right(answer, address)

    def which_are_right(self, expected):
        """Asks for many names at once: the set of those that have the address that they should."""
        right, asked = set(), {}
        try:
            for owner, address in expected:
                self.count = self.count % 65535 + 1
                asked[self.count] = owner, address
                self.socket.send(wire.query(owner, wire.A, self.count))
            while asked:
                answer = wire.answer(self.socket.recv(4096))
                owner, address = asked.pop(answer.id, (None, None))
                if owner and is_right(answer, address):
                    right.add(owner)
        except (OSError, ValueError):
            pass  # not there yet, or an answer was lost: asked again by whoever cares
        return right


def is_right(answer, address):
    if address is None:
        return answer.rcode == wire.NXDOMAIN
    return answer.rcode == 0 and answer.address == address


class Taproot(Measured):
    kind = "taproot"
    takes_edits = True
    server_keys = {}

    def __init__(self, lab, zones, folder, **words):
        super().__init__(lab, zones, folder, **words)
        self.control_port = free_port()

    def command(self):
        if len(self.zones) == 1:
            source = {"name": self.zones[0], "source": self.file_of(self.zones[0])}
        else:
            source = {"directory": self.folder_of_zones}
        provider = {"name": "bench", "kind": "transfer", "transfer-from": ["127.0.0.0/8"]}
        if self.notify:
            provider["notify"] = [f"{address}:{port}" for address, port in self.notify]
        providers, keys = [provider], []
        if self.signed:
            self.write("key", KEY_TEXT + "\n", 0o600)
            keys.append({"name": f"{KEY_NAME}.", "algorithm": "hmac-sha256",
                         "secret-file": self.path("key")})
            providers.append({"name": "signed", "kind": "transfer", "key": f"{KEY_NAME}."})
        self.write("taproot.yaml", json.dumps({  # JSON is YAML
            "server": {"listen": [f"127.0.0.1:{self.port}"], "workers": 1,
                       **self.server_keys},
            "state": self.path("state"),
            "control": {"listen": f"127.0.0.1:{self.control_port}"},
            "keys": keys,
            "providers": providers,
            "zones": [{**source, "providers": [one["name"] for one in providers]}],
            "log": {"level": "warning"}}))
        return [self.lab.binary, "serve", "--config", self.path("taproot.yaml")]

    def reload_command(self, zone=None):
        return [self.lab.binary, "reload", *([zone] if zone else []),
                "--control", f"127.0.0.1:{self.control_port}", "--state", self.path("state")]

    def token(self):
        with open(self.path("state", "control.token"), encoding="ascii") as file:
            return file.read().strip()


class Knot(Measured):
    kind = "knot"
    takes_edits = True
    version_command = ["knotd", "-V"]
    loading = ("    zonefile-load: difference\n"
               "    journal-content: changes\n")

    def command(self):
        remote = also = ""
        if self.notify:
            remote = "remote:\n" + "".join(f"  - id: to{number}\n    address: {address}@{port}\n"
                                          for number, (address, port) in enumerate(self.notify))
            names = ", ".join(f"to{number}" for number in range(len(self.notify)))
            also = f"    notify: [{names}]\n"
        key = acl = ""
        if self.signed:
            key = f"key:\n  - id: {KEY_NAME}\n    algorithm: hmac-sha256\n    secret: {KEY_TEXT}\n"
            acl = f"  - id: signed\n    key: {KEY_NAME}\n    action: transfer\n"
        os.makedirs(self.path("db"), exist_ok=True)
        self.write("knot.conf", f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: "{self.folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
log:
  - target: stderr
    any: warning
control:
    listen: "{self.control}"
database:
    storage: "{self.path('db')}"
{key}acl:
  - id: local
    address: 127.0.0.0/8
    action: [transfer, update]
{acl}{remote}template:
  - id: default
    storage: "{self.folder_of_zones}"
    file: "%s.zone"
    acl: [local{", signed" if self.signed else ""}]
{also}    zonefile-sync: -1
{self.loading}zone:
""" + "".join(f"  - domain: {zone}\n" for zone in self.zones))
        return ["knotd", "-c", self.path("knot.conf")]

    def reload_command(self, zone=None):
        return ["knotc", "-s", self.control, *(["zone-reload", zone] if zone else ["reload"])]


class KnotWhole(Knot):
    kind = "knot whole"
    takes_edits = False
    loading = ("    zonefile-load: whole\n"
               "    journal-content: none\n")


class Nsd(Measured):
    kind = "nsd"
    version_command = ["nsd", "-v"]

    def command(self):
        control = ("remote-control:\n  control-enable: yes\n"
                   f"  control-interface: {self.control}\n")
        key = provide = ""
        if self.signed:
            key = f"key:\n  name: {KEY_NAME}\n  algorithm: hmac-sha256\n  secret: {KEY_TEXT}\n"
            provide = f"  provide-xfr: 127.0.0.1 {KEY_NAME}\n"
        # nsd-control reads this file: one without the zones, so that it need not read them all.
        self.write("control.conf", control)
        self.write("nsd.conf", f"""
server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder_of_zones}"
  pidfile: "{self.path('pid')}"
  xfrdfile: "{self.path('xfrd.state')}"
  zonelistfile: "{self.path('zone.list')}"
  xfrdir: "{self.folder}"
  database: ""
  server-count: 1
  verbosity: 0
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  rrl-size: 1000
{control}{key}pattern:
  name: all
  zonefile: "%s.zone"
  provide-xfr: 127.0.0.1 NOKEY
{provide}""" + "".join(f"zone:\n  name: {zone}\n  include-pattern: all\n" for zone in self.zones))
        return ["nsd", "-d", "-c", self.path("nsd.conf")]

    def reload_command(self, zone=None):
        return ["nsd-control", "-c", self.path("control.conf"), "reload",
                *([zone] if zone else [])]


class Bind(Measured):
    kind = "bind"
    takes_edits = True
    version_command = ["named", "-v"]

    def command(self):
        also = ""
        if self.notify:
            also = " ".join(f"{address} port {port};" for address, port in self.notify)
            also = f"also-notify {{ {also} }};"
        self.write("named.conf", f"""
options {{
  directory "{self.folder}"; managed-keys-directory "{self.folder}";
  pid-file none; session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; empty-zones-enable no; zone-statistics none;
  notify explicit; notify-delay 0; notify-rate 100000; {also}
  allow-transfer {{ 127.0.0.0/8; }};
}};
controls {{ }};
logging {{
  channel few {{ stderr; severity warning; }};
  category default {{ few; }};
}};
""" + "".join(f'zone "{zone}" {{ type primary; file "{self.file_of(zone)}"; '
              "allow-update { 127.0.0.1; }; };\n" for zone in self.zones))
        return ["named", "-f", "-n", "1", "-c", self.path("named.conf")]
