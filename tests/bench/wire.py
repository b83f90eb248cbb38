"""The few DNS messages that measuring needs, made and read without copying a zone's worth of code."""

import collections
import hmac
import socket
import struct
import time

A, NS, SOA, OPT, IXFR, AXFR = 1, 2, 6, 41, 251, 252
TSIG = 250
IN, ANY = 1, 255
NOTIFY, UPDATE = 4, 5
NXDOMAIN = 3

Answer = collections.namedtuple("Answer", "id rcode address records")
Transfer = collections.namedtuple("Transfer", "id rcode truncated records serial base end")


def name(text):
    """A domain name in wire format."""
    labels = [label for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in labels) + b"\0"


def query(qname, qtype=A, message_id=0):
    return struct.pack("!HHHHHH", message_id, 0, 1, 0, 0, 0) + name(qname) + struct.pack(
        "!HH", qtype, IN)


def ixfr(zone, serial, message_id, udp_size=None):
    """A request for the changes since `serial` (RFC 1995), with EDNS if it goes by UDP."""
    soa = b"\0\0" + struct.pack("!5I", serial, 0, 0, 0, 0)  # mname and rname do not matter
    message = (struct.pack("!6H", message_id, 0, 1, 0, 1, 1 if udp_size else 0) + name(zone)
               + struct.pack("!HH", IXFR, IN)
               + b"\xc0\x0c" + struct.pack("!HHIH", SOA, IN, 0, len(soa)) + soa)
    if udp_size:
        message += b"\0" + struct.pack("!HHIH", OPT, udp_size, 0, 0)
    return message


def signed(message, key_name, secret):
    """The message with a TSIG record (RFC 8945) of hmac-sha256 at its end."""
    key, algorithm = name(key_name), name("hmac-sha256")
    moment = int(time.time()).to_bytes(6, "big") + struct.pack("!H", 300)
    class_and_ttl = struct.pack("!HI", ANY, 0)
    mac = hmac.digest(secret, message + key + class_and_ttl + algorithm + moment
                      + struct.pack("!HH", 0, 0), "sha256")
    rdata = (algorithm + moment + struct.pack("!H", len(mac)) + mac + message[:2]
             + struct.pack("!HH", 0, 0))
    additional, = struct.unpack_from("!H", message, 10)
    return (message[:10] + struct.pack("!H", additional + 1) + message[12:]
            + key + struct.pack("!H", TSIG) + class_and_ttl + struct.pack("!H", len(rdata)) + rdata)


def transfer(message):
    """How the first message of an IXFR's or AXFR's answer begins, or the answer to an SOA query.

    `serial` is that of the first SOA; `base` that of the second record if it is an SOA as well,
    which then begins a difference; `end` are the octets with which the last message ends, since the
    last record is the first one's twin, and those after its names are never compressed.
    """
    try:
        message_id, flags, questions, answers = struct.unpack_from("!4H", message)
        if not flags & 0x8000:
            raise ValueError("not an answer")
        at, found = 12, []
        for _ in range(questions):
            at = skip_name(message, at) + 4
        for _ in range(min(answers, 2)):
            at = skip_name(message, at)
            rrtype, _, _, size = struct.unpack_from("!HHIH", message, at)
            at += 10 + size
            end = bytes(message[at - 20:at]) if rrtype == SOA and size >= 22 else None
            found.append(end)
        serials = [struct.unpack_from("!I", end)[0] if end else None for end in found]
        serials += [None, None]
        return Transfer(message_id, flags & 15, bool(flags & 0x200), answers, serials[0], serials[1],
                        found[0] if found else None)
    except (struct.error, IndexError) as error:
        raise ValueError(f"not a DNS message: {error}") from error


def is_ahead(serial, of):
    """Serial arithmetic (RFC 1982)."""
    return 0 < (serial - of) % 2**32 < 2**31


def question_type(message):
    """The type that a message asks for; None if it has no question."""
    try:
        if message[4:6] == b"\0\0":
            return None
        return struct.unpack_from("!H", message, skip_name(message, 12))[0]
    except (struct.error, IndexError):
        return None


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
