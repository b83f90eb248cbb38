"""Real secondaries of the measured zone, with the settings that make them follow soonest.

What one would run in production and is fastest; the other settings are those of servers.py.

* knot: `zonefile-sync: -1`, so that a change rewrites no zone file; its journal stays synced. One
  connection to the primary is kept (`remote-pool-limit`), so that none has to be opened first, and
  two threads go through the zone after a change (`adjust-threads`).
* nsd: `xfrd-reload-timeout: 0`; by default it collects changes for a second.
* bind: `serial-query-rate 1000`; with the default of 20 a NOTIFY waits for its turn. The zone is
  kept in the raw format, and the journal synced.
"""

import os

from servers import Measured
from zone_files import ZONE


class Secondary(Measured):
    """A secondary of the zone whose primary it sees at a port of 127.0.0.1."""

    def __init__(self, lab, primary, label=""):
        super().__init__(lab, [ZONE], None, label=f"-secondary{label}")
        self.primary = primary


class KnotSecondary(Secondary):
    kind = "knot"

    def command(self):
        os.makedirs(self.path("db"), exist_ok=True)
        self.write("knot.conf", f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: "{self.folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
    remote-pool-limit: 2
log:
  - target: stderr
    any: warning
control:
    listen: "{self.control}"
database:
    storage: "{self.path('db')}"
remote:
  - id: primary
    address: 127.0.0.1@{self.primary}
acl:
  - id: local
    address: 127.0.0.1
    action: [notify, transfer]
zone:
  - domain: {ZONE}
    storage: "{self.folder}"
    master: primary
    acl: local
    zonefile-sync: -1
    zonefile-load: none
    adjust-threads: 2
    journal-content: changes
""")
        return ["knotd", "-c", self.path("knot.conf")]


class NsdSecondary(Secondary):
    kind = "nsd"

    def command(self):
        self.write("nsd.conf", f"""
server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  pidfile: "{self.path('pid')}"
  xfrdfile: "{self.path('xfrd.state')}"
  zonelistfile: "{self.path('zone.list')}"
  xfrdir: "{self.folder}"
  database: ""
  server-count: 1
  verbosity: 0
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  rrl-size: 1000
remote-control:
  control-enable: no
zone:
  name: {ZONE}
  zonefile: "{ZONE}.zone"
  allow-notify: 127.0.0.1 NOKEY
  request-xfr: 127.0.0.1@{self.primary} NOKEY
""")
        return ["nsd", "-d", "-c", self.path("nsd.conf")]


class BindSecondary(Secondary):
    kind = "bind"

    def command(self):
        self.write("named.conf", f"""
options {{
  directory "{self.folder}"; managed-keys-directory "{self.folder}";
  pid-file none; session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; empty-zones-enable no; zone-statistics none;
  notify no; serial-query-rate 1000; allow-transfer {{ 127.0.0.1; }};
}};
controls {{ }};
logging {{
  channel few {{ stderr; severity warning; }};
  category default {{ few; }};
}};
zone "{ZONE}" {{
  type secondary; file "{ZONE}.raw"; masterfile-format raw;
  primaries {{ 127.0.0.1 port {self.primary}; }}; allow-notify {{ 127.0.0.1; }};
}};
""")
        return ["named", "-f", "-n", "1", "-c", self.path("named.conf")]
