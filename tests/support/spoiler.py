"""A relay on loopback between a client of an HTTP API and the real server, which answers wrong in
the ways of KINDS, by name.

Whatever has gone wrong between providers and those who push to them is a kind here, and some more.
It fits every provider that speaks HTTP, real or emulated.
"""

import collections
import gzip
import http.client
import json
import random
import socket
import struct
import threading
import time

from emulator import http_server

# How a push has to take it: as good as right; as something that passes by itself; or as something
# that it may have to leave to a person.
RIGHT, PASSING, STANDING = "right", "passing", "standing"

Kind = collections.namedtuple("Kind", "name effect spoil")
KINDS = {}


def kind(name, effect=PASSING):
    """Makes a function of an Exchange a kind of fault."""
    def keep(spoil):
        assert name not in KINDS, name
        KINDS[name] = Kind(name, effect, spoil)
        return spoil
    return keep


class Exchange:
    """One request, and what can be said to it."""

    def __init__(self, spoiler, handler, body):
        self.spoiler, self.handler, self.body = spoiler, handler, body
        self.method, self.target = handler.command, handler.path
        self.reply = None

    def ask(self):
        """The server's own answer: (status, headers, body). What is asked is carried out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.spoiler.server_port, timeout=60)
        try:
            # The head goes on as it came: it may be signed.
            connection.putrequest(self.method, self.target, skip_host=True,
                                  skip_accept_encoding=True)
            for name, value in self.handler.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(self.body or None)
            answer = connection.getresponse()
            body = answer.read()
            headers = [(name, value) for name, value in answer.getheaders()
                       if name.lower() not in ("connection", "content-length", "transfer-encoding")]
            self.reply = answer.status, headers, body
            return self.reply
        finally:
            connection.close()

    def send(self, octets):
        self.handler.wfile.write(octets)

    def head(self, status=200, headers=(), length=None, reason="Said"):
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def say(self, status=200, body=b"", content="application/json", headers=(), end=False):
        """A whole answer; with `end` the connection ends with it."""
        body = body if isinstance(body, bytes) else body.encode()
        self.send(self.head(status, [("Content-Type", content), *headers], len(body)) + body)
        if end:
            self.end()

    def repeat(self, status, headers, body):
        self.send(self.head(status, headers, None if status == 204 else len(body)) + body)

    def end(self):
        self.handler.close_connection = True

    def reset(self):
        """The connection ends with a RST instead of a FIN."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack("ii", 1, 0))
        self.end()


class Spoiler:
    """Relays `port` to `server_port`. `choose(number, exchange)` names the kind of the fault that a
    request meets, or None; requests are numbered from one since reset()."""

    def __init__(self, server_port, choose=lambda number, exchange: None):
        self.server_port, self.choose = server_port, choose
        self.requests = 0
        self.met = collections.Counter()  # of each kind
        self.earlier = {}  # the first answer to each GET
        self.lock = threading.Lock()
        # Where redirects lead: who follows one is counted.
        self.elsewhere = socket.create_server(("127.0.0.1", 0))
        self.followed = 0
        threading.Thread(target=self.watch_elsewhere, daemon=True).start()
        self.server = http_server(self.serve, OSError, timeout=60)
        self.port = self.server.server_address[1]

    def stop(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.elsewhere.close()

    def reset(self):
        with self.lock:
            self.requests = 0
            self.earlier.clear()

    def watch_elsewhere(self):
        while True:
            try:
                client, _ = self.elsewhere.accept()
            except OSError:
                return
            self.followed += 1
            client.close()

    def elsewhere_url(self):
        return f"http://127.0.0.1:{self.elsewhere.getsockname()[1]}/"

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        exchange = Exchange(self, handler, body)
        with self.lock:
            self.requests += 1
            number = self.requests
        name = self.choose(number, exchange)
        if name is not None:
            with self.lock:
                self.met[name] += 1
            return KINDS[name].spoil(exchange)
        exchange.repeat(*exchange.ask())
        if exchange.method == "GET":
            with self.lock:
                self.earlier.setdefault(exchange.target, exchange.reply)
        return None


def chosen(seed, count=None):
    """Kinds in an order that belongs to the seed: each once, or `count` of them."""
    names = sorted(KINDS)
    random.Random(seed).shuffle(names)
    return names[:count]


# --- The connection ----------------------------------------------------------------------------

@kind("closed before an answer")
def _(x):
    x.end()


@kind("reset before an answer")
def _(x):
    x.reset()


@kind("carried out, and closed")
def _(x):
    x.ask()
    x.end()


@kind("carried out, and reset")
def _(x):
    x.ask()
    x.reset()


@kind("a status line alone")
def _(x):
    x.ask()
    x.send(b"HTTP/1.1 200 OK\r\n")
    x.end()


@kind("half of the headers")
def _(x):
    status, headers, body = x.ask()
    head = x.head(status, headers, len(body))
    x.send(head[:len(head) // 2])
    x.end()


@kind("headers without their body")
def _(x):
    status, headers, body = x.ask()
    x.send(x.head(status, headers, max(len(body), 1)))
    x.end()


@kind("half of the body")
def _(x):
    status, headers, body = x.ask()
    x.send(x.head(status, headers, max(len(body), 2)) + body[:len(body) // 2])
    x.end()


@kind("all of the body but an octet")
def _(x):
    status, headers, body = x.ask()
    x.send(x.head(status, headers, max(len(body), 1)) + body[:-1])
    x.reset()


@kind("an octet at a time", RIGHT)
def _(x):
    status, headers, body = x.ask()
    for octet in x.head(status, headers, None if status == 204 else len(body)) + body[:300]:
        x.send(bytes([octet]))
    x.send(body[300:])


@kind("a pause in the middle", RIGHT)
def _(x):
    status, headers, body = x.ask()
    whole = x.head(status, headers, None if status == 204 else len(body)) + body
    x.send(whole[:len(whole) // 2])
    time.sleep(1.5)
    x.send(whole[len(whole) // 2:])


@kind("an answer that never comes")
def _(x):
    x.ask()
    time.sleep(45)
    x.end()


@kind("an octet now and then, without end")
def _(x):
    x.send(x.head(200, [("Content-Type", "application/json")], 10_000_000))
    for _ in range(400):
        x.send(b" ")
        time.sleep(0.1)
    x.end()


# --- Framing -----------------------------------------------------------------------------------

def flood(x, piece, octets=200 << 20):
    """Sends a piece again and again until the client has had enough."""
    for _ in range(octets // len(piece)):
        x.send(piece)
    x.end()


@kind("a body without end")
def _(x):
    x.send(x.head(200, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]))
    flood(x, b"10000\r\n" + b" " * 0x10000 + b"\r\n")


@kind("a body that is as long as promised, and far too long")
def _(x):
    x.send(x.head(200, [("Content-Type", "application/json")], 200 << 20))
    flood(x, b" " * 0x10000)


@kind("headers without end")
def _(x):
    x.send(b"HTTP/1.1 200 OK\r\n")
    flood(x, b"X-Header: " + b"x" * 1000 + b"\r\n")


@kind("a header of a megabyte")
def _(x):
    x.say(200, "{}", headers=[("X-Header", "x" * (1 << 20))], end=True)


@kind("ten thousand headers")
def _(x):
    x.say(200, "{}", headers=[(f"X-{n}", "x") for n in range(10_000)], end=True)


@kind("interim answers without end")
def _(x):
    flood(x, b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n", 20 << 20)


@kind("an interim answer first", RIGHT)
def _(x):
    x.send(b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n")
    x.repeat(*x.ask())


@kind("a length that is too long")
def _(x):
    status, headers, body = x.ask()
    x.send(x.head(status, headers, len(body) + 10) + body)
    x.end()


@kind("a length that is too short")
def _(x):
    status, headers, body = x.ask()
    x.send(x.head(200 if status == 204 else status, headers, len(body) // 2) + body + b"#")
    x.end()


@kind("two lengths")
def _(x):
    x.ask()
    x.send(x.head(200, [("Content-Length", "2"), ("Content-Length", "3")]) + b"{} ")
    x.end()


@kind("a negative length")
def _(x):
    x.ask()
    x.send(x.head(200, [("Content-Length", "-1")]) + b"{}")
    x.end()


@kind("a length that is no number")
def _(x):
    x.ask()
    x.send(x.head(200, [("Content-Length", "many")]) + b"{}")
    x.end()


@kind("a chunk of no size")
def _(x):
    x.ask()
    x.send(x.head(200, [("Transfer-Encoding", "chunked")]) + b"many\r\n{}\r\n0\r\n\r\n")
    x.end()


@kind("chunks without the last one")
def _(x):
    status, headers, body = x.ask()
    chunk = body or b"{}"
    x.send(x.head(200 if status == 204 else status, [*headers, ("Transfer-Encoding", "chunked")]) +
           f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
    x.end()


@kind("an encoding that nobody asked for")
def _(x):
    _, _, body = x.ask()
    x.say(200, gzip.compress(body or b"{}"), headers=[("Content-Encoding", "gzip")])


@kind("an encoding that it is not")
def _(x):
    _, _, body = x.ask()
    x.say(200, body[:-1], headers=[("Content-Encoding", "gzip")])


@kind("a bomb")
def _(x):
    x.ask()
    x.say(200, gzip.compress(b" " * (100 << 20)), headers=[("Content-Encoding", "gzip")], end=True)


@kind("not HTTP")
def _(x):
    x.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    x.end()


@kind("an alert of TLS")
def _(x):
    x.send(b"\x15\x03\x01\x00\x02\x02\x28")
    x.end()


@kind("a body without a head")
def _(x):
    x.ask()
    x.send(b'{"name": "example.com."}')
    x.end()


@kind("HTTP/2")
def _(x):
    x.send(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
    x.end()


@kind("a status that is no number")
def _(x):
    x.ask()
    x.send(b"HTTP/1.1 yes OK\r\nContent-Length: 2\r\n\r\n{}")
    x.end()


for number in ("000", "20", "099", "600", "999"):
    @kind(f"status {number}")
    def _(x, number=number):
        x.ask()
        x.say(number, "{}", end=True)


# --- Redirects ---------------------------------------------------------------------------------

for number in (301, 302, 303, 307, 308):
    @kind(f"redirect {number} to another host", STANDING)
    def _(x, number=number):
        x.say(number, headers=[("Location", x.spoiler.elsewhere_url())])


@kind("redirect to itself", STANDING)
def _(x):
    x.say(307, headers=[("Location", x.target)])


@kind("redirect to a file", STANDING)
def _(x):
    x.say(302, headers=[("Location", "file:///etc/passwd")])


@kind("redirect to nowhere", STANDING)
def _(x):
    x.say(302)


# --- Status ------------------------------------------------------------------------------------

for number in (408, 425, 429, 500, 502, 503, 504, 507, 508, 520, 521, 522, 524, 530, 598):
    @kind(f"status {number}")
    def _(x, number=number):
        x.say(number, json.dumps({"error": "not now"}))

for number in (500, 502, 504):
    @kind(f"carried out, and status {number}")
    def _(x, number=number):
        x.ask()
        x.say(number, "<html>oops</html>", "text/html")

for number in (400, 402, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 417, 421, 422, 423, 424,
               426, 428, 431, 451, 501, 505):
    @kind(f"status {number}", STANDING)
    def _(x, number=number):
        x.say(number, json.dumps({"error": "no"}))

for number in (401, 403, 407, 511):
    @kind(f"status {number}", STANDING)
    def _(x, number=number):
        x.say(number, json.dumps({"error": "who are you"}))

for number in (201, 202, 203, 204, 205, 206, 226, 299, 304):
    @kind(f"status {number} and nothing", STANDING)
    def _(x, number=number):
        x.say(number, end=True)

for wait in ("0", "1", "-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "1e9", ""):
    @kind(f"status 429, to be tried after {wait!r}")
    def _(x, wait=wait):
        x.say(429, json.dumps({"error": "too many"}), headers=[("Retry-After", wait)])


# --- Contents ----------------------------------------------------------------------------------

CONTENTS = {
    "nothing": b"", "blanks": b" \n ", "null": b"null", "an empty object": b"{}",
    "an empty list": b"[]", "a list of nulls": b"[null, null]", "a string": b'"ok"',
    "a number": b"0", "true": b"true", "an error": b'{"error": "internal", "success": false}',
    "a login page": b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>",
    "XML": b"<?xml version='1.0'?><answer><ok/></answer>",
    "XML that grows": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">'.encode() for n in range(9)) +
        b"]><l>&j;</l>",
    "brackets": b"[" * 200_000, "objects in objects": b'{"a":' * 100_000,
    "not a number": b'{"a": NaN}', "a huge number": b'{"a": 1e999999, "b": ' + b"9" * 5000 + b"}",
    "octets that are no text": b'{"a": "\xff\xfe\xc0"}', "NUL": b"{}\0{}",
    "half of a character": b'{"a": "\\ud800"}', "UTF-16": '{"rrsets": []}'.encode("utf-16"),
    "a comment": b"// none\n{}", "text": b"OK",
}
for title, octets in CONTENTS.items():
    @kind(f"carried out, and said: {title}")
    def _(x, octets=octets):
        x.ask()
        x.say(200, octets)


@kind("the answer, and something behind it")
def _(x):
    _, _, body = x.ask()
    x.say(200, body + b'{"more": true}')


@kind("the answer without its last octet, as if it were whole")
def _(x):
    _, _, body = x.ask()
    x.say(200, body[:-1])


@kind("the answer as a string")
def _(x):
    _, _, body = x.ask()
    x.say(200, json.dumps(body.decode("utf-8", "replace")))


@kind("the answer in a list")
def _(x):
    _, _, body = x.ask()
    x.say(200, b"[" + (body or b"{}") + b"]")


def lists_in(value):
    """All lists in a JSON value, the longest first."""
    found = []

    def look(one):
        if isinstance(one, dict):
            for inner in one.values():
                look(inner)
        elif isinstance(one, list):
            found.append(one)
            for inner in one:
                look(inner)

    look(value)
    return sorted(found, key=len, reverse=True)


def with_longest_list(x, change):
    """The answer with something done to its longest list; what has none is lost instead."""
    status, headers, body = x.ask()
    try:
        value = json.loads(body)
        longest = lists_in(value)[0]
    except (ValueError, IndexError):
        return x.end()
    change(longest)
    body = json.dumps(value).encode()
    return x.send(x.head(status, headers, len(body)) + body)


@kind("a list that is empty")
def _(x):
    with_longest_list(x, list.clear)


@kind("half of a list")
def _(x):
    with_longest_list(x, lambda one: one.__delitem__(slice(len(one) // 2, None)))


@kind("a list without its first")
def _(x):
    with_longest_list(x, lambda one: one.__delitem__(slice(0, 1)))


@kind("a list with all twice", STANDING)
def _(x):
    with_longest_list(x, lambda one: one.extend(list(one)))


@kind("a list with null in it")
def _(x):
    with_longest_list(x, lambda one: one.append(None))


@kind("a list of something else")
def _(x):
    with_longest_list(x, lambda one: one.__setitem__(slice(None), [{"what": 1}, {"what": 2}]))


def with_each_object(x, change):
    """The answer with something done to every object of its longest list."""
    def change_all(longest):
        for one in longest:
            if isinstance(one, dict):
                change(one)
    with_longest_list(x, change_all)


for member in ("name", "type", "ttl", "records"):
    @kind(f"objects without {member}")
    def _(x, member=member):
        with_each_object(x, lambda one: one.pop(member, None))

    @kind(f"objects with null for {member}")
    def _(x, member=member):
        with_each_object(x, lambda one: one.update({member: None}) if member in one else None)


@kind("objects with a TTL before zero")
def _(x):
    with_each_object(x, lambda one: one.update(ttl=-1) if "ttl" in one else None)


@kind("objects of another zone")
def _(x):
    with_each_object(x, lambda one: one.update(name="www.example.org.") if "name" in one else None)


@kind("objects with members that nobody knows", RIGHT)
def _(x):
    status, headers, body = x.ask()
    try:
        value = json.loads(body)
    except ValueError:
        return x.repeat(status, headers, body)
    for one in lists_in(value)[:1]:
        for inner in one:
            if isinstance(inner, dict):
                inner["x-new"] = {"a": [1, None]}
    body = json.dumps(value).encode()
    return x.send(x.head(status, headers, len(body)) + body)


@kind("an answer from before")
def _(x):
    earlier = x.spoiler.earlier.get(x.target)
    status, headers, body = x.ask()
    x.repeat(*(earlier or (status, headers, body)))
