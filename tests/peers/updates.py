"""UPDATE messages with TSIG made by hand: for what no client of anybody's does, such as sending the
same signed octets twice, and for many of them at a time."""

import base64
import hmac
import secrets
import socket
import struct
import subprocess
import time

ANY, NONE, IN = 255, 254, 1
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "ANY": 255}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
          6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE"}


def wire(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def txt(text):
    return bytes([len(text)]) + text.encode()


def record(owner, kind, klass=IN, ttl=0, rdata=b""):
    return wire(owner) + struct.pack(">HHIH", TYPES[kind], klass, ttl, len(rdata)) + rdata


def message(zone, changes=(), prerequisites=()):
    """An UPDATE without signature; changes and prerequisites are record()s."""
    header = struct.pack(">HHHHHH", secrets.randbits(16), 5 << 11, 1, len(prerequisites),
                         len(changes), 0)
    return (header + wire(zone) + struct.pack(">HH", TYPES["SOA"], IN) +
            b"".join(prerequisites) + b"".join(changes))


def sign(octets, key, at=None, fudge=300, secret=None, truncate=None):
    """The message with a TSIG record of hmac-sha256 (RFC 8945 section 4)."""
    at = int(time.time()) if at is None else at
    algorithm = wire(key.algorithm)
    timers = struct.pack(">HIH", at >> 32, at & 0xFFFFFFFF, fudge)
    variables = (wire(key.name.lower()) + struct.pack(">HI", ANY, 0) + algorithm + timers +
                 struct.pack(">HH", 0, 0))
    mac = hmac.new(base64.b64decode(secret or key.secret), octets + variables, "sha256").digest()
    mac = mac[:truncate]
    rdata = (algorithm + timers + struct.pack(">H", len(mac)) + mac + octets[:2] +
             struct.pack(">HH", 0, 0))
    count = struct.unpack(">H", octets[10:12])[0] + 1
    return (octets[:10] + struct.pack(">H", count) + octets[12:] + wire(key.name) +
            struct.pack(">HHIH", 250, ANY, 0, len(rdata)) + rdata)


def rcode(answer):
    return RCODES.get(answer[3] & 15, str(answer[3] & 15))


def is_signed(answer):
    return struct.unpack(">H", answer[10:12])[0] > 0


def ask_udp(port, octets, timeout=10, source=None):
    """The answer's octets, or None. With `source` it comes from that socket."""
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM) if source is None else source
    try:
        own.settimeout(timeout)
        own.sendto(octets, ("127.0.0.1", port))
        return own.recv(4096)
    except TimeoutError:
        return None
    finally:
        if source is None:
            own.close()


class Tcp:
    """A connection; messages may be sent before earlier ones are answered."""

    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack(">H", len(one)) + one for one in messages))

    def _take(self, size):
        octets = b""
        while len(octets) < size:
            part = self.socket.recv(size - len(octets))
            if not part:
                raise ConnectionError("the connection ended")
            octets += part
        return octets

    def receive(self):
        return self._take(struct.unpack(">H", self._take(2))[0])

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask_tcp(port, octets, timeout=10):
    with Tcp(port, timeout) as tcp:
        tcp.send(octets)
        return tcp.receive()


def query(name, kind):
    return (struct.pack(">HHHHHH", secrets.randbits(16), 0, 1, 0, 0, 0) + wire(name) +
            struct.pack(">HH", TYPES[kind], IN))


def nsupdate(port, key, zone, *lines, tcp=False):
    """BIND's client: (exit code, what it said)."""
    words = ["nsupdate", *(["-v"] if tcp else []), "-t", "20",
             *(["-y", f"{key.algorithm}:{key.name}:{key.secret}"] if key else [])]
    text = "\n".join([f"server 127.0.0.1 {port}", f"zone {zone}", *lines, "send", ""])
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def knsupdate(port, key, zone, *lines, tcp=False):
    """Knot's client: (exit code, what it said)."""
    words = ["knsupdate", *(["-v"] if tcp else []), "-t", "20",
             *(["-y", f"{key.algorithm}:{key.name}:{key.secret}"] if key else [])]
    text = "\n".join([f"server 127.0.0.1 {port}", f"zone {zone}.", *lines, "send", "answer", ""])
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
