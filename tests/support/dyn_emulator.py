"""The DynECT REST protocol of Dyn Managed DNS on loopback, as far as it concerns records.

Checks names and passwords, the session of every call, the fields of each type and what may stand
beside what. What a session writes is staged: this session alone sees it, and it is in force when the
session publishes it, all at once, and gone when the session ends. Operations named in `slow` become
jobs, which are asked for by their number until they are done.
"""

import ipaddress
import json
import re
import urllib.parse

from emulator import Answer, Emulator

NAMESERVERS = [f"ns{i}.p99.dynect.net." for i in range(1, 5)]
# The members of rdata.
TYPES = {
    "A": {"address": str}, "AAAA": {"address": str}, "CAA": {"flags": int, "tag": str, "value": str},
    "CNAME": {"cname": str}, "DNAME": {"dname": str},
    "DS": {"keytag": int, "algorithm": int, "digtype": int, "digest": str},
    "MX": {"preference": int, "exchange": str},
    "NAPTR": {"order": int, "preference": int, "flags": str, "services": str, "regexp": str,
              "replacement": str},
    "NS": {"nsdname": str}, "PTR": {"ptrdname": str}, "SPF": {"txtdata": str},
    "SRV": {"priority": int, "weight": int, "port": int, "target": str},
    "SSHFP": {"algorithm": int, "fptype": int, "fingerprint": str},
    "TLSA": {"cert_usage": int, "selector": int, "match_type": int, "certificate": str},
    "TXT": {"txtdata": str},
}
NAMES = {"cname", "dname", "exchange", "nsdname", "ptrdname", "target", "replacement"}


class Refused(Exception):
    def __init__(self, status, code, info):
        super().__init__(info)
        self.status, self.code = status, code


def bad(info):
    return Refused(400, "INVALID_DATA", info)


def strings_of(text):
    """A text as strings: quoted ones, or all of it as one."""
    if not text.startswith('"'):
        return [text]
    if not re.fullmatch(r'"[^"\\]*"( "[^"\\]*")*', text):
        raise bad("txtdata: the quotes do not match")
    return re.findall(r'"([^"]*)"', text)


class Dyn(Emulator):
    PREFIX = "/REST"

    def __init__(self):
        super().__init__()
        self.customer, self.user, self.password = "canary", "taproot", 'canary-dyn-"7781'
        self.sessions = {}  # staged changes of zones, by token
        self.zones = {}
        self.last_id = 1000
        self.slow, self.polls = set(), 1  # what becomes a job, and how many looks find it at work
        self.jobs = {}
        self.job_url = ""  # what a redirect to a job begins with

    def add_zone(self, name):
        name = name.rstrip(".").lower()
        zone = self.zones[name] = {"name": name, "serial": 1, "sets": {}}
        zone["sets"][name, "NS"] = [self.record(86400, {"nsdname": one}) for one in NAMESERVERS]
        return zone

    def record(self, ttl, rdata):
        self.last_id += 1
        return {"id": self.last_id, "ttl": ttl, "rdata": rdata}

    ROUTES = [
        ("POST", r"/Session/?", "login"),
        ("DELETE", r"/Session/?", "logout"),
        ("GET", r"/Job/(\d+)/?", "job"),
        ("GET", r"/Zone/?", "list zones"),
        ("GET", r"/Zone/([^/]+)/?", "get zone"),
        ("PUT", r"/Zone/([^/]+)/?", "publish"),
        ("GET", r"/ZoneChanges/([^/]+)/?", "changes"),
        ("DELETE", r"/ZoneChanges/([^/]+)/?", "discard"),
        ("GET", r"/AllRecord/([^/]+)/?", "list"),
        ("POST", r"/([A-Z]+)Record/([^/]+)/([^/]+)/?", "create"),
        ("PUT", r"/([A-Z]+)Record/([^/]+)/([^/]+)/?", "replace"),
        ("DELETE", r"/([A-Z]+)Record/([^/]+)/([^/]+)/?", "delete"),
    ]

    def answer(self, operation, call):
        answer = self.carried_out(operation, call)
        if operation not in self.slow:
            return answer
        job = str(7_000_000 + len(self.jobs))
        self.jobs[job] = [self.polls, answer]
        return self.at_work(job, 307)

    def at_work(self, job, status):
        body = {"status": "incomplete", "data": {}, "job_id": int(job), "msgs": []}
        headers = [("Location", f"{self.job_url}/REST/Job/{job}/")] if status == 307 else []
        return Answer(status, json.dumps(body), "application/json", headers)

    def carried_out(self, operation, call):
        call.arguments = [urllib.parse.unquote(one) for one in getattr(call, "arguments", ())]
        try:
            if operation == "login":
                return self.said(200, "success", self.login(call), "login: Login successful")
            token = call.headers.get("Auth-Token", "")
            if token not in self.sessions:
                raise Refused(400, "INVALID_DATA", "login: Bad or expired credentials")
            if operation == "unknown":
                raise Refused(404, "UNKNOWN_CMD", "name: No such resource")
            if operation == "job":
                return self.job(call)
            if operation == "logout":
                del self.sessions[token]
                return self.said(200, "success", {}, "logout: Logout successful")
            result = getattr(self, operation.replace(" ", "_"))(self.sessions[token], call)
            return self.said(200, "success", result, f"{operation}: done")
        except Refused as refused:
            return self.said(refused.status, "failure", {}, str(refused), refused.code)

    @staticmethod
    def said(http, status, data, info, code=None):
        level = "INFO" if status == "success" else "ERROR"
        return Answer(http, json.dumps({
            "status": status, "data": data, "job_id": 4711,
            "msgs": [{"INFO": info, "SOURCE": "BLL", "ERR_CD": code, "LVL": level}]}),
            "application/json")

    def login(self, call):
        try:
            words = json.loads(call.body)
        except ValueError as error:
            raise bad("login: the body is not JSON") from error
        if words != {"customer_name": self.customer, "user_name": self.user, "password": self.password}:
            raise bad("login: Credentials you entered did not match those in our database. "
                      "Please try again")
        token = f"canary-session-{len(self.sessions)}-{self.calls['login']}"
        self.sessions[token] = {}
        return {"token": token, "version": "3.7.16"}

    def job(self, call):
        if call.arguments[0] not in self.jobs:
            raise Refused(404, "NOT_FOUND", "job_id: No such job")
        job = self.jobs[call.arguments[0]]
        job[0] -= 1
        return job[1] if job[0] < 0 else self.at_work(call.arguments[0], 200)

    # Zones.

    def zone_of(self, name):
        zone = self.zones.get(name.lower())
        if zone is None:
            raise Refused(404, "NOT_FOUND", "zone: No such zone")
        return zone

    def list_zones(self, *_):
        return [f"/REST/Zone/{name}/" for name in self.zones]

    @staticmethod
    def shown(zone):
        return {"zone": zone["name"], "zone_type": "Primary", "serial": zone["serial"],
                "serial_style": "increment"}

    def get_zone(self, _, call):
        return self.shown(self.zone_of(call.arguments[0]))

    def changes(self, session, call):
        zone = self.zone_of(call.arguments[0])
        staged = session.get(zone["name"], {"changes": []})["changes"]
        return [{"fqdn": one[1][0], "rdata_type": one[1][1], "zone": zone["name"], "id": number}
                for number, one in enumerate(staged)]

    def discard(self, session, call):
        session.pop(self.zone_of(call.arguments[0])["name"], None)
        return {}

    def publish(self, session, call):
        zone = self.zone_of(call.arguments[0])
        if json.loads(call.body).get("publish") is not True:
            raise bad("publish: it must be true")
        staged = session.pop(zone["name"], None)
        if staged:
            sets = dict(zone["sets"])
            for change in staged["changes"]:
                self.carry_out(sets, *change)
            zone["sets"] = sets
            zone["serial"] += 1
        return self.shown(zone)

    # Records.

    def view(self, session, zone):
        """The zone as a session sees it."""
        staged = session.get(zone["name"])
        return staged["sets"] if staged else zone["sets"]

    def list(self, session, call):
        zone = self.zone_of(call.arguments[0])
        if dict(urllib.parse.parse_qsl(call.query)).get("detail") != "Y":
            raise bad("detail: only Y is known here")
        name = zone["name"]
        data = {"soa_records": [self.shown_record(zone, (name, "SOA"), {
            "id": 1, "ttl": 3600, "rdata": {
                "mname": NAMESERVERS[0], "rname": f"hostmaster.{name}.", "serial": zone["serial"],
                "refresh": 3600, "retry": 600, "expire": 604800, "minimum": 1800}})]}
        for key, records in sorted(self.view(session, zone).items()):
            data.setdefault(key[1].lower() + "_records", []).extend(
                self.shown_record(zone, key, one) for one in records)
        return data

    @staticmethod
    def shown_record(zone, key, one):
        rdata = dict(one["rdata"])
        if "txtdata" in rdata and len(rdata["txtdata"]) == 1:
            rdata["txtdata"] = rdata["txtdata"][0]
        elif "txtdata" in rdata:
            rdata["txtdata"] = " ".join(f'"{text}"' for text in rdata["txtdata"])
        return {"zone": zone["name"], "fqdn": key[0], "record_type": key[1], "record_id": one["id"],
                "ttl": one["ttl"], "rdata": rdata}

    def stage(self, session, call, kind, records):
        """Writes for this session alone, if the zone could be so."""
        rrtype, name, fqdn = call.arguments
        zone = self.zone_of(name)
        key = (fqdn.lower().rstrip("."), rrtype)
        if rrtype not in TYPES:
            raise Refused(404, "UNKNOWN_CMD", f"name: No such resource {rrtype}Record")
        if key[0] != zone["name"] and not key[0].endswith("." + zone["name"]):
            raise bad("fqdn: it does not lie in the zone")
        sets = dict(self.view(session, zone))
        there = sets.get(key, [])
        if kind != "create" and not there:
            raise Refused(404, "NOT_FOUND", "node: No such record")
        if kind == "create" and any(one["rdata"] == records[0]["rdata"] for one in there):
            raise Refused(400, "TARGET_EXISTS", "rdata: there is such a record")
        self.carry_out(sets, kind, key, records)
        self.check(sets, key)
        staged = session.setdefault(zone["name"], {"changes": []})
        staged["changes"].append((kind, key, records))
        staged["sets"] = sets
        return [self.shown_record(zone, key, one) for one in records]

    @staticmethod
    def carry_out(sets, kind, key, records):
        if kind == "create":
            sets[key] = [*sets.get(key, []), *records]
        elif kind == "replace":
            sets[key] = list(records)
        else:
            sets.pop(key, None)

    @staticmethod
    def check(sets, key):
        if len(sets.get((key[0], "CNAME"), [])) > 1:
            raise bad("cname: there is one already")
        if (key[0], "CNAME") in sets and any((key[0], other) in sets for other in TYPES if other != "CNAME"):
            raise bad("node: a CNAME cannot share its name")

    def records_of(self, rrtype, given):
        if not given:
            raise Refused(400, "MISSING_DATA", "rdata: there is none")
        records = []
        for one in given:
            ttl = int(one.get("ttl", 0))
            if not 0 <= ttl < 2**31:
                raise bad("ttl: it is not valid")
            records.append(self.record(ttl or 3600, self.checked(rrtype, one.get("rdata"))))
        return records

    @staticmethod
    def checked(rrtype, rdata):
        fields = TYPES[rrtype]
        if not isinstance(rdata, dict) or set(rdata) != set(fields):
            raise bad(f"rdata: it has {', '.join(fields)}")
        checked = {}
        for key, kind in fields.items():
            try:
                checked[key] = kind(rdata[key])
            except (ValueError, TypeError) as error:
                raise bad(f"rdata: {key} is not a number") from error
            if key in NAMES:
                checked[key] = checked[key].rstrip(".") + "."
        if "address" in checked:
            try:
                address = ipaddress.ip_address(checked["address"])
            except ValueError as error:
                raise bad("address: it is none") from error
            if address.version != (4 if rrtype == "A" else 6):
                raise bad("address: it is one of the other kind")
            checked["address"] = str(address)
        if "txtdata" in checked:
            checked["txtdata"] = strings_of(checked["txtdata"])
            if not any(checked["txtdata"]) or any(len(one) > 255 for one in checked["txtdata"]):
                raise bad("txtdata: a string is empty or too long")
        return checked

    def create(self, session, call):
        body = self.body_of(call)
        return self.stage(session, call, "create", self.records_of(call.arguments[0], [body]))[0]

    def replace(self, session, call):
        given = self.body_of(call).get(call.arguments[0] + "Records")
        return self.stage(session, call, "replace", self.records_of(call.arguments[0], given))

    def delete(self, session, call):
        return self.stage(session, call, "delete", [])

    @staticmethod
    def body_of(call):
        if call.arguments[0] not in TYPES:
            raise Refused(404, "UNKNOWN_CMD", "name: No such resource")
        try:
            return dict(json.loads(call.body))
        except (ValueError, TypeError) as error:
            raise bad("the body is not an object") from error

    def put(self, zone, name, rrtype, ttl, values):
        """Somebody changes an RRset, and publishes that."""
        with self.lock:
            sets = dict(zone["sets"])
            sets.pop((name.lower(), rrtype), None)
            if values:
                sets[name.lower(), rrtype] = [
                    self.record(ttl, {"address": one} if rrtype == "A" else {"txtdata": strings_of(one)})
                    for one in values]
            zone["sets"] = sets
            zone["serial"] += 1
