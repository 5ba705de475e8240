#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`stagedoor key` and the state folder."""

import os
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema

from harness import PROGRAM, ROOT, run, run_json

import json

SCHEMA = json.loads((ROOT / "schemas/credential.schema.json").read_text())


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = str(Path(folder.name) / "deep" / "state")
        self.keys = Path(self.state) / "keys"

    def new(self, stream="live/demo", *flags):
        credential = run_json("key", "new", "--stream", stream, "--state", self.state, *flags)
        jsonschema.validate(credential, SCHEMA)
        return credential

    def inspect(self, key, *flags):
        return run("key", "inspect", key, "--state", self.state, "--json", *flags)

    def test_publish_key(self):
        credential = self.new()
        self.assertEqual(credential["rtmp"]["server"], "rtmp://localhost:1935/live")
        self.assertRegex(credential["rtmp"]["key"], r"^demo\?key=1k1\.0\.p\.[\w-]{22}$")
        self.assertEqual(credential["srt"]["url"],
                         "srt://localhost:9999?streamid=publish:live/demo?key=" + credential["rtmp"]["key"][9:])
        self.assertEqual(credential["whip"], {"url": "http://localhost:8080/live/demo/whip",
                                              "token": credential["rtmp"]["key"][9:]})
        self.assertEqual(credential["watch"], "http://localhost:8080/watch/live/demo")
        self.assertEqual(credential["whep"], {"url": "http://localhost:8080/live/demo/whep"})
        self.assertEqual(credential["hls"], {"url": "http://localhost:8080/live/demo/playlist.m3u8"})
        self.assertEqual(credential["role"], "publish")

    def test_play_key(self):
        credential = self.new("live/demo", "--role", "play")
        self.assertNotIn("rtmp", credential)
        self.assertEqual(credential["srt"]["url"],
                         "srt://localhost:9999?streamid=request:live/demo?key=" + credential["whep"]["token"])
        self.assertNotIn("whip", credential)
        for kind, url in (("watch", credential["watch"]), ("hls", credential["hls"]["url"])):
            path = {"watch": "watch/live/demo", "hls": "live/demo/playlist.m3u8"}[kind]
            self.assertEqual(url, f"http://localhost:8080/{path}?key=" + credential["whep"]["token"])
            self.assertEqual(self.inspect(url).returncode, 0)

    def test_host(self):
        credential = self.new("live/demo", "--host", "2001:db8::1")
        self.assertEqual(credential["rtmp"]["server"], "rtmp://[2001:db8::1]:1935/live")
        self.assertIn("http://[2001:db8::1]:8080/", credential["watch"])

    def test_what_people_read_has_the_same(self):
        text = run("key", "new", "--stream", "live/demo", "--state", self.state, check=0).stdout
        self.assertIn("Server      rtmp://localhost:1935/live\n", text)
        self.assertRegex(text, r"SRT encoders  srt://localhost:9999\?streamid=publish:live/demo\?key=1k1\.0\.p\.[\w-]{22}\n")
        self.assertRegex(text, r"Stream Key  demo\?key=1k1\.0\.p\.[\w-]{22}\n")
        self.assertIn("http://localhost:8080/watch/live/demo", text)

    def test_modes(self):
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        self.new()
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(self.keys).st_mode), 0o600)

    def test_where_the_state_folder_is(self):
        home = str(Path(self.state).parent)
        for variables, where in (
            ({"STATE_DIRECTORY": home + "/systemd:/other"}, "systemd"),
            ({"XDG_STATE_HOME": home + "/xdg"}, "xdg/stagedoor"),
            ({"HOME": home}, ".local/state/stagedoor"),
        ):
            clean = {k: v for k, v in os.environ.items() if k not in ("STATE_DIRECTORY", "XDG_STATE_HOME")}
            run("key", "new", "--stream", "live/demo", check=0, env={**clean, **variables})
            self.assertTrue((Path(home) / where / "keys").exists(), where)

    def test_first_keys_at_once_share_one_secret(self):
        command = [PROGRAM, "key", "new", "--stream", "live/demo", "--json", "--state", self.state]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(12)]
        answers = [child.communicate()[0] for child in children]
        self.assertEqual({child.returncode for child in children}, {0})
        self.assertEqual(self.keys.read_text().count("secret "), 1)
        for answer in answers:
            key = json.loads(answer)["rtmp"]["key"]
            self.assertEqual(self.inspect(key, "--stream", "live/demo").returncode, 0)

    def test_inspect(self):
        credential = self.new("live/cam*", "--expires", "2030-01-01T00:00:00Z", "--from", "2029-01-01T00:00:00Z",
                              "--network", "192.0.2.0/24")
        said = json.loads(self.inspect(credential["rtmp"]["key"]).stdout)
        self.assertEqual(said, {
            "credential": credential["credential"], "key-id": "k1", "role": "publish", "scope": "prefix",
            "prefix-length": 3, "from": "2029-01-01T00:00:00Z", "expires": "2030-01-01T00:00:00Z",
            "network": "192.0.2.0/24",
        })

    def test_inspect_says_whether_it_holds(self):
        later = self.new("live/demo", "--from", "1h")["rtmp"]["key"]
        demo = self.new()
        key = demo["rtmp"]["key"]
        for given, flags, code, reason in (
            (key, ("--stream", "live/demo"), 0, None),
            (demo["rtmp"]["server"] + "/" + key, (), 0, None),
            (key.partition("=")[2], ("--stream", "live/demo"), 0, None),
            (key, ("--stream", "live/other"), 77, "wrong-signature"),
            (key, ("--stream", "other/demo"), 77, "wrong-signature"),
            (key[:-1] + ("A" if key[-1] != "A" else "Q"), ("--stream", "live/demo"), 77, "wrong-signature"),
            (key.replace("1k1.", "1k7."), ("--stream", "live/demo"), 77, "unknown-key-id"),
            (later, ("--stream", "live/demo"), 77, "not-yet-valid"),
        ):
            done = self.inspect(given, *flags)
            self.assertEqual(done.returncode, code, done)
            said = json.loads(done.stdout)
            self.assertEqual(said["holds"], code == 0)
            self.assertEqual(said.get("reason"), reason)

    def test_inspect_reads_standard_input(self):
        key = self.new()["rtmp"]["key"]
        done = run("key", "inspect", "-", "--json", input=key + "\n", check=0)
        self.assertEqual(json.loads(done.stdout)["role"], "publish")
        run("key", "inspect", "-", input="", check=65)

    def test_what_is_no_key(self):
        for text in ("", "x", "demo?key=", "1k1.0.p", "1k1.0.p.short", "x" * 5000, "demo?key=a&key=b", "\xff\xfe"):
            done = run("key", "inspect", text, check=65)
            if len(text) > 3:
                self.assertNotIn(text, done.stderr)  # it might be a secret in the wrong place

    def test_revoke(self):
        key = self.new()["rtmp"]["key"]
        credential = run_json("key", "revoke", key, "--state", self.state)["revoked"]["credential"]
        done = self.inspect(key, "--stream", "live/demo")
        self.assertEqual(json.loads(done.stdout)["reason"], "revoked")
        self.assertEqual(json.loads(done.stdout)["credential"], credential)
        other = self.new("live/demo", "--expires", "1d")
        self.assertEqual(self.inspect(other["rtmp"]["key"], "--stream", "live/demo").returncode, 0)
        run_json("key", "revoke", other["credential"], "--state", self.state)
        self.assertEqual(self.inspect(other["rtmp"]["key"], "--stream", "live/demo").returncode, 77)
        self.assertEqual(stat.S_IMODE(os.stat(self.keys).st_mode), 0o600)

    def test_revoke_all_of_a_secret(self):
        old = self.new()["rtmp"]["key"]
        self.assertEqual(run_json("key", "revoke", "--key-id", "k1", "--state", self.state), {"revoked": {"key-id": "k1"}})
        self.assertEqual(json.loads(self.inspect(old, "--stream", "live/demo").stdout)["reason"], "revoked")
        new = self.new()["rtmp"]["key"]
        self.assertIn("key=1k2.", new)
        self.assertEqual(self.inspect(new, "--stream", "live/demo").returncode, 0)

    def test_new_key_is_never_a_revoked_one(self):
        for flags in ((), ("--expires", "2090-01-01T00:00:00Z"), ("--from", "2080-01-01T00:00:00Z"), ("--role", "play")):
            seen = set()
            for _ in range(4):
                new = self.new("live/demo", *flags)
                self.assertNotIn(new["credential"], seen)
                seen.add(new["credential"])
                done = self.inspect(new["whep"].get("token") or new["rtmp"]["key"], "--stream", "live/demo")
                self.assertEqual(json.loads(done.stdout).get("reason"), "not-yet-valid" if "--from" in flags else None)
                run_json("key", "revoke", new["credential"], "--state", self.state)

    def test_revoking_a_secret_that_is_not_there(self):
        self.new()
        before = self.keys.read_bytes()
        self.assertIn("no secret k2", run("key", "revoke", "--key-id", "k2", "--state", self.state, check=65).stderr)
        self.assertEqual(self.keys.read_bytes(), before)

    def test_many_revocations_at_once_are_all_kept(self):
        keys = [self.new("live/demo", "--expires", f"{hours}h")["rtmp"]["key"] for hours in range(1, 13)]
        children = [subprocess.Popen([PROGRAM, "key", "revoke", key, "--state", self.state], stdout=subprocess.DEVNULL)
                    for key in keys]
        self.assertEqual({child.wait() for child in children}, {0})
        self.assertEqual(self.keys.read_text().count("revoked "), len(keys))

    def test_wrong_lines(self):
        for flags in (("--stream", "live"), ("--stream", "live/"), ("--stream", "/demo"), ("--stream", "live/a*b"),
                      ("--stream", "live/" + "a" * 65), ("--stream", "live/../x"), ("--stream", "*"),
                      ("--stream", "live/a", "--expires", "soon"), ("--stream", "live/a", "--expires", "2001-01-01T00:00:00Z"),
                      ("--stream", "live/a", "--from", "2d", "--expires", "1d"), ("--stream", "live/a", "--from", "x"),
                      ("--stream", "live/a", "--network", "192.0.2.0/33"), ("--stream", "live/a", "--network", "2001:db8::/100"),
                      ("--stream", "live/a", "--role", "both"), ("--stream", "live/a", "extra"), ()):
            done = run("key", "new", "--state", self.state, *flags)
            self.assertEqual(done.returncode, 64, done)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr.startswith("stagedoor: "), done)

    def test_key_file_that_others_can_read(self):
        self.new()
        self.keys.chmod(0o640)
        done = run("key", "new", "--stream", "live/demo", "--state", self.state, check=78)
        self.assertIn("chmod 600", done.stderr)

    def test_broken_key_file(self):
        self.new()
        for text, says in (("secret k1 short\n", "line 1: a secret is 16 to 64 bytes"), ("# x\nsecrte\n", "line 2: expected secret")):
            self.keys.write_text(text)
            done = run("key", "new", "--stream", "live/demo", "--state", self.state, check=78)
            self.assertIn(says, done.stderr)
            self.assertEqual(self.keys.read_text(), text)

    def test_state_folder_that_is_a_file(self):
        Path(self.state).parent.mkdir()
        Path(self.state).write_text("")
        run("key", "new", "--stream", "live/demo", "--state", self.state, check=74)

    def test_key_file_that_is_a_pipe_or_too_large(self):
        Path(self.state).mkdir(parents=True)
        os.mkfifo(self.keys, 0o600)
        run("key", "new", "--stream", "live/demo", "--state", self.state, check=74)
        self.keys.unlink()
        with open(self.keys, "wb") as file:
            file.truncate(1 << 40)
        self.keys.chmod(0o600)
        run("key", "new", "--stream", "live/demo", "--state", self.state, check=74)


if __name__ == "__main__":
    unittest.main(verbosity=2)
