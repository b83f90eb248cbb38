"""A relay on loopback between taproot and a server: it counts requests, and can lose them.

A request is whatever a client sends after the server has spoken, or first: so it fits HTTP and DNS
over TCP alike.
"""

import socket
import threading


class Between:
    """Relays `port` to `server_port`. `on_request(number)` is called before a request goes on; what
    it returns says what becomes of it: None: nothing special; "refuse": the connection ends before
    it goes on; "lose": it goes on, and its answer is lost with the connection."""

    def __init__(self, server_port, on_request=None):
        self.server_port, self.on_request = server_port, on_request
        self.requests = 0
        self.octets = 0  # from the client
        self.octets_back = 0
        self.lock = threading.Lock()
        self.on_data = None  # called with what a client sends, before it goes on
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = True
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self, *_):
        self.open = False
        self.listener.close()

    def reset(self):
        with self.lock:
            self.requests = self.octets = self.octets_back = 0

    def accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.server_port), 10)
        except OSError:
            client.close()
            return
        for one in (client, server):  # pieces go on at once
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = {"asked": False, "lose": False}

        def back():
            self.pump(server, client, lambda data: self.came_back(state, data, client, server))

        threading.Thread(target=back, daemon=True).start()
        self.pump(client, server, lambda data: self.goes_on(state, data, client, server))

    def goes_on(self, state, data, client, server):
        if self.on_data:
            self.on_data(data)
        with self.lock:
            self.octets += len(data)
            is_new = not state["asked"]
            state["asked"] = True
            if is_new:
                self.requests += 1
            number = self.requests
        what = self.on_request(number) if is_new and self.on_request else None
        if what == "refuse":
            self.end(client, server)
            return False
        state["lose"] = what == "lose" or (state["lose"] and not is_new)
        return True

    def came_back(self, state, data, client, server):
        with self.lock:
            self.octets_back += len(data)
        if state["lose"]:
            self.end(client, server)
            return False
        state["asked"] = False
        return True

    @staticmethod
    def end(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def pump(source, target, may_go):
        try:
            while True:
                data = source.recv(65536)
                if not data or not may_go(data):
                    break
                target.sendall(data)
        except OSError:
            pass
        finally:
            Between.end(target)
            source.close()
