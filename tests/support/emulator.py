"""What the emulators of providers' APIs share: an HTTP server on loopback that counts its calls and
can be told to go wrong.

An emulator is honest: it keeps to what the provider documents, and refuses what the provider would
refuse. It is written from the facts, not from what taproot sends.
"""

import collections
import http.server
import re
import socket
import threading
import time


class Answer:
    """One HTTP answer."""

    def __init__(self, status, body=b"", kind="application/xml", headers=()):
        self.status, self.kind, self.headers = status, kind, list(headers)
        self.body = body if isinstance(body, bytes) else body.encode()


class Call:
    """One request, as it came."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")


class Fault:
    """What happens instead of, or after, the ordinary thing, to the calls of one operation.

    `how` is a name of FAULTS, or an Answer. `times` says how often, after `skip` calls that go well.
    """

    def __init__(self, operation, how, times=1, skip=0):
        self.operation, self.how, self.times, self.skip = operation, how, times, skip

    def takes(self, operation):
        if self.operation not in (operation, "*") or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def cut(answer):
    """The first half of an answer that claims to be whole."""
    half = answer.body[:len(answer.body) // 2]
    return Answer(answer.status, half, answer.kind, answer.headers)


def nothing(answer):
    return Answer(200, b"", answer.kind)


# What may be done with an answer that is otherwise right; None: the connection is closed instead.
FAULTS = {
    "lost": lambda answer: None,  # carried out, and nobody hears of it
    "cut": cut,
    "nothing": nothing,
    "login page": lambda answer: Answer(200, "<html><body>Please log in</body></html>", "text/html"),
    "null": lambda answer: Answer(200, "null", "application/json"),
    "empty object": lambda answer: Answer(200, "{}", "application/json"),
    "server error": lambda answer: Answer(500, "oops", "text/plain"),  # carried out all the same
    "bad gateway": lambda answer: Answer(502, "<html>502</html>", "text/html"),
    "redirect": lambda answer: Answer(302, "", "text/plain", [("Location", "http://127.0.0.2:9/")]),
    "no content": lambda answer: Answer(204),
}


def http_server(serve, gone, **settings):
    """A server on loopback that hands every request to serve(handler), in a thread of its own, until
    shutdown(). `gone` is what serve() may raise when the client does not wait any more; `settings`
    are attributes of the handler."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def any(self):
            try:
                serve(self)
            except gone:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any

        def log_message(self, *_):
            pass

    for name, value in settings.items():
        setattr(Handler, name, value)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Emulator:
    """Answers on a port of its own, in threads of its own, until stop()."""

    def __init__(self):
        self.calls = collections.Counter()
        self.log = []  # the operations in order
        self.faults = []
        self.rations = None  # what refuses calls that are too many (rations.py)
        self.moments = []  # (when, operation, whether it was refused as one too many), with rations
        self.before = None  # called with the operation before it is carried out
        self.after = None  # called with the operation when it was carried out
        self.lock = threading.RLock()
        # An answer in two pieces would wait for the client's acknowledgement of the first.
        self.server = http_server(self.serve, ConnectionError, timeout=30, wbufsize=-1)
        self.port = self.server.server_address[1]

    def stop(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def reset_counters(self):
        with self.lock:
            self.calls.clear()
            self.log.clear()

    # What an emulator has to say for itself.

    ROUTES = []  # method, pattern of the whole path below PREFIX, operation
    PREFIX = ""

    def operation_of(self, call):
        """The name of what a call asks for; the groups of its pattern become call.arguments."""
        path = call.path.removeprefix(self.PREFIX)
        for method, pattern, operation in self.ROUTES:
            match = re.fullmatch(pattern, path)
            if method == call.method and match:
                call.arguments = match.groups()
                return operation
        return "unknown"

    def answer(self, operation, call):
        """Carries a call out."""
        raise NotImplementedError

    # Serving.

    def serve(self, handler):
        size = int(handler.headers.get("Content-Length") or 0)
        call = Call(handler.command, handler.path, handler.headers, handler.rfile.read(size))
        operation = self.operation_of(call)
        if self.before:
            self.before(operation)
        with self.lock:
            self.calls[operation] += 1
            self.log.append(operation)
            too_many = self.rations and self.rations.refuse(operation, call)
            if self.rations:
                self.moments.append((time.monotonic(), operation, bool(too_many)))
            fault = next((one for one in self.faults if one.takes(operation)), None)
            if too_many:
                answer = too_many
            elif fault is not None and isinstance(fault.how, Answer):
                answer = fault.how
            else:
                answer = self.answer(operation, call)
                if fault is not None:
                    answer = FAULTS[fault.how](answer)
        if self.after:
            self.after(operation)
        if answer is None:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.kind)
        if answer.status != 204:
            handler.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            handler.send_header(name, value)
        handler.end_headers()
        if answer.status != 204:
            handler.wfile.write(answer.body)
