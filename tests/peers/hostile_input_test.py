"""Hostile sources are refused within bounded time and memory: `taproot check` on each, as a child
with a limit on its processor time, and its peak memory measured. A table: a new case is a new line.
"""

import os
import resource
import subprocess
import sys
import time
import unittest

from bad_zones_test import APEX, YAML_APEX, YAML_BOMB, beside, good, write
from case import BINARY, main
from lab import Lab

SECONDS = 60  # of processor time, in a debug build on a slow machine
MIB = 1 << 20


def big(path, head, part, times, tail=""):
    with open(path, "wb") as file:
        file.write(head.encode())
        for _ in range(times):
            file.write(part if isinstance(part, bytes) else part.encode())
        file.write(tail.encode())


def sparse(path, head, size):
    write(path, head)
    os.truncate(path, size)


def include_tree(path):
    """Eight levels of ten includes each: 10^8 files if nobody counts."""
    write(path, APEX + "$INCLUDE 1.inc\n" * 10)
    for depth in range(1, 8):
        beside(path, f"{depth}.inc", f"$INCLUDE {depth + 1}.inc\n" * 10)
    beside(path, "8.inc", "www A 192.0.2.1\n")


def include_each_other(path):
    write(path, APEX + "$INCLUDE a.inc\n")
    beside(path, "a.inc", "$INCLUDE b.inc\n" * 100)
    beside(path, "b.inc", "$INCLUDE a.inc\n" * 100)


def many_links(path):
    folder = os.path.dirname(path)
    write(path, APEX + "$INCLUDE l0.inc\n")
    for i in range(60):
        os.symlink(f"l{i + 1}.inc", os.path.join(folder, f"l{i}.inc"))
    beside(path, "l60.inc", "www A 192.0.2.1\n")


def merge_keys(path):
    lines = ["a0: &a0 {x0: 1, y0: 2}"]
    lines += [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}], z{i}: 1}}" for i in range(1, 40)]
    write(path, YAML_APEX + "\n".join(lines) + "\n")


# What it is, the ending of the file, how to make it, MiB of memory that it may take at most, and
# a word of the finding. Where the file itself is large, its size is among those MiB.
CASES = [
    ("a YAML alias bomb", "yaml", lambda p: write(p, YAML_APEX + YAML_BOMB), 1500, ":"),
    ("a YAML alias bomb of maps", "yaml", lambda p: write(p, YAML_APEX + "".join(
        f"a{i}: &a{i} {{" + ", ".join(f"k{k}: *a{i - 1}" if i else f"k{k}: x" for k in range(9)) + "}\n"
        for i in range(12))), 1500, ":"),
    ("a YAML alias bomb in values", "yaml", lambda p: write(
        p, YAML_APEX + YAML_BOMB + "www: {type: TXT, values: *a11}\n"), 1500, ":"),
    ("YAML merge keys in merge keys", "yaml", merge_keys, 1500, ":"),
    ("YAML with 100,000 anchors", "yaml", lambda p: big(
        p, YAML_APEX, "", 0, "".join(f"n{i}: &x{i} {{type: A, value: 192.0.2.300}}\n"
                                     for i in range(100000))), 1500, "192.0.2.300"),
    ("YAML 200,000 deep", "yaml", lambda p: write(p, "www: " + "[" * 200000), 400, ":"),
    ("YAML 200,000 maps deep", "yaml", lambda p: write(p, "{a: " * 200000), 400, ":"),
    ("YAML 20,000 blocks deep", "yaml", lambda p: write(p, "".join(
        " " * i + "a:\n" for i in range(5000))), 400, ":"),
    ("YAML tags and directives", "yaml", lambda p: write(
        p, "%TAG ! tag:x,2000:\n" * 10000 + "--- !!binary {" + "!x " * 10000), 400, ":"),
    ("a YAML scalar of 32 MiB", "yaml", lambda p: big(
        p, YAML_APEX + "www: {type: TXT, value: ", b"x" * MIB, 32, "}\n"), 900, ":"),
    ("one YAML key of 32 MiB", "yaml", lambda p: big(p, YAML_APEX, b"x" * MIB, 32, ": 1\n"), 900, ":"),
    ("a sparse YAML file of 3 GiB", "yaml", lambda p: sparse(p, YAML_APEX, 3 << 30), 600, "line"),
    ("JSON 1,000,000 deep", "json", lambda p: write(p, '{"a":' * 1000000), 400, ":"),
    ("JSON lists 5,000,000 deep", "json", lambda p: write(p, "[" * 5000000), 400, ":"),
    ("JSON with a huge number", "json", lambda p: big(
        p, '{"www": {"type": "A", "ttl": ', b"9" * MIB, 4, ', "value": "192.0.2.1"}}'), 400, ":"),
    ("JSON with 1,000,000 keys of one owner", "json", lambda p: big(
        p, '{"www": {"type": "A"', "", 0, "".join(f', "k{i}": 1' for i in range(1000000)) + "}}"),
     1500, ":"),
    ("JSON with one key 1,000,000 times", "json", lambda p: big(
        p, '{"www": {"type": "A"', ', "ttl": 1', 1000000, "}}"), 1500, ":"),
    ("JSON of 60 MiB in one line", "json", lambda p: big(
        p, '{"": {"type": "TXT", "value": "', b"x" * MIB, 60, '"}}'), 1000, ":"),
    ("JSON escapes without end", "json", lambda p: big(
        p, '{"www": {"type": "TXT", "value": "', b"\\ud800" * 100000, 10, '"}}'), 400, ":"),
    ("a zone file's line of 32 MiB", "zone", lambda p: big(
        p, APEX + 'www TXT "', b"x" * MIB, 32), 400, "line"),
    ("a sparse line of 3 GiB", "zone", lambda p: sparse(p, APEX + 'www TXT "', 3 << 30), 600, "line"),
    ("a parenthesis that never closes", "zone", lambda p: big(
        p, APEX + "www TXT ( ", b'"x" \n' * 10000, 300), 400, ":"),
    ("comments without end", "zone", lambda p: big(p, APEX, b"; " + b"x" * 1000 + b"\n", 30000), 400, None),
    ("a $GENERATE bomb", "zone", lambda p: write(
        p, APEX + "$GENERATE 0-2147483647 h$ A 192.0.2.1\n"), 200, "$GENERATE"),
    ("a $GENERATE of wide numbers", "zone", lambda p: write(
        p, APEX + "$GENERATE 0-900000 h${0,255,d} TXT ${0,255,d}${0,255,d}${0,255,d}\n"), 400, ":"),
    ("10,000 $GENERATEs", "zone", lambda p: big(
        p, APEX, "$GENERATE 0-999999 h$ A 192.0.2.1\n", 10000), 1500, "$GENERATE"),
    ("includes like a tree", "zone", include_tree, 400, "$INCLUDE"),
    ("includes of each other, 100 times", "zone", include_each_other, 400, ":"),
    ("a chain of 60 symlinks", "zone", many_links, 200, "l0.inc"),
    ("invalid UTF-8 all over", "zone", lambda p: big(p, APEX, b"\xff\xfe\n", 1000000), 600, ":"),
    ("a million mistakes", "zone", lambda p: big(p, APEX, "x A 1.2.3.4.5\n", 1000000), 600, ":"),
    ("a million names of one RRset", "zone", lambda p: big(
        p, APEX, "", 0, "".join(f"www A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n"
                                for i in range(1000000))), 1500, ":"),
    ("a CNAME chain of 100,000", "zone", lambda p: big(
        p, APEX, "", 0, "".join(f"c{i} CNAME c{i + 1}\n" for i in range(100000))), 600, None),
    ("compression pointers in RFC 3597 data", "zone", lambda p: write(p, APEX + "".join(
        f"x{i} {kind} \\# {len(data) // 2} {data}\n" for i, (kind, data) in enumerate((
            ("MX", "000ac00c"), ("NS", "c000"), ("CNAME", "03777777c00c"), ("SOA", "c00cc00c" + "00" * 20),
            ("SRV", "000000000035c00c"), ("PTR", "c001"), ("DNAME", "ffff"), ("NAPTR", "00000000000000c00c"),
            ("SVCB", "0001c00c"), ("RRSIG", "00010800000000000000000000000000ffffc00c00"))))), 200, ":"),
    ("RFC 3597 data longer than it says", "zone", lambda p: write(
        p, APEX + "x TYPE65280 \\# 65535 " + "00" * 100 + "\ny A \\# 99999999999 00\n"), 200, ":"),
    ("escapes that are none", "zone", lambda p: write(p, APEX + "\\999 A 192.0.2.1\n\\ A 192.0.2.1\n"), 200, ":"),
]


class HostileInput(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(BINARY)
        self.addCleanup(self.lab.__exit__, None, None, None)

    def check(self, path):
        """(exit code, text, seconds, MiB at its peak) of `taproot check`."""
        with open(os.path.join(self.lab.folder, "said"), "w+b") as said:
            started = time.monotonic()
            child = subprocess.Popen(
                [self.lab.binary, "check", "--zone", f"example.com={path}"], stdout=said, stderr=said,
                stdin=subprocess.DEVNULL, cwd=self.lab.folder, env={**os.environ, "NO_COLOR": "1"},
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1)))
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            text = said.read(4 * MIB).decode(errors="replace")
        # ru_maxrss begins with what the child had of us before it was taproot
        return (child.returncode, text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024,
                time.monotonic() - started)

    def test_hostile_sources_cost_little(self):
        wanted = os.environ.get("TAPROOT_KINDS", "")
        for number, (what, ending, make, most, word) in enumerate(CASES):
            if wanted not in what:
                continue
            with self.subTest(what):
                folder = os.path.join(self.lab.folder, str(number))
                os.mkdir(folder)
                path = os.path.join(folder, f"x.{ending}")
                make(path)
                code, text, seconds, peak, _ = self.check(path)
                os.remove(path)
                print(f"{what}: exit {code}, {seconds:.2f} s, {peak:.0f} MiB", flush=True)
                self.assertIn(code, (0,) if word is None else (1, 2), text[:2000])
                if word is not None:
                    self.assertIn(word, text)
                self.assertNotRegex(text[:5000], "(?i)terminate called|bad_alloc|assert|what\\(\\)")
                self.assertLess(peak, most)
                self.assertLess(seconds, SECONDS)
                self.assertLess(len(text), MIB, "too many words")

    def test_a_good_zone_is_good(self):
        path = os.path.join(self.lab.folder, "good.zone")
        write(path, good("zone"))
        code, text, *_ = self.check(path)
        self.assertEqual(code, 0, text)


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
