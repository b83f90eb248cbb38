"""The few DNS messages that measuring needs, made and read without copying a zone's worth of code."""

import collections
import socket
import struct

A, NS, SOA, AXFR = 1, 2, 6, 252
IN, ANY = 1, 255
NOTIFY, UPDATE = 4, 5
NXDOMAIN = 3

Answer = collections.namedtuple("Answer", "id rcode address records")


def name(text):
    """A domain name in wire format."""
    labels = [label for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in labels) + b"\0"


def query(qname, qtype=A, message_id=0):
    return struct.pack("!HHHHHH", message_id, 0, 1, 0, 0, 0) + name(qname) + struct.pack(
        "!HH", qtype, IN)


def skip_name(message, at):
    """Where the name that begins at `at` ends; a pointer ends it."""
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def answer(message):
    """What an answer says: its first record's address if that is an A record, else None.

    `records` counts the answer and authority sections. Raises ValueError for what is no answer.
    """
    try:
        message_id, flags, questions, answers, authorities, _ = struct.unpack_from("!6H", message)
        if not flags & 0x8000:
            raise ValueError("not an answer")
        at = 12
        for _ in range(questions):
            at = skip_name(message, at) + 4
        address = None
        if answers:
            at = skip_name(message, at)
            rrtype, _, _, size = struct.unpack_from("!HHIH", message, at)
            if rrtype == A and size == 4:
                address = socket.inet_ntoa(message[at + 10:at + 14])
        return Answer(message_id, flags & 15, address, answers + authorities)
    except (struct.error, IndexError, OSError) as error:
        raise ValueError(f"not a DNS message: {error}") from error


def update(zone, owner, address, message_id, ttl=300):
    """An UPDATE (RFC 2136) that gives `owner` exactly one A record, or with None takes its away."""
    owner = name(owner)
    changes = [owner + struct.pack("!HHIH", A, ANY, 0, 0)]  # section 2.5.2: the RRset goes
    if address is not None:
        changes.append(owner + struct.pack("!HHIH", A, IN, ttl, 4) + socket.inet_aton(address))
    return (struct.pack("!HHHHHH", message_id, UPDATE << 11, 1, 0, len(changes), 0)
            + name(zone) + struct.pack("!HH", SOA, IN) + b"".join(changes))


def notify(message):
    """(answer to it, serial that it tells or None) of a NOTIFY; ValueError if it is none."""
    try:
        if message[2] >> 3 != NOTIFY:
            raise ValueError("not a NOTIFY")
        end = skip_name(message, 12) + 4
        reply = (message[:2] + bytes([message[2] | 0x84, 0]) + struct.pack("!HHHH", 1, 0, 0, 0)
                 + message[12:end])
        serial = None
        if message[6:8] != b"\0\0":  # the SOA, RFC 1996 section 3.7
            rdata = skip_name(message, end) + 10
            serial, = struct.unpack_from("!I", message, skip_name(message, skip_name(message, rdata)))
        return reply, serial
    except (struct.error, IndexError) as error:
        raise ValueError(f"not a NOTIFY: {error}") from error
