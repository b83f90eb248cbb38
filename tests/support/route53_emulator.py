"""Amazon Route 53's API (2013-04-01) on loopback: hosted zones, record sets, changes.

Checks signatures (SigV4 with session tokens and the clock), the order of XML elements, the limits
of a change batch, what may stand beside what, and that a DELETE names exactly what is there. A
batch is carried out whole or not at all. A change is PENDING before it is INSYNC. Lists are
paged inside of weighted sets, too.
"""

import datetime
import hashlib
import hmac
import ipaddress
import re
import urllib.parse
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from emulator import Answer, Emulator

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
TYPES = {"SOA", "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV",
         "SSHFP", "SVCB", "TLSA", "TXT"}
ORDER = ["Name", "Type", "SetIdentifier", "Weight", "Region", "GeoLocation", "Failover",
         "MultiValueAnswer", "TTL", "ResourceRecords", "AliasTarget", "HealthCheckId",
         "TrafficPolicyInstanceId"]
MAX_RECORDS, MAX_CHARACTERS, MAX_PAGE, SKEW = 1000, 32000, 300, 300
NAMESERVERS = ["ns-1.awsdns-01.org.", "ns-2.awsdns-02.co.uk.", "ns-3.awsdns-03.com.",
               "ns-4.awsdns-04.net."]


class Refused(Exception):
    """An error as the API tells it."""

    def __init__(self, status, code, message, batch=False):
        super().__init__(message)
        self.status, self.code, self.message, self.batch = status, code, message, batch


def decoded(name):
    """A name in the form that sets are kept by: octal escapes undone, small, with the last dot."""
    text = re.sub(r"\\([0-3][0-7][0-7])", lambda m: chr(int(m.group(1), 8)), name).lower()
    return text if text.endswith(".") else text + "."


def encoded(name):
    return "".join(c if re.match(r"[a-z0-9_.-]", c) else f"\\{ord(c):03o}" for c in name)


def order_of(name):
    return list(reversed(decoded(name).rstrip(".").split(".")))


def is_below(name, apex):
    return name == apex or name.endswith("." + apex)


def normal(rrtype, value):
    """What the API keeps of a value."""
    if rrtype in ("A", "AAAA"):
        return str(ipaddress.ip_address(value))
    if rrtype in ("CNAME", "NS", "PTR"):
        return decoded(value)
    if rrtype in ("MX", "SRV"):
        *numbers, target = value.split()
        return " ".join([*numbers, decoded(target)])
    return value


STRING = r'"(?:[^"\\]|\\[0-3][0-7][0-7]|\\["\\])*"'
VALUES = {
    "CNAME": r"\S+", "NS": r"\S+", "PTR": r"\S+", "MX": r"\d+ \S+", "SRV": r"\d+ \d+ \d+ \S+",
    "TXT": rf"{STRING}( {STRING})*", "SPF": rf"{STRING}( {STRING})*",
    "CAA": rf"\d+ [a-zA-Z0-9]+ {STRING}", "DS": r"\d+ \d+ \d+ [0-9A-Fa-f]+",
    "SSHFP": r"\d+ \d+ [0-9A-Fa-f]+", "TLSA": r"\d+ \d+ \d+ [0-9A-Fa-f]+",
    "NAPTR": rf"\d+ \d+ {STRING} {STRING} {STRING} \S+", "SVCB": r"\d+ \S+( \S.*)?",
    "HTTPS": r"\d+ \S+( \S.*)?", "SOA": r"\S+ \S+ \d+ \d+ \d+ \d+ \d+",
}


def why_bad_value(rrtype, value):
    if rrtype in ("A", "AAAA"):
        try:
            good = ipaddress.ip_address(value).version == (4 if rrtype == "A" else 6)
        except ValueError:
            good = False
        return None if good else f"Value is not a valid IPv{4 if rrtype == 'A' else 6} address"
    if not re.fullmatch(VALUES[rrtype], value):
        return "CharacterStringInvalid" if rrtype in ("TXT", "SPF") else "Value is malformed"
    if rrtype in ("TXT", "SPF"):
        if len(value) > 4000:
            return "TXTRDATATooLong encountered"
        for string in re.findall(STRING, value):
            if len(re.sub(r"\\([0-3][0-7][0-7]|.)", "x", string)) - 2 > 255:
                return "CharacterStringTooLong (Value is too long)"
    return None


class Zone:
    def __init__(self, zone_id, name, private=False):
        self.id, self.name, self.private = zone_id, decoded(name), private
        self.sets = {}  # (name, type, identifier) -> {"ttl", "values"} or more

    def listed(self):
        return sorted(self.sets, key=lambda key: (order_of(key[0]), key[1], key[2]))


class Route53(Emulator):
    def __init__(self):
        super().__init__()
        self.keys = {"AKIDEXAMPLE": ("canary-secret-4711/+", None)}  # id -> (secret, session token)
        self.zones = {}
        self.changes = {}  # id -> how often it is still PENDING
        self.polls = 2  # None: a change is INSYNC at once
        self.clock = lambda: datetime.datetime.now(datetime.timezone.utc)
        self.old_errors = False  # the shape that refused batches had
        self.batches = []  # how many records each accepted batch counted
        self.role = None  # (ARN, external id or None) that the first key may assume
        self.lifetime = 900  # seconds that credentials of the role are good for, if not asked for
        self.ends = {}  # when they end, by key id

    def add_zone(self, name, private=False):
        zone = Zone(f"Z{len(self.zones) + 1:013d}X", name, private)
        zone.sets[(zone.name, "NS", "")] = {"ttl": 172800, "values": list(NAMESERVERS)}
        zone.sets[(zone.name, "SOA", "")] = {"ttl": 900, "values": [
            f"{NAMESERVERS[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"]}
        self.zones[zone.id] = zone
        return zone

    # Calls.

    ROUTES = [
        ("POST", r"/", "AssumeRole"),
        ("GET", r"/2013-04-01/hostedzone/?", "ListHostedZones"),
        ("GET", r"/2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
        ("GET", r"/2013-04-01/hostedzone/([^/]+)", "GetHostedZone"),
        ("GET", r"/2013-04-01/hostedzone/([^/]+)/rrset", "ListResourceRecordSets"),
        ("POST", r"/2013-04-01/hostedzone/([^/]+)/rrset/?", "ChangeResourceRecordSets"),
        ("GET", r"/2013-04-01/change/([^/]+)", "GetChange"),
    ]

    def answer(self, operation, call):
        try:
            key_id = self.check_signature(call, "sts" if operation == "AssumeRole" else "route53")
            if operation == "unknown":
                raise Refused(404, "UnknownOperationException", "no such operation")
            if operation == "AssumeRole":
                return Answer(200, self.assume_role(call), "text/xml")
            if self.role and key_id not in self.ends:
                raise Refused(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/taproot is not "
                                                   f"authorized to perform: route53:{operation}")
            query = dict(urllib.parse.parse_qsl(call.query, keep_blank_values=True))
            return Answer(200, getattr(self, operation)(query, call))
        except Refused as refused:
            message = escape(refused.message)
            if refused.batch and self.old_errors:
                return Answer(400, f'<?xml version="1.0"?><InvalidChangeBatch xmlns="{NAMESPACE}">'
                                   f"<Messages><Message>{message}</Message></Messages>"
                                   "</InvalidChangeBatch>")
            return Answer(refused.status,
                          f'<?xml version="1.0"?><ErrorResponse xmlns="{NAMESPACE}"><Error>'
                          f"<Type>Sender</Type><Code>{refused.code}</Code>"
                          f"<Message>{message}</Message></Error>"
                          "<RequestId>0</RequestId></ErrorResponse>")

    # Signatures: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html

    def check_signature(self, call, wanted_service):
        """The id of the key that has signed."""
        given = call.headers.get("Authorization", "")
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,"
                             r" ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})", given)
        if not match:
            raise Refused(403, "MissingAuthenticationToken", "Missing Authentication Token")
        key_id, day, region, service, names, signature = match.groups()
        if key_id not in self.keys:
            raise Refused(403, "InvalidClientTokenId", "The security token included in the request "
                                                       "is invalid.")
        secret, token = self.keys[key_id]
        if (call.headers.get("X-Amz-Security-Token") or None) != token:
            raise Refused(403, "InvalidClientTokenId", "The security token included in the request "
                                                       "is invalid.")
        time = call.headers.get("X-Amz-Date", "")
        wanted = {"host", *(n.lower() for n in call.headers if n.lower().startswith("x-amz-"))}
        if not wanted <= set(names.split(";")) or names.split(";") != sorted(names.split(";")):
            raise Refused(403, "SignatureDoesNotMatch", "headers must be signed")
        if key_id in self.ends and self.ends[key_id] < self.clock():
            raise Refused(403, "ExpiredToken", "The security token included in the request is expired")
        if (region, service) != ("us-east-1", wanted_service) or not time.startswith(day):
            raise Refused(403, "SignatureDoesNotMatch", "Credential should be scoped to a valid "
                                                        "region.")
        if not hmac.compare_digest(self.signature(call, names, secret, time, (region, service)), signature):
            raise Refused(403, "SignatureDoesNotMatch",
                          "The request signature we calculated does not match the signature you "
                          "provided.")
        signed = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(
            tzinfo=datetime.timezone.utc)
        if abs((self.clock() - signed).total_seconds()) > SKEW:
            raise Refused(403, "SignatureDoesNotMatch", "Signature expired")
        return key_id

    # Roles: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    def assume_role(self, call):
        form = dict(urllib.parse.parse_qsl(call.body.decode()))
        if (form.get("Action"), form.get("Version")) != ("AssumeRole", "2011-06-15"):
            raise Refused(400, "InvalidAction", "Could not find operation for this version")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", "")):
            raise Refused(400, "ValidationError", "roleSessionName is not valid")
        seconds = int(form.get("DurationSeconds", 3600))
        if not 900 <= seconds <= 43200:
            raise Refused(400, "ValidationError", "durationSeconds must be 900 to 43200")
        if self.role != (form.get("RoleArn"), form.get("ExternalId")):
            raise Refused(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/taproot is not "
                          f"authorized to perform: sts:AssumeRole on resource: {form.get('RoleArn')}")
        key_id = f"ASIACANARY{len(self.ends):04d}"
        self.keys[key_id] = (f"canary-role-secret/+{len(self.ends)}", f"canary-role-token=={len(self.ends)}")
        self.ends[key_id] = self.clock() + datetime.timedelta(seconds=min(seconds, self.lifetime))
        secret, token = self.keys[key_id]
        return ('<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
                f"<AssumedRoleUser><AssumedRoleId>AROA:taproot</AssumedRoleId><Arn>{form['RoleArn']}</Arn>"
                f"</AssumedRoleUser><Credentials><AccessKeyId>{key_id}</AccessKeyId>"
                f"<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>"
                f"<Expiration>{self.ends[key_id]:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
                "</AssumeRoleResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"
                "</AssumeRoleResponse>")

    @staticmethod
    def signature(call, names, secret, time, place):
        """`place` is region and service."""
        region, service = place

        def quoted(text):
            return urllib.parse.quote(text, safe="-_.~")

        pairs = []
        for part in filter(None, call.query.split("&")):
            name, _, value = part.partition("=")
            pairs.append((quoted(urllib.parse.unquote(name)), quoted(urllib.parse.unquote(value))))
        query = "&".join(f"{name}={value}" for name, value in sorted(pairs))
        headers = "".join(
            f"{name}:{' '.join(','.join(call.headers.get_all(name, [])).split())}\n"
            for name in names.split(";"))
        path = "/".join(quoted(part) for part in call.path.split("/"))
        canonical = "\n".join([call.method, path, query, headers, names,
                               hashlib.sha256(call.body).hexdigest()])
        scope = f"{time[:8]}/{region}/{service}/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", time, scope,
                             hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + secret).encode()
        for part in (time[:8], region, service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()

    # Zones.

    @staticmethod
    def zone_xml(zone):
        return (f"<HostedZone><Id>/hostedzone/{zone.id}</Id><Name>{encoded(zone.name)}</Name>"
                "<CallerReference>x</CallerReference><Config><PrivateZone>"
                f"{str(zone.private).lower()}</PrivateZone></Config>"
                f"<ResourceRecordSetCount>{len(zone.sets)}</ResourceRecordSetCount></HostedZone>")

    def zone_of(self, zone_id):
        if zone_id not in self.zones:
            raise Refused(404, "NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
        return self.zones[zone_id]

    def ListHostedZones(self, query, _):
        most = min(int(query.get("maxitems", 100)), 100)
        ids = sorted(self.zones)
        start = ids.index(query["marker"]) if query.get("marker") in ids else 0
        page, rest = ids[start:start + most], ids[start + most:]
        return (f'<ListHostedZonesResponse xmlns="{NAMESPACE}"><HostedZones>'
                + "".join(self.zone_xml(self.zones[one]) for one in page)
                + f"</HostedZones><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>"
                + (f"<NextMarker>{rest[0]}</NextMarker>" if rest else "")
                + f"<MaxItems>{most}</MaxItems></ListHostedZonesResponse>")

    def ListHostedZonesByName(self, query, _):
        most = min(int(query.get("maxitems", 100)), 100)
        start = (order_of(query.get("dnsname", ".")), query.get("hostedzoneid", ""))
        zones = sorted(self.zones.values(), key=lambda zone: (order_of(zone.name), zone.id))
        zones = [zone for zone in zones if (order_of(zone.name), zone.id) >= start]
        page, rest = zones[:most], zones[most:]
        return (f'<ListHostedZonesByNameResponse xmlns="{NAMESPACE}"><HostedZones>'
                + "".join(map(self.zone_xml, page))
                + f"</HostedZones><DNSName>{query.get('dnsname', '')}</DNSName>"
                + f"<IsTruncated>{str(bool(rest)).lower()}</IsTruncated>"
                + (f"<NextDNSName>{encoded(rest[0].name)}</NextDNSName>"
                   f"<NextHostedZoneId>{rest[0].id}</NextHostedZoneId>" if rest else "")
                + f"<MaxItems>{most}</MaxItems></ListHostedZonesByNameResponse>")

    def GetHostedZone(self, _, call):
        zone = self.zone_of(call.arguments[0])
        return (f'<GetHostedZoneResponse xmlns="{NAMESPACE}">{self.zone_xml(zone)}<DelegationSet>'
                "<NameServers>" + "".join(f"<NameServer>{one.rstrip('.')}</NameServer>"
                                          for one in NAMESERVERS)
                + "</NameServers></DelegationSet></GetHostedZoneResponse>")

    # Record sets.

    @staticmethod
    def set_xml(key, what):
        name, rrtype, identifier = key
        xml = f"<ResourceRecordSet><Name>{encoded(name)}</Name><Type>{rrtype}</Type>"
        if identifier:
            xml += f"<SetIdentifier>{identifier}</SetIdentifier><Weight>1</Weight>"
        if "alias" in what:
            return xml + (f"<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>{what['alias']}"
                          "</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth>"
                          "</AliasTarget></ResourceRecordSet>")
        check = f"<HealthCheckId>{what['check']}</HealthCheckId>" if "check" in what else ""
        return (xml + f"<TTL>{what['ttl']}</TTL><ResourceRecords>"
                + "".join(f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>"
                          for value in what["values"])
                + f"</ResourceRecords>{check}</ResourceRecordSet>")

    def ListResourceRecordSets(self, query, call):
        zone = self.zone_of(call.arguments[0])
        most = min(int(query.get("maxitems", MAX_PAGE)), MAX_PAGE)
        if "type" in query and "name" not in query:
            raise Refused(400, "InvalidInput", "a type needs a name")
        keys = zone.listed()
        if "name" in query:
            start = (order_of(query["name"]), query.get("type", ""), query.get("identifier", ""))
            keys = [key for key in keys if (order_of(key[0]), key[1], key[2]) >= start]
        page, rest = keys[:most], keys[most:]
        next_xml = ""
        if rest:
            name, rrtype, identifier = rest[0]
            next_xml = (f"<NextRecordName>{encoded(name)}</NextRecordName>"
                        f"<NextRecordType>{rrtype}</NextRecordType>")
            if identifier:
                next_xml += f"<NextRecordIdentifier>{identifier}</NextRecordIdentifier>"
        return (f'<ListResourceRecordSetsResponse xmlns="{NAMESPACE}"><ResourceRecordSets>'
                + "".join(self.set_xml(key, zone.sets[key]) for key in page)
                + f"</ResourceRecordSets><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>"
                + next_xml + f"<MaxItems>{most}</MaxItems></ListResourceRecordSetsResponse>")

    # Changes.

    def ChangeResourceRecordSets(self, _, call):
        zone = self.zone_of(call.arguments[0])
        changes = self.read_changes(call)
        sets, faults, records, characters = dict(zone.sets), [], 0, 0
        seen = set()
        for action, key, what in changes:
            weight = 2 if action == "UPSERT" else 1
            values = what.get("values", [])
            records += weight * len(values)
            characters += weight * sum(map(len, values))
            if (action, key) in seen:
                faults.append(f"{self.said(key, action)} but it is there twice in the request")
            seen.add((action, key))
            faults += self.apply(zone, sets, action, key, what)
        if records > MAX_RECORDS:
            raise Refused(400, "InvalidChangeBatch", f"Number of records limit of {MAX_RECORDS} "
                                                     "exceeded.", batch=True)
        if characters > MAX_CHARACTERS:
            raise Refused(400, "InvalidChangeBatch", f"Value size limit of {MAX_CHARACTERS} "
                                                     "exceeded.", batch=True)
        faults += self.beside(sets, [key for _, key, _ in changes])
        if faults:
            raise Refused(400, "InvalidChangeBatch", "[" + ", ".join(faults) + "]", batch=True)
        zone.sets = sets
        self.batches.append(records)
        change = f"C{len(self.changes) + 1:08d}"
        self.changes[change] = self.polls or 0
        return self.change_xml("ChangeResourceRecordSetsResponse", change,
                               "INSYNC" if self.polls is None else "PENDING")

    @staticmethod
    def change_xml(root, change, status):
        return (f'<{root} xmlns="{NAMESPACE}"><ChangeInfo><Id>/change/{change}</Id>'
                f"<Status>{status}</Status><SubmittedAt>2026-11-26T00:00:00Z</SubmittedAt>"
                f"</ChangeInfo></{root}>")

    def GetChange(self, _, call):
        change = call.arguments[0]
        if change not in self.changes:
            raise Refused(404, "NoSuchChange", f"No change with ID: {change}")
        self.changes[change] -= 1
        status = "PENDING" if self.changes[change] >= 0 else "INSYNC"
        return self.change_xml("GetChangeResponse", change, status)

    @staticmethod
    def read_changes(call):
        def bad(why):
            return Refused(400, "InvalidInput", f"Invalid XML ; {why}")

        try:
            root = ET.fromstring(call.body)
        except ET.ParseError as error:
            raise bad(str(error)) from error
        tag = "{" + NAMESPACE + "}"
        if root.tag != tag + "ChangeResourceRecordSetsRequest":
            raise bad("cvc-elt.1: Cannot find the declaration of element")
        changes = []
        for change in root.findall(f"{tag}ChangeBatch/{tag}Changes/{tag}Change"):
            action = change.findtext(tag + "Action")
            rrset = change.find(tag + "ResourceRecordSet")
            if action not in ("CREATE", "DELETE", "UPSERT") or rrset is None:
                raise bad("Change needs Action and ResourceRecordSet")
            names = [child.tag.removeprefix(tag) for child in rrset]
            places = [ORDER.index(name) if name in ORDER else -1 for name in names]
            if places != sorted(places) or -1 in places or "Name" not in names:
                raise bad(f"element order {names}")
            key = (decoded(rrset.findtext(tag + "Name")), rrset.findtext(tag + "Type"),
                   rrset.findtext(tag + "SetIdentifier") or "")
            alias = rrset.find(tag + "AliasTarget")
            if alias is not None:
                changes.append((action, key, {"alias": alias.findtext(tag + "DNSName")}))
                continue
            values = [one.text or "" for one in rrset.iterfind(
                f"{tag}ResourceRecords/{tag}ResourceRecord/{tag}Value")]
            ttl = rrset.findtext(tag + "TTL")
            if ttl is None or not ttl.isdigit() or int(ttl) > 2147483647 or not values:
                raise bad("TTL and ResourceRecords are needed")
            changes.append((action, key, {"ttl": int(ttl), "values": values}))
        if not changes:
            raise bad("Changes must not be empty")
        return changes

    @staticmethod
    def said(key, action):
        verb = {"CREATE": "create", "DELETE": "delete", "UPSERT": "create"}[action]
        return f"Tried to {verb} resource record set [name='{encoded(key[0])}', type='{key[1]}']"

    def apply(self, zone, sets, action, key, what):
        """Carries out one change on `sets`; what is wrong with it."""
        name, rrtype, _ = key
        said = self.said(key, action)
        if rrtype not in TYPES:
            return [f"{said} but the type is not supported"]
        if name.startswith(".") or ".." in name:
            return [f"FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '{name}'"]
        if not is_below(name, zone.name):
            return [f"RRSet with DNS name {name} is not permitted in zone {zone.name}"]
        if "values" in what:
            bad = [why_bad_value(rrtype, value) for value in what["values"]]
            if any(bad):
                return [f"Invalid Resource Record: '{next(filter(None, bad))}' {said}"]
            if action != "DELETE":  # which names what is there as it is told
                what = {**what, "values": [normal(rrtype, value) for value in what["values"]]}
            if len(set(what["values"])) != len(what["values"]):
                return [f"Duplicate Resource Record: {said}"]
            if rrtype == "CNAME" and len(what["values"]) > 1:
                return [f"{said} but a CNAME has one value"]
        if rrtype == "NS" and name.startswith("*."):
            return [f"{said} but NS at a wildcard is not permitted"]
        if action == "DELETE":
            if name == zone.name and rrtype in ("SOA", "NS"):
                return [f"A HostedZone must contain at least one {rrtype} record for the zone itself."]
            if key not in sets:
                return [f"{said} but it was not found"]
            there = sets[key]
            same = (there.get("ttl") == what.get("ttl")
                    and sorted(there.get("values", [])) == sorted(what.get("values", []))
                    and there.get("alias") == what.get("alias"))
            if not same:
                return [f"{said} but the values provided do not match the current values"]
            del sets[key]
            return []
        if action == "CREATE" and key in sets:
            return [f"{said} but it already exists"]
        if len(what.get("values", [])) > 400:
            return [f"{said} but it has too many values"]
        sets[key] = what
        return []

    @staticmethod
    def beside(sets, keys):
        """What must not stand beside each other when all is done."""
        names = {key[0] for key in keys}
        types = {}
        for name, rrtype, _ in sets:
            if name in names:
                types.setdefault(name, set()).add(rrtype)
        faults = []
        for name, there in sorted(types.items()):
            if "CNAME" in there and len(there) > 1:
                faults.append(f"RRSet of type CNAME with DNS name {encoded(name)} is not permitted as "
                              "it conflicts with other records with the same DNS name in zone")
            if {"CNAME", "SOA"} <= there:
                faults.append(f"RRSet of type CNAME with DNS name {encoded(name)} is not permitted at "
                              "apex in zone")
        return faults
