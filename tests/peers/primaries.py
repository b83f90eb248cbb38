"""Real name servers as primaries, for a taproot that follows them."""

import os
import signal
import socket
import struct
import threading

from lab import Failed, PowerDns, Server, free_port, nsd_lines, serial_at, wait_until


def zone_text(serial, records=(), zone="example.com", timers="2 1 3000"):
    """A zone file: `records` are lines relative to the zone."""
    return "\n".join([
        f"$ORIGIN {zone}.", "$TTL 3600",
        f"@ 3600 IN SOA ns1.example.net. hostmaster.example.com. {serial} {timers} 60",
        "@ 3600 IN NS ns1.example.net.", "@ 3600 IN NS ns2.example.net.", *records]) + "\n"


class Primary(Server):
    """A server that has `zones` in files and tells taproot of changes."""

    def __init__(self, lab, follower, zones, key=None, name="primary"):
        super().__init__(lab, name)
        self.follower, self.zones, self.key = follower, list(zones), key

    def put(self, text, zone="example.com"):
        """Writes a zone's file; the server has to be told."""
        self.write(f"{zone}.new", text)
        os.rename(self.path(f"{zone}.new"), self.path(f"{zone}.zone"))

    def load(self, serial, zone="example.com"):
        """Has the server read its files again, and waits until it serves this serial."""
        self.process.send_signal(signal.SIGHUP)
        wait_until(f"{self.name} to serve serial {serial}",
                   lambda: serial_at(self.port, zone) == serial)

    def change(self, serial, records=(), zone="example.com", **more):
        self.put(zone_text(serial, records, zone, **more), zone)
        self.load(serial, zone)


class BindPrimary(Primary):
    def command(self):
        key = f"key {self.key.name}" if self.key else ""
        allow = f"{{ {key}; }}" if self.key else "{ 127.0.0.1; }"
        text = f"""
options {{
  directory "{self.folder}"; pid-file none; session-keyfile none; managed-keys-directory "{self.folder}";
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; empty-zones-enable no; allow-transfer {allow};
  ixfr-from-differences yes; notify-delay 0; notify-rate 100; startup-notify-rate 100;
  notify explicit; also-notify {{ 127.0.0.1 port {self.follower} {key}; }};
}};
controls {{ }};
"""
        if self.key:
            text += (f'key "{self.key.name}" {{ algorithm {self.key.algorithm}; '
                     f'secret "{self.key.secret}"; }};\n')
        for zone in self.zones:
            text += f'zone "{zone}" {{ type primary; file "{zone}.zone"; }};\n'
        self.write("named.conf", text)
        return ["named", "-g", "-n", "1", "-c", self.path("named.conf")]


class KnotPrimary(Primary):
    def command(self):
        os.makedirs(self.path("db"), exist_ok=True)
        key = f"    key: {self.key.name}" if self.key else ""
        lines = ["server:", f"    listen: 127.0.0.1@{self.port}", f'    rundir: "{self.folder}"',
                 "log:", "  - target: stderr", "    any: info",
                 "database:", f'    storage: "{self.path("db")}"']
        if self.key:
            lines += ["key:", f"  - id: {self.key.name}", f"    algorithm: {self.key.algorithm}",
                      f"    secret: {self.key.secret}"]
        lines += ["remote:", "  - id: follower", f"    address: 127.0.0.1@{self.follower}", key,
                  "acl:", "  - id: read", "    address: 127.0.0.1", "    action: transfer", key,
                  "template:", "  - id: default", f'    storage: "{self.folder}"',
                  '    file: "%s.zone"', "    zonefile-load: difference", "    zonefile-sync: -1",
                  "    journal-content: changes", "    notify: follower", "    acl: read", "zone:"]
        lines += [f"  - domain: {zone}" for zone in self.zones]
        self.write("knot.conf", "\n".join(line for line in lines if line) + "\n")
        return ["knotd", "-c", self.path("knot.conf")]


class NsdPrimary(Primary):
    def command(self):
        lines, key = nsd_lines(self)
        for zone in self.zones:
            lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{zone}.zone"',
                      f"  notify: 127.0.0.1@{self.follower} {key}",
                      f"  provide-xfr: 127.0.0.1 {key}", "  store-ixfr: yes", "  create-ixfr: yes"]
        self.write("nsd.conf", "\n".join(lines) + "\n")
        return ["nsd", "-d", "-c", self.path("nsd.conf")]


class PowerDnsPrimary(PowerDns):
    """Has its zones in a database, and answers IXFR with the whole zone."""

    def __init__(self, lab, follower, zones, key=None, name="powerdns"):
        super().__init__(lab, [], name)
        self.follower, self.key, self.wanted = follower, key, list(zones)
        self.text = {}

    def command(self):
        words = super().command()
        with open(self.path("pdns.conf"), "a", encoding="utf-8") as file:
            file.write("primary=yes\nallow-axfr-ips=127.0.0.1\nonly-notify=\n"
                       f"also-notify=127.0.0.1:{self.follower}\nconsistent-backends=yes\n")
        return words

    def put(self, text, zone="example.com"):
        self.text[zone] = text
        if self.process is not None and self.process.poll() is None:
            self.fill(zone)

    def fill(self, zone):
        sets = {}
        for line in self.text[zone].splitlines():
            if line.startswith("$"):
                continue
            owner, ttl, _, rrtype, rdata = line.split(None, 4)
            name = f"{zone}." if owner == "@" else f"{owner}.{zone}."
            sets.setdefault((name, rrtype), (int(ttl), []))[1].append(rdata)
        there = self.api("GET", f"/zones/{zone}.")[1]["rrsets"]
        rrsets = [{"name": r["name"], "type": r["type"], "changetype": "DELETE"} for r in there
                  if (r["name"], r["type"]) not in sets]
        rrsets += [{"name": name, "type": rrtype, "ttl": ttl, "changetype": "REPLACE",
                    "records": [{"content": rdata, "disabled": False} for rdata in values]}
                   for (name, rrtype), (ttl, values) in sets.items()]
        status, text = self.api("PATCH", f"/zones/{zone}.", {"rrsets": rrsets})
        if status != 204:
            raise Failed(f"PowerDNS did not take {zone}: {status} {text}")

    def start(self):
        super().start()
        if self.key:
            self.api("POST", "/tsigkeys", {"name": self.key.name, "algorithm": self.key.algorithm,
                                           "key": self.key.secret})
        for zone in self.wanted:
            if self.api("GET", f"/zones/{zone}.")[0] != 200:
                status, text = self.api("POST", "/zones", {
                    "name": zone + ".", "kind": "Master", "nameservers": [], "soa_edit_api": "",
                    "soa_edit": ""})
                if status != 201:
                    raise Failed(f"PowerDNS did not make {zone}: {status} {text}")
                if self.key:
                    self.api("PUT", f"/zones/{zone}.", {
                        "kind": "Master", "master_tsig_key_ids": [self.key.name + "."]})
            self.fill(zone)
        return self

    def load(self, serial, zone="example.com"):
        wait_until(f"{self.name} to serve serial {serial}",
                   lambda: serial_at(self.port, zone) == serial)
        self.api("PUT", f"/zones/{zone}./notify")

    def change(self, serial, records=(), zone="example.com", **more):
        self.put(zone_text(serial, records, zone, **more), zone)
        self.load(serial, zone)


def wire_name(name):
    octets = b""
    for label in name.rstrip(".").split("."):
        octets += bytes([len(label)]) + label.encode()
    return octets + b"\0"


def record(owner, rrtype, rdata, ttl=3600):
    return wire_name(owner) + struct.pack("!HHIH", rrtype, 1, ttl, len(rdata)) + rdata


def soa(serial, zone="example.com", timers=(2, 1, 3000)):
    return record(zone, 6, wire_name("ns1.example.net") + wire_name("hostmaster.example.com")
                  + struct.pack("!5I", serial, *timers, 60))


def address(owner, last):
    return record(owner, 1, bytes([192, 0, 2, last]))


class FakePrimary:
    """A primary that answers the SOA query with `serial`, and a transfer with what `messages`
    says: a list of messages, each a list of records, or raw octets sent as they are. It ends the
    connection behind them."""

    def __init__(self, zone="example.com"):
        self.zone, self.port = zone, free_port()
        self.serial, self.messages, self.asked = 1, [], []
        self.silent = False
        self.ixfr_over_udp = None  # what such a request gets, as octets; None: the SOA
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(8)
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def whole(self, serial, *records):
        """Has this zone from now on."""
        ns = record(self.zone, 2, wire_name("ns1.example.net"))
        self.messages = [[soa(serial, self.zone), ns, *records, soa(serial, self.zone)]]
        self.serial = serial

    def question_of(self, query):
        end = query.index(b"\0", 12) + 5
        return query[12:end], struct.unpack("!H", query[end - 4:end - 2])[0]

    def answer(self, query, records):
        question, _ = self.question_of(query)
        return (query[:2] + struct.pack("!HHHHH", 0x8400, 1, len(records), 0, 0) + question
                + b"".join(records))

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
                if not self.silent:
                    self.udp.sendto(self.answer_over_udp(query), peer)
            except OSError:
                return

    def answer_over_udp(self, query):
        if self.ixfr_over_udp and self.question_of(query)[1] == 251:
            return self.ixfr_over_udp(query)
        return self.answer(query, [soa(self.serial, self.zone)])

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                try:
                    self.serve_one(connection)
                except OSError:
                    pass

    def serve_one(self, connection):
        connection.settimeout(5)
        size = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
        query = connection.recv(size, socket.MSG_WAITALL)
        _, qtype = self.question_of(query)
        self.asked.append(qtype)
        if qtype == 6:
            messages = [[soa(self.serial, self.zone)]]
        else:
            messages = self.messages(qtype) if callable(self.messages) else self.messages
        for message in messages:
            octets = message if isinstance(message, bytes) else self.frame(query, message)
            connection.sendall(octets)

    def frame(self, query, records):
        octets = self.answer(query, records)
        return struct.pack("!H", len(octets)) + octets

    def stop(self, *_):
        for one in (self.udp, self.tcp):
            one.close()

    log = ""
    name = "fake"
