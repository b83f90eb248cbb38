"""What the benchmark stands on, without any server: messages, changed files, numbers, tables."""

import json
import os
import socket
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plot  # noqa: E402
import report  # noqa: E402
import wire  # noqa: E402
from edit import Moments, Secondary  # noqa: E402
from editors import ApiEditor  # noqa: E402
from results import Results  # noqa: E402
from servers import Failed  # noqa: E402
from watch import Watcher  # noqa: E402
from zone_files import Steps, delegation_zone, small_zone  # noqa: E402


def answered(question, rcode=0, address=None):
    """An answer to a query as servers send it, its owner a pointer."""
    records = b""
    if address:
        records = b"\xc0\x0c" + struct.pack("!HHIH", wire.A, wire.IN, 300, 4) + bytes(
            int(part) for part in address.split("."))
    return (question[:2] + struct.pack("!HHHHH", 0x8400 | rcode, 1, 1 if address else 0, 0, 0)
            + question[12:] + records)


class Messages(unittest.TestCase):
    def test_answer_with_an_address(self):
        answer = wire.answer(answered(wire.query("www.bench.example", wire.A, 7),
                                      address="192.0.2.1"))
        self.assertEqual((answer.id, answer.rcode, answer.address), (7, 0, "192.0.2.1"))

    def test_absent_name(self):
        answer = wire.answer(answered(wire.query("x.bench.example"), rcode=wire.NXDOMAIN))
        self.assertEqual((answer.rcode, answer.address), (3, None))

    def test_what_is_no_answer(self):
        whole = answered(wire.query("www.bench.example"), address="192.0.2.1")
        for message in (b"", whole[:30], whole[:-2], wire.query("www.bench.example")):
            with self.assertRaises(ValueError):
                wire.answer(message)

    def test_update_replaces_or_deletes(self):
        put = wire.update("bench.example", "www.bench.example", "192.0.2.1", 9)
        self.assertEqual(struct.unpack_from("!6H", put), (9, 5 << 11, 1, 0, 2, 0))
        self.assertTrue(put.endswith(bytes([0, 4, 192, 0, 2, 1])))
        delete = wire.update("bench.example", "www.bench.example", None, 9)
        self.assertEqual(struct.unpack_from("!6H", delete), (9, 5 << 11, 1, 0, 1, 0))

    def test_notify_tells_its_serial(self):
        notify = notify_message(42)
        reply, serial = wire.notify(notify)
        self.assertEqual(serial, 42)
        self.assertEqual(struct.unpack_from("!HH", reply), (5, 0xA400))
        with self.assertRaises(ValueError):
            wire.notify(wire.query("bench.example"))


def notify_message(serial):
    soa = b"\xc0\x0c" + struct.pack("!HHIH", wire.SOA, wire.IN, 300, 24) + b"\xc0\x0c\xc0\x0c"
    return (struct.pack("!6H", 5, 0x2400, 1, 1, 0, 0) + wire.name("bench.example")
            + struct.pack("!HH", wire.SOA, wire.IN) + soa + struct.pack("!5I", serial, 1, 2, 3, 4))


class FakeServer:
    """Answers every query with `address`, and holds its `breath` when told to: for so
    many seconds, and then it has another address."""

    def __init__(self, address):
        self.address, self.breath = address, None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.name = "fake"
        self.ending = False
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while not self.ending:
            try:
                question, sender = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            if self.breath:
                seconds, self.address = self.breath
                self.breath = None
                time.sleep(seconds)
            self.socket.sendto(answered(question, address=self.address), sender)

    def close(self):
        self.ending = True
        self.thread.join()
        self.socket.close()


class Watching(unittest.TestCase):
    def setUp(self):
        self.server = FakeServer("192.0.2.1")
        self.addCleanup(self.server.close)

    def test_pause_and_first_new_answer_are_seen(self):
        with Watcher(self.server.port, "www.bench.example", "192.0.2.2") as watcher:
            began = time.perf_counter()
            self.server.breath = 0.5, "192.0.2.2"
            seen = watcher.until_seen(10)
            found = watcher.end(began)
        self.assertGreater(seen - began, 0.49)
        self.assertGreater(found.pause, 0.49)
        self.assertLess(found.idle_pause, 0.49)

    def test_change_that_never_comes(self):
        with Watcher(self.server.port, "www.bench.example", "192.0.2.2") as watcher:
            with self.assertRaises(Failed):
                watcher.until_seen(0.2)


class Editing(unittest.TestCase):
    """An edit has three moments; here they come from a fake API, a fake server and a fake NOTIFY."""

    def setUp(self):
        self.server = FakeServer("192.0.2.1")
        self.addCleanup(self.server.close)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.server.token = lambda: "secret"
        self.server.control_port = self.listener.getsockname()[1]
        self.secondary = Secondary()
        self.addCleanup(self.secondary.close)

    def serve_api(self, status, notify_by):
        """Takes one edit: NOTIFY at once, the new answer after 200 ms, the reply after 400 ms."""
        connection = self.listener.accept()[0]
        with connection:
            request = connection.recv(65536).decode()
            self.request = request
            if notify_by == "udp":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    udp.sendto(notify_message(7), ("127.0.0.1", self.secondary.port))
            else:
                with socket.create_connection(("127.0.0.1", self.secondary.port)) as tcp:
                    message = notify_message(7)
                    tcp.sendall(len(message).to_bytes(2, "big") + message)
                    tcp.recv(100)
            time.sleep(0.2)
            self.server.address = "192.0.2.9"
            time.sleep(0.2)
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 10\r\n\r\n01234".encode())
            time.sleep(0.02)
            connection.sendall(b"56789")

    def edit(self, status="200 OK", notify_by="udp"):
        api = threading.Thread(target=self.serve_api, args=(status, notify_by))
        api.start()
        self.addCleanup(api.join)
        moments = Moments(self.server, self.secondary, ApiEditor(self.server))
        self.addCleanup(moments.close)
        moments.editor.renew()
        return moments.edit("www", "192.0.2.9")

    def test_moments_come_in_their_order(self):
        for way in ("udp", "tcp"):
            with self.subTest(way):
                self.secondary.serial = None
                self.server.address = "192.0.2.1"
                seen = self.edit(notify_by=way)
                self.assertLess(seen.notified, seen.served)
                self.assertGreater(seen.served, 0.19)
                self.assertGreater(seen.acknowledged, 0.41)
                body = json.loads(self.request.partition("\r\n\r\n")[2])
                self.assertEqual(body["changes"][0]["values"], ["192.0.2.9"])

    def test_only_a_higher_serial_is_news(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.connect(("127.0.0.1", self.secondary.port))
            for serial, news in ((7, True), (7, False), (6, False), (8, True)):
                udp.send(notify_message(serial))
                self.assertEqual(self.secondary.receive([self.secondary.udp]), news, serial)
                self.assertEqual(udp.recv(100)[2:4], b"\xa4\x00")

    def test_refusal_is_a_failure(self):
        with self.assertRaises(Failed):
            self.edit(status="422 Unprocessable Content")


class Files(unittest.TestCase):
    def test_delegation_zone_has_so_many_records(self):
        text, count, names = delegation_zone(1000)
        lines = [line for line in text.splitlines() if not line.startswith("$")]
        self.assertEqual(len(lines), count)
        self.assertEqual(len(names), len(set(names)))

    def test_small_zone_has_ten_records(self):
        lines = small_zone("z.example", 3).splitlines()
        self.assertEqual(len([line for line in lines if not line.startswith("$")]), 10)

    def test_steps_change_one_line_and_the_serial(self):
        text, _, _ = delegation_zone(1000)
        steps = Steps(text)
        base, seen = set(text.splitlines()), []
        for _ in range(6):
            steps.step()
            lines = b"".join(steps.text()).decode().splitlines()
            more = [line for line in lines if line not in base and " SOA " not in line]
            wanted = [f"{steps.owner} A {steps.address}"] if steps.address else []
            self.assertEqual(more, wanted)
            self.assertEqual(len(lines), len(text.splitlines()) + len(wanted))
            seen.append(next(line for line in lines if " SOA " in line))
        self.assertEqual(len(set(seen)), 6)


class Numbers(unittest.TestCase):
    def setUp(self):
        self.results = Results("million", "A title")
        self.results.servers = ["taproot", "knot", "nsd"]
        self.results.show("first load, s")
        for value in (1, 3, 2):
            self.results.add("taproot", "first load, s", value)
        self.results.add("knot", "first load, s", 4)
        self.results.fail("nsd", "it ended\nwith a long log")

    def test_statistics(self):
        self.assertEqual(self.results.value("first load, s", "taproot"), 2)
        self.assertEqual(self.results.value("first load, s", "taproot", "largest"), 3)
        self.assertEqual(self.results.value("first load, s", "taproot", "p99"), 3)
        self.assertIsNone(self.results.value("first load, s", "nsd"))

    def test_table_has_ratios_and_failures(self):
        self.assertIn("| first load, s | 2.00 | 4.00 | failed | 0.50 | - |",
                      report.table(self.results))
        self.assertIn("nsd failed: it ended", report.section(self.results))

    def test_promise_kept_and_missed(self):
        self.assertIn("| first load, of knot's | 0.50 | 0.50 | kept |",
                      report.promises({"million": self.results}))
        self.results.samples["first load, s"]["taproot"] = [3]
        self.assertIn("**missed**", report.promises({"million": self.results}))

    def test_document_survives_json_and_fills_its_markers(self):
        again = Results.from_json(self.results.to_json())
        text = "before\n<!-- bench: million -->\nold\n<!-- end -->\n<!-- bench: edit -->\nold edit\n<!-- end -->\n"
        filled = report.insert(text, {}, {"million": again}, {})
        self.assertIn("first load, s", filled)
        self.assertNotIn("\nold\n", filled)
        self.assertIn("old edit", filled)
        self.assertEqual(filled, report.insert(filled, {}, {"million": again}, {}))

    def test_plot_is_drawn_within_its_frame(self):
        svg = plot.log_log("A < B", "x", "y", [("one", "#000", True, [(1000, 0.5), (10**6, 900)])])
        self.assertIn("A &lt; B", svg)
        self.assertIn('points="70.0,', svg)


if __name__ == "__main__":
    unittest.main()
