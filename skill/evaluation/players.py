"""The ways to do a task: an agent, the commands that the skill teaches, and wrong ones."""

import os
import signal
import subprocess


def agent(command):
    def play(machine, task):
        subprocess.run(["sh", "-c", f'{command} "$1"', "sh", task.prompt], cwd=machine.path("shop"), env=machine.env, check=False)

    return play


def skill(machine, task):
    task.play(machine)


def nothing(_machine, _task):
    pass


def hard_coded(machine, task):
    task.play_hard_coded(machine)


def release_all(machine, task):
    task.play(machine)
    for row in machine.rows():
        machine.sh(".", f"portctl release --id {row['id']}")


def kill(machine, task):
    for child in list(machine.children):
        if child is machine.stranger:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    try:
        task.play(machine)
    except RuntimeError:
        # The task may not be possible any more.
        pass


PLAYERS = {
    "skill": skill,
    "nothing": nothing,
    "hard-coded": hard_coded,
    "release-all": release_all,
    "kill": kill,
}
