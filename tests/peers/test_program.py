# SPDX-License-Identifier: GPL-3.0-or-later
"""The program by itself: its options, what it says of a bad configuration, its first start."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from tests.peers.lab import BINARY, BUILD, ROOT, free_block

BAD = """\
log_level: loud
state_dir: {folder}
domains:
  - name: atlanta.test
    certifcate: x.pem
listeners:
  - transport: tls
    address: 127.0.0.1:99999
media:
  interfaces:
    - address: 127.0.0.1
  ports: 20000-29999
limits:
  calls: -3
"""
# Line and a word of each fault above.
FAULTS = ((1, "log_level|loud"), (5, "certificate"), (8, "address"), (14, "-3|number|calls"))

FIRST_START = """\
state_dir: {folder}/state
domains:
  - name: atlanta.test
listeners:
  - transport: tls
    address: 127.0.0.1:{port}
media:
  interfaces:
    - address: 127.0.0.1
http:
  address: 127.0.0.1:{https}
"""


def run(*arguments, seconds=20):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, cwd=ROOT,
                          timeout=seconds, check=False)


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(BUILD, "peers", self.id().rpartition(".")[2])
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def write(self, text, name="countersip.yaml", **words):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.format(folder=self.folder, **words))
        return path

    def test_help(self):
        done = run("--help")
        self.assertEqual(0, done.returncode)
        for option in ("-c", "-f", "--version", "--config-keys"):
            self.assertIn(option, done.stdout)

    def test_version(self):
        done = run("--version")
        self.assertEqual(0, done.returncode)
        self.assertRegex(done.stdout, r"countersip \d+\.\d+\.\d+")

    def test_unknown_option(self):
        done = run("--nonsense")
        self.assertNotEqual(0, done.returncode)
        self.assertTrue(done.stderr)

    def test_the_example_is_good(self):
        done = run("-c", "config/countersip.yaml")
        self.assertEqual(0, done.returncode, done.stderr)

    def test_every_fault_in_one_run(self):
        path = self.write(BAD)
        done = run("-c", path)
        told = done.stdout + done.stderr
        self.assertNotEqual(0, done.returncode)
        for line, word in FAULTS:
            self.assertRegex(told, rf"countersip\.yaml:{line}:\d+: .*({word})")
        self.assertIn("^", told)

    def test_bad_files(self):
        for name, text in (("empty", ""), ("list", "- a\n"), ("broken", "a: [b\n"),
                           ("tabs", "a:\n\t- b\n"), ("binary", "\x01\x02\x7f"),
                           ("deep", "[" * 5000), ("alias", "a: &a [*a]\n")):
            path = self.write(text.replace("{", "{{"), name)
            done = run("-c", path)
            self.assertGreater(done.returncode, 0, f"{name}: {done.stderr}")
            self.assertTrue(done.stderr + done.stdout, name)
        self.assertGreater(run("-c", os.path.join(self.folder, "absent")).returncode, 0)
        self.assertGreater(run("-c", self.folder).returncode, 0)

    def test_does_not_start_with_a_bad_file(self):
        done = run("-f", self.write(BAD))
        self.assertGreater(done.returncode, 0)
        self.assertRegex(done.stderr, r"countersip\.yaml:1:")

    def test_first_start(self):
        base = free_block(10, first=27000)
        path = self.write(FIRST_START, port=base, https=base + 1)
        for start in (1, 2):
            text = self.start_and_stop(path, base)
            made = re.findall(r"\bmade\b.*", text)
            self.assertEqual(start == 1, bool(made), text)
        state = os.path.join(self.folder, "state")
        self.assertEqual(0o700, os.stat(state).st_mode & 0o777)
        keys = [name for name in os.listdir(state) if name.endswith(".key")]
        self.assertTrue(keys, os.listdir(state))
        for name in keys:
            self.assertEqual(0o600, os.stat(os.path.join(state, name)).st_mode & 0o777)

    def start_and_stop(self, path, port):
        """Its log of a start, until it listens, and a SIGTERM."""
        from procs import Programs
        programs = Programs(os.path.join(self.folder, "logs"))
        self.addCleanup(programs.stop_all)
        program = programs.start("countersip", [BINARY, "-f", path])
        already = os.path.getsize(program.log)
        program.wait_for_port(port, 20)
        program.process.send_signal(signal.SIGTERM)
        self.assertEqual(0, program.process.wait(10))
        with open(program.log, encoding="utf-8") as log:
            return log.read()[already:]

    def test_port_taken(self):
        import socket
        base = free_block(10, first=27100)
        with socket.create_server(("127.0.0.1", base)):
            done = run("-f", self.write(FIRST_START, port=base, https=base + 1))
        self.assertGreater(done.returncode, 0)
        self.assertIn(str(base), done.stderr)

    def test_the_list_of_keys_is_documented(self):
        done = subprocess.run(["python3", "tools/config_doc.py", BINARY], cwd=ROOT, text=True,
                              capture_output=True, check=True)
        with open(os.path.join(ROOT, "docs", "configuration.md"), encoding="utf-8") as page:
            self.assertEqual(done.stdout, page.read(),
                             "make docs/configuration.md anew: see its first lines")
