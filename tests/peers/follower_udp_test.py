"""A followed zone whose changes are asked for over UDP first (RFC 1995 section 2), from real
primaries, from another taproot, and from one that answers as none should."""

from case import ZONE, main
from follower_test import WWW, FollowerCase, Growing
from lab import Key, Taproot, serial_at, taproot_config, wait_until
from primaries import BindPrimary, KnotPrimary, NsdPrimary, address, soa, zone_text

OVER_UDP = "IXFR over UDP of serial {} received"
OVER_TCP = "IXFR of serial {} received"


class OverUdp(FollowerCase):
    def follow_maker(self, maker, key):
        """Six small changes and one that no datagram holds."""
        zone = Growing(maker.__name__)
        primary = self.made(maker, key)
        primary.put(zone_text(7, zone.step(), timers="300 60 3000"))
        primary.start()
        self.follow([primary], key, ixfr="udp")
        self.taproot.start()
        self.wait_serial(7)
        for serial in range(8, 14):
            primary.change(serial, zone.step(), timers="300 60 3000")
            self.wait_serial(serial, 15)
            self.assert_same(primary)
        many = [f'large{i} 600 IN TXT "{"x" * 200}"' for i in range(100)]
        primary.change(14, [*zone.step(), *many], timers="300 60 3000")
        self.wait_serial(14, 15)
        self.assert_same(primary)
        log = self.log()
        self.assertIn("AXFR of serial 7 received", log)
        self.assertNotIn("taking the whole zone", log)
        self.assertIn("IXFR over UDP: ", log, "100 TXT records cannot have come in one datagram")
        self.assertNotIn(OVER_UDP.format(14), log)
        self.assertEqual(self.zone()["primaries"][0]["error"], "")
        return log

    def assert_refers_to_tcp(self, log):
        """What makers do that answer an IXFR over UDP with their SOA alone (section 4)."""
        for serial in range(8, 14):
            self.assertIn(OVER_TCP.format(serial), log)
        self.assertIn("the differences do not fit into a datagram; asked over TCP", log)

    def test_bind_with_tsig(self):
        self.assert_refers_to_tcp(self.follow_maker(BindPrimary, Key("bind.example")))

    def test_knot_with_tsig(self):
        self.assert_refers_to_tcp(self.follow_maker(KnotPrimary, Key("knot.example")))

    def test_nsd_with_tsig(self):
        log = self.follow_maker(NsdPrimary, Key("nsd.example"))
        for serial in range(8, 14):
            self.assertIn(OVER_UDP.format(serial), log)

    def test_taproot_with_tsig(self):
        """A change comes without any connection at all, and a large one by one."""
        key = Key("taproot.example")
        primary = self.lab.add(Taproot(self.lab, "primary"))
        follower = {"name": "follower", "kind": "transfer", "transfer-from": ["127.0.0.1"],
                    "key": key.name + ".", "notify": [f"127.0.0.1:{self.taproot.port}"]}
        taproot_config(primary, [key], [follower], [
            {"name": ZONE, "source": f"zones/{ZONE}.zone", "serial": "keep",
             "providers": ["follower"]}])
        zone = Growing("taproot")
        primary.write(f"zones/{ZONE}.zone", zone_text(1, zone.step(), timers="300 60 3000"))
        primary.start()
        self.follow([primary], key, ixfr="udp")
        self.taproot.start()
        self.wait_serial(1)
        for serial in range(2, 6):
            primary.write(f"zones/{ZONE}.zone", zone_text(serial, zone.step(), timers="300 60 3000"))
            wait_until("the primary to have it", lambda serial=serial:
                       serial_at(primary.port, ZONE) == serial)
            self.wait_serial(serial, 15)
            self.assertIn(OVER_UDP.format(serial), self.log())
        self.assertNotIn("asked over TCP", self.log())
        many = [f'large{i} 600 IN TXT "{"x" * 200}"' for i in range(100)]
        primary.write(f"zones/{ZONE}.zone",
                      zone_text(6, [*zone.step(), *many], timers="300 60 3000"))
        self.wait_serial(6, 15)
        self.assertIn(OVER_TCP.format(6), self.log())

    def follow_fake(self, ixfr_over_udp):
        """Serial 1 is followed; then there is serial 2, and IXFR over UDP gets this."""
        fake = self.fake()
        fake.whole(1, address("www." + ZONE, 80))
        self.follow([fake], ixfr="udp")
        self.taproot.start()
        self.wait_serial(1)
        fake.ixfr_over_udp = lambda query: ixfr_over_udp(fake, query)
        fake.messages = [[soa(2), soa(1), address("www." + ZONE, 80), soa(2),
                          address("www." + ZONE, 81), soa(2)]]
        fake.serial = 2
        return fake

    def test_a_primary_without_ixfr_over_udp_costs_a_wait(self):
        fake = self.follow_fake(lambda fake, query: b"")
        self.wait_serial(2, 20)
        self.assertIn("IXFR over UDP: no answer over UDP in 2000 ms; asked over TCP", self.log())
        self.assertIn(OVER_TCP.format(2), self.log())
        self.assertEqual(fake.asked, [252, 251])

    def test_lies_over_udp_lead_to_what_is_said_over_tcp(self):
        """Differences from a serial that nobody has."""
        fake = self.follow_fake(
            lambda fake, query: fake.answer(query, [soa(9), soa(8), soa(9), soa(9)]))
        self.wait_serial(2, 20)
        self.assertIn(OVER_TCP.format(2), self.log())
        self.assertNotIn("taking the whole zone", self.log())
        self.assertEqual(fake.asked, [252, 251])

    def test_differences_that_do_not_fit_to_the_zone_lead_to_the_whole_of_it(self):
        def misfit(fake, query):
            fake.whole(2, address("www." + ZONE, 82))
            return fake.answer(query, [soa(2), soa(1), address("nobody." + ZONE, 1), soa(2), soa(2)])
        fake = self.follow_fake(misfit)
        self.wait_serial(2, 20)
        self.assertIn("taking the whole zone", self.log())
        self.assertEqual(fake.asked, [252, 252])


if __name__ == "__main__":
    main()
