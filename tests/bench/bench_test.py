"""What the benchmark stands on, without any server: messages, changed files, numbers, tables."""

import json
import os
import re
import socket
import struct
import sys
import threading
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crowd  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402
import wire  # noqa: E402
from edit import Moments, Secondary  # noqa: E402
from editors import ApiEditor  # noqa: E402
from follow import followed  # noqa: E402
from followers import Followers, address_of  # noqa: E402
from lab import free_port  # noqa: E402
from proxy import Passed, Proxy  # noqa: E402
from results import Results  # noqa: E402
from servers import Failed  # noqa: E402
from transfers import transfer  # noqa: E402
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


    def test_ixfr_request_has_its_serial_and_edns(self):
        for size, additional in ((None, 0), (1232, 1)):
            message = wire.ixfr("bench.example", 7, 42, size)
            self.assertEqual(struct.unpack_from("!6H", message), (42, 0, 1, 0, 1, additional))
            self.assertEqual(wire.question_type(message), wire.IXFR)
            self.assertIn(struct.pack("!5I", 7, 0, 0, 0, 0), message)

    def test_how_a_transfer_begins(self):
        alone = wire.transfer(ixfr_answer(5, 9))
        self.assertEqual((alone.id, alone.records, alone.serial, alone.base), (5, 1, 9, None))
        changes = wire.transfer(ixfr_answer(5, 9, 7))
        self.assertEqual((changes.records, changes.serial, changes.base), (4, 9, 7))
        self.assertTrue(ixfr_answer(5, 9, 7).endswith(changes.end))
        for message in (b"", ixfr_answer(5, 9)[:40], wire.query("bench.example")):
            with self.assertRaises(ValueError):
                wire.transfer(message)

    def test_signed_message_ends_with_its_tsig(self):
        plain = wire.query("bench.example", wire.AXFR, 7)
        message = wire.signed(plain, "bench-key", b"secret")
        self.assertEqual(struct.unpack_from("!6H", message), (7, 0, 1, 0, 0, 1))
        self.assertEqual(message[12:len(plain)], plain[12:])
        self.assertTrue(message[len(plain):].startswith(
            wire.name("bench-key") + struct.pack("!HHI", wire.TSIG, wire.ANY, 0)))
        self.assertTrue(message.endswith(struct.pack("!HHH", 7, 0, 0)))
        self.assertNotEqual(message, wire.signed(plain, "bench-key", b"another"))

    def test_serials_go_round(self):
        self.assertTrue(wire.is_ahead(8, 7))
        self.assertTrue(wire.is_ahead(1, 2**32 - 1))
        self.assertFalse(wire.is_ahead(7, 7))
        self.assertFalse(wire.is_ahead(2**32 - 1, 1))


def soa_record(serial):
    return (b"\xc0\x0c" + struct.pack("!HHIH", wire.SOA, wire.IN, 300, 24) + b"\xc0\x0c\xc0\x0c"
            + struct.pack("!5I", serial, 1, 2, 3, 4))


def ixfr_answer(message_id, serial, base=None):
    """The SOA alone, or the change of nothing but the serial since `base`."""
    serials = [serial] if base is None else [serial, base, serial, serial]
    return (struct.pack("!6H", message_id, 0x8400, 1, len(serials), 0, 0)
            + wire.name("bench.example") + struct.pack("!HH", wire.IXFR, wire.IN)
            + b"".join(soa_record(one) for one in serials))


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


class FakePrimary:
    """Tells the serial 9, answers by UDP with the SOA alone and by TCP with the changes."""

    def __init__(self, serial=9):
        self.serial = serial
        self.port = free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.udp.settimeout(5)
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.tcp.settimeout(5)

    def notify(self, address):
        self.udp.sendto(notify_message(self.serial), address)
        reply, _ = self.udp.recvfrom(4096)
        return reply

    def answer_udp(self):
        question, sender = self.udp.recvfrom(4096)
        message_id, = struct.unpack_from("!H", question)
        self.udp.sendto(ixfr_answer(message_id, self.serial), sender)
        return sender

    def answer_tcp(self, base):
        connection, sender = self.tcp.accept()
        with connection:
            connection.settimeout(5)
            question = connection.recv(4096)
            message_id, = struct.unpack_from("!H", question, 2)
            answer = ixfr_answer(message_id, self.serial, base)
            frame = len(answer).to_bytes(2, "big") + answer
            connection.sendall(frame[:20])
            time.sleep(0.1)  # the answer's last octet comes later
            connection.sendall(frame[20:])
        return sender

    def close(self):
        self.udp.close()
        self.tcp.close()


class Transfers(unittest.TestCase):
    def test_whole_zone_is_read_and_must_be_signed_if_asked_so(self):
        for signed in (False, True):
            with self.subTest(signed=signed):
                primary = FakePrimary()
                self.addCleanup(primary.close)
                thread = threading.Thread(target=primary.answer_tcp, args=(7,))
                thread.start()
                self.addCleanup(thread.join)
                if signed:
                    with self.assertRaisesRegex(Failed, "not signed"):
                        transfer(primary.port, 3, signed)
                else:
                    seconds, octets = transfer(primary.port, 3, signed)
                    self.assertGreater(seconds, 0.09)
                    self.assertEqual(octets, len(ixfr_answer(1, 9, 7)))

    def test_promise_is_of_the_better_one(self):
        results = Results("axfr", "A title")
        for server, seconds in (("taproot", 3), ("knot", 10), ("nsd", 6)):
            results.add(server, "AXFR, s", seconds)
        self.assertIn("time of the better of knot and nsd | 0.65 | 0.50 | kept |",
                      report.promises({"axfr": results}))


class Proxying(unittest.TestCase):
    """A fake primary and a fake secondary, and the proxy between them."""

    def setUp(self):
        self.primary = FakePrimary()
        self.addCleanup(self.primary.close)
        self.secondary = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.secondary.close)
        self.secondary.bind(("127.0.0.1", free_port()))
        self.secondary.settimeout(5)
        self.proxy = Proxy()
        self.addCleanup(self.proxy.close)
        self.proxy.start(self.primary.port, self.secondary.getsockname()[1])
        self.address = ("127.0.0.1", self.proxy.port)

    def passed(self, count):
        found, deadline = [], time.monotonic() + 5
        while len(found) < count and time.monotonic() < deadline:
            if self.proxy.pipe.poll(0.1):
                found += self.proxy.passed()
        return found

    def in_thread(self, action, *words):
        thread = threading.Thread(target=action, args=words)
        thread.start()
        self.addCleanup(thread.join)

    def test_notify_by_udp_and_its_answer(self):
        self.primary.udp.sendto(notify_message(9), self.address)
        message, sender = self.secondary.recvfrom(4096)
        self.assertEqual(sender, self.address)
        reply, serial = wire.notify(message)
        self.assertEqual(serial, 9)
        self.secondary.sendto(reply, sender)
        self.assertEqual(self.primary.udp.recvfrom(4096), (reply, self.address))
        self.assertEqual([one.kind for one in self.passed(1)], ["notify"])

    def test_request_by_udp(self):
        self.in_thread(self.primary.answer_udp)
        began = time.perf_counter()
        self.secondary.sendto(wire.query("bench.example", wire.SOA, 3), self.address)
        answer = wire.transfer(self.secondary.recv(4096))
        self.assertEqual((answer.id, answer.serial), (3, 9))
        asked, answered_ = self.passed(2)
        self.assertEqual((asked.kind, asked.qtype, answered_.kind), ("request", wire.SOA, "answer"))
        self.assertTrue(began < asked.moment < answered_.moment < time.perf_counter())

    def test_transfer_by_tcp_is_noted_with_its_last_octet(self):
        self.in_thread(self.primary.answer_tcp, 7)
        with socket.create_connection(self.address, timeout=5) as tcp:
            message = wire.ixfr("bench.example", 7, 4)
            tcp.sendall(len(message).to_bytes(2, "big") + message)
            stream = tcp.makefile("rb")
            body = stream.read(int.from_bytes(stream.read(2), "big"))
            self.assertEqual(wire.transfer(body).base, 7)
            self.assertEqual(stream.read(1), b"", "the end passes as well")
        asked, answered_ = self.passed(2)
        self.assertEqual([asked.kind, answered_.kind], ["request", "answer"])
        self.assertEqual([asked.qtype, answered_.qtype], [wire.IXFR, wire.IXFR])
        self.assertGreater(answered_.moment - asked.moment, 0.09)
        self.assertLess(answered_.held, 0.09, "waiting for the primary is not the proxy's own time")

    def test_notify_by_tcp_goes_to_the_secondary(self):
        with socket.create_server(self.secondary.getsockname()) as server:
            server.settimeout(5)
            with socket.create_connection(self.address, timeout=5) as tcp:
                message = notify_message(9)
                tcp.sendall(len(message).to_bytes(2, "big") + message)
                with server.accept()[0] as opened:
                    opened.settimeout(5)
                    self.assertEqual(opened.recv(4096)[2:], message)
        self.assertEqual([one.kind for one in self.passed(1)], ["notify"])


class Following(unittest.TestCase):
    """What is whose share of a change; moments in seconds."""

    passed = [Passed("notify", 10.002, 0.0001, wire.SOA), Passed("request", 10.010, 0.0002, wire.SOA),
              Passed("answer", 10.011, 0.0001, wire.SOA), Passed("request", 10.020, 0.0003, wire.IXFR),
              Passed("answer", 10.023, 0.0004, wire.IXFR)]

    def test_shares_of_a_change(self):
        seen = followed(9.9, 10.001, self.passed, 10.1)
        self.assertAlmostEqual(seen.notified, 0.001)
        self.assertAlmostEqual(seen.answers, 0.004)
        self.assertAlmostEqual(seen.share, 0.005)
        self.assertAlmostEqual(seen.proxy, 0.0011)
        self.assertAlmostEqual(seen.whole, 0.099 - 0.0011)
        self.assertAlmostEqual(seen.sent, 0.2 - 0.0011)
        self.assertAlmostEqual(seen.own_work, 0.077 - 0.0004)

    def test_notify_before_the_acknowledgement_shows_the_commit(self):
        seen = followed(9.9, 10.05, self.passed, 10.1)
        self.assertEqual(seen.notified, 0)
        self.assertAlmostEqual(seen.whole, 0.098 - 0.0011)

    def test_what_passes_afterwards_does_not_count(self):
        later = [*self.passed, Passed("request", 10.2, 0, wire.SOA), Passed("answer", 10.9, 0, wire.SOA)]
        self.assertEqual(followed(9.9, 10.001, later, 10.1), followed(9.9, 10.001, self.passed, 10.1))

    def test_a_change_that_came_without_notify_or_transfer_is_a_failure(self):
        for passed in ([], self.passed[1:], self.passed[:1], self.passed[:4]):
            with self.assertRaises(Failed):
                followed(9.9, 10.001, passed, 10.1)


class Crowd(unittest.TestCase):
    def test_secondaries_follow_by_udp_and_tcp(self):
        primary = FakePrimary()
        self.addCleanup(primary.close)
        followers = Followers(3)
        self.addCleanup(followers.close)
        followers.start(primary.port, 7)
        self.assertEqual(followers.how_many_hold(8), 0)
        for number, address in enumerate(followers.addresses()[:2], 1):
            reply = primary.notify(address)
            self.assertEqual(reply[2:4], b"\xa4\x00")
            self.assertEqual(primary.answer_udp(), address)
            self.assertEqual(primary.answer_tcp(7)[0], address_of(number - 1))
            deadline = time.monotonic() + 5
            while followers.how_many_hold(9) < number and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(followers.how_many_hold(9), number)
        followed_, _, idle = followers.end()
        self.assertEqual((followed_.notifies, followed_.transfers, followed_.by_tcp), (1, 1, 1))
        self.assertEqual(followed_.whole_zones, 0)
        self.assertEqual(list(followed_.held[1]), [9])
        self.assertEqual(list(idle.held[1]), [])

    def test_lag_is_until_that_or_a_later_serial(self):
        behind = crowd.lags(5, [10.0, 10.1, 10.2, 10.3], [10.05, 10.5, 10.6], [5, 7, 8])
        for value, wanted in zip(behind, [0.05, 0.4, 0.3, 0.3], strict=True):
            self.assertAlmostEqual(value, wanted)
        with self.assertRaises(Failed):
            crowd.lags(5, [10.0, 10.1], [10.05], [5])

    def test_thinning_keeps_the_largest(self):
        values = crowd.thinned(range(9999))
        self.assertLess(len(values), 2600)
        self.assertEqual((values[0], values[-1]), (0, 9998))

    def test_a_server_that_failed_leaves_a_plot_of_the_others(self):
        results = Results("crowd", "A title")
        results.servers, results.facts = ["taproot", "knot"], {"secondaries": 3}
        for figure in ("plot: memory at, s", "plot: memory, MB"):
            results.add("taproot", figure, 1.5)
        svg = crowd.drawing(results)
        self.assertIn("taproot", svg)
        self.assertNotIn("knot", svg)


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

    def test_promises_of_following_compare_with_knot_to_knot(self):
        results = Results("follow", "A title")
        results.add("taproot", "nsd as secondary: whole, ms", 30)
        results.add("knot", "knot as secondary: whole, ms", 50)
        results.add("taproot", "nsd as secondary: the primary's share, ms", 4)
        text = report.promises({"follow": results})
        self.assertIn("nsd as secondary answers, of knot to knot | 0.50 | 0.60 | **missed** |", text)
        self.assertIn("nsd as secondary answers with a change, ms | 5.00 | 4.00 | kept |", text)
        self.assertIn("bind as secondary answers with a change, ms | 5.00 | - | - |", text)

    def test_panels_share_their_time(self):
        svg = plot.stacked("A < B", "seconds", [
            ("MB", False, [("one", "#000", False, [(-1, 0), (20, 95)])]),
            ("ms", True, [("two", "#000", True, [(0, 0), (20, 900)])]),
            ("nothing", True, [])])
        self.assertIn("A &lt; B", svg)
        xml.etree.ElementTree.fromstring(svg)
        for points in re.findall(r'points="([^"]*)"', svg):
            for point in points.split():
                x, y = map(float, point.split(","))
                self.assertTrue(70 <= x <= 570 and 40 <= y <= 600, point)

    def test_plot_is_drawn_within_its_frame(self):
        svg = plot.log_log("A < B", "x", "y", [("one", "#000", True, [(1000, 0.5), (10**6, 900)])])
        self.assertIn("A &lt; B", svg)
        self.assertIn('points="70.0,', svg)


if __name__ == "__main__":
    unittest.main()
