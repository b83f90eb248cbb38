"""Every kind of bad zone file: the old zone is still served, `taproot reload` says why and ends
with 1, other zones go on, and a mended file comes in.

A table: a new kind is a new line. The daemon runs as nobody if this is root, so that files without
permission are really out of its reach. TAPROOT_KINDS picks those whose name has that word.
"""

import gzip
import os
import shutil
import socket
import threading
import time
import unittest

from case import LabCase, main
from lab import Taproot, serial_at, short, wait_until

NOBODY = 65534
ZONE = "example.com"
OTHER = "other.example"
APEX = """\
$TTL 300
@ SOA ns1.provider.example. host.provider.example. 1 3600 600 2419200 300
@ NS ns1.provider.example.
@ NS ns2.provider.example.
"""
YAML_APEX = "'': {type: NS, values: [ns1.provider.example., ns2.provider.example.]}\n"


def good(ending, address="192.0.2.1"):
    if ending == "zone":
        return APEX + f"www A {address}\n"
    if ending == "json":
        return ('{"": {"type": "NS", "values": ["ns1.provider.example.", "ns2.provider.example."]},\n'
                f' "www": {{"type": "A", "value": "{address}"}}}}\n')
    return YAML_APEX + f"www: {{type: A, value: {address}}}\n"


def text(content):
    return lambda path: write(path, content)


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def beside(path, name, content):
    write(os.path.join(os.path.dirname(path), name), content)


def more(line):
    return text(APEX + "www A 192.0.2.1\n" + line)


def no_permission(path):
    write(path, good("zone"))
    os.chmod(path, 0)


def unix_socket(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        # By its folder, because the path may be longer than a socket's name may be.
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        made.bind(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
        os.close(folder)


def loop_of_two(path):
    write(path, APEX + "$INCLUDE a.inc\n")
    beside(path, "a.inc", "www A 192.0.2.1\n$INCLUDE b.inc\n")
    beside(path, "b.inc", "$INCLUDE a.inc\n")


def nine_deep(path):
    write(path, APEX + "$INCLUDE 1.inc\n")
    for depth in range(1, 10):
        beside(path, f"{depth}.inc", f"n{depth} A 192.0.2.1\n$INCLUDE {depth + 1}.inc\n")
    beside(path, "10.inc", "www A 192.0.2.1\n")


def include_by_symlink(path):
    write(path, APEX + "$INCLUDE link.inc\n")
    os.symlink("/etc/hostname", os.path.join(os.path.dirname(path), "link.inc"))


def bad_include(path):
    write(path, APEX + "$INCLUDE bad.inc\n")
    beside(path, "bad.inc", "www A 192.0.2.1\nmail A 192.0.2.400\n")


def symlink_loop(path):
    os.symlink(path + ".other", path)
    os.symlink(path, path + ".other")


def sparse_line(path):
    write(path, APEX + 'www TXT "')
    os.truncate(path, 1 << 30)


def long_line(path):
    with open(path, "wb") as file:
        file.write((APEX + 'www TXT "').encode())
        for _ in range(64):
            file.write(b"x" * (1 << 20))


YAML_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))

# What it is, the ending of the source, how to make it, and what the words of the reload must have.
# FILE stands for the source's path as it is configured.
KINDS = [
    ("syntax at the first line", "zone", text("$TTL 300 300 300\n" + good("zone")), "FILE:1:"),
    ("syntax in the middle", "zone", more("www A 192.0.2.1.5\nmail A 192.0.2.2\n"), "FILE:6:"),
    ("syntax at the last line", "zone", more("mail A 192.0.2.2\nx MX ten mail\n"), "FILE:7:"),
    ("an unknown type", "zone", more("mail AAAAA ::1\n"), "FILE:6:"),
    ("an unknown directive", "zone", more("$INCLDUE x\n"), "FILE:6:"),
    ("no SOA", "zone", text("$TTL 300\n@ NS ns1.provider.example.\nwww A 192.0.2.1\n"), "FILE"),
    ("no NS", "zone", text("".join(APEX.splitlines(True)[:2]) + "www A 192.0.2.1\n"), "FILE"),
    ("SOA twice", "zone", more("@ SOA a. b. 2 3600 600 2419200 300\n"), "FILE:6:"),
    ("half a file", "zone", text(good("zone")[:len(APEX) // 2]), "FILE:"),
    ("a file cut within its SOA", "zone", text(APEX[:40]), "FILE:"),
    ("an empty file", "zone", text(""), "FILE"),
    ("a file of blanks", "zone", text(" \n\t\n  \n"), "FILE"),
    ("a million times shorter", "zone", text("$"), "FILE"),
    ("vanished", "zone", lambda path: None, "FILE"),
    ("a folder", "zone", os.mkdir, "is a directory"),
    ("a FIFO", "zone", os.mkfifo, "is a FIFO"),
    ("a socket", "zone", unix_socket, "FILE"),
    ("a device", "zone", lambda path: os.symlink("/dev/zero", path), "is a device"),
    ("no permission", "zone", no_permission, "Permission denied"),
    ("a symlink loop", "zone", symlink_loop, "FILE"),
    ("a symlink to nothing", "zone", lambda path: os.symlink("nothing", path), "FILE"),
    ("invalid UTF-8 in a name", "yaml", text(YAML_APEX.encode() + b"w\xff\xfew: {type: A, value: 192.0.2.1}\n"), "FILE:2"),
    ("invalid UTF-8 in YAML", "yaml", text(YAML_APEX.encode() + b"www: {type: TXT, value: \"\xff\xfe\"}\n"), "FILE:2"),
    ("invalid UTF-8 in JSON", "json", text(good("json").encode().replace(b"www", b"w\xff\xfew")), "FILE:2"),
    ("NUL octets", "zone", text(good("zone").replace("www", "w\0w")), "FILE:5:"),
    ("only NUL octets", "zone", text(b"\0" * 4096), "FILE"),
    ("NUL octets in YAML", "yaml", text(good("yaml").replace("www", "w\0w")), "FILE:2"),
    ("UTF-16", "zone", text(good("zone").encode("utf-16")), "FILE"),
    ("UTF-16 as JSON", "json", text(good("json").encode("utf-16")), "FILE"),
    ("includes itself", "zone", more(f"$INCLUDE {ZONE}.zone\n"), "FILE:6:"),
    ("two files include each other", "zone", loop_of_two, "b.inc:1:"),
    ("includes outside of the folder", "zone", more("$INCLUDE ../../../../etc/hostname\n"), "FILE:6:"),
    ("includes an absolute path", "zone", more("$INCLUDE /etc/hostname\n"), "FILE:6:"),
    ("includes a symlink to outside", "zone", include_by_symlink, "FILE:5:"),
    ("includes nine deep", "zone", nine_deep, ".inc:2:"),
    ("includes what is not there", "zone", more("$INCLUDE nothing.inc\n"), "FILE:6:"),
    ("includes a device", "zone", more("$INCLUDE /dev/zero\n"), "FILE:6:"),
    ("a mistake in an included file", "zone", bad_include, "bad.inc:2:"),
    ("an owner outside of the zone", "zone", more("www.example.net. A 192.0.2.1\n"), "FILE:6:"),
    ("CNAME beside other data", "zone", more("www CNAME mail.provider.example.\n"), "FILE:"),
    ("CNAME at the apex", "zone", more("@ CNAME mail.provider.example.\n"), "FILE:"),
    ("two CNAMEs", "zone", more("c CNAME a.example.\nc CNAME b.example.\n"), "FILE:"),
    ("data below DNAME", "zone", more("d DNAME a.example.\nx.d A 192.0.2.1\n"), "FILE:"),
    ("a sparse line of a gigabyte", "zone", sparse_line, "FILE"),
    ("a line of 64 MiB", "zone", long_line, "FILE:5"),
    ("a $GENERATE bomb", "zone", more("$GENERATE 0-2000000000 h$ A 192.0.2.1\n"), "FILE:6:"),
    ("many $GENERATE bombs", "zone", more("$GENERATE 0-900000 h$ A 192.0.2.1\n" * 3), "FILE:7:"),
    ("a label of 64 octets", "zone", more("x" * 64 + " A 192.0.2.1\n"), "FILE:6:"),
    ("a name of 256 octets", "zone", more("a." * 130 + "b A 192.0.2.1\n"), "FILE:6:"),
    ("an unclosed parenthesis", "zone", more("x TXT ( a b\ny A 192.0.2.1\n"), "FILE:6:"),
    ("an unclosed quote", "zone", more('x TXT "a b\ny A 192.0.2.1\n'), "FILE:6:"),
    ("another zone's file", "zone", text(good("zone").replace("@", "example.net.")), "FILE:2:"),
    ("compressed rdata in RFC 3597", "zone", more("x MX \\# 4 000ac00c\n"), "FILE:6:"),
    ("too much rdata in RFC 3597", "zone", more("x A \\# 5 c000020100\n"), "FILE:6:"),
    ("binary rubbish", "zone", lambda path: write(path, os.urandom(50000)), "FILE"),
    ("a program", "zone", lambda path: shutil.copy("/bin/true", path), "FILE"),
    ("compressed by gzip", "zone", lambda path: write(path, gzip.compress(good("zone").encode())), "FILE"),
    ("HTML", "zone", text("<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"), "FILE:1:"),
    ("a zone file named YAML", "yaml", text(good("zone")), "FILE"),
    ("YAML named zone file", "zone", text(good("yaml")), "FILE:1:"),
    ("a tab in YAML", "yaml", text(YAML_APEX + "www:\n\ttype: A\n\tvalue: 192.0.2.1\n"), "FILE:3:"),
    ("half YAML", "yaml", text(good("yaml")[:-20]), "FILE:"),
    ("a YAML alias bomb", "yaml", text(YAML_APEX + YAML_BOMB), "FILE:"),
    ("a YAML alias to itself", "yaml", text(YAML_APEX + "www: &w {type: A, value: *w}\n"), "FILE:2:"),
    ("an unknown YAML alias", "yaml", text(YAML_APEX + "www: *nothing\n"), "FILE:2:"),
    ("an owner twice in YAML", "yaml", text(good("yaml") + "www: {type: A, value: 192.0.2.2}\n"), "FILE:3:"),
    ("a key twice in YAML", "yaml", text(YAML_APEX + "www: {type: A, type: A, value: 192.0.2.2}\n"), "FILE:2:"),
    ("a list as YAML", "yaml", text("- www\n- mail\n"), "FILE:1:"),
    ("a number as YAML", "yaml", text("42\n"), "FILE:1:"),
    ("YAML 10,000 deep", "yaml", text(YAML_APEX + "www: " + "[" * 10000 + "]" * 10000 + "\n"), "FILE:2:"),
    ("two YAML documents", "yaml", text(good("yaml") + "---\n" + good("yaml")), "FILE:"),
    ("half JSON", "json", text(good("json")[:60]), "FILE:"),
    ("JSON with a comma too many", "json", text(good("json").replace('"}}', '"},}')), "FILE:2:"),
    ("an owner twice in JSON", "json", text(good("json")[:-2] + ',\n"www": {"type": "A", "value": "192.0.2.9"}}\n'), "FILE:3:"),
    ("JSON 100,000 deep", "json", text('{"www": ' + "[" * 100000 + "]" * 100000 + "}"), "FILE:1:"),
    ("an empty list for an owner", "json", text('{"": []}'), "FILE"),
]

# What looks odd and is good.
GOOD = [
    ("CRLF", "zone", text((good("zone", "192.0.2.77")).replace("\n", "\r\n"))),
    ("no newline at the end", "zone", text(good("zone", "192.0.2.77") + "; the end")),
    ("a byte order mark", "yaml", text(b"\xef\xbb\xbf" + good("yaml", "192.0.2.77").encode())),
    ("a symlink", "zone", lambda path: (write(path + ".real", good("zone", "192.0.2.77")),
                                        os.symlink(path + ".real", path))),
    ("eight includes deep", "zone", lambda path: (
        write(path, APEX + "$INCLUDE 1.inc\n"),
        [beside(path, f"{i}.inc", f"$INCLUDE {i + 1}.inc\n") for i in range(1, 8)],
        beside(path, "8.inc", "www A 192.0.2.77\n"))),
]


class Unprivileged(Taproot):
    """The daemon as nobody if this is root."""

    def __init__(self, lab):
        super().__init__(lab)
        if os.getuid() == 0:
            self.binary = shutil.copy(self.binary, self.path("taproot"))
            os.chmod(lab.folder, 0o755)

    def process_options(self):
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}

    def give(self):
        if os.getuid() == 0:
            shutil.chown(self.folder, NOBODY, NOBODY)
            shutil.chown(self.home, NOBODY, NOBODY)


def clear(path):
    """Makes the source's folder as it was before anything was in it."""
    folder = os.path.dirname(path)
    shutil.rmtree(folder)
    os.mkdir(folder)


class BadZones(LabCase):
    def setUp(self):
        super().setUp()
        self.taproot = self.lab.add(Unprivileged(self.lab))

    def serve(self, endings):
        """A zone per ending, each in a folder of its own, and one that is always good."""
        self.paths = {}
        zones = [{"name": OTHER, "source": "other/other.yaml"}]
        self.taproot.write("other/other.yaml", good("yaml"))
        for ending in endings:
            source = f"{ending}/{ZONE}.{ending}"
            self.paths[ending] = self.taproot.write(source, good(ending))
            zones.append({"name": self.apex(ending), "source": source})
        self.configure([], zones=zones)
        self.taproot.give()
        self.taproot.start()

    @staticmethod
    def apex(ending):
        return ZONE if ending == "zone" else f"{ending}.example"

    def served(self, ending):
        zone = self.apex(ending)
        return serial_at(self.taproot.port, zone), short(self.taproot.port, "www." + zone, "A")

    def refused(self, what, ending, make, words):
        path = self.paths[ending]
        zone = self.apex(ending)
        before = self.served(ending)
        clear(path)
        make(path)
        started = time.monotonic()
        done = self.taproot.run("reload", zone, timeout=60)
        took = time.monotonic() - started
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, said[-2000:])
        self.assertIn(words.replace("FILE", f"{ending}/{ZONE}.{ending}"), said[-5000:])
        self.assertNotRegex(said[:5000], r"[^\x20-\x7e\n\r\t]", "what is printed must be printable")
        self.assertEqual(self.served(ending), before)
        self.assertLess(took, 30, "too slow")
        return took

    def mended(self, ending, address):
        path = self.paths[ending]
        clear(path)
        write(path, good(ending, address))
        self.command(0, "reload", self.apex(ending))
        self.assertEqual(self.served(ending)[1], [address])

    def other_goes_on(self, address):
        self.taproot.write("other/other.yaml", good("yaml", address))
        status, answer = self.taproot.call("POST", "/v1/reload", {"zones": [OTHER]})
        self.assertEqual((status, answer["zones"][0]["findings"]), (200, []))
        self.assertEqual(short(self.taproot.port, "www." + OTHER, "A"), [address])

    def test_kinds_of_bad_zones(self):
        self.serve(("zone", "yaml", "json"))
        slowest = (0, "")
        wanted = os.environ.get("TAPROOT_KINDS", "")
        for number, (what, ending, make, words) in enumerate(KINDS):
            if wanted not in what:
                continue
            address = f"198.51.100.{number + 1}"
            with self.subTest(what):
                slowest = max(slowest, (self.refused(what, ending, make, words), what))
                row, = self.taproot.get(f"/v1/status?zone={self.apex(ending)}")["zones"]
                self.assertTrue(row["candidate_refused"])
                self.other_goes_on(address)
                self.mended(ending, address)
        print(f"{len(KINDS)} kinds of bad zones; the slowest reload was of {slowest[1]}: "
              f"{slowest[0]:.2f} s", flush=True)

    def test_kinds_of_odd_and_good_zones(self):
        self.serve(("zone", "yaml"))
        for what, ending, make in GOOD:
            with self.subTest(what):
                clear(self.paths[ending])
                make(self.paths[ending])
                self.command(0, "reload", self.apex(ending))
                self.assertEqual(self.served(ending)[1], ["192.0.2.77"])
                self.mended(ending, "192.0.2.1")

    def test_a_file_that_changes_while_it_is_read_is_taken_whole_or_not_at_all(self):
        self.serve(("zone",))
        path = self.paths["zone"]
        lines = "".join(f"n{i} A 192.0.2.{i % 256}\n" for i in range(50000))
        whole = good("zone") + lines
        sizes = {4, 50004, 50005, 50006}  # records that a whole file has

        def truncate():
            os.truncate(path, len(good("zone")) + lines.index("n20000 "))

        def grow():
            with open(path, "a", encoding="ascii") as file:
                file.write("last A 192.0.2.1\n")

        def replace():
            write(path + ".new", good("zone", "192.0.2.2"))
            os.rename(path + ".new", path)

        for what, change in (("truncated", truncate), ("growing", grow), ("replaced", replace)):
            for delay in (0, 0.005, 0.02, 0.05):
                with self.subTest(what, delay=delay):
                    write(path, whole)
                    self.command(0, "reload", ZONE)
                    os.utime(path)
                    write(path + ".new", whole + f"d{int(delay * 1000)}-{what} A 192.0.2.9\n")
                    os.rename(path + ".new", path)
                    timer = threading.Timer(delay, change)
                    timer.start()
                    self.taproot.run("reload", ZONE)
                    timer.join()
                    row, = self.taproot.get(f"/v1/status?zone={ZONE}")["zones"]
                    if what != "truncated":  # at rest, half a file may look like a whole one
                        self.assertIn(row["records"], sizes)


if __name__ == "__main__":
    main()
