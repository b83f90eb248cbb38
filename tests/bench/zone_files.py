"""The zones that are measured, and how their files are changed by one record."""

import os
import random

ZONE = "bench.example"
LAST = f"last.{ZONE}"           # stands at the end of the file: who answers it has read everything
LAST_ADDRESS = "192.0.2.99"


def delegation_zone(records):
    """A zone of about `records` records as (text, number of records, names of children).

    Every second child has two name servers of its own and their glue, every other one three name
    servers elsewhere: what a registry's zone looks like.
    """
    count, child, names = 4, 0, []
    lines = [f"$ORIGIN {ZONE}.\n$TTL 86400\n"
             "@ SOA ns1 hostmaster 2026010100 1800 900 604800 86400\n"
             "@ NS ns1\nns1 A 192.0.2.1\n"]
    while count < records:
        name = f"child{child:07d}"
        names.append(name)
        if child % 2 == 0:
            lines.append(f"{name} NS ns1.{name}\n{name} NS ns2.{name}\n"
                         f"ns1.{name} A 198.51.100.{child % 250}\n"
                         f"ns2.{name} A 203.0.113.{child % 250}\n")
            count += 4
        else:
            lines.append(f"{name} NS ns1.hoster{child % 97}.example.net.\n"
                         f"{name} NS ns2.hoster{child % 97}.example.net.\n"
                         f"{name} NS ns3.hoster{child % 97}.example.net.\n")
            count += 3
        child += 1
    lines.append(f"last A {LAST_ADDRESS}\n")
    return "".join(lines), count, names


def small_zone(zone, number):
    """A zone of ten records, as a small customer has one."""
    return (f"$ORIGIN {zone}.\n$TTL 3600\n"
            "@ SOA ns1 hostmaster 2026010100 1800 900 604800 86400\n"
            f"@ NS ns1\n@ NS ns2\n@ MX 10 mail\n@ TXT \"v=spf1 mx -all\"\n"
            f"ns1 A 192.0.2.1\nns2 A 192.0.2.2\nmail A 198.51.100.{number % 250}\n"
            f"blog CNAME www\nwww A {small_address(number)}\n")


def small_address(number):
    return f"203.0.113.{number % 250}"


def replace(path, text):
    """Prepares a file's next text beside it, synced; returns the step that renames it in place."""
    aside = os.path.join(os.path.dirname(path), "." + os.path.basename(path) + ".new")
    with open(aside, "wb") as file:
        for part in text:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return lambda: os.rename(aside, path)


class Steps:
    """A zone file and its one-record changes in turn: a name is added, gets another address, and
    goes again, each time at another place of the file. The serial goes up each time."""

    def __init__(self, text, seed=1):
        self.base = text.encode("ascii")
        self.serial_at = self.base.index(b" 2026010100 ") + 1
        self.body_at = self.base.index(b"\n", self.serial_at) + 1
        self.random = random.Random(seed)
        self.count = 0
        self.line = b""
        self.place = len(self.base)
        self.kind = "as it was"
        self.owner = self.address = None

    def step(self):
        """Goes one change on; afterwards `owner` has `address`, or is absent if that is None."""
        self.kind = ("added", "changed", "removed")[self.count % 3]
        if self.kind == "added":
            self.owner = f"edit{self.count:06d}"
            self.place = self.base.index(
                b"\n", self.random.randrange(self.body_at, len(self.base) - 1)) + 1
        self.count += 1
        self.address = None
        self.line = b""
        if self.kind != "removed":
            self.address = f"192.0.2.{self.count % 250 + 1}"
            self.line = f"{self.owner} A {self.address}\n".encode("ascii")
        return self

    def text(self):
        """The file's parts as they are now."""
        serial = str(2026010100 + self.count).encode("ascii")
        after_serial = self.serial_at + len(serial)
        return (self.base[:self.serial_at], serial,
                memoryview(self.base)[after_serial:self.place], self.line,
                memoryview(self.base)[self.place:])
