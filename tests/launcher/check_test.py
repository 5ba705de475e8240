#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`stagedoor check`, the pipeline files that are installed, and the schema."""

import json
import tempfile
import unittest
from pathlib import Path

import jsonschema

from harness import ROOT, run

SCHEMA = json.loads((ROOT / "schemas/pipeline.schema.json").read_text())
GRAPH = ["stagegatesrc name=gate", "gate.video ! queue name=queue ! fakesink name=sink"]

# What is wrong, where. "schema": the schema knows, too.
BAD = [
    ("schema", {}, ""),
    ("schema", {"graph": "x"}, "/graph"),
    ("schema", {"graph": []}, "/graph"),
    ("schema", {"graph": [1]}, "/graph/0"),
    ("schema", {"graph": ["stagegatesrc location=${stream} ! fakesink"]}, "/graph/0"),
    ("schema", {"graph": GRAPH, "graf": 1}, "/graf"),
    ("schema", {"graph": GRAPH, "parameters": {"P": {"type": "integer", "default": 1}}}, "/parameters/P"),
    ("schema", {"graph": GRAPH, "parameters": {"app": {"type": "string", "default": ""}}}, "/parameters/app"),
    ("schema", {"graph": GRAPH, "parameters": {"p": {"type": "integer", "default": 1.5}}}, "/parameters/p/default"),
    ("schema", {"graph": GRAPH, "parameters": {"p": {"type": "string", "default": "", "minimum": 1}}}, "/parameters/p/minimum"),
    ("schema", {"graph": GRAPH, "parameters": {"p": {"type": "integer"}}}, "/parameters/p"),
    ("schema", {"graph": GRAPH, "bind": {"queue": 1}}, "/bind/queue"),
    ("schema", {"graph": GRAPH, "bind": {"queue::leaky": None}}, "/bind/queue::leaky"),
    ("", {"graph": GRAPH, "parameters": {"p": {"type": "integer", "default": 5, "maximum": 4}}}, "/parameters/p/default"),
    ("", {"graph": GRAPH, "bind": {"queue::leaky": "sometimes"}}, "/bind/queue::leaky"),
    ("", {"graph": GRAPH, "bind": {"queue::a/b": 1}}, "/bind/queue::a~1b"),
    ("", {"graph": GRAPH, "bind": {"sink::sync": 1}}, "/bind/sink::sync"),
    ("", {"graph": GRAPH, "bind": {"gate::location": "rtmp://${gate-adress}/"}}, "/bind/gate::location"),
    ("", {"graph": ["stagegatesrc name=gate", "gate.vdieo ! fakesink"]}, "/graph/1"),
    ("", {"graph": ["stagegatesrc name=gate", "gate.video ! quue ! fakesink"]}, "/graph/1"),
    ("", {"graph": ["fakesrc ! fakesink"]}, "/graph"),
    ("", {"graph": ["stagegatesrc name=gate", "stagewhepsink name=whep", "gate.video ! fakesink"]}, "/graph/1"),
]


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, document, name="x.json"):
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def test_installed_files(self):
        files = sorted((ROOT / "pipelines").glob("*.json"))
        self.assertGreaterEqual(len(files), 1)
        for path in files:
            jsonschema.validate(json.loads(path.read_text()), SCHEMA)
            self.assertEqual(run("check", str(path), check=0).stdout, f"{path}: ok\n")

    def test_schemas_are_schemas(self):
        for path in (ROOT / "schemas").glob("*.json"):
            jsonschema.Draft7Validator.check_schema(json.loads(path.read_text()))

    def test_good_file(self):
        document = {
            "$schema": "x", "description": "d", "graph": GRAPH,
            "parameters": {"size": {"type": "integer", "default": 5, "minimum": 0, "maximum": 50, "unit": "buffers", "description": "d"}},
            "bind": {"queue::max-size-buffers": "${size}", "queue::leaky": "downstream", "sink::sync": True},
        }
        jsonschema.validate(document, SCHEMA)
        done = run("check", "--json", self.write(document), check=0)
        self.assertEqual(json.loads(done.stdout), {"findings": [], "ok": True})

    def test_bad_files(self):
        for kind, document, pointer in BAD:
            with self.subTest(json.dumps(document)):
                if kind == "schema":
                    with self.assertRaises(jsonschema.ValidationError):
                        jsonschema.validate(document, SCHEMA)
                else:
                    jsonschema.validate(document, SCHEMA)
                path = self.write(document)
                said = json.loads(run("check", "--json", path, check=65).stdout)
                self.assertFalse(said["ok"])
                self.assertIn(pointer, [finding["pointer"] for finding in said["findings"]], said)
                self.assertIn(f"{path}#{pointer}: ", run("check", path, check=65).stdout)
                refused = run("serve", "--pipeline", path, "--state", str(self.folder / "state"), check=78)
                self.assertIn(f"{path}#{pointer}: ", refused.stderr)

    def test_what_is_no_json(self):
        for text in ("", "{", '{"graph": ["x"],}', "\x00", "null", "5", '"x"', "[" * 2000):
            run("check", self.write(text), check=65)

    def test_what_cannot_be_read(self):
        done = run("check", str(self.folder / "none.json"), str(self.folder), check=66)
        self.assertIn("none.json#: can't be read: No such file", done.stdout)
        self.assertIn("is not a regular file", done.stdout)
        large = self.folder / "large.json"
        with open(large, "wb") as file:
            file.truncate(1 << 30)
        run("check", str(large), check=66)

    def test_one_bad_among_good(self):
        good, bad = self.write({"graph": GRAPH}, "good.json"), self.write("{}", "bad.json")
        done = run("check", good, bad, check=65)
        self.assertIn(f"{good}: ok\n", done.stdout)

    def test_serve_sets_parameters(self):
        path = self.write({"graph": GRAPH, "parameters": {"size": {"type": "integer", "default": 5, "maximum": 9}},
                           "bind": {"queue::max-size-buffers": "${size}"}})
        for setting, says in (("size=10", "at most 9"), ("sise=1", "known are size"), ("size", "NAME=VALUE")):
            refused = run("serve", "--pipeline", path, "--set", setting, "--state", str(self.folder / "state"), check=78)
            self.assertIn(says, refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
