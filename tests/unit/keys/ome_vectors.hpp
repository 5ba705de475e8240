// SPDX-License-Identifier: LGPL-2.1-or-later
// Signed URLs as OvenMediaEngine's own documents and tools make them, and what it answers to each.
#pragma once

namespace stagedoor::test {

struct OmeVector
{
  const char *id, *secret, *signed_text, *signature;
  const char *stream; ///< asked for; the app is "app" in each
  long long now_ms;
  const char *refusal; ///< keys::name() of it; nullptr when it passes
};

constexpr OmeVector ome_vectors[] = {
    {"doc-ws", "1kU^b6",
        "ws://192.168.0.100:3333/app/stream?policy=eyJ1cmxfZXhwaXJlIjoxMzk5NzIxNTgxfQ",
        "dvVdBpoxAeCPl94Kt5RoiqLI0YE", "stream", 1000, nullptr},
    {"go-readme", "test",
        "wss://127.0.0.1:3334/app/"
        "test?policy="
        "eyJ1cmxfZXhwaXJlIjoxODkwNjYyNDAwMDAwLCJzdHJlYW1fZXhwaXJlIjoxODkwNjYyNDAwMDAwfQ",
        "AfqJ-KHLfR93e2zzjDCpOiuiXwo", "test", 1000, nullptr},
    {"issue-397-srt", "12345",
        "srt://localhost:9999/app/stream?policy=eyJ1cmxfZXhwaXJlIjoxNjA0Mzc3NTIwMTc4fQ",
        "Ry0JOBMYGkwm9i-dzzNM1IOfDP0", "stream", 1000, nullptr},
    {"doc-obs-screenshot", "1k8DD#",
        "rtmp://192.168.100.1:1935/app/stream?policy=eyJ1cmxfZXhwaXJlIjoxMzk5NzExNTgxfQ",
        "LJ49HbHLCWWtC_3QBvFAvLvIDmg", "stream", 1000, nullptr},
    {"doc-ws-screenshot", "1k8DD#",
        "ws://192.168.100.1:3333/app/stream?policy=eyJ1cmxfZXhwaXJlIjoxMzk5NzExNTgxfQ",
        "KZ8_Y7iHMwD8vSmOdMKEi2YOYHE", "stream", 1000, nullptr},
    {"rtmp-obs", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/alice?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "Kkf4FjL0KZOuAA6R_8R_socVjrU", "alice", 1790000000000, nullptr},
    {"rtmp-full-policy-nonstandard-port", "ome_is_the_best",
        "rtmp://203.0.113.10:11935/app/"
        "alice?policy="
        "eyJ1cmxfYWN0aXZhdGUiOjE3MDAwMDAwMDAwMDAsInVybF9leHBpcmUiOjQxMDI0NDQ4MDAwMDAsInN0cmVhbV9leH"
        "BpcmUiOjQxMDI0NDg0MDAwMDAsImFsbG93X2lwIjoiMjAzLjAuMTEzLjcvMzIifQ",
        "3Hnn3Aw-CD9BZcVSGXeALpMQ_uA", "alice", 1790000000000, nullptr},
    {"srt-new", "ome_is_the_best",
        "srt://default/app/alice?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "Aa4AZP42_GbhzkTf9rRIfbQBooE", "alice", 1790000000000, nullptr},
    {"srt-old", "ome_is_the_best",
        "srt://live.example.com:9999/app/alice?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "mnsmm-cQQeu9YccbrpjF8BXX-iA", "alice", 1790000000000, nullptr},
    {"srt-bmd-user", "ome_is_the_best",
        "srt://default/app/alice?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "Aa4AZP42_GbhzkTf9rRIfbQBooE", "alice", 1790000000000, nullptr},
    {"whip", "ome_is_the_best",
        "http://live.example.com:3333/app/"
        "alice?direction=whip&policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "B8bCtEk1mYfq9Nz8-zjpeDZ9MiQ", "alice", 1790000000000, nullptr},
    {"whip-behind-tls-proxy", "ome_is_the_best",
        "http://live.example.com:3333/app/"
        "alice?direction=whip&policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "B8bCtEk1mYfq9Nz8-zjpeDZ9MiQ", "alice", 1790000000000, nullptr},
    {"webrtc-play-wss", "ome_is_the_best",
        "wss://live.example.com:3334/app/alice/"
        "master?transport=tcp&policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "BBYcq8MpWMfHWBfQ9ocCaSy3_oo", "alice", 1790000000000, nullptr},
    {"llhls", "ome_is_the_best",
        "http://live.example.com:3333/app/alice/"
        "llhls.m3u8?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "gthiw1dCpm1f5RFerM2_TpUzaD4", "alice", 1790000000000, nullptr},
    {"neg-no-url_expire", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/alice?policy=eyJzdHJlYW1fZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "7ND52klWCqHFHQmKmVq-Z29N2_8", "alice", 1790000000000, "malformed"},
    {"neg-url_expire-string", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/alice?policy=eyJ1cmxfZXhwaXJlIjoiNDEwMjQ0NDgwMDAwMCJ9",
        "3oV9PCWpU3HdXGrazXKmStmMgvQ", "alice", 1790000000000, "malformed"},
    {"neg-seconds", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/alice?policy=eyJ1cmxfZXhwaXJlIjoyMDg1MTYyODM4fQ",
        "jeu_r3SNs4yZapR2luRk_MyvxYk", "alice", 1790000000000, "expired"},
    {"neg-not-active", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/"
        "alice?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwLCJ1cmxfYWN0aXZhdGUiOjQxMDI0NDQ3MDAwMDB9",
        "pWbP6z8rw_gkHWnTosBkhn02rv4", "alice", 1790000000000, "not-yet-valid"},
    {"neg-stream-expired", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/"
        "alice?policy="
        "eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwLCJzdHJlYW1fZXhwaXJlIjoxNzAwMDAwMDAwMDAwfQ",
        "1AnnQd5tSoHr7x6q7gZkP0ZVUB0", "alice", 1790000000000, "expired"},
    {"neg-other-stream", "ome_is_the_best",
        "rtmp://live.example.com:1935/app/bob?policy=eyJ1cmxfZXhwaXJlIjo0MTAyNDQ0ODAwMDAwfQ",
        "Kkf4FjL0KZOuAA6R_8R_socVjrU", "bob", 1790000000000, "wrong-signature"},
};

} // namespace stagedoor::test
