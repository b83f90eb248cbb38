"""What every driver must do, whatever it speaks: run against each provider's counterparty.

A provider's test module makes a class of `Conformance` and a `Counterparty`, which says how that
provider is started, changed by others, and read without taproot. What is asked of it follows from
its own table of capabilities (`taproot provider capabilities NAME --json`).
"""

import collections
import datetime
import os
import signal
import sys

from lab import taproot_config, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from between import Between  # noqa: E402  (the folder is known only now)
from emulator import Fault  # noqa: E402

ZONE = "example.com"
HASH = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

# One or two records of every type that a zone file can hold and people use.
SAMPLES = {
    "A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1", "2001:db8::2"],
    "CAA": ['0 issue "ca.example.net"', '128 iodef "mailto:a@example.net"'],
    "CNAME": ["target.example.net."], "DS": [f"4711 13 2 {HASH}"],
    "HTTPS": ["1 . alpn=h2,h3"], "MX": ["10 mx1.example.net.", "20 mx2.example.net."],
    "NAPTR": ['100 50 "s" "http+I2L" "" _http._tcp.example.net.'],
    "NS": ["ns1.example.net.", "ns2.example.net."], "PTR": ["host.example.net."],
    "SPF": ['"v=spf1 -all"'], "SRV": ["10 60 5060 sip.example.net.", "0 0 5060 sip2.example.net."],
    "SSHFP": [f"4 2 {HASH}"], "SVCB": ["1 svc.example.net. port=8443"],
    "TLSA": [f"3 1 1 {HASH}"], "TXT": ['"v=spf1 mx -all"', '"two" "strings"'],
    "LOC": ["52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"],
    "DNAME": ["elsewhere.example.net."], "URI": ['10 1 "https://example.net/path"'],
    "SMIMEA": [f"3 1 1 {HASH}"], "OPENPGPKEY": ["AAAA"], "HINFO": ['"a" "b"'],
    "RP": ["mbox.example.net. txt.example.net."], "TYPE65300": ["\\# 2 0a0b"],
}

# How many requests a push may take at most, and which of them is the first that writes.
Requests = collections.namedtuple("Requests", "all write")


class Counterparty:
    """A provider as a test sees it."""

    name = "provider"
    secrets = ()  # what must be seen nowhere
    page = None  # RRsets on a page of a list, if it has pages
    server_port = 0  # where its API is
    many = 10000  # RRsets of a large zone
    pace = {}  # keys of its entry that say how fast it may be asked

    def __init__(self, lab):
        self.lab = lab
        self.between = None

    def start(self):
        """Starts it with an empty zone ZONE."""

    def entry(self, taproot, port):
        """Its entry in taproot's configuration, with its API at `port`."""
        raise NotImplementedError

    def keys(self):
        """TSIG keys of the configuration."""
        return []

    def put(self, name, rrtype, ttl, values):
        """Somebody else makes an RRset be this; without values: be gone."""
        raise NotImplementedError

    def rrsets(self):
        """{(name with its dot, type): (ttl, values sorted)} of what is there."""
        raise NotImplementedError

    def most_requests(self, records, changes):
        """The Requests of a push: of a zone of so many one-record RRsets, with so many
        changes."""
        raise NotImplementedError

    def apex_ns(self):
        """NS records that the zone may have at its apex from the beginning."""
        return ["ns1.example.net.", "ns2.example.net."]


class EmulatedParty(Counterparty):
    """A provider that an emulator stands for, which start() makes."""

    emulator = None
    pace = {"calls-per-minute": 1_000_000}  # it stands on loopback
    polls = None  # how many looks find a change at work; None: it is done at once

    def looks(self):
        """How often a push asks whether its last change is done."""
        return 0 if self.polls is None else self.polls + 1

    def stop(self):
        if self.emulator:
            self.emulator.stop()


def only(case, *names):
    """Of what a case inherits these tests alone."""
    for name in dir(case):
        if name.startswith("test_") and name not in names:
            setattr(case, name, None)
    return case


def zone_text(lines, ns=("ns1.example.net.", "ns2.example.net.")):
    head = ["$ORIGIN example.com.", "$TTL 3600",
            "@ IN SOA ns1.example.net. hostmaster.example.com. 1 7200 900 1209600 300"]
    return "\n".join([*head, *(f"@ IN NS {one}" for one in ns), *lines]) + "\n"


def fault_cases(operations, kinds):
    """Pairs of a call and what goes wrong with it. Each costs a back-off of seconds, so only some
    are tried, in which each call and each kind occurs; all with TAPROOT_FAULTS=all."""
    every = 1 if os.environ.get("TAPROOT_FAULTS") == "all" else min(4, len(operations))
    if every > 1:
        print(f"one fault in {every} is tried; all of them with TAPROOT_FAULTS=all", flush=True)
    return [(operation, kind) for i, operation in enumerate(operations)
            for j, kind in enumerate(kinds) if (i + j) % every == 0]


class Conformance:
    """To be mixed into a LabCase with `kind`, a class of Counterparty."""

    kind = Counterparty
    more = {}  # keys of the provider's entry for this run

    def setUp(self):
        super().setUp()
        self.party = self.kind(self.lab)
        self.lab.add(self.party_server())
        self.said = ""

    def party_server(self):
        """Something with stop(), so that the lab ends it."""
        party = self.party

        class Ends:
            log = "/nonexistent"

            @staticmethod
            def stop(*_):
                if party.between:
                    party.between.stop()
                party.stop()

        return Ends()

    def begin(self, lines=(), on_request=None, start=True, **more):
        """Starts everything, with these lines as the zone."""
        self.party.start()
        self.party.between = Between(self.party.server_port, on_request)
        self.write(lines)
        entry = {**self.party.entry(self.taproot, self.party.between.port), **self.party.pace,
                 **self.more, **more}
        taproot_config(self.taproot, self.party.keys(), [entry],
                       [{"name": ZONE, "source": f"zones/{ZONE}.zone",
                         "guards": {"max-shrink-percent": 100},
                         "providers": [self.party.name]}])
        if start:
            self.taproot.start()

    def write(self, lines):
        self.taproot.write_zone(ZONE + ".zone", zone_text(lines, self.party.apex_ns()))

    def log(self):
        with open(self.taproot.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def pushes(self):
        """How pushes ended, as the log tells it."""
        begin = f"{ZONE}.: {self.party.name}: "
        said = [line.split(begin, 1)[1] for line in self.log().splitlines() if begin in line]
        return [words for words in said if not words.startswith("ns1.")]  # of its nameservers

    def wait_for_push(self, count, seconds=60):
        wait_until(f"push {count} to end", lambda: len(self.pushes()) >= count, seconds)
        return self.pushes()[count - 1]

    def wait_for_words(self, words, seconds=60):
        wait_until(f"the log to say {words!r}",
                   lambda: any(words in line for line in self.pushes()), seconds)

    def change(self, lines, count):
        """Another zone, pushed by itself as push number `count`."""
        self.write(lines)
        self.command(0, "reload", ZONE)
        return self.wait_for_push(count)

    def run_verb(self, *words, **options):
        done = self.taproot.run(*words, **options)
        self.said += done.stdout + done.stderr
        return done

    def capabilities(self):
        import json
        return json.loads(self.run_verb("provider", "capabilities", self.party.name, "--json").stdout)

    def ours(self):
        """What is there beside SOA and apex NS."""
        return {key: value for key, value in self.party.rrsets().items()
                if not (key[0] == ZONE + "." and key[1] in ("SOA", "NS"))}

    def assert_in_sync(self):
        done = self.run_verb("plan", timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check_faults(self, operations, kinds, remembers=False):
        """Every kind of fault at every kind of call: the push ends right, now or after it is tried
        again, and never says that it is done before it is."""
        more = {} if remembers else {"reading-interval": "0s"}  # each push reads the whole zone
        self.begin(["a 300 IN A 192.0.2.1"], **more)
        self.wait_for_push(1)
        emulator = self.party.emulator
        for number, (operation, how) in enumerate(fault_cases(operations, kinds), 2):
            with self.subTest(operation=operation, how=how):
                self.prepare(operation)
                emulator.faults[:] = [Fault(operation, how)]
                said = self.change([f"a 300 IN A 198.51.100.{number}"], number)
                self.assertIn("applied and read back", said)
                self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, [f"198.51.100.{number}"]))
                self.assertEqual(emulator.faults[0].times, 0, "the fault was not met")
        self.assert_no_secret()

    def prepare(self, operation):
        """Before a push that is to meet a fault at `operation`."""
        if operation == "token":
            self.party.emulator.tokens.clear()  # the one that pushes share is not good any more
        if operation == "AssumeRole":
            ends = self.party.emulator.ends  # nor are the credentials that they share
            ends.update(dict.fromkeys(ends, self.party.emulator.clock() - datetime.timedelta(hours=1)))

    def assert_no_secret(self):
        """No secret in the log, in what verbs said, in answers of the API, or in the state."""
        texts = {"log": self.log(), "verbs": self.said}
        for path in ("/v1/status", "/metrics", "/v1/plan", f"/v1/zones/{ZONE}/history"):
            texts[path] = str(self.taproot.call("GET", path)[1])
        for folder, _, files in os.walk(self.taproot.state):
            for file in files:
                if file == "control.token":
                    continue
                with open(os.path.join(folder, file), "rb") as data:
                    texts[file] = data.read().decode("latin-1")
        for where, text in texts.items():
            for secret in self.party.secrets:
                self.assertNotIn(secret, text, f"a secret in {where}")

    # What is asked of every driver.

    def lines_of_every_type(self):
        """Records of all types that it claims."""
        can = self.capabilities()
        lines = []
        for rrtype in SAMPLES:
            if (rrtype not in can["types"] and not can["every_type"]) or rrtype in can["refused_types"]:
                continue
            owner = {"NS": "ns-sub", "DS": "ns-sub", "SRV": "_sip._tcp"}.get(rrtype,
                                                                             "t-" + rrtype.lower())
            lines += [f"{owner} 300 IN {rrtype} {value}" for value in SAMPLES[rrtype]]
        return lines

    def test_a_zone_of_every_type_it_claims(self):
        self.begin(start=False)
        lines = self.lines_of_every_type()
        claimed = {line.split()[3] for line in lines}
        self.assertIn("A", claimed)
        self.write(lines)
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assert_in_sync()
        there = self.ours()
        self.assertEqual(there[f"t-a.{ZONE}.", "A"], (300, ["192.0.2.1", "192.0.2.2"]))
        self.assertEqual(there[f"t-mx.{ZONE}.", "MX"],
                         (300, ["10 mx1.example.net.", "20 mx2.example.net."]))
        self.assertEqual({key[1] for key in there}, claimed)
        lines = [line for line in lines if not line.startswith("ns-sub")]
        self.assertIn("applied and read back", self.change(lines, 2))
        self.assertEqual({key[1] for key in self.ours()}, claimed - {"DS", "NS"})
        self.command(0, "provider", "test", self.party.name)
        self.assert_no_secret()

    def test_text_with_every_octet(self):
        self.begin(start=False)
        rule = self.capabilities()["txt"]
        octets = [n for n in range(256) if not (rule["ascii_only"] and not 32 <= n < 127)
                  and chr(n) not in rule["forbidden"]]
        escaped = [f"\\{n:03d}" for n in octets]
        halves = escaped[:len(escaped) // 2], escaped[len(escaped) // 2:]
        lines = [f'octets{i} 300 IN TXT "{"".join(half)}"' for i, half in enumerate(halves)]
        lines.append('long 300 IN TXT ' + " ".join(f'"{c * 200}"' for c in "abc"))
        if rule["empty_allowed"]:
            lines.append('empty 300 IN TXT ""')
        self.write(lines)
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assert_in_sync()

    def test_names_of_every_kind(self):
        self.begin(start=False)
        allowed = self.capabilities()["owner_characters"]
        lines = ["* 300 IN A 192.0.2.1", "*.apps 300 IN TXT wild", "_dmarc 300 IN TXT v=DMARC1",
                 "xn--mnchen-3ya 300 IN A 192.0.2.2", "UPPER 300 IN A 192.0.2.3",
                 "a.b.c.d.e 300 IN A 192.0.2.4", f"{'x' * 63} 300 IN A 192.0.2.5"]
        if not allowed or "/" in allowed:
            lines.append("1/26 300 IN CNAME host.example.net.")
        self.write(lines)
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assert_in_sync()
        self.assertEqual(self.ours()[f"*.{ZONE}.", "A"], (300, ["192.0.2.1"]))
        self.assertEqual(self.ours()[f"upper.{ZONE}.", "A"], (300, ["192.0.2.3"]))

    def test_changes_and_swaps_of_types(self):
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN CNAME a", "c 300 IN A 192.0.2.3",
                    "d 300 IN TXT here"])
        self.wait_for_push(1)
        said = self.change(["a 300 IN CNAME c", "b 60 IN A 192.0.2.2", "c 300 IN A 192.0.2.3",
                            "c 300 IN A 192.0.2.4"], 2)
        self.assertIn("applied and read back", said)
        self.assertEqual(self.ours(), {
            (f"a.{ZONE}.", "CNAME"): (300, [f"c.{ZONE}."]),
            (f"b.{ZONE}.", "A"): (60, ["192.0.2.2"]),
            (f"c.{ZONE}.", "A"): (300, ["192.0.2.3", "192.0.2.4"])})

    def test_what_others_put_there_stays(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.party.put("theirs." + ZONE, "TXT", 60, ['"theirs"'])
        self.wait_for_push(1)
        self.change(["b 300 IN A 192.0.2.1"], 2)
        self.party.put("b." + ZONE, "A", 300, ["203.0.113.9"])
        self.assertEqual(self.run_verb("plan").returncode, 2)
        self.change(["b 300 IN A 192.0.2.2"], 3)
        self.assertEqual(self.ours(), {(f"theirs.{ZONE}.", "TXT"): (60, ['"theirs"']),
                                       (f"b.{ZONE}.", "A"): (300, ["192.0.2.2"])})

    def test_somebody_else_is_faster(self):
        """Between reading and writing the zone changes: the plan is not laid over it."""
        done = []

        def on_request(number):
            if done or not self.taproot_is_about_to_write(number):
                return
            done.append(number)
            self.party.put("race." + ZONE, "A", 60, ["203.0.113.1"])

        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.between.reset()
        self.party.between.on_request = on_request
        self.write(["a 300 IN A 192.0.2.1", "race 300 IN A 192.0.2.7"])
        self.command(0, "reload", ZONE)
        self.wait_for_push(2)
        self.assertTrue(done, "nobody was faster")
        self.assert_in_sync()
        self.assertEqual(self.ours()[f"race.{ZONE}.", "A"], (300, ["192.0.2.7"]))

    def taproot_is_about_to_write(self, number):
        """Whether request `number` of a push of one change is its write."""
        return number == self.party.most_requests(3, 1).write

    def test_a_first_push_of_many_and_a_change_of_one(self):
        many = self.party.many
        lines = [f"host{i} 300 IN A 192.0.2.{i % 250 + 1}" for i in range(many)]
        self.begin(lines)
        self.assertIn("applied and read back", self.wait_for_push(1, 240))
        first = self.party.between.requests
        self.assertLessEqual(first, self.party.most_requests(many, many).all)
        self.party.between.reset()
        lines[0] = "host0 300 IN A 198.51.100.1"
        self.write(lines)
        self.command(0, "reload", ZONE)
        self.assertIn("applied and read back", self.wait_for_push(2, 120))
        self.assertLessEqual(self.party.between.requests, self.party.most_requests(many, 1).all)
        print(f"{self.party.name}: {first} requests for {many} records, "
              f"{self.party.between.requests} for one", file=sys.stderr)

    def test_lists_of_every_length(self):
        if self.party.page is None:
            print(f"{self.party.name}: its lists have no pages", file=sys.stderr)
            return
        apex = len(self.party.rrsets()) if self.party.server_port else 2
        self.begin()
        self.wait_for_push(1)
        for push, length in enumerate((1, self.party.page - apex, self.party.page - apex + 1,
                                       2 * self.party.page - apex, 2 * self.party.page - apex + 1)):
            lines = [f"host{i} 300 IN A 192.0.2.1" for i in range(length)]
            self.assertIn("applied and read back", self.change(lines, push + 2))
            self.assertEqual(len(self.ours()), length)
            self.assert_in_sync()

    def test_a_lost_answer_is_looked_up(self):
        """Every request of a push in turn is carried out and its answer lost."""
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        for turn in range(1, self.party.most_requests(3, 1).all + 1):
            lines = [f"a 300 IN A 198.51.100.{turn}"]
            self.party.between.reset()
            self.party.between.on_request = lambda number, turn=turn: (
                "lose" if number == turn else None)
            before = len(self.pushes())
            self.change(lines, before + 1)
            self.assertEqual(self.ours(), {(f"a.{ZONE}.", "A"): (300, [f"198.51.100.{turn}"])})
        self.party.between.on_request = None
        self.assert_in_sync()
        self.assert_no_secret()

    def test_a_crash_between_any_two_requests(self):
        """taproot is killed before each request of a push in turn, and goes on to the right end."""
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        for turn in range(1, self.party.most_requests(3, 2).all + 1):
            killed = []

            def on_request(number, turn=turn, killed=killed):
                if number == turn and not killed:
                    killed.append(number)
                    self.taproot.process.send_signal(signal.SIGKILL)

            # Nothing is taken away: deletions of a day add up for the guards, also over crashes.
            news = [f"new{i}" for i in range(1, turn + 1)]
            self.write([f"a 300 IN A 198.51.100.{turn}",
                        *(f"{new} 300 IN A 192.0.2.1" for new in news)])
            self.party.between.reset()
            self.party.between.on_request = on_request
            self.taproot.run("reload", ZONE)
            wait_until(f"taproot to be killed before request {turn}", lambda: killed)
            self.taproot.process.wait(30)
            self.party.between.on_request = None
            wanted = {(f"a.{ZONE}.", "A"): (300, [f"198.51.100.{turn}"]),
                      **{(f"{new}.{ZONE}.", "A"): (300, ["192.0.2.1"]) for new in news}}
            self.taproot.start()
            wait_until(f"the zone to be right after a crash before request {turn}",
                       lambda wanted=wanted: self.ours() == wanted)
        self.assert_in_sync()

    def test_a_wrong_key_stops_the_provider(self):
        self.begin(start=False)
        self.wrong_key()
        self.taproot.start()
        self.wait_for_push(1)
        status = self.taproot.ask("status")
        self.assertNotEqual(status["zones"][0]["providers"][0]["state"], "in-sync")
        done = self.run_verb("provider", "test", self.party.name)
        self.assertEqual(done.returncode, 1, done.stdout)
        asked = self.party.between.requests
        self.taproot.run("status")
        self.assertLessEqual(self.party.between.requests, asked + 1, "it is asked on and on")
        self.assert_no_secret()

    def wrong_key(self):
        """Spoils the key in taproot's files."""
        keys = self.taproot.path("keys")
        for name in os.listdir(keys):
            self.taproot.write(os.path.join("keys", name), "d3JvbmctY2FuYXJ5LXdyb25nLTAx\n", 0o600)

    def test_hold_and_resume(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.command(0, "provider", "hold", self.party.name, "--why", "outage")
        self.write(["a 300 IN A 192.0.2.2"])
        self.command(0, "reload", ZONE)
        self.assertIn("held", self.run_verb("provider", "list").stdout)
        self.taproot.stop()  # also over a restart
        self.taproot.start()
        self.assertEqual(self.taproot.ask("status")["zones"][0]["providers"][0]["state"], "held")
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.1"]))
        self.command(0, "provider", "resume", self.party.name)
        wait_until("the held change to arrive",
                   lambda: self.ours()[f"a.{ZONE}.", "A"] == (300, ["192.0.2.2"]))

    def test_import_reads_what_was_pushed(self):
        self.begin(["a 300 IN A 192.0.2.1", "t 60 IN TXT \"a b\"", "* 300 IN CNAME a"])
        self.wait_for_push(1)
        done = self.run_verb("import", ZONE, "--from", self.party.name, "--format", "zone")
        self.assertIn(done.returncode, (0, 2), done.stderr)  # 2: SOA and NS are not listed there
        for words in ("192.0.2.1", '"a b"', "CNAME"):
            self.assertIn(words, done.stdout)


class ChangesTakeTime:
    """To be mixed in before Conformance, for a provider that is asked whether a change is done. Each
    look costs a wait of seconds, so only tests that look at each request have one."""

    polled = "get change"  # the operation

    def test_a_lost_answer_is_looked_up(self):
        self.party.polls = 0
        super().test_a_lost_answer_is_looked_up()

    def test_a_crash_between_any_two_requests(self):
        self.party.polls = 0
        super().test_a_crash_between_any_two_requests()

    def test_changes_and_swaps_of_types(self):
        self.party.polls = 0
        super().test_changes_and_swaps_of_types()

    def prepare(self, operation):
        super().prepare(operation)
        self.party.emulator.polls = 0 if operation == self.polled else None


class SingleRecords:
    """To be mixed in before Conformance, for a provider that keeps records instead of RRsets."""

    creating = "create"  # the operation that makes records
    listed_apex = 0  # how many records at the apex its lists have

    def test_lists_of_every_length(self):
        self.begin()
        self.wait_for_push(1)
        page, apex = self.party.page, self.listed_apex
        for push, length in enumerate((1, page - apex, page - apex + 1, 2 * page - apex)):
            lines = [f"host{i} 300 IN A 192.0.2.1" for i in range(length)]
            self.assertIn("applied and read back", self.change(lines, push + 2))
            self.assertEqual(len(self.ours()), length)
            self.assert_in_sync()

    def test_an_rrset_over_two_pages_is_one(self):
        lines = [f"host{i} 300 IN A 192.0.2.1" for i in range(self.party.page - self.listed_apex - 1)]
        lines += [f"zz 300 IN A 192.0.2.{i}" for i in range(1, 4)]
        self.begin(lines)
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assert_in_sync()
        self.assertIn("1 change applied", self.change(lines[:-1], 2))
        self.assertEqual(self.ours()[f"zz.{ZONE}.", "A"], (300, ["192.0.2.1", "192.0.2.2"]))

    def test_somebody_else_is_faster(self):
        """A new record cannot be made on the condition that there is none of another content: then
        both are there, the push says so, and the next one mends it."""
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.emulator.before = lambda operation: (
            operation == self.creating and not self.party.put("race." + ZONE, "A", 60, ["203.0.113.1"]))
        self.write(["a 300 IN A 192.0.2.1", "race 300 IN A 192.0.2.7"])
        self.command(0, "reload", ZONE)
        self.assertIn("still shows something else", self.wait_for_push(2))
        self.party.emulator.before = None
        self.run_verb("apply")
        self.assertIn("1 change applied", self.wait_for_push(3))
        self.assert_in_sync()
        self.assertEqual(self.ours()[f"race.{ZONE}.", "A"], (300, ["192.0.2.7"]))

    def test_uneven_records_are_evened_out(self):
        """A record that is there twice, and records of an RRset with TTLs of their own."""
        lines = ["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.2",
                 "c 300 IN A 192.0.2.1"]
        self.begin(lines, **{"reading-interval": "0s"})
        self.wait_for_push(1)
        self.party.put("a." + ZONE, "A", 300, ["192.0.2.1", "192.0.2.9"])
        for record in self.party.zone["records"].values():
            for key in ("data", "content"):  # SoftLayer's word, and Cloudflare's
                if record.get(key) == "192.0.2.9":
                    record[key] = "192.0.2.1"
                if record.get(key) == "192.0.2.2":
                    record["ttl"] = 600
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.1"] * 2))
        done = self.run_verb("plan")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(done.stdout.count("a record is there twice, or TTLs differ"), 2, done.stdout)
        self.run_verb("apply")
        self.assertIn("2 changes applied", self.wait_for_push(2))
        self.assert_in_sync()
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.1"]))
        self.assertEqual([one["ttl"] for one in self.party.zone["records"].values()
                          if one["type"].upper() == "A"], [300] * 4)
