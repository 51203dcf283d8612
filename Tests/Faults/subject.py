"""The program in the middle: minio-sync, or any other command in its place."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import minio_sync
import servers

#: Longest that a process which was told to end may take.
DRAIN_SECONDS = 20
#: Bounds of minio-sync's memory (bytes, at the peak), and of its descriptors when there is nothing left to do.
MEMORY_BOUND = 96 << 20
DESCRIPTOR_BOUND, DESCRIPTOR_GROWTH = 300, 64

class SteppedClock:
    """A library that makes the clock of the wall step for the program that it is loaded into; see stepped_clock.c."""

    def __init__(self, folder):
        self.library = pathlib.Path(folder) / "stepped_clock.so"
        compiler = shutil.which("clang") or shutil.which("cc")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", self.library,
                        pathlib.Path(__file__).with_name("stepped_clock.c"), "-ldl"], check=True)


class Subject:
    """A process that is started, killed, started again and watched. It always runs in `folder`.

    `source` and `target` are each a server and the port of its proxy, and the aliases by which it knows them; `clock`
    is a `SteppedClock`.
    """

    #: Whether its memory, descriptors, uploads and survival are judged, or only told.
    is_judged = True

    def __init__(self, folder, clock, source, target):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        self.process = None
        self.starts = 0
        self._descriptors_at_first = None
        self.environment = {}
        for alias, (server, port) in (("source", source), ("target", target)):
            self.environment[f"MC_HOST_{alias}"] = server.mc_host.replace(f":{server.port}", f":{port}")
            for name, value in server.rclone_environment(alias).items():
                self.environment[name] = value.replace(f":{server.port}", f":{port}")
        self._offset = self.folder / "offset"
        self._offset.write_bytes(bytes(8))
        self.environment |= {"LD_PRELOAD": str(clock.library), "STEPPED_CLOCK": str(self._offset)}

    def command(self):
        raise NotImplementedError

    # Life

    def start(self):
        self.starts += 1
        self._descriptors_at_first = None
        with open(self.log, "ab") as log:
            log.write(f"--- start {self.starts} at {time.strftime('%H:%M:%S')}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=minio_sync.child_environment(self.folder, self.environment), start_new_session=True,
                preexec_fn=servers.die_with_parent)

    def has_ended(self):
        return self.process.poll() is not None

    def kill(self):
        """SIGKILL to it and to what it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def stop(self):
        """Asks it to end; what is wrong with how it did, as sentences."""
        problems = []
        if not self.has_ended():
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                code = self.process.wait(DRAIN_SECONDS + 1)
                if code not in (0, 130):
                    problems.append(f"SIGTERM ended it with {code}")
            except subprocess.TimeoutExpired:
                problems.append(f"it did not end within {DRAIN_SECONDS} s of SIGTERM")
        self.kill()
        return problems if self.is_judged else []

    def reconcile(self):
        """Asks for a reconcile now, as one does who knows that events were lost."""
        if not self.has_ended():
            self.process.send_signal(signal.SIGUSR1)

    def set_clock(self, offset):
        """Steps the clock of the wall that it sees to so many seconds from the true one."""
        with open(self._offset, "r+b") as file:
            file.write(offset.to_bytes(8, sys.byteorder, signed=True))

    # What it uses

    def memory(self):
        """Bytes of resident memory at the peak; None if it is gone."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) * 1024
        except (OSError, AttributeError):
            return None

    def descriptors(self):
        try:
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        except OSError:
            return None

    def problems(self):
        """What is wrong with it at rest, as sentences."""
        found = []
        if self.has_ended():
            return [f"it ended by itself with {self.process.returncode}"]
        memory, descriptors = self.memory(), self.descriptors()
        if memory and memory > MEMORY_BOUND:
            found.append(f"it took {memory / 1e6:.0f} MB of memory, more than {MEMORY_BOUND / 1e6:.0f}")
        if descriptors:
            first = self._descriptors_at_first = self._descriptors_at_first or descriptors
            if descriptors > DESCRIPTOR_BOUND or descriptors > first + DESCRIPTOR_GROWTH:
                found.append(f"it has {descriptors} descriptors open at rest, {first} after its first round")
        text = self.log.read_text(errors="replace")
        if minio_sync.CRASH.search(text):
            found.append("a crash report in its log")
        try:
            minio_sync.check_no_leak(text, self.environment, "its log")
        except minio_sync.ContractBroken as error:
            found.append(str(error))
        return found

    def log_tail(self, size=4000):
        return self.log.read_bytes()[-size:].decode(errors="replace") if self.log.exists() else ""


class Watch(Subject):
    """`minio-sync mirror --watch`, with timeouts that fit rounds of some seconds."""

    def __init__(self, folder, clock, source, target, place, flags):
        super().__init__(folder, clock, source, target)
        self.place, self.flags = place, flags

    def command(self):
        return [minio_sync.program(), "mirror", "--watch", "--remove", "--max-delete", "100000", "--state",
                str(self.folder / "state.db"), "--connect-timeout", "2s", "--first-byte-timeout", "4s",
                "--stall-timeout", "4s", *self.flags, f"source/{self.place}", f"target/{self.place}"]


class Command(Subject):
    """A shell command in minio-sync's place, started again whenever it ends."""

    is_judged = False

    def __init__(self, folder, clock, source, target, template, bucket):
        super().__init__(folder, clock, source, target)
        values = {"source": f"source/{bucket}", "target": f"target/{bucket}", "bucket": bucket,
                  "source_url": f"http://127.0.0.1:{source[1]}", "target_url": f"http://127.0.0.1:{target[1]}",
                  "access": source[0].access_key, "secret": source[0].secret_key, "dir": str(self.folder)}
        # So that it may say minio-sync, rclone, juicefs.
        self.environment["PATH"] = ":".join(
            [os.path.dirname(minio_sync.program()), os.path.dirname(sys.executable), os.environ["PATH"]])
        self._line = re.sub(r"\{(\w+)\}", lambda match: shlex.quote(values[match[1]]) if match[1] in values
                            else match[0], template)

    def command(self):
        return ["/bin/sh", "-c", self._line]

    def reconcile(self):
        """Other programs have no such thing."""

    def problems(self):
        if self.has_ended():
            self.start()
        return []
