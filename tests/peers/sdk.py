"""Clients of providers, by the providers themselves: do they agree with an emulator and with taproot?

They come from npm (tests/sdks), `./dev test` installs them, and tests/sdks/run.mjs runs them.
"""

import json
import os
import re
import shutil
import subprocess

from conformance import ZONE

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "..", "sdks", "run.mjs")
INSTALLED = os.path.abspath(os.path.join(HERE, "..", "..", "build", "sdks"))
STRING = r'"((?:[^"\\]|\\.)*)"'


def why_missing(package):
    """Why a client cannot be asked; nothing if it can."""
    if shutil.which("node") is None:
        return "there is no node"
    if not os.path.isdir(os.path.join(INSTALLED, "node_modules", package)):
        return f"{package} is not installed: `./dev test` does it with npm"
    return ""


def comparable(rrtype, value):
    """A value without what may be written in several ways: case, quotes, how TXT is cut, zeros."""
    if rrtype in ("TXT", "SPF"):
        return "".join(re.findall(STRING, value))
    if rrtype == "LOC":
        value = re.sub(r"\.0+(?=m|\s)|\b0(?=\d)", "", value)
    return " ".join(value.replace('"', "").lower().split())


def as_map(rrsets):
    """{(owner, type): (TTL, values)} of what is neither SOA nor NS of the apex."""
    sets = {}
    for owner, rrtype, ttl, values in rrsets:
        if owner == ZONE + "." and rrtype in ("SOA", "NS"):
            continue
        assert (owner, rrtype) not in sets, f"{owner} {rrtype} is there twice"
        sets[owner, rrtype] = (ttl, sorted(comparable(rrtype, one) for one in values))
    return sets


def of_lines(lines):
    """The same of lines of a zone file, each with owner, TTL, class, type and value."""
    sets = {}
    for line in lines:
        owner, ttl, _, rrtype, value = line.split(None, 4)
        name = f"{ZONE}." if owner == "@" else f"{owner}.{ZONE}."
        sets.setdefault((name, rrtype), [name, rrtype, int(ttl), []])[3].append(value)
    return as_map(sets.values())


class OwnClient:
    """To be mixed in before Conformance, for a provider whose own client is at hand."""

    sdk = None  # a module of tests/sdks
    package = None  # what it needs
    some = 250  # RRsets beside those of every type: more than a page of the client's list

    def sdk_words(self):
        """What the client must be told: where the emulator is, and a credential of it."""
        raise NotImplementedError

    def zone_for_sdk(self):
        """How the client names the zone."""
        return ZONE

    def need_sdk(self):
        """Ends the test with the reason where the client is not at hand."""
        why = why_missing(self.package)
        if why:
            self.skipTest(why)

    def ask_sdk(self, *calls, **more):
        """Results of calls, each [method, argument…]."""
        words = {"sdk": self.sdk, "calls": calls, "url": self.party.emulator.url(), **self.sdk_words(), **more}
        done = subprocess.run(["node", RUN], input=json.dumps(words), text=True, capture_output=True,
                              check=False, timeout=120, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                                                             "TAPROOT_SDKS": INSTALLED})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_sdk_reads(self, lines):
        """The client reads these lines of a zone file, and nothing else."""
        read, = self.ask_sdk(["records", self.zone_for_sdk()])
        self.assertIsInstance(read, list, read)
        read, wanted = as_map(read), of_lines(lines)
        self.assertEqual({key: value for key, value in read.items() if wanted.get(key) != value},
                         {key: value for key, value in wanted.items() if read.get(key) != value})

    def test_its_own_client_reads_what_taproot_wrote(self):
        """Every record, of every type, over several pages; and after a change."""
        self.need_sdk()
        self.begin(start=False)
        lines = [f"host{i} 300 IN A 192.0.2.{i % 250 + 1}" for i in range(self.some)]
        lines += ["* 300 IN TXT \"a;b\" \"c\"", "@ 600 IN TXT \"x\"", *self.lines_of_every_type()]
        self.write(lines)
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assert_sdk_reads(lines)
        lines = ["host0 600 IN A 198.51.100.1", "host0 600 IN A 198.51.100.2", *lines[2:]]
        self.assertIn("applied and read back", self.change(lines, 2))
        self.assert_sdk_reads(lines)
