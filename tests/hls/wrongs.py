# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each rule broken once: (section, a part of what the validator has to say, what the toy server does wrong)."""

import re


def sub(pattern, replacement, count=1, flags=re.M):
    """In every media playlist."""
    return {"text": lambda _name, text, _tick: re.sub(pattern, replacement, text, count=count, flags=flags)}


def later(pattern, replacement, count=1, after=70, only=None):
    """In playlists from then on, so that something changes; in those of one rendition if told so."""
    def change(name, text, tick):
        if tick < after or (only and name != only):
            return text
        return re.sub(pattern, replacement, text, count=count, flags=re.M)
    return {"text": change}


def once_odd(pattern, replacement):
    """In every other version."""
    return {"text": lambda _name, text, tick: re.sub(pattern, replacement, text, count=1, flags=re.M) if tick % 2 else text}


def raw(change):
    return {"text": lambda _name, text, _tick: change(text)}


def main(pattern, replacement):
    return {"multivariant": lambda text: re.sub(pattern, replacement, text, count=1, flags=re.M)}


SYNTAX = [
    ("4.1", "byte order mark", raw(lambda text: b"\xef\xbb\xbf" + text.encode())),
    ("4.1", "not UTF-8", raw(lambda text: text.encode() + b"#\xff\n")),
    ("4.1", "control character", sub(r"^#EXTINF:(.*),", "#EXTINF:\\1,a\x07")),
    ("4.1", "normalization", sub(r"^#EXTINF:(.*),", "#EXTINF:\\1,a\u0308")),
    ("4.1", "carriage return", sub(r"^(#EXTINF:.*)$", "\\1\r#")),
    ("4.1", "whitespace in a URI", sub(r"^(\w+-\d+)\.m4s\?", "\\1.m4s ?")),
    ("4.1", "multivariant and media", sub(r"\Z", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b"\n')),
    ("4.4.1.1", "EXTM3U", sub(r"\A#EXTM3U\n", "")),
    ("4.4.1.2", "EXT-X-VERSION", sub(r"^#EXT-X-VERSION.*\n", "")),
    ("4.4", "more than once", sub(r"^(#EXT-X-TARGETDURATION.*\n)", "\\1\\1")),
    ("4.4", "unknown tag", sub(r"\Z", "#EXT-X-SURPRISE\n")),
    ("4.4.3", "wrong value", sub(r"^#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-MEDIA-SEQUENCE:+")),
    ("4.2", "broken attribute list", sub("DURATION=0.2,URI", "DURATION=0.2, URI")),
    ("4.2", "twice", sub("DURATION=0.2,URI", "DURATION=0.2,DURATION=0.2,URI")),
    ("4.2", "64 bits", sub(r"LAST-MSN=\d+", "LAST-MSN=99999999999999999999")),
    ("4.4.4.9", "wrong type", sub("DURATION=0.2,URI", 'DURATION="0.2",URI')),
    ("4.4.4.9", "wrong type", sub("INDEPENDENT=YES", "INDEPENDENT=TRUE")),
    ("4.4.4.9", "without URI", sub(r'^(#EXT-X-PART:DURATION=0.2),URI="[^"]*"', "\\1")),
    ("4.4.5.3", "wrong type", sub("TYPE=PART", "TYPE=SEGMENT")),
    ("8", "version below", sub(r"^#EXT-X-VERSION:.*", "#EXT-X-VERSION:4")),
    ("6.2.1", "version above", sub(r"^#EXT-X-VERSION:.*", "#EXT-X-VERSION:11")),
    ("8", "fractional EXTINF", sub(r"^#EXT-X-VERSION:.*", "#EXT-X-VERSION:2")),
]

TAGS = [
    ("4.4.3.1", "no EXT-X-TARGETDURATION", sub(r"^#EXT-X-TARGETDURATION.*\n", "")),
    ("4.4.3.1", "below 1", sub(r"^#EXT-X-TARGETDURATION.*", "#EXT-X-TARGETDURATION:0")),
    ("4.4.3.1", "longer than the target", sub(r"^#EXTINF:1.0", "#EXTINF:1.5")),
    ("4.4.3.2", "behind a segment", sub(r"^(#EXT-X-MEDIA-SEQUENCE.*\n)((.*\n)*)", "\\2\\1")),
    ("4.4.3.3", "behind a segment", sub(r"^(#EXT-X-DISCONTINUITY-SEQUENCE.*\n)((.*\n)*)", "\\2\\1")),
    ("6.2.2", "no EXT-X-DISCONTINUITY-SEQUENCE", sub(r"^#EXT-X-DISCONTINUITY-SEQUENCE.*\n", "")),
    ("4.4.3.7", "without EXT-X-PART-INF", sub(r"^#EXT-X-PART-INF.*\n", "")),
    ("4.4.3.8", "PART-HOLD-BACK below two", sub("PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.3")),
    ("4.4.3.8", "PART-HOLD-BACK below three", sub("PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.5")),
    ("4.4.3.8", "without PART-HOLD-BACK", sub("PART-HOLD-BACK=0.6,", "")),
    ("4.4.3.8", "HOLD-BACK below three", sub(",HOLD-BACK=3.0", ",HOLD-BACK=2.9")),
    ("4.4.3.8", "below six", sub("CAN-SKIP-UNTIL=6.0", "CAN-SKIP-UNTIL=5.9")),
    ("4.4.3.8", "CAN-SKIP-DATERANGES without", sub("CAN-SKIP-UNTIL=6.0,", "")),
    ("4.4.4.1", "without EXTINF", sub(r"^#EXTINF.*\n", "")),
    ("4.4.4.1", "wrong value", sub(r"^#EXTINF:1.0,", "#EXTINF:1.0")),
    ("4.4.4.6", "date without time zone", sub(r"^(#EXT-X-PROGRAM-DATE-TIME:.*)Z", "\\1")),
    ("6.2.1", "date belongs to two", sub(r"(#EXT-X-PROGRAM-DATE-TIME:.*Z)((?:.*\n)*?)#EXT-X-PROGRAM-DATE-TIME:.*", "\\1\\2\\1")),
    ("6.2.1", "dates and durations disagree", later(r"^#EXTINF:1.0", "#EXTINF:0.7", 0, after=0)),
    ("6.2.1", "two segments with one URI", sub(r"^(\w+-\d+\.m4s.*\n)((?:.*\n)*?)\w+-\d+\.m4s.*\n", "\\1\\2\\1")),
    ("6.2.2", "with EXT-X-PLAYLIST-TYPE", sub(r"^(#EXT-X-TARGETDURATION.*\n)", "\\1#EXT-X-PLAYLIST-TYPE:EVENT\n")),
    ("4.4.4.9", "longer than PART-TARGET", sub("PART-TARGET=0.2", "PART-TARGET=0.15")),
    ("4.4.4.9", "85 %", sub("PART-TARGET=0.2", "PART-TARGET=0.24")),
    ("4.4.4.9", "two parts with one URI", sub(r"\.1\.m4s", ".2.m4s", 0)),
    ("3", "sum up", sub(r"^(#EXT-X-PART:DURATION=0.2.*\n#EXT-X-PART:DURATION=)0.2", "\\g<1>0.19")),
    ("6.2.1", "without GAP=YES", sub(r"^#EXTINF((?:.*\n)(?:.*\n)#EXT-X-PROG(?:.*\n)(?:#EXT-X-PART.*\n)+)#EXTINF", "#EXTINF\\1#EXT-X-GAP\n#EXTINF")),
    ("6.2.1", "without EXT-X-GAP", sub(r"^(#EXT-X-PART:.*)", "\\1,GAP=YES", 0)),
    ("4.4.4.9", "behind the first part", sub(r"^(#EXT-X-PROGRAM-DATE-TIME.*\n)(#EXT-X-PART.*\n)", "\\2\\1")),
    ("4.4.5.1", "without START-DATE", sub(r'START-DATE="[^"]*",', "")),
    ("4.4.5.1", "END-ON-NEXT without CLASS", sub(r'CLASS="title",', "")),
    ("4.4.5.1", "with another end", sub("END-ON-NEXT=YES", "END-ON-NEXT=YES,DURATION=1")),
    ("4.4.5.1", "ends before it begins", sub("END-ON-NEXT=YES", 'END-DATE="2020-01-01T00:00:00.000Z"')),
    ("4.4.5.1", "START-DATE + DURATION", sub("END-ON-NEXT=YES", 'END-DATE="2030-01-01T00:00:00.000Z",DURATION=1')),
    ("4.4.5.1", "overlap", sub("END-ON-NEXT=YES", 'END-DATE="2030-01-01T00:00:00.000Z"', 0)),
    ("4.4.5.1", "two values", sub(r"^(#EXT-X-DATERANGE:.*)X-TITLE=(.*)\n", '\\1X-TITLE=\\2\n\\1X-TITLE="other"\n')),
    ("4.4.5.1", "without dates", sub(r"^#EXT-X-PROGRAM-DATE-TIME.*\n", "", 0)),
    ("4.4.5.2", "behind a segment", sub(r"^(#EXT-X-SKIP.*\n)((.*\n)*)", "\\2\\1")),
    ("4.4.5.3", "hint at what is listed", sub(r"^(#EXT-X-PART:.*URI=)(\"[^\"]*\")((?:.*\n)*?#EXT-X-PRELOAD-HINT:TYPE=PART,URI=)\"[^\"]*\"", "\\1\\2\\3\\2")),
    ("6.2.6", "two preload hints", sub(r"^(#EXT-X-PRELOAD-HINT.*)\n", '\\1\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video-1.m4s"\n')),
    ("B.1", "without a preload hint", sub(r"^#EXT-X-PRELOAD-HINT.*\n", "")),
    ("B.1", "no EXT-X-PROGRAM-DATE-TIME", sub(r"^#EXT-X-PROGRAM-DATE-TIME.*\n", "")),
    ("B.1", "rendition report", sub(r"^#EXT-X-RENDITION-REPORT.*\n", "")),
    ("4.4.5.4", "not relative", sub(r'REPORT:URI="', 'REPORT:URI="http://127.0.0.1/')),
]

UPDATES = [
    ("6.2.1", "target duration changed", later(r"^#EXT-X-TARGETDURATION:1", "#EXT-X-TARGETDURATION:2")),
    ("6.2.1", "PART-TARGET changed", later("PART-TARGET=0.2", "PART-TARGET=0.21")),
    ("6.2.1", "EXT-X-SERVER-CONTROL changed", later("HOLD-BACK=3.0", "HOLD-BACK=4.0")),
    ("6.2.1", "segment changed", later(r"^#EXTINF:1.0,(\n\w+-\d+)\.m4s", "#EXTINF:1.0,\\1.m4s&x")),
    ("6.2.1", "segment changed", once_odd(r"^#EXTINF:1.0,", "#EXTINF:0.9,")),
    ("6.2.1", "parts changed", later(r"(\.3\.m4s)", "\\1&x", 0)),
    ("6.2.2", "discontinuity sequence number of a segment", later(r"^(#EXT-X-DISCONTINUITY-SEQUENCE:).*", "\\g<1>7")),
    ("6.2.2", "discontinuity sequence number went back", once_odd(r"^(#EXT-X-DISCONTINUITY-SEQUENCE:).*", "\\g<1>7")),
    ("6.2.2", "media sequence number went back", once_odd(r"^(#EXT-X-MEDIA-SEQUENCE:).*", "\\g<1>2")),
    ("6.2.2", "left within three", later(r"^#EXT-X-PART:(.*\n)(?=(.*\n)*#EXTINF)", "#\\1", 0)),
    ("6.2.2", "less than three", later(r"^(#EXT-X-MEDIA-SEQUENCE:).*\n((?:.*\n)*)(#EXT-X-PROGRAM-DATE.*\n(?:#EXT-X-PART.*\n)*#EXTINF.*\n\w+-)(\d+)(\.m4s.*\n(?!(?:.*\n)*#EXTINF))", "\\g<1>\\4\n\\3\\4\\5")),
    ("4.4.5.3", "another part came", sub(r'(PRELOAD-HINT:TYPE=PART,URI="\w+-\d+)\.', "\\1.0")),
    ("4.4.5.1", "date range changed", later(r'X-TITLE="(\d)"', 'X-TITLE="new \\1"')),
    ("6.2.1", "date range left before", later(r"^#EXT-X-DATERANGE.*\n", "", 0)),
    ("4.4.6.2", "BANDWIDTH is below half", main("BANDWIDTH=1000000,AVERAGE-BANDWIDTH=900000", "BANDWIDTH=10")),
    ("6.2.5.1", "delta update skips beyond", sub(r"^(#EXT-X-SKIP:SKIPPED-SEGMENTS=)\d+(.*\n)((?:.*\n)*?\w+-)(\d+)(\.m4s.*\n)", "\\g<1>4\\2")),
    ("6.2.5.1", "doesn't complete", sub(r"^(#EXT-X-SKIP:(?:.*\n)*?#EXT-X-PART.*),INDEPENDENT=YES", "\\1")),
    ("6.2.5.1", "never listed", sub(r"^(#EXT-X-SKIP:SKIPPED-SEGMENTS=)\d+", "\\g<1>50")),
    ("6.2.5.1", "nobody asked for", sub(r"^(#EXT-X-DISCONTINUITY-SEQ.*\n)(?!#EXT-X-SKIP)", "\\1#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n")),
    ("4.4.5.2", "RECENTLY-REMOVED", sub(r",RECENTLY-REMOVED-DATERANGES=.*", "")),
    ("6.2.4", "target durations differ", later(r"^#EXT-X-TARGETDURATION:1", "#EXT-X-TARGETDURATION:2", after=0, only="audio")),
    ("6.2.4", "EXT-X-SERVER-CONTROL differs", later("HOLD-BACK=3.0", "HOLD-BACK=4.0", after=0, only="audio")),
    ("6.2.4", "in some renditions only", later(r"^#EXT-X-PROGRAM-DATE-TIME.*\n", "", 0, after=0, only="audio")),
    ("6.2.4", "date ranges differ", later(r'X-TITLE="', 'X-TITLE="x', 0, after=0, only="audio")),
    ("6.2.4", "discontinuity sequence numbers differ", later(r"^(#EXT-X-DISCONTINUITY-SEQUENCE:).*", "\\g<1>5", after=0, only="audio")),
    ("6.2.4", "different media times", later(r"^(#EXT-X-PROGRAM-DATE-TIME:....-..-..T)03", "\\g<1>04", 0, after=0, only="audio")),
    ("4.4.5.4", "isn't another rendition", sub(r'REPORT:URI="', 'REPORT:URI="x')),
    ("4.4.5.4", "isn't there yet", sub(r"LAST-MSN=(\d)", "LAST-MSN=9\\1")),
    ("4.4.5.4", "older than its playlist", sub(r"LAST-MSN=\d+", "LAST-MSN=3")),
]

MAIN = [
    ("4.4.6.2", "without BANDWIDTH", main("BANDWIDTH=1000000,", "")),
    ("4.4.6.2", "average above peak", main("BANDWIDTH=1000000", "BANDWIDTH=1000")),
    ("4.4.6.2", "without CODECS", main(r'CODECS="[^"]*",', "")),
    ("4.4.6.2", "unknown codec", main("avc1.64001f", "h264")),
    ("6.2.4", "CODECS lacks", main(",mp4a.40.2", "")),
    ("4.4.6.2", "without RESOLUTION", main("RESOLUTION=64x48,", "")),
    ("4.4.6.2", "wrong type", main("64x48", "64*48")),
    ("4.4.6.2", "wrong type", main("RESOLUTION", "VIDEO-RANGE=HDR,RESOLUTION")),
    ("4.4.6.2", "three decimals", main("20.000", "20.0001")),
    ("4.4.6.2", "names no group", main('AUDIO="a"', 'AUDIO="b"')),
    ("4.4.6.2", "some variants only", main(r"\Z", '#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="mp4a.40.2"\naudio.m3u8?k=1\n')),
    ("4.4.6.2", "without a URI line", main(r"\Z", '#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="mp4a.40.2"\n')),
    ("4.4.6.2", "URI line without", main(r"\Z", "audio.m3u8?k=1\n")),
    ("4.4.6.1", "without NAME", main('NAME="Sound",', "")),
    ("4.4.6.1", "AUTOSELECT=NO", main("AUTOSELECT=YES", "AUTOSELECT=NO")),
    ("4.4.6.1", "without CHANNELS", main('CHANNELS="2",', "")),
    ("4.4.6.1", "FORCED", main("DEFAULT=YES", "DEFAULT=YES,FORCED=YES")),
    ("4.4.6.1.1", "one NAME", main(r"^(#EXT-X-MEDIA.*\n)", "\\1\\1")),
    ("4.4.6.1.1", "two defaults", main(r"^(#EXT-X-MEDIA.*\n)", "\\1\\1")),
    ("4.4.6.1.1", "different members", main(r"^(#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=)(\"a\",NAME=)(.*\n)", '\\1\\2\\3\\1"b",NAME="Other",URI="audio.m3u8?k=1"\n')),
]
