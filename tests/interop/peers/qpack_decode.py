"""Decodes QPACK with ls-qpack (pylsqpack), for tests/interop/qpack_foreign_test.ts.

Standard input: for each file a line of JSON {"capacity", "blocked", "bytes"}, then that many
bytes: blocks of an 8-octet stream id (0: the encoder stream), a 4-octet length and the octets.
Standard output: for each file a line of JSON {"lists", "sha256", "blocked", "control"} or
{"error"}. The digest is over the lists by stream id, as lines of name, TAB, value, and an empty
line after each list; "control" is what goes back on the decoder stream, in hexadecimal.
"""

import hashlib
import json
import sys

import pylsqpack


def decode(head, data):
    decoder = pylsqpack.Decoder(head["capacity"], head["blocked"])
    lists = {}
    control = bytearray()
    blocked = 0
    at = 0
    while at < len(data):
        stream_id = int.from_bytes(data[at : at + 8], "big")
        end = at + 12 + int.from_bytes(data[at + 8 : at + 12], "big")
        block = data[at + 12 : end]
        at = end
        if stream_id == 0:
            for ready in decoder.feed_encoder(block):
                answer, lists[ready] = decoder.resume_header(ready)
                control += answer
            continue
        try:
            answer, lists[stream_id] = decoder.feed_header(stream_id, block)
            control += answer
        except pylsqpack.StreamBlocked:
            blocked += 1
    digest = hashlib.sha256()
    for stream_id in sorted(lists):
        for name, value in lists[stream_id]:
            digest.update(name + b"\t" + value + b"\n")
        digest.update(b"\n")
    return {
        "lists": len(lists),
        "sha256": digest.hexdigest(),
        "blocked": blocked,
        "control": control.hex(),
    }


def main():
    source = sys.stdin.buffer
    while line := source.readline():
        head = json.loads(line)
        data = source.read(head["bytes"])
        try:
            answer = decode(head, data)
        except ValueError as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer))


main()
