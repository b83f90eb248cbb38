"""Many secondaries in one process: sockets that take NOTIFY, ask IXFR, and remember the serial.

Each has an address of its own in 127.0.0.0/8, since a primary tells secondaries apart by their
address, and sends what a real one sends: the answer to NOTIFY, IXFR by UDP with EDNS, and by TCP if
that answer was truncated or was the SOA alone. What a transfer says is not kept, only its serial.
"""

import array
import collections
import multiprocessing
import select
import signal
import socket
import time

import wire
from lab import Failed, free_port
from zone_files import ZONE

UDP_SIZE = 1232
AGAIN = 0.5  # seconds until an unanswered request is sent again

# Of one secondary: NOTIFY messages, answers that brought a later serial, whole zones among them,
# transfers by TCP, requests that had to be sent again; and `held`: moments and serials.
History = collections.namedtuple("History", "notifies transfers whole_zones by_tcp again held")


def address_of(number):
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


class Followers:
    """The process of `count` secondaries; start() says whom they follow, and from which serial on."""

    def __init__(self, count):
        self.count, self.port = count, free_port()
        self.sockets = []
        for number in range(count):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setblocking(False)
            udp.bind((address_of(number), self.port))
            tcp = socket.create_server((address_of(number), self.port))
            self.sockets.append((udp, tcp))
        self.pipe = self.process = None

    def addresses(self):
        return [(address_of(number), self.port) for number in range(self.count)]

    def start(self, primary, serial):
        self.pipe, far = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=_follow, args=(far, self.sockets, primary, serial), daemon=True)
        self.process.start()
        far.close()
        self._close_sockets()

    def how_many_hold(self, serial):
        return self._ask(("hold", serial))

    def end(self):
        """The history of each; the process ends."""
        histories = [History(*history) for history in self._ask(("end", None))]
        self.process.join(10)
        return histories

    def _ask(self, what):
        try:
            self.pipe.send(what)
            if self.pipe.poll(20):
                return self.pipe.recv()
        except (EOFError, OSError) as error:
            raise Failed("the process of the secondaries ended") from error
        raise Failed("the process of the secondaries does not answer")

    def _close_sockets(self):
        for udp, tcp in self.sockets:
            udp.close()
            tcp.close()
        self.sockets = []

    def close(self):
        self._close_sockets()
        if self.process:
            self.process.terminate()
            self.process.join()
            self.pipe.close()


def _follow(pipe, sockets, primary, serial):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _Loop(pipe, sockets, ("127.0.0.1", primary), serial).run()


class _Loop:
    """Waits for all sockets at once."""

    def __init__(self, pipe, sockets, primary, serial):
        self.pipe, self.primary = pipe, primary
        self.epoll = select.epoll()
        self.handlers = {}
        self.followers = []
        for udp, tcp in sockets:
            follower = _Follower(self, udp, serial)
            self.followers.append(follower)
            self.wait_for(udp, follower.on_udp)
            self.wait_for(tcp, lambda tcp=tcp, follower=follower: self.accept(tcp, follower))

    def wait_for(self, one, handler, events=select.EPOLLIN):
        self.handlers[one.fileno()] = handler
        self.epoll.register(one.fileno(), events)

    def leave(self, one):
        self.epoll.unregister(one.fileno())
        del self.handlers[one.fileno()]
        one.close()

    def accept(self, tcp, follower):
        """Knot sends NOTIFY by TCP; a connection each."""
        opened = tcp.accept()[0]
        opened.setblocking(False)
        told = _Told(self, follower, opened)
        self.wait_for(opened, told.on_readable)

    def run(self):
        due = time.perf_counter() + AGAIN
        while True:
            for number, _ in self.epoll.poll(0.1):
                handler = self.handlers.get(number)
                try:
                    if handler:
                        handler()
                except BlockingIOError:
                    pass  # gone meanwhile
            if self.pipe.poll():
                what, serial = self.pipe.recv()
                if what == "end":
                    self.pipe.send([tuple(follower.history()) for follower in self.followers])
                    return
                self.pipe.send(sum(not wire.is_ahead(serial, follower.serial)
                                   for follower in self.followers))
            now = time.perf_counter()
            if now >= due:
                due = now + AGAIN / 5
                for follower in self.followers:
                    follower.ask_again(now)


class _Told:
    """A connection that brings NOTIFY; the primary closes it, or keeps it for the next one."""

    def __init__(self, loop, follower, opened):
        self.loop, self.follower, self.opened = loop, follower, opened
        self.rest = b""

    def on_readable(self):
        try:
            part = self.opened.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.loop.leave(self.opened)
            return
        self.rest += part
        while len(self.rest) >= 2 and len(self.rest) >= 2 + int.from_bytes(self.rest[:2], "big"):
            size = int.from_bytes(self.rest[:2], "big")
            message, self.rest = self.rest[2:2 + size], self.rest[2 + size:]
            try:
                reply, serial = wire.notify(message)
                self.opened.sendall(len(reply).to_bytes(2, "big") + reply)
            except (OSError, ValueError):
                continue
            self.follower.on_notify(serial)


class _Follower:
    """One secondary."""

    def __init__(self, loop, udp, serial):
        self.loop, self.udp = loop, udp
        self.serial, self.told = serial, serial
        self.request = 0         # the id that an answer must have
        self.asked_at = None     # None: nothing is asked
        self.tcp = None          # a transfer by TCP goes on
        self.counts = [0] * 5    # as in History
        self.moments, self.serials = array.array("d"), array.array("L")

    def history(self):
        return *self.counts, (self.moments, self.serials)

    def on_udp(self):
        message, sender = self.udp.recvfrom(4096)
        try:
            if message[2] & 0x80:
                self.on_answer(message)
            else:
                reply, serial = wire.notify(message)
                self.udp.sendto(reply, sender)
                self.on_notify(serial)
        except (ValueError, IndexError):
            pass  # nothing that a secondary takes

    def on_notify(self, serial):
        self.counts[0] += 1
        if serial is not None and wire.is_ahead(serial, self.told):
            self.told = serial
        if self.asked_at is None and (serial is None or wire.is_ahead(self.told, self.serial)):
            self.ask()

    def ask(self):
        self.request = self.request % 65535 + 1
        self.asked_at = time.perf_counter()
        self.udp.sendto(wire.ixfr(ZONE, self.serial, self.request, UDP_SIZE), self.loop.primary)

    def ask_again(self, now):
        if self.asked_at is not None and now - self.asked_at > (20 if self.tcp else 1) * AGAIN:
            self.counts[4] += 1
            if self.tcp:
                self.tcp.close()
            self.ask()

    def on_answer(self, message):
        answer = wire.transfer(message)
        if answer.id != self.request or self.asked_at is None or self.tcp:
            return
        if answer.truncated or (answer.records == 1 and wire.is_ahead(answer.serial, self.serial)):
            self.tcp = _Transfer(self)
        elif answer.rcode == 0 and answer.serial is not None:
            self.holds(answer.serial, answer.records > 1 and answer.base is None)
        # An error is asked for again when its time is over.

    def holds(self, serial, whole_zone):
        """An answer is complete: it brought this serial, or said that there is none later."""
        self.asked_at = None
        if wire.is_ahead(serial, self.serial):
            self.serial = serial
            self.counts[1] += 1
            self.counts[2] += whole_zone
            self.moments.append(time.perf_counter())
            self.serials.append(serial)
        if wire.is_ahead(self.told, self.serial):
            self.ask()


class _Transfer:
    """A transfer by TCP, from the secondary's own address."""

    def __init__(self, follower):
        self.follower, self.loop = follower, follower.loop
        self.rest, self.first, self.is_sent = b"", None, False
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setblocking(False)
        self.tcp.bind((follower.udp.getsockname()[0], 0))
        self.tcp.connect_ex(self.loop.primary)
        self.loop.wait_for(self.tcp, self.on_ready, select.EPOLLIN | select.EPOLLOUT)
        follower.counts[3] += 1

    def on_ready(self):
        try:
            if not self.is_sent:
                message = wire.ixfr(ZONE, self.follower.serial, self.follower.request)
                self.tcp.sendall(len(message).to_bytes(2, "big") + message)
                self.is_sent = True
                self.loop.epoll.modify(self.tcp.fileno(), select.EPOLLIN)
                return
            part = self.tcp.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.close()  # and asks again when its time is over
            return
        self.rest += part
        while len(self.rest) >= 2 and len(self.rest) >= 2 + int.from_bytes(self.rest[:2], "big"):
            size = int.from_bytes(self.rest[:2], "big")
            message, self.rest = self.rest[2:2 + size], self.rest[2 + size:]
            if self.is_last(message):
                self.close()
                self.follower.holds(self.first.serial,
                                    self.first.records > 1 and self.first.base is None)
                return

    def is_last(self, message):
        """The last message ends as the first record does; an SOA alone is all of its answer."""
        try:
            self.first = self.first or wire.transfer(message)
        except ValueError:
            return False
        return self.first.end is not None and message.endswith(self.first.end)

    def close(self):
        self.follower.tcp = None
        self.loop.leave(self.tcp)
