"""A proxy between a primary and its secondary that notes when their messages pass.

It is a process of its own and runs before others where the system allows that. To either side it
looks like the other one: NOTIFY goes through it to the secondary, and SOA, IXFR and AXFR requests
through it to the primary, by UDP and by TCP.
"""

import collections
import multiprocessing
import select
import signal
import socket
import time

import wire
from lab import free_port
from watch import prefer

# `kind` is "notify", "request" or "answer". `moment`: when the primary's last octet of it came, or
# when a request was about to be handed to the primary. `held`: seconds that the proxy took itself.
# `qtype`: what was asked for; messages of an AXFR are not noted.
Passed = collections.namedtuple("Passed", "kind moment held qtype")


class Proxy:
    """Has a port from the beginning; start() says between whom it stands."""

    def __init__(self):
        self.port = free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.pipe = self.process = None

    def start(self, primary, secondary):
        """Both are ports of 127.0.0.1."""
        self.pipe, far = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=_relay, args=(far, self.udp, self.tcp, primary, secondary), daemon=True)
        self.process.start()
        far.close()
        self.udp.close()
        self.tcp.close()

    def passed(self):
        """What has passed since it was asked last, in its order."""
        noted = []
        while self.pipe.poll():
            noted.append(self.pipe.recv())
        return noted

    def close(self):
        if self.process is None:
            self.udp.close()
            self.tcp.close()
            return
        self.process.terminate()
        self.process.join()
        self.pipe.close()


def _relay(pipe, udp, tcp, primary, secondary):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    prefer()
    _Relay(pipe, udp, tcp, primary, secondary).run()


class _Stream:
    """One direction of a TCP connection: passes octets on, and knows where messages end."""

    def __init__(self, source):
        self.source, self.target, self.back = source, None, None
        self.rest = b""
        self.qtype = None
        self.held = 0

    def messages(self, octets):
        """The messages that these octets complete."""
        self.rest += octets
        complete, at = [], 0
        while len(self.rest) - at >= 2:
            size = int.from_bytes(self.rest[at:at + 2], "big")
            if len(self.rest) - at < 2 + size:
                break
            complete.append(self.rest[at + 2:at + 2 + size])
            at += 2 + size
        self.rest = self.rest[at:]
        return complete


class _Relay:
    def __init__(self, pipe, udp, tcp, primary, secondary):
        self.pipe, self.udp, self.tcp = pipe, udp, tcp
        self.primary, self.secondary = ("127.0.0.1", primary), ("127.0.0.1", secondary)
        self.asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.asking.connect(self.primary)
        self.waiting = {}  # (is a NOTIFY, id) -> who sent it by UDP and wants the answer
        self.streams = {}  # socket -> the direction that begins there

    def run(self):
        while True:
            readable, _, _ = select.select([self.udp, self.asking, self.tcp, *self.streams], [], [])
            for one in readable:
                try:
                    if one is self.tcp:
                        self.accept()
                    elif one in self.streams:
                        self.pass_on(self.streams[one])
                    elif one.fileno() >= 0 and one in (self.udp, self.asking):
                        self.datagram(one)
                except OSError:
                    if one in self.streams:
                        self.end(self.streams[one])

    def note(self, kind, moment, held, qtype):
        if qtype != wire.AXFR:
            self.pipe.send(Passed(kind, moment, held, qtype))

    def datagram(self, one):
        message, sender = one.recvfrom(65535)
        came = time.perf_counter()
        if len(message) < 12:
            return
        is_answer, is_notify = message[2] >> 7, (message[2] >> 3 & 15) == wire.NOTIFY
        key = is_notify, message[:2]
        if is_answer:
            asker = self.waiting.pop(key, None)
            if asker:
                self.udp.sendto(message, asker)
            if not is_notify:
                self.note("answer", came, time.perf_counter() - came, wire.question_type(message))
        elif is_notify:
            self.waiting[key] = sender
            self.udp.sendto(message, self.secondary)
            self.note("notify", came, time.perf_counter() - came, wire.SOA)
        else:
            self.waiting[key] = sender
            leaves = time.perf_counter()
            self.asking.send(message)
            self.note("request", leaves, leaves - came, wire.question_type(message))

    def accept(self):
        opened = self.tcp.accept()[0]
        opened.settimeout(30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.streams[opened] = _Stream(opened)

    def connect(self, stream, message):
        """The first message tells who has opened the connection: a primary sends NOTIFY."""
        is_notify = (message[2] >> 3 & 15) == wire.NOTIFY
        target = socket.create_connection(self.secondary if is_notify else self.primary, 30)
        target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.target = target
        back = _Stream(target)
        back.target = stream.source
        stream.back, back.back = back, stream
        self.streams[target] = back

    def pass_on(self, stream):
        octets = stream.source.recv(1 << 18)
        came = time.perf_counter()
        if not octets:
            self.end(stream)
            return
        before = stream.rest
        complete = stream.messages(octets)
        if stream.target is None:
            if not complete:
                return
            self.connect(stream, complete[0])
            octets = before + octets
        leaves = time.perf_counter()
        stream.target.sendall(octets)
        sent = time.perf_counter()
        asks = False
        for message in complete:
            if len(message) < 12:
                continue
            qtype = wire.question_type(message) or stream.qtype
            if (message[2] >> 3 & 15) == wire.NOTIFY:
                if not message[2] >> 7:
                    self.note("notify", came, sent - came, qtype)
            elif message[2] >> 7:
                self.note("answer", came, stream.held + sent - came, qtype)
            else:
                stream.back.qtype = qtype
                self.note("request", leaves, leaves - came, qtype)
                asks = True
        stream.held = 0 if complete or asks else stream.held + sent - came

    def end(self, stream):
        """Closes both directions: whoever speaks DNS over TCP closes when all is said."""
        for one in (stream, stream.back):
            if one is not None:
                self.streams.pop(one.source, None)
                one.source.close()
