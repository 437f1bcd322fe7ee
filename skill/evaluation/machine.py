"""A machine for one task: its folders, range of ports, registry and processes."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

from project import write_project

# Generous, because the machine may be loaded. Nothing waits that long unless something is wrong.
DEADLINE = 60


class Machine:
    def __init__(self, portctl, real_home, keep):
        self.keep = keep
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="evaluation-"))
        self.lock, self.base = reserve_block()
        # Every process that a player starts inherits the mark, by which it is found and ended.
        self.mark = f"PORT_EVALUATION={uuid.uuid4()}"
        self.children = []
        bin_folder = os.path.join(self.root, "bin")
        os.mkdir(bin_folder)
        os.symlink(os.path.abspath(portctl), os.path.join(bin_folder, "portctl"))
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PORT"))}
        self.env["PATH"] = f"{bin_folder}:{os.path.dirname(sys.executable)}:{self.env['PATH']}"
        self.env["PORT_REGISTRY_DB"] = os.path.join(self.root, "ports.redb")
        self.env["PORT_REGISTRY_RANGE"] = f"{self.base + 20}-{self.base + 98}"
        self.env["GIT_CEILING_DIRECTORIES"] = self.root
        key, value = self.mark.split("=")
        self.env[key] = value
        if not real_home:
            self.env["HOME"] = os.path.join(self.root, "home")
            os.mkdir(self.env["HOME"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_processes()
        self.lock.close()
        if self.keep:
            print(f"kept {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)

    def usual(self, service):
        """Returns the port that the projects use for a service by default."""
        return self.base + ["web", "api", "db", "cache"].index(service)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def sh(self, folder, script, check=True):
        """Runs a shell script in a checkout, and returns its output."""
        done = subprocess.run(["sh", "-ec", script], cwd=self.path(folder), env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=DEADLINE)
        if check and done.returncode:
            raise RuntimeError(f"{folder}: {script}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, folder, script):
        """Starts a shell script in a checkout, in the background."""
        log = open(self.path(f"{folder}.log"), "ab")
        child = subprocess.Popen(["sh", "-c", f"exec {script}"], cwd=self.path(folder), env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        self.children.append(child)
        return child

    def create_project(self, name, worktrees=()):
        write_project(self.path(name), {name: self.usual(name) for name in ("web", "api", "db", "cache")})
        self.sh(name, "git init -q -b main && portctl skill install >/dev/null && git add -A")
        self.commit(name)
        for worktree in worktrees:
            self.sh(name, f"git worktree add -q ../{worktree}")

    def commit(self, folder):
        self.sh(folder, "git -c user.name=Tester -c user.email=tester@example.com commit -q -a -m Project")

    def start_stranger(self, port, folder="stranger"):
        """Starts the server of another project, which has to survive, and waits for it."""
        if not os.path.exists(self.path(folder)):
            write_project(self.path(folder), {})
            self.sh(folder, "git init -q")
        stranger = self.start(folder, f"env WEB_PORT={port} python3 service.py web")
        self.await_answer(port)
        return stranger

    def await_answer(self, port):
        end = time.monotonic() + DEADLINE
        while not answer(port) and time.monotonic() < end:
            time.sleep(0.02)

    def rows(self, folder=None):
        """Returns the allocations of a checkout, or of all."""
        rows = json.loads(self.sh(".", "portctl list --all --json"))
        return [row for row in rows if folder is None or row.get("dir") == self.path(folder)]

    def ports(self, folder):
        return {row["service"]: row["port"] for row in self.rows(folder)}

    def read(self, *names):
        try:
            with open(self.path(*names), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def end_processes(self):
        """Ends the processes of this machine. Those that a player has detached are found by the mark in their environment."""
        for child in self.children:
            child.kill()
            child.wait()
        for pid in marked_processes(self.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def marked_processes(mark):
    if not os.path.isdir("/proc/self"):
        lines = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True).stdout.splitlines()
        return [int(line.split()[0]) for line in lines if mark in line]
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environ:
                if mark.encode() in environ.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def reserve_block():
    """Finds 100 ports that nothing uses. The last one stays bound, so that no other evaluation takes the same block."""
    while True:
        # Below the ports that systems give to clients.
        base = random.randrange(20000, 32000, 100)
        try:
            for port in range(base, base + 99):
                bind(port).close()
            return bind(base + 99), base
        except OSError:
            continue


def bind(port):
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener


def answer(port_or_url, timeout=5):
    """Returns what a server answers, or nothing if it does not."""
    url = port_or_url if isinstance(port_or_url, str) else f"http://127.0.0.1:{port_or_url}"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            return response.read().decode()
    except (OSError, ValueError):
        return ""
