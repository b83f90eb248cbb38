#!/usr/bin/env python3
"""The whole idea in one minute: one record changes in one YAML file; NSD, Knot and BIND follow by
NOTIFY and zone transfer, PowerDNS is pushed through its HTTP API, and taproot proves each of them.

usage: demo.py TAPROOT        (or ./dev demo)
"""

import subprocess
import sys
import time

from lab import (Bind, Failed, Key, Knot, Lab, Nsd, PowerDns, Taproot, powerdns_provider, short,
                 taproot_config, transfer_provider, wait_until)

ZONE = "example.com"
SOURCE = """\
'':
  - type: NS
    values: [ns1.nsd.example., ns1.knot.example., ns1.bind.example., ns1.powerdns.example.]
  - {type: MX, value: {preference: 10, exchange: mail.example.com.}}
www:
  - {type: A, ttl: 300, value: WWW}
mail:
  - {type: A, value: 192.0.2.25}
'*.apps':
  - {type: CNAME, value: www.example.com.}
"""


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def show(command, *words):
    print("$ taproot " + " ".join(words), flush=True)
    done = command(*words)
    print((done.stdout + done.stderr).rstrip(), flush=True)
    return done


def main():
    with Lab(sys.argv[1]) as lab:
        taproot = lab.add(Taproot(lab))
        say("1. Four name servers of four makers start, none of them with data")
        keys = [Key(f"{name}.example") for name in ("nsd", "knot", "bind")]
        secondaries = [lab.add(kind(lab, taproot.port, [ZONE], key))
                       for kind, key in zip((Nsd, Knot, Bind), keys)]
        powerdns = lab.add(PowerDns(lab, [ZONE]))
        for server in [*secondaries, powerdns]:
            server.start()
            print(f"   {server.name:9} on 127.0.0.1:{server.port}")
        say("2. taproot starts with one zone in one YAML file")
        taproot.write_zone(ZONE + ".yaml", SOURCE.replace("WWW", "192.0.2.80"))
        names = [server.name for server in secondaries] + [powerdns.name]
        taproot_config(
            taproot, keys,
            [*(transfer_provider(server, server.key) for server in secondaries),
             powerdns_provider(powerdns, taproot)],
            [{"name": ZONE, "source": f"zones/{ZONE}.yaml", "providers": names}])
        taproot.start()
        done = show(taproot.run, "apply", "--wait")
        if done.returncode != 0:
            raise Failed(f"apply --wait ended with {done.returncode}")
        show(taproot.run, "status")
        say("3. www changes in the file; nothing else is done")
        changed = time.monotonic()
        taproot.write_zone(ZONE + ".yaml", SOURCE.replace("WWW", "192.0.2.81"))
        for server in [*secondaries, powerdns]:
            wait_until(f"{server.name} to serve the new address",
                       lambda server=server: short(server.port, "www." + ZONE, "A") == ["192.0.2.81"],
                       pause=0.005)
            print(f"   {server.name:9} serves 192.0.2.81 after {time.monotonic() - changed:.2f} s")
        say("4. taproot has seen it at each of them")

        def in_sync():
            return taproot.run("verify").returncode == 0

        wait_until("taproot verify to find no difference", in_sync)
        show(taproot.run, "status")
        show(taproot.run, "verify")
        show(taproot.run, "history", ZONE)
        say("Done: one source, four providers, each proven.")


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.TimeoutExpired) as error:
        sys.exit(f"demo: {error}")
