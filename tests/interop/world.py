"""A rill in namespaces of its own, programs on it and on the kernel's side, and a folder for their files."""
import hashlib
import itertools
import os
import pathlib
import random
import select
import shutil
import signal
import subprocess
import tempfile
import time

RILL = "10.77.0.2"
KERNEL = "10.77.0.1"
SECONDS = 60  # a program that takes longer hangs
# Servers and inetd's kind are in the sbin folders, which an ordinary user's PATH leaves out.
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"
# Nobody answers questions about names here: servers that ask who calls are not to wait long.
ENVIRONMENT = {**os.environ, "PATH": PATH, "RES_OPTIONS": "timeout:1 attempts:1"}
numbers = itertools.count(1)


class Failure(Exception):
    """What a case found wrong."""


class Skip(Exception):
    """Why a case cannot be run here."""


class World:
    def __init__(self, rill, options, longest):
        self.rill = rill
        self.options = options
        self.longest = longest
        self.name = f"interop-{os.getpid()}-{next(numbers)}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rill-interop-"))
        self.started = []
        self.pid_files = []
        self.on_rill = [rill, "run", "--join", self.name, "--"]
        self.on_kernel = [rill, "shell", self.name, "--"]

    def __enter__(self):
        try:
            self.folder.chmod(0o755)
            self._popen([self.rill, "run", "--name", self.name, *self.options, "--", "sleep", "100000"])
            self.until(lambda: self._quiet(*self.on_rill, "true").returncode == 0, "rill")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for path in self.pid_files:
            try:
                os.kill(int(path.read_text()), signal.SIGTERM)
            except (OSError, ValueError):  # it has ended, or was never there: the others are to be ended all the same
                pass
        # Each is the leader of its own group: nothing else is signalled. The first is the rill, and ends last.
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in reversed(self.started):
                try:
                    os.killpg(process.pid, how)
                except ProcessLookupError:
                    pass
                try:
                    process.wait(3)
                except subprocess.TimeoutExpired:
                    pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def _popen(self, command):
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                       start_new_session=True, env=ENVIRONMENT)
        self.started.append(process)
        return process

    def _quiet(self, *command):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS, text=True,
                              env=ENVIRONMENT)

    def until(self, condition, what):
        end = time.monotonic() + 30
        while not condition():
            if time.monotonic() > end:
                log = (self.folder / "log").read_text(errors="replace").strip().splitlines()
                raise Failure(f"{what} did not come up: {' | '.join(log[-3:]) or 'it said nothing'}")
            time.sleep(0.05)

    def listening(self, where, port, kind):
        """Until a port of the side `where` listens; `kind` is t for TCP, u for UDP."""
        if kind == "u":
            look = [*where, "cat", "/proc/net/udp"]
            self.until(lambda: f":{port:04X} 00000000:0000" in self._quiet(*look).stdout, f"UDP port {port}")
            return
        look = [self.rill, "ss", "-tlH", "--rill", self.name] if where is self.on_rill else \
            [*self.on_kernel, "ss", "-tlnH"]
        self.until(lambda: f":{port} " in self._quiet(*look).stdout, f"port {port}")

    def serve(self, where, port, *command, kind="t"):
        self._popen([*where, *map(str, command)])
        self.listening(where, port, kind)

    def inetd(self, where, port, configuration):
        """An inetd, that goes into the background, and listens to `port` among others."""
        path = self.text(f"inetd{port}.conf", configuration)
        self.pid_files.append(self.folder / f"inetd{port}.pid")
        self.serve(where, port, "inetutils-inetd", f"--pidfile={self.pid_files[-1]}", path)

    def seconds(self, wanted):
        """How long something may go on that should for `wanted` seconds."""
        return min(wanted, self.longest)

    def succeeds(self, where, *command):
        return self._quiet(*where, *map(str, command)).returncode == 0

    def output(self, where, *command, text=None, within=SECONDS):
        """What a program printed; a status other than 0 is a failure."""
        try:
            done = subprocess.run([*where, *map(str, command)], input=text, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=within, cwd=self.folder,
                                  env=ENVIRONMENT, start_new_session=True)
        except subprocess.TimeoutExpired:
            raise Failure(f"{command[0]} hangs: not done after {within} s")
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise Failure(f"{command[0]} ended with {done.returncode}: {' | '.join(said[-3:])}")
        return done.stdout

    def talk(self, where, command, steps):
        """A session: of each step the first is waited for, and the second typed then."""
        process = subprocess.Popen([*where, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True)
        self.started.append(process)
        said = b""
        for wanted, typed in steps:
            end = time.monotonic() + 30
            while wanted not in said:
                ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
                data = os.read(process.stdout.fileno(), 65536) if ready else b""
                if not data:
                    raise Failure(f"{command[0]}: {'the end' if ready else 'nothing'} instead of {wanted!r}, after "
                                  f"{said[-100:]!r}")
                said += data
            said = said[said.index(wanted) + len(wanted):]
            process.stdin.write(typed)
            process.stdin.flush()

    def address(self, where):
        return RILL if where is self.on_rill else KERNEL

    def other(self, where):
        return self.on_kernel if where is self.on_rill else self.on_rill

    def file(self, name, size):
        """A file of noise, the same in every run."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o755)
        path.write_bytes(random.Random(f"{name} {size}").randbytes(size))
        return path

    def text(self, name, content, mode=0o644):
        path = self.folder / name
        path.write_text(content)
        path.chmod(mode)
        return path


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def same(sent, received, what):
    if not pathlib.Path(received).exists():
        raise Failure(f"{what}: nothing arrived")
    if digest(sent) != digest(received):
        raise Failure(f"{what}: {pathlib.Path(sent).stat().st_size} bytes sent, "
                      f"{pathlib.Path(received).stat().st_size} arrived, and they differ")


def equal(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: {repr(got)[:200]} instead of {repr(wanted)[:200]}")
