#!/usr/bin/env python3
"""TCP proxies that go wrong on request, in a process of their own so that nothing else slows them down.

Run as a program it reads one JSON command a line from standard input and answers each with one line on standard
output. `Proxies` is the other end. A link is one listening port and the port behind it.
"""

import asyncio
import collections
import json
import pathlib
import re
import socket
import struct
import subprocess
import sys

from event_lines import EventLines

#: A request for events, at the beginning of what a client sends.
LISTENING = re.compile(rb"GET [^ ]*[?&]events=")


class Connection:
    """A client's connection and the one to the server."""

    def __init__(self, link, reader, writer):
        self.link, self.reader, self.writer = link, reader, writer
        self.upstream = None
        self.events = None
        self.is_forgotten = False

    def abort(self, resets=True):
        """Ends both sides: at once with RST, or in good order with FIN."""
        for writer in (self.writer, self.upstream):
            if writer is None:
                continue
            if resets:
                plain = writer.get_extra_info("socket")
                if plain is None or plain.fileno() < 0:  # it is closed already
                    continue
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()

    async def run(self):
        try:
            await self.link.passage(self, "up")
            if not self.is_forgotten:
                reader, self.upstream = await asyncio.open_connection("127.0.0.1", self.link.server_port)
                await asyncio.gather(self._pump(self.reader, self.upstream, "up"),
                                     self._pump(reader, self.writer, "down"))
        except OSError:
            # Nobody listens behind the proxy: to the client the server hangs up.
            self.abort()
        if self.is_forgotten:
            await self._be_forgotten()

    async def _pump(self, reader, writer, direction):
        """Moves bytes one way until an end or an error, which the other side is told."""
        try:
            while data := await reader.read(1 << 16):
                await self.link.passage(self, direction)
                if self.is_forgotten:
                    return
                await self.link.pace(len(data))
                if direction == "up":
                    if LISTENING.match(data):
                        self.events = EventLines()
                        self.link.apply_event_mode(self)
                elif self.events:
                    data = self.events.feed(data)
                    if self.events.is_holding:
                        asyncio.get_running_loop().call_later(0.3, self._release)
                if data:
                    writer.write(data)
                    await writer.drain()
                if self.events and self.events.is_cut:
                    await asyncio.sleep(0.05)  # so that the half line arrives before the end does
                    self.abort()
                    return
            writer.close()
        except (OSError, ValueError):
            self.abort()

    def _release(self):
        if self.events.is_holding and not self.writer.is_closing():
            self.writer.write(self.events.release())

    async def _be_forgotten(self):
        """Says nothing for ever, and lets go when the client does."""
        if self.upstream:
            self.upstream.transport.abort()
        try:
            while await self.reader.read(1 << 16):
                pass
        except OSError:
            pass
        self.writer.transport.abort()


class Link:
    """One proxy: how it treats its connections now."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.port = None
        self.connections = set()
        self.counts = collections.Counter()
        self.rate = None
        self.event_mode = None
        self._free_at = 0.0
        self._open = {"up": asyncio.Event(), "down": asyncio.Event()}
        for gate in self._open.values():
            gate.set()
        self._server = None

    async def listen(self):
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port or 0, limit=1 << 18)
            self.port = self._server.sockets[0].getsockname()[1]

    async def deafen(self):
        """Refuses connections, and ends those that are there."""
        if self._server:
            self._server.close()
            self._server = None
        self.cut()

    async def _accept(self, reader, writer):
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        self.counts["connections"] += 1
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
            if connection.events:
                self.counts.update({f"events {name}": count for name, count in connection.events.counts.items()})
            for each in (connection.writer, connection.upstream):
                if each:
                    each.close()

    async def passage(self, connection, direction):
        """Waits while this direction is stalled."""
        while not connection.is_forgotten and not self._open[direction].is_set():
            await self._open[direction].wait()

    async def pace(self, size):
        """Waits as long as so many bytes take at the present rate, which all connections share."""
        if self.rate:
            now = asyncio.get_running_loop().time()
            self._free_at = max(now, self._free_at) + size / self.rate
            await asyncio.sleep(self._free_at - now)

    def apply_event_mode(self, connection):
        if self.event_mode:
            connection.events.begin(*self.event_mode)

    # Commands

    def cut(self, resets=True, events_only=False):
        for connection in list(self.connections):
            if connection.events or not events_only:
                connection.abort(resets)

    def stall(self, direction="both"):
        for name, gate in self._open.items():
            if direction in ("both", name):
                gate.clear()

    def resume(self, forgets=False):
        """Lets bytes flow again. With `forgets`, nothing is ever said any more on the connections that there are."""
        if forgets:
            for connection in self.connections:
                connection.is_forgotten = True
        for gate in self._open.values():
            gate.set()

    def throttle(self, rate=None):
        """At most `rate` bytes a second both ways together; None: as fast as it goes."""
        self.rate = rate
        self._free_at = 0.0

    def events(self, mode=None, seed=0):
        self.event_mode = mode and (mode, seed)
        for connection in self.connections:
            if connection.events:
                connection.events.begin(mode, seed)

    async def obey(self, command):
        name = command.pop("do")
        if name in ("listen", "deafen"):
            await getattr(self, name)()
        elif name in ("cut", "stall", "resume", "throttle", "events"):
            getattr(self, name)(**command)
        elif name == "count":
            counts = self.counts + collections.Counter()
            for connection in self.connections:
                if connection.events:
                    counts.update({f"events {key}": value for key, value in connection.events.counts.items()})
            return dict(counts) | {"open": len(self.connections),
                                   "listeners": sum(1 for each in self.connections if each.events)}
        return {}


async def serve(server_ports):
    links = {}
    for name, port in server_ports.items():
        links[name] = Link(port)
        await links[name].listen()
    print(json.dumps({name: link.port for name, link in links.items()}), flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        print(json.dumps(await links[command.pop("link")].obey(command)), flush=True)


class Proxies:
    """The proxies of one pair of servers: `ports` has the port of each link by its name."""

    def __init__(self, server_ports, log, preexec):
        with open(log, "ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(pathlib.Path(__file__).resolve()), json.dumps(server_ports)], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
                preexec_fn=preexec)
        self.ports = self._answer()

    def tell(self, link, do, **what):
        """Gives a command to a link and waits until it is obeyed; the answer is what `count` says."""
        self._process.stdin.write(json.dumps({"link": link, "do": do, **what}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the proxy has ended; its log is in proxy.log")
        return json.loads(line)

    def stop(self):
        self._process.kill()
        self._process.communicate()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
