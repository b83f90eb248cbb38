"""A process that asks a server for one address again and again, and knows each answer's time."""

import multiprocessing
import socket
import struct
import time


def query(name, number):
    """A query for the A record of a name, as octets."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return struct.pack(">HHHHHH", number & 0xFFFF, 0, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def is_right(answer, number):
    """NOERROR with at least one record, for this query."""
    got, flags, _, records = struct.unpack(">HHHH", answer[:8])
    return got == number & 0xFFFF and flags & 0x800F == 0x8000 and records > 0


def first_answer(port, name, started, seconds):
    """Seconds from `started` (time.monotonic()) to the first right answer; None if there is none."""
    number = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        udp.settimeout(0.002)
        while time.monotonic() - started < seconds:
            number += 1
            try:
                udp.send(query(name, number))
                answer = udp.recv(4096)
                # It may be to an earlier one: on a busy machine each comes too late for its own.
                if is_right(answer, struct.unpack(">H", answer[:2])[0]):
                    return time.monotonic() - started
            except TimeoutError:
                pass
            except OSError:  # nobody listens yet
                time.sleep(0.0005)
    return None


def ask_until_told(port, name, pause, pipe):
    took, lost, wrong, number = [], 0, 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        udp.settimeout(2)
        pipe.send("begun")
        while not pipe.poll():
            number += 1
            started = time.monotonic()
            udp.send(query(name, number))
            try:
                answer = udp.recv(4096)
                took.append(time.monotonic() - started)
                wrong += not is_right(answer, number)
            except OSError:
                lost += 1
            if pause:
                time.sleep(pause)
    pipe.send((took, lost, wrong))


class Asker:
    """Asks from start() to stop(), one query at a time with a pause between."""

    def __init__(self, port, name, pause=0.0):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(
            target=ask_until_told, args=(port, name, pause, theirs), daemon=True)

    def start(self):
        self.process.start()
        self.pipe.recv()
        return self

    def stop(self):
        """(seconds of each answer, sorted; queries lost; wrong answers)"""
        self.pipe.send("enough")
        took, lost, wrong = self.pipe.recv()
        self.process.join()
        return sorted(took), lost, wrong


def words(took):
    """Median, 99th percentile and worst of sorted times, in words."""
    if not took:
        return "no answers"
    at = [took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)], took[-1]]
    return "median {:.2f} ms, p99 {:.2f} ms, worst {:.2f} ms".format(*(t * 1000 for t in at))
