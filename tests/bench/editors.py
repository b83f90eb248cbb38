"""One-record edits without a file: taproot's API, and dynamic updates (RFC 2136) for the others.
For Knot there are the transactions of knotc as well, after which it sends NOTIFY at once.

Each has one socket that stays open, and the same shape: renew() before a row of edits, since a
server closes what is idle for long; then per edit send(), and receive() whenever the socket is
readable, until it says that the edit is acknowledged.
"""

import json
import os
import socket
import subprocess

import wire
from servers import Failed
from zone_files import ZONE


class ApiEditor:
    """`POST /v1/zones/ZONE/edit` over one kept connection."""

    def __init__(self, server):
        self.token = server.token()
        self.port = server.control_port
        self.socket = None
        self.received = b""

    def renew(self):
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, owner, address):
        change = {"op": "delete", "owner": owner, "type": "A"}
        if address is not None:
            change = {"op": "put", "owner": owner, "type": "A", "ttl": 300, "values": [address]}
        body = json.dumps({"changes": [change]})
        self.received = b""
        self.socket.sendall(
            f"POST /v1/zones/{ZONE}/edit HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii"))

    def receive(self):
        """True once the whole answer is there and says that it is done."""
        part = self.socket.recv(65536)
        if not part:
            raise Failed("the control API closed the connection")
        self.received += part
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return False
        lines = head.decode("latin-1").split("\r\n")
        for line in lines[1:]:
            key, _, value = line.partition(":")
            if key.lower() == "content-length" and len(body) < int(value):
                return False
        if lines[0].split()[1] != "200":
            text = " ".join(body.decode("utf-8", "replace").split())
            raise Failed(f"edit: {lines[0]}: {text[:250]}")
        return True

    def close(self):
        if self.socket:
            self.socket.close()


class UpdateEditor:
    """UPDATE messages by UDP."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", server.port))
        self.count = 0

    def renew(self):
        """Nothing closes it."""

    def send(self, owner, address):
        self.count = self.count % 65535 + 1
        self.socket.send(wire.update(ZONE, f"{owner}.{ZONE}", address, self.count))

    def receive(self):
        try:
            answer = wire.answer(self.socket.recv(4096))
        except ValueError as error:
            raise Failed(f"update: {error}") from error
        if answer.id != self.count:
            return False
        if answer.rcode != 0:
            raise Failed(f"update: answered with rcode {answer.rcode}")
        return True

    def close(self):
        self.socket.close()


class KnotcEditor:
    """Transactions of one `knotc` that goes on, its output by lines."""

    def __init__(self, server):
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "knotc", "-s", server.control], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=server.folder)
        self.socket = self.process.stdout  # what it says is waited for as for a socket
        self.there = set()
        self.wanted = 0
        self.said = b""

    def renew(self):
        """Nothing closes it."""

    def send(self, owner, address):
        lines = []
        if owner in self.there:
            lines.append(f"zone-unset {ZONE} {owner} A")
            self.there.discard(owner)
        if address is not None:
            lines.append(f"zone-set {ZONE} {owner} 300 A {address}")
            self.there.add(owner)
        lines = [f"zone-begin {ZONE}", *lines, f"zone-commit {ZONE}"]
        self.wanted, self.said = len(lines), b""
        self.process.stdin.write(("\n".join(lines) + "\n").encode("ascii"))
        self.process.stdin.flush()

    def receive(self):
        part = os.read(self.socket.fileno(), 4096)
        self.said += part
        if not part or b"error" in self.said:
            raise Failed(f"knotc: {self.said.decode('ascii', 'replace').strip() or 'it ended'}")
        return self.said.count(b"OK\n") == self.wanted

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def editor_of(server):
    return (ApiEditor if server.kind == "taproot" else UpdateEditor)(server)
