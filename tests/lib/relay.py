"""Passes bytes on between lasfs and a server, and can stop doing so without a word: a router that
has forgotten its connections."""
import select
import socket
import threading


class Relay:
    def __init__(self, port):
        self.target, self.frozen, self.stopped = port, set(), False
        self.pairs = []
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            ends = {a: b for pair in self.pairs if pair[0] not in self.frozen
                    for a, b in (pair, pair[::-1])}
            ready, _, _ = select.select([self.listener, *ends], [], [], 0.05)
            for one in ready:
                if one is self.listener:
                    near, _ = self.listener.accept()
                    self.pairs.append((near, socket.create_connection(('127.0.0.1',
                                                                       self.target))))
                else:
                    self.pass_on(one, ends[one])

    def pass_on(self, source, sink):
        try:
            data = source.recv(65536)
            if data:
                sink.sendall(data)
                return
        except OSError:
            pass
        self.pairs = [p for p in self.pairs if source not in p]
        source.close()
        sink.close()

    def freeze(self):
        """What is connected now stays so, and nothing moves in it any more."""
        self.frozen |= {near for near, _ in self.pairs}

    def stop(self):
        self.stopped = True
        self.thread.join()
        for pair in self.pairs:
            for one in pair:
                one.close()
        self.listener.close()
