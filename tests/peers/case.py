"""What the peer tests share: a lab around each test, and a run that says what failed."""

import inspect
import os
import sys
import time
import unittest
import urllib.request

from lab import (Bind, Key, Knot, Lab, Nsd, PowerDns, Taproot, powerdns_provider, taproot_config,
                 transfer_provider)

BINARY = os.environ.get("TAPROOT", "build/dev/server/taproot")
ZONE = "example.com"
SOURCE = """\
'':
  - type: NS
    values: [ns1.example.net., ns2.example.net.]
  - {type: MX, value: {preference: 10, exchange: mail.example.com.}}
www:
  - {type: A, ttl: 300, value: WWW}
  - {type: AAAA, value: '2001:db8::80'}
mail:
  - {type: A, value: 192.0.2.25}
text:
  - {type: TXT, value: 'a "quoted" text; with more'}
sub:
  - {type: NS, values: [ns1.sub.example.com.]}
ns1.sub:
  - {type: A, value: 192.0.2.53}
'*.apps':
  - {type: CNAME, value: www.example.com.}
"""


def source(address="192.0.2.80", more=""):
    return SOURCE.replace("WWW", address) + more


class LabCase(unittest.TestCase):
    """Each test gets a lab of its own in self.lab; it ends with the test."""

    def setUp(self):
        self.lab = Lab(BINARY)
        self.addCleanup(self.leave, self.lab)  # this lab: a test may make another one
        self.taproot = self.lab.add(Taproot(self.lab))
        self.keys = []

    def leave(self, lab):
        errors = getattr(self._outcome, "errors", None) or []
        result = getattr(self._outcome, "result", None)
        bad = any(error for _, error in errors) or (
            result is not None and any(test is self for test, _ in result.failures + result.errors))
        kind = AssertionError if bad else None
        lab.__exit__(kind, None, None)

    def secondary(self, kind, zones=(ZONE,)):
        """A secondary with a TSIG key of its own, not started yet."""
        self.keys.append(Key(f"{kind.__name__.lower()}.example"))
        return self.lab.add(kind(self.lab, self.taproot.port, list(zones), self.keys[-1]))

    def secondaries(self, *kinds, zones=(ZONE,)):
        """Starts secondaries of these kinds; all three if none is named."""
        return [self.secondary(kind, zones).start() for kind in kinds or (Nsd, Knot, Bind)]

    def configure(self, servers, zones=None):
        """Writes taproot's configuration with these servers as providers of ZONE."""
        providers = []
        for server in servers:
            if isinstance(server, PowerDns):
                providers.append(powerdns_provider(server, self.taproot))
            else:
                providers.append(transfer_provider(server, server.key))
        names = [server.name for server in servers]
        zones = zones or [{"name": ZONE, "source": f"zones/{ZONE}.yaml", "providers": names}]
        return taproot_config(self.taproot, self.keys, providers, zones)

    def command(self, code, *words, **options):
        """Runs a verb, asserts its exit code, and returns the finished process."""
        done = self.taproot.run(*words, **options)
        self.assertEqual(done.returncode, code, f"taproot {' '.join(words)}:\n"
                                                f"{done.stdout}\n{done.stderr}")
        return done

    def metrics(self):
        """The text of /metrics."""
        url = f"http://127.0.0.1:{self.taproot.control}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()


def main():
    """Runs the calling module's tests; the names of tests may be given as arguments."""
    module = inspect.getmodule(inspect.stack()[1].frame)
    started = time.monotonic()
    program = unittest.main(module=module, exit=False, verbosity=2)
    print(f"{time.monotonic() - started:.1f} s", file=sys.stderr)
    sys.exit(0 if program.result.wasSuccessful() else 1)
