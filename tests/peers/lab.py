"""A laboratory of real name servers on loopback, in one temporary folder.

Each server is started in the foreground from its own folder on free ports, and only what was
started here is ended, by its pid. Nothing sleeps for a fixed time: `wait_until` asks until a
condition holds or its deadline has passed, and then says what it waited for.
"""

import base64
import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SECONDS = 30  # the deadline of every wait that names none


class Failed(Exception):
    """What was expected did not come; the message says what and shows the last answer."""


def wait_until(what, condition, seconds=SECONDS, pause=0.05):
    """Returns the first true value of condition(), or raises Failed naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s in vain for: {what}")
        time.sleep(pause)


_given = {}  # ports, each with what keeps other tests from it


def free_port():
    """A port of 127.0.0.1 that is free for UDP and TCP, and never given twice, nor to a test that
    runs at the same time: its server may be down for a while. It lies below the ports that the
    system gives to clients, so that none of those takes it before its server."""
    while len(_given) < 5000:
        port = 20000 + secrets.randbelow(12000)
        if port in _given:
            continue
        _given[port] = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):
            _given[port].bind(f"\0taproot-test-port-{port}")  # one process at a time can have it
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return port
        _given[port].close()
    raise Failed("no free port on 127.0.0.1")


def dig(port, *words, timeout=2):
    """What `dig +short`-like words answer, as text; empty if there was no answer."""
    done = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(port), "+tries=1", f"+time={timeout}", *words],
        capture_output=True, text=True, check=False,
    )
    return done.stdout


def short(port, name, rrtype, *words):
    """The answer's rdata, one a line, sorted."""
    text = dig(port, "+short", name, rrtype, *words)
    return sorted(line for line in text.splitlines() if line and not line.startswith(";"))


def serial_at(port, zone, *options):
    """The serial a server answers with, or None."""
    for line in short(port, zone, "SOA", "+norecurse", *options):
        words = line.split()
        if len(words) == 7 and words[2].isdigit():
            return int(words[2])
    return None


def axfr(port, zone, key=None):
    """All records of a zone by AXFR, one text line each, sorted, the SOA once; [] if refused."""
    words = ["+noall", "+answer", "+nocmd", "+onesoa", zone, "AXFR"]
    if key:
        words = ["-y", f"{key.algorithm}:{key.name}:{key.secret}", *words]
    lines = set()
    for line in dig(port, *words, timeout=10).splitlines():
        fields = line.split(None, 4)
        if len(fields) == 5 and not line.startswith(";"):
            lines.add(" ".join([fields[0].lower(), *fields[1:]]))
    return sorted(lines)


def transfer(port, zone, serial=None):
    """The records of an AXFR, or of an IXFR from a serial, in the order they came in: tuples of
    owner, TTL, class, type and rdata; [] if there was no answer."""
    kind = "AXFR" if serial is None else f"IXFR={serial}"
    records = []
    for line in dig(port, "+noall", "+answer", "+nocmd", "+tcp", zone, kind, timeout=10).splitlines():
        fields = line.split(None, 4)
        if len(fields) == 5 and not line.startswith(";"):
            records.append((fields[0].lower(), *fields[1:]))
    return records


class Key:
    """A TSIG key."""

    def __init__(self, name, algorithm="hmac-sha256"):
        self.name = name.rstrip(".")
        self.algorithm = algorithm
        self.secret = base64.b64encode(os.urandom(32)).decode()


class Server:
    """A process in the foreground with its folder, its log and its port."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.folder = os.path.join(lab.folder, name)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.source = None  # the address it asks from; the system's choice if there is none
        self.process = None
        self.log = os.path.join(self.folder, "log")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def command(self):
        raise NotImplementedError

    def ready(self):
        """True once it answers; asked again and again by start()."""
        return dig(self.port, "version.bind", "CH", "TXT", timeout=1).find("status:") > 0

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder
            )
        wait_until(f"{self.name} to answer on port {self.port}", self.up)
        return self

    def up(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise Failed(f"{self.name} ended with {self.process.returncode}:\n{log.read()[-3000:]}")
        return self.ready()

    def stop(self, how=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self):
        self.stop(signal.SIGKILL)


def nsd_lines(server):
    """What every nsd.conf here begins with, and the name of its key or NOKEY."""
    lines = [
        "server:", f"  ip-address: 127.0.0.1@{server.port}", '  username: ""', '  chroot: ""',
        f'  zonesdir: "{server.folder}"', f'  pidfile: "{server.path("pid")}"',
        f'  xfrdfile: "{server.path("xfrd.state")}"', f'  xfrdir: "{server.folder}"',
        '  database: ""', "  server-count: 1", "  verbosity: 2", "  xfrd-reload-timeout: 0",
        f'  zonelistfile: "{server.path("zone.list")}"', "remote-control:",
        "  control-enable: no",
    ]
    if not server.key:
        return lines, "NOKEY"
    lines += ["key:", f'  name: "{server.key.name}"', f"  algorithm: {server.key.algorithm}",
              f'  secret: "{server.key.secret}"']
    return lines, server.key.name


class Nsd(Server):
    """A secondary of `zones` at taproot's port."""

    def __init__(self, lab, primary, zones, key=None, name="nsd"):
        super().__init__(lab, name)
        self.primary, self.zones, self.key = primary, zones, key

    def command(self):
        lines, key = nsd_lines(self)
        for zone in self.zones:
            lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{zone}.zone"',
                      f"  allow-notify: 127.0.0.1 {key}", "  provide-xfr: 127.0.0.1 NOKEY",
                      f"  request-xfr: 127.0.0.1@{self.primary} {key}"]
            lines += [f"  outgoing-interface: {self.source}"] if self.source else []
        self.write("nsd.conf", "\n".join(lines) + "\n")
        return ["nsd", "-d", "-c", self.path("nsd.conf")]


class Knot(Server):
    """A secondary of `zones` at taproot's port."""

    def __init__(self, lab, primary, zones, key=None, name="knot"):
        super().__init__(lab, name)
        self.primary, self.zones, self.key = primary, zones, key

    def command(self):
        # Knot does not make it, and then stores no IXFR: it would ask for the whole zone instead.
        os.makedirs(self.path("db"), exist_ok=True)
        key = f"    key: {self.key.name}" if self.key else ""
        lines = ["server:", f"    listen: 127.0.0.1@{self.port}", f'    rundir: "{self.folder}"',
                 "log:", "  - target: stderr", "    any: info",
                 "database:", f'    storage: "{self.path("db")}"']
        if self.key:
            lines += ["key:", f"  - id: {self.key.name}", f"    algorithm: {self.key.algorithm}",
                      f"    secret: {self.key.secret}"]
        lines += ["remote:", "  - id: primary", f"    address: 127.0.0.1@{self.primary}", key,
                  f"    via: {self.source}" if self.source else "",
                  "acl:", "  - id: notify", "    address: 127.0.0.1", "    action: notify", key,
                  "  - id: read", "    address: 127.0.0.1", "    action: transfer",
                  "template:", "  - id: default", f'    storage: "{self.folder}"', "zone:"]
        for zone in self.zones:
            lines += [f"  - domain: {zone}", "    master: primary", "    acl: [notify, read]"]
        self.write("knot.conf", "\n".join(line for line in lines if line) + "\n")
        return ["knotd", "-c", self.path("knot.conf")]


class Bind(Server):
    """A secondary of `zones` at taproot's port."""

    def __init__(self, lab, primary, zones, key=None, name="bind"):
        super().__init__(lab, name)
        self.primary, self.zones, self.key = primary, zones, key

    def command(self):
        text = f"""
options {{
  directory "{self.folder}"; pid-file none; session-keyfile none; managed-keys-directory "{self.folder}";
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; dnssec-validation no; empty-zones-enable no;
  allow-transfer {{ 127.0.0.1; }}; request-ixfr yes; min-refresh-time 1; min-retry-time 1;
  max-retry-time 5; serial-query-rate 100;
  {f"transfer-source {self.source};" if self.source else ""}
}};
controls {{ }};
"""
        key = ""
        if self.key:
            key = f"key {self.key.name}"
            text += (f'key "{self.key.name}" {{ algorithm {self.key.algorithm}; '
                     f'secret "{self.key.secret}"; }};\n')
            text += f"server 127.0.0.1 {{ keys {{ {self.key.name}; }}; }};\n"
        for zone in self.zones:
            text += (f'zone "{zone}" {{ type secondary; file "{zone}.db"; masterfile-format text; '
                     f"primaries {{ 127.0.0.1 port {self.primary} {key}; }}; "
                     "allow-notify { 127.0.0.1; }; };\n")
        self.write("named.conf", text)
        return ["named", "-g", "-n", "1", "-c", self.path("named.conf")]


class PowerDns(Server):
    """A PowerDNS with an HTTP API and empty zones, for pushing."""

    def __init__(self, lab, zones, name="powerdns"):
        super().__init__(lab, name)
        self.zones = zones
        self.api_port = free_port()
        self.api_key = base64.b64encode(os.urandom(18)).decode()
        self.database = self.path("pdns.sqlite3")
        schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
        with open(schema, encoding="utf-8") as file:
            subprocess.run(["sqlite3", self.database], stdin=file, check=True)

    def command(self):
        self.write("pdns.conf", f"""
launch=gsqlite3
gsqlite3-database={self.database}
gsqlite3-dnssec=yes
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.folder}
api=yes
api-key={self.api_key}
webserver=yes
webserver-address=127.0.0.1
webserver-port={self.api_port}
webserver-allow-from=127.0.0.1
daemon=no
guardian=no
setuid=
setgid=
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
""")
        return ["pdns_server", f"--config-dir={self.folder}"]

    def url(self):
        return f"http://127.0.0.1:{self.api_port}"

    def api(self, method, path, body=None):
        """One API call with curl's exactness of failure: (status, parsed JSON or text)."""
        import urllib.error
        import urllib.request

        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url() + "/api/v1/servers/localhost" + path, data=data, method=method,
            headers={"X-API-Key": self.api_key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ready(self):
        try:
            return super().ready() and self.api("GET", "")[0] == 200
        except OSError:
            return False

    def start(self):
        super().start()
        for zone in self.zones:
            if self.api("GET", f"/zones/{zone}.")[0] == 200:
                continue
            status, text = self.api("POST", "/zones", {
                "name": zone + ".", "kind": "Native", "nameservers": [], "soa_edit_api": ""})
            if status != 201:
                raise Failed(f"PowerDNS did not make {zone}: {status} {text}")
        return self


class Taproot(Server):
    """The daemon under test and its command line."""

    def __init__(self, lab, name="taproot"):
        super().__init__(lab, name)
        self.binary = lab.binary
        self.control = free_port()
        self.config = self.path("taproot.yaml")
        self.state = self.path("state")
        self.more_environment = {}
        self.home = self.path("home")
        os.makedirs(self.home, exist_ok=True)

    def environment(self):
        return {**{k: v for k, v in os.environ.items() if not k.startswith("XDG_")},
                "HOME": self.home, "NO_COLOR": "1", **self.more_environment}

    def command(self):
        return [self.binary, "serve", "--config", self.config]

    def process_options(self):
        return {}

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self.folder, env=self.environment(), **self.process_options(),
            )
        wait_until(f"taproot to answer on port {self.port}", self.up)
        return self

    def ready(self):
        return (dig(self.port, "version.bind", "CH", "TXT", timeout=1).find("status:") > 0
                and self.run("status", "--json").returncode == 0)

    def run(self, *words, timeout=60):
        """`taproot WORDS --config …`, as a finished process with text output."""
        return subprocess.run(
            [self.binary, *words, "--config", self.config], capture_output=True, text=True,
            timeout=timeout, check=False, cwd=self.folder, env=self.environment(),
        )

    def ask(self, *words):
        """The JSON object that a verb prints."""
        done = self.run(*words, "--json")
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError as error:
            raise Failed(f"taproot {' '.join(words)} --json printed no JSON "
                         f"(exit {done.returncode}): {done.stdout}{done.stderr}") from error

    def call(self, method, path, body=None, timeout=30):
        """One request to the control API: (status, JSON); (0, None) if nobody answered."""
        headers = {"Content-Type": "application/json"}
        if method == "POST":
            try:
                with open(os.path.join(self.state, "control.token"), encoding="ascii") as file:
                    headers["Authorization"] = f"Bearer {file.read().strip()}"
            except OSError:
                return 0, None
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return 0, None
        finally:
            connection.close()

    def get(self, path):
        """The JSON document at a path of the control API."""
        status, document = self.call("GET", path)
        if status != 200:
            raise Failed(f"GET {path}: {status} {document}")
        return document

    def zone_path(self, name):
        return self.path("zones", name)

    def write_zone(self, name, text):
        """Replaces a zone's source as an editor does: written aside, then renamed."""
        self.write(os.path.join("zones", name + ".new"), text)
        os.rename(self.zone_path(name + ".new"), self.zone_path(name))


class Lab:
    """The folder and everything started in it; leaving it ends all of it."""

    def __init__(self, binary):
        self.binary = os.path.abspath(binary)
        self.folder = tempfile.mkdtemp(prefix="taproot-lab-")
        self.servers = []

    def add(self, server):
        self.servers.append(server)
        return server

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for server in reversed(self.servers):
            server.stop()
        if kind is not None and not issubclass(kind, KeyboardInterrupt):
            for server in self.servers:
                if os.path.exists(server.log):
                    with open(server.log, encoding="utf-8", errors="replace") as log:
                        print(f"---- {server.name}: last lines of its log", file=sys.stderr)
                        print("".join(log.readlines()[-40:]), file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)


def taproot_config(taproot, keys, providers, zones):
    """Writes a configuration; keys, providers and zones are lists of YAML-ready dictionaries."""
    for key in keys:
        taproot.write(os.path.join("keys", key.name), key.secret + "\n", 0o600)
    document = {
        "server": {"listen": [f"127.0.0.1:{taproot.port}"], "workers": 2},
        "state": "state",
        "control": {"listen": f"127.0.0.1:{taproot.control}"},
        "keys": [{"name": key.name + ".", "algorithm": key.algorithm,
                  "secret-file": f"keys/{key.name}"} for key in keys],
        "probe": {"interval": "2s"},
        "providers": providers,
        "zones": zones,
    }
    taproot.write("taproot.yaml", json.dumps(document, indent=2))  # JSON is YAML
    return document


def transfer_provider(server, key=None):
    """The configuration entry of a secondary."""
    entry = {
        "name": server.name, "kind": "transfer",
        "nameservers": {f"ns1.{server.name}.example.": [f"127.0.0.1:{server.port}"]},
        "notify": [f"127.0.0.1:{server.port}"], "transfer-from": ["127.0.0.1"],
    }
    if key:
        entry["key"] = key.name + "."
    return entry


def powerdns_provider(server, taproot):
    """The configuration entry of a PowerDNS; its key goes into a file."""
    taproot.write(os.path.join("keys", server.name), server.api_key + "\n", 0o600)
    return {
        "name": server.name, "kind": "powerdns", "url": server.url(),
        "api-key-file": f"keys/{server.name}",
        "nameservers": {f"ns1.{server.name}.example.": [f"127.0.0.1:{server.port}"]},
    }
