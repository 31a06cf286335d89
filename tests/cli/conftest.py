"""What the tests of the command line share: running it here, or as a process of its own."""

import json
import os
import subprocess
import sys

import pytest
from attrs import frozen

from nodeflow.cli import main


@frozen
class Said:
    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def data(self):
        return json.loads(self.out)


@pytest.fixture
def nodeflow(capsys):
    """`nodeflow("run", file)` in this process: exit code, stdout, stderr."""

    def call(*arguments):
        code = main([str(each) for each in arguments])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture
def process():
    """`process("run", file)` as a process of its own, with pipes; killed at the end of the test."""
    started = []

    def start(*arguments, python=("-m", "nodeflow.cli"), stdout=subprocess.PIPE, **env):
        child = subprocess.Popen(
            [sys.executable, *python, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={**os.environ, **env},
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def file(tmp_path):
    """`file({...})` writes a file; of a dict with nodes and connections, a document with one workflow."""

    def write(content, name="graph.json"):
        path = tmp_path / name
        if isinstance(content, dict) and isinstance(content.get("nodes"), dict):
            content = {"nodeflow": 1, "workflows": {"main": content}}
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write
