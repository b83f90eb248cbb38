"""Requests as a secondary makes them, octet by octet, so that each part can be wrong: queries with
TSIG, a clock that is off, connections that do not read, answers to NOTIFY."""

import base64
import hashlib
import hmac
import socket
import struct
import time

A, SOA, TSIG, IXFR, AXFR = 1, 6, 250, 251, 252
NOERROR, FORMERR, NOTIMP, REFUSED, NOTAUTH = 0, 1, 4, 5, 9
BADSIG, BADKEY, BADTIME = 16, 17, 18
NOTIFY = 4


def name(text):
    """A domain name in wire format."""
    labels = [label for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def query(zone, qtype, serial=None, number=0x4711):
    """A query; with a serial an IXFR that says so."""
    message = struct.pack(">6H", number, 0, 1, 0, 0 if serial is None else 1, 0)
    message += name(zone) + struct.pack(">HH", qtype, 1)
    if serial is not None:
        message += name(zone) + struct.pack(">HHIH", SOA, 1, 0, 22) + b"\0\0"
        message += struct.pack(">5I", serial, 0, 0, 0, 0)
    return message


def variables(key, now, fudge, error=0, other=b""):
    return (name(key.name.lower()) + struct.pack(">HI", 255, 0) + name(key.algorithm)
            + struct.pack(">HIHHH", now >> 32, now & 0xFFFFFFFF, fudge, error, len(other)) + other)


def sign(message, key, skew=0, fudge=300, request_mac=b"", error=0, other=b"", at=None):
    """The message with its TSIG record: (octets, MAC). `skew` is what our clock is ahead."""
    now = int(time.time()) + skew if at is None else at
    digest = getattr(hashlib, key.algorithm.replace("hmac-", ""))
    before = struct.pack(">H", len(request_mac)) + request_mac if request_mac else b""
    mac = hmac.new(base64.b64decode(key.secret),
                   before + message + variables(key, now, fudge, error, other), digest).digest()
    rdata = (name(key.algorithm) + struct.pack(">HIH", now >> 32, now & 0xFFFFFFFF, fudge)
             + struct.pack(">H", len(mac)) + mac + message[:2]
             + struct.pack(">HH", error, len(other)) + other)
    count = struct.unpack_from(">H", message, 10)[0]
    record = name(key.name) + struct.pack(">HHIH", TSIG, 255, 0, len(rdata)) + rdata
    return message[:10] + struct.pack(">H", count + 1) + message[12:] + record, mac


def mac_of(message, key):
    """The MAC of a signed message, whose record is the last and has no other data."""
    size = {"hmac-sha256": 32, "hmac-sha512": 64, "hmac-sha1": 20}[key.algorithm]
    return message[-6 - size:-6]


def rcode(message):
    return message[3] & 15


def counts(message):
    """Questions, answers, authorities and additional records."""
    return struct.unpack_from(">4H", message, 4)


def skip_name(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def records(message):
    """(section, type, rdata) of each record."""
    at = 12
    numbers = counts(message)
    for _ in range(numbers[0]):
        at = skip_name(message, at) + 4
    for section in (1, 2, 3):
        for _ in range(numbers[section]):
            at = skip_name(message, at)
            rrtype, _, _, size = struct.unpack_from(">HHIH", message, at)
            yield section, rrtype, message[at + 10:at + 10 + size]
            at += 10 + size


def tsig_error(message):
    """(error, MAC's size, other data) of its TSIG record, or None."""
    for _, rrtype, rdata in records(message):
        if rrtype == TSIG:
            at = skip_name(rdata, 0) + 8
            size = struct.unpack_from(">H", rdata, at)[0]
            at += 2 + size + 2
            error, length = struct.unpack_from(">HH", rdata, at)
            return error, size, rdata[at + 4:at + 4 + length]
    return None


def ask_udp(port, message, seconds=5):
    """The answer's octets; empty if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(seconds)
        udp.connect(("127.0.0.1", port))
        udp.send(message)
        try:
            return udp.recv(65535)
        except TimeoutError:
            return b""


class Connection:
    """A TCP connection to a server, from any address of ours."""

    def __init__(self, port, source="127.0.0.1", buffer=None, seconds=30):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer:  # what is sent to us waits at the server, and little of it in its system
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.socket.bind((source, 0))
        self.socket.settimeout(seconds)
        self.socket.connect(("127.0.0.1", port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, message):
        self.socket.sendall(struct.pack(">H", len(message)) + message)
        return self

    def read(self, size):
        octets = b""
        while len(octets) < size:
            more = self.socket.recv(size - len(octets))
            if not more:
                raise EOFError(f"the server ended the connection after {len(octets)} octets")
            octets += more
        return octets

    def receive(self):
        """One message."""
        return self.read(struct.unpack(">H", self.read(2))[0])

    def transfer(self):
        """Reads a whole transfer: (answer records, octets). An error is an answer of none."""
        total = octets = soas = 0
        while soas < 2:
            message = self.receive()
            octets += len(message)
            if rcode(message):
                return 0, octets
            types = [rrtype for section, rrtype, _ in records(message) if section == 1]
            total += len(types)
            soas += types.count(SOA)
        return total, octets

    def reset(self):
        """Ends it as a process that dies does: with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()
