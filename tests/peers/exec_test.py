"""Providers that a program speaks with: the example of the documentation against what every driver
must do, before a real PowerDNS, and programs that mean no good."""

import json
import os
import stat
import sys
import time

from case import LabCase, main
from conformance import ZONE, Conformance, Requests
from lab import taproot_config, wait_until
from powerdns_conformance_test import PowerDnsParty

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "examples", "exec_provider.py")


# All that PowerDNS writes as zone files do; of others it wants a spelling of its own.
TYPES = ["A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SRV", "SSHFP", "TLSA", "TXT"]


class ExecParty(PowerDnsParty):
    name = "program"

    def entry(self, taproot, port):
        taproot.write("keys/powerdns", self.server.api_key + "\n", 0o600)
        return {"name": self.name, "kind": "exec",
                "command": [sys.executable, os.path.abspath(EXAMPLE), f"http://127.0.0.1:{port}",
                            taproot.path("keys/powerdns")],
                "apex-ns": "manage",
                "capabilities": {"types": TYPES, "changes": 20000, "octets": "1500000",
                                 "look": True}}

    def most_requests(self, records, changes):
        # Find, list, change, list; a look and what was looked at for one name.
        return Requests(3, 2) if changes == 1 else Requests(4, 3)


class Example(Conformance, LabCase):
    kind = ExecParty


PROGRAM = """#!{python}
import json, os, signal, sys, time
order = json.load(sys.stdin)
what = order["operation"]
with open({folder!r} + "/asked", "a") as file:
    file.write(what + "\\n")
def say(**answer):
    print(json.dumps({{"taproot": 1, **answer}}))
{body}
"""

HONEST = """
if what == "find": say(id="1")
elif what == "list": say(complete=True, rrsets=[])
elif what == "apply": say(done=True)
"""


class Hostile(LabCase):
    """Each of these programs does one thing wrong; taproot says so in one line, in time, and goes on
    to answer."""

    def begin(self, body, **more):
        path = self.taproot.write("program", PROGRAM.format(
            python=sys.executable, folder=self.taproot.folder, body=body), 0o700)
        path = path or self.taproot.path("program")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        self.taproot.write_zone(ZONE + ".zone", "\n".join([
            f"$ORIGIN {ZONE}.", "$TTL 300",
            "@ IN SOA ns1.example.net. hostmaster.example.com. 1 7200 900 1209600 300",
            "@ IN NS ns1.example.net.", "a 300 IN A 192.0.2.1"]) + "\n")
        taproot_config(self.taproot, [], [{"name": "program", "kind": "exec", "command": ["./program"],
                                           "timeout": "2s", **more}],
                       [{"name": ZONE, "source": f"zones/{ZONE}.zone", "providers": ["program"]}])
        self.taproot.start()

    def log(self):
        with open(self.taproot.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def asked(self):
        try:
            with open(self.taproot.path("asked"), encoding="ascii") as file:
                return file.read().split()
        except OSError:
            return []

    def state(self):
        return json.dumps(self.taproot.ask("status")["zones"][0]["providers"][0])

    def memory(self):
        with open(f"/proc/{self.taproot.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

    def assert_said(self, words):
        wait_until(f"status to say {words!r}", lambda: words in self.state() + self.log(), 40)
        started = time.monotonic()
        self.assertEqual(self.taproot.run("status").returncode // 100, 0)
        self.assertLess(time.monotonic() - started, 5)

    def test_it_hangs(self):
        self.begin("time.sleep(3600)")
        self.assert_said("took longer than 2000 ms and was ended")

    def test_it_hangs_with_children_and_without_signals(self):
        self.begin("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                   "if os.fork() == 0: time.sleep(3600)\n"
                   "time.sleep(3600)")
        self.assert_said("took longer than 2000 ms and was ended")

    def test_it_writes_without_end(self):
        self.begin("block = 'x' * (1 << 20)\nwhile True: sys.stdout.write(block)")
        before = self.memory()
        self.assert_said("wrote more than 16 MiB and was ended")
        self.assertLess(self.memory() - before, 64 << 10)

    def test_it_complains_without_end(self):
        self.begin("block = 'x' * (1 << 20)\nwhile True: sys.stderr.write(block)")
        self.assert_said("wrote more than 16 MiB and was ended")

    def test_it_writes_garbage(self):
        for body, name in (("print('hello')", "words"), ("sys.stdout.buffer.write(os.urandom(9999))", "noise"),
                           ("print('null')", "null"), ("print('{}')", "empty"), ("pass", "nothing"),
                           ("print('[' * 100000)", "depth"),
                           ("print(json.dumps({'taproot': 2, 'id': '1'}))", "another version"),
                           ("say(id='1'); say(id='1')", "two answers"),
                           ("sys.stdout.write(json.dumps({'taproot': 1, 'id': '1'})[:-1])", "half")):
            with self.subTest(name):
                self.begin(body)
                self.assert_said("one JSON object with")
                self.assertEqual(set(self.asked()), {"find"})
                self.taproot.stop()
                os.unlink(self.taproot.log)

    def test_it_fails(self):
        self.begin("sys.stderr.write('first\\nno such thing\\n'); sys.exit(3)")
        self.assert_said("ended with exit code 3: no such thing")
        self.taproot.stop()
        os.unlink(self.taproot.log)
        self.begin("os.kill(os.getpid(), signal.SIGSEGV)")
        self.assert_said("was ended by signal 11")

    def test_it_cannot_be_run(self):
        self.begin(HONEST, command=["./missing"])
        self.assert_said("cannot be run: No such file or directory")

    def test_a_list_that_does_not_say_that_it_is_complete(self):
        self.begin(HONEST.replace("say(complete=True, rrsets=[])", "say(rrsets=[])"))
        self.assert_said("a list that says whether it is complete")
        self.assertNotIn("apply", self.asked())
        self.taproot.stop()
        os.unlink(self.taproot.log)
        self.begin(HONEST.replace("complete=True", "complete=False"))
        self.assert_said("did not list the zone completely")
        self.assertNotIn("apply", self.asked())

    def test_a_list_without_end(self):
        self.begin(HONEST.replace("say(complete=True, rrsets=[])", "say(next='1', rrsets=[])"))
        self.assert_said("does not come to an end")
        self.assertNotIn("apply", self.asked())

    def test_what_is_said_to_be_done_is_read_back(self):
        self.begin(HONEST)
        self.assert_said("the provider accepted everything, and still shows something else")

    def test_its_own_words(self):
        self.begin("say(trouble={'kind': 'auth', 'words': 'the key\\n\\x1b[31m is bad'})")
        self.assert_said("the key")
        self.assertNotIn("\x1b[31m", self.log())
        asked = len(self.asked())
        self.taproot.run("status")
        self.assertEqual(len(self.asked()), asked, "it is asked on and on")

    def test_no_shell_and_no_environment(self):
        os.environ["CANARY"] = "canary-4711"
        self.addCleanup(os.environ.pop, "CANARY")
        self.begin("say(trouble={'kind': 'refused', 'words': ' '.join(sys.argv[1:]) + ' '"
                   " + ' '.join(sorted(os.environ))})", command=["./program", "$HOME", "a b;c"])
        self.assert_said("$HOME a b;c")
        self.assertNotIn("CANARY", self.state() + self.log())


if __name__ == "__main__":
    main()
