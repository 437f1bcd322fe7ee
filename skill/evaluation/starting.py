"""Tasks that start servers in several worktrees."""

from machine import answer
from task import Task, names, start_usual

SERVICES = ("web", "api", "db")


class Worktrees(Task):
    name = "worktrees"
    prompt = ("The worktrees ../feature-1, ../feature-2 and ../feature-3 belong to this project. Start web, api and db "
              "(python3 service.py NAME) in each of them, side by side, and leave all nine running. Each web has to reach "
              "the api of its own worktree, and each api its db.")
    folders = names("feature", 3)

    def prepare(self, machine):
        machine.create_project("shop", self.folders)

    def play(self, machine):
        for folder in self.folders:
            machine.sh(folder, "portctl sync")
            for service in SERVICES:
                machine.start(folder, f"portctl run {service} -- python3 service.py {service}")
        for folder in self.folders:
            machine.sh(folder, "portctl wait web api db && portctl list")

    def play_hard_coded(self, machine):
        for folder in self.folders:
            start_usual(machine, folder, *SERVICES)

    def problems(self, machine):
        for folder in self.folders:
            ports = machine.ports(folder)
            found = answer(ports["web"]) if "web" in ports else "no port"
            expected = " ".join(f"{service}@{folder}" for service in SERVICES)
            if found != expected:
                yield f"{folder}: web answers {found!r} instead of {expected!r}"
            for service in set(SERVICES) - set(ports):
                yield f"{folder}: {service} is not registered"


class Suites(Task):
    name = "suites"
    prompt = ("The worktrees ../suite-1 to ../suite-8 belong to this project. Run the test suite (python3 suite.py) of all "
              "eight at the same time. Each one starts web and tests it, waits for the others, and has to write "
              "\"passed\" into result.txt of its worktree.")
    folders = names("suite", 8)

    def prepare(self, machine):
        machine.create_project("shop", self.folders)

    def play(self, machine):
        suites = [machine.start(folder, "portctl run web -- python3 suite.py") for folder in self.folders]
        for suite in suites:
            suite.wait()

    def play_hard_coded(self, machine):
        machine.env["SUITES"] = machine.path("suites")
        suites = [machine.start(folder, "python3 suite.py") for folder in self.folders]
        for suite in suites:
            suite.wait()

    def problems(self, machine):
        for folder in self.folders:
            result = machine.read(folder, "result.txt")
            if result != "passed":
                yield f"{folder}: result {result!r}"
            if "web" not in machine.ports(folder):
                yield f"{folder}: web is not registered"
