"""The answer to ListenBucketNotification on its way through the proxy, line by line, so that lines can go wrong."""

import random

#: What can be done to lines: `lose` and `duplicate` happen to about every other record, `reorder` delivers it after the
#: next one (or a third of a second later), `half` delivers a part of one record; then the connection is to be cut.
MODES = ("lose", "duplicate", "reorder", "half")


class EventLines:
    """Takes the bytes of an answer as the server sends them and gives those that the client shall get.

    HTTP's chunks are taken apart and each line is sent as a chunk of its own: servers gather several lines in a chunk
    and break lines over chunks. Keep-alives and everything that is no chunked answer go on as they are.
    """

    def __init__(self):
        self._input = bytearray()
        self._line = bytearray()
        self._state = "head"
        self._held = None
        self._chance = random.Random(0)
        self.mode = None
        self.is_cut = False
        self.counts = dict.fromkeys(("delivered", *MODES), 0)

    @property
    def is_holding(self):
        """Whether a line waits for the next one; `release()` gives it without waiting any longer."""
        return self._held is not None

    def begin(self, mode, seed):
        self.mode, self._chance = mode, random.Random(seed)

    def feed(self, data):
        """The bytes to send on now."""
        if self._state == "plain":
            return data
        self._input += data
        sent = bytearray()
        if self._state == "head":
            end = self._input.find(b"\r\n\r\n")
            if end < 0:
                return b""
            head = bytes(self._input[:end + 4])
            del self._input[:end + 4]
            sent += head
            self._state = "chunks" if b"chunked" in head.lower() else "plain"
        if self._state == "plain":
            sent += self._input
            self._input.clear()
            return bytes(sent)
        while not self.is_cut and self._state == "chunks":
            piece = self._next_chunk()
            if piece is None:
                break
            sent += b"0\r\n\r\n" if piece == b"" else self._lines(piece)
        return bytes(sent)

    def release(self):
        """The line that was held back, if any."""
        held, self._held = self._held, None
        return _chunk(held) if held else b""

    def _next_chunk(self):
        end = self._input.find(b"\r\n")
        if end < 0:
            return None
        size = int(bytes(self._input[:end]).split(b";")[0], 16)
        if len(self._input) < end + 2 + size + 2:
            return None
        piece = bytes(self._input[end + 2:end + 2 + size])
        del self._input[:end + 2 + size + 2]
        if size == 0:
            self._state = "plain"
        return piece

    def _lines(self, piece):
        self._line += piece
        sent = bytearray()
        while not self.is_cut:
            end = self._line.find(b"\n")
            if end < 0:
                break
            line = bytes(self._line[:end + 1])
            del self._line[:end + 1]
            sent += self._one(line)
        # A keep-alive of old servers is a space without an end of line, and must not wait for one.
        if self._line and not self._line.strip():
            sent += _chunk(bytes(self._line))
            self._line.clear()
        return sent

    def _one(self, line):
        if b'"Records":[' not in line:
            return _chunk(line)
        if self.mode == "half":
            self.counts["half"] += 1
            self.is_cut = True
            part = line[:self._chance.randrange(1, len(line))]
            # The chunk is announced whole, so that the client waits for the rest.
            return b"%x\r\n" % len(line) + part
        if self.mode and self._chance.random() < 0.5:
            self.counts[self.mode] += 1
            if self.mode == "lose":
                return b""
            if self.mode == "duplicate":
                return _chunk(line) + _chunk(line)
            if self._held is None:
                self._held = line
                return b""
        self.counts["delivered"] += 1
        return _chunk(line) + self.release()


def _chunk(line):
    return b"%x\r\n%s\r\n" % (len(line), line)
