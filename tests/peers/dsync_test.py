"""DSYNC (RFC 9859) in the sources of a zone, and as other makers' clients and secondaries see it."""

import json

from case import ZONE, LabCase, main
from lab import Knot, short, wait_until

TEXT = "CDS NOTIFY 5359 scanner.example.net."
WIRE = "003B0114EF077363616E6E6572076578616D706C65036E657400"  # type, scheme, port, name
GENERIC = f"\\#26{WIRE}"
DOCUMENT = {"": [{"type": "NS", "values": ["ns1.example.net.", "ns2.example.net."]}],
            "*._dsync": [{"type": "DSYNC", "ttl": 3600, "value": TEXT}]}
SOURCES = {
    "zone": f"$TTL 3600\n@ SOA ns1.example.net. h.example.com. 1 2 1 3000 60\n@ NS ns1.example.net.\n"
            f"@ NS ns2.example.net.\n*._dsync DSYNC {TEXT}\n",
    "yaml": "'':\n  - {type: NS, values: [ns1.example.net., ns2.example.net.]}\n"
            f"'*._dsync':\n  - {{type: dsync, ttl: 3600, value: '{TEXT.replace('NOTIFY', '1')}'}}\n",
    "json": json.dumps(DOCUMENT),
}


class Dsync(LabCase):
    def test_every_source_gives_the_same_record(self):
        for kind, text in SOURCES.items():
            with self.subTest(kind):
                self.setUp()  # a lab of its own for each
                knot = self.secondary(Knot)
                self.taproot.write_zone(f"{ZONE}.{kind}", text)
                self.configure([knot], [{"name": ZONE, "source": f"zones/{ZONE}.{kind}",
                                         "providers": [knot.name]}])
                self.taproot.start()
                knot.start()
                owner = "child._dsync." + ZONE
                for port in (self.taproot.port, knot.port):
                    wait_until("the record to be served", lambda port=port: [
                        line.replace(" ", "")
                        for line in short(port, owner, "TYPE66", "+unknownformat")] == [GENERIC])
                # Newer ones of BIND's dig know the type, and write it as we do.
                self.assertIn(short(self.taproot.port, owner, "TYPE66")[0].replace(" ", ""),
                              (TEXT.replace(" ", ""), GENERIC))
                shown = self.command(0, "show", ZONE).stdout
                self.assertIn(f"*._dsync.{ZONE}.", shown)
                self.assertIn(f"DSYNC\t{TEXT}", shown.replace(" DSYNC ", "\tDSYNC\t"))

    def test_what_is_no_dsync_is_explained(self):
        self.taproot.write_zone(ZONE + ".zone", SOURCES["zone"].replace("NOTIFY", "HTTP"))
        self.configure([], [{"name": ZONE, "source": f"zones/{ZONE}.zone"}])
        done = self.command(2, "check", self.taproot.config)
        self.assertIn('DSYNC field 2 "HTTP": is not NOTIFY or a number from 0 to 255', done.stdout)


if __name__ == "__main__":
    main()
