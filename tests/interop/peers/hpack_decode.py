"""Decodes header blocks with the Python package hpack.

Standard input is JSON, a list of {"tableBytes": n, "blocks": [hex, ...]}: each is one
decoding context in which the table may have n bytes. Standard output is JSON, for each
context the list of blocks, each a list of [name, value, never-indexed].
"""

import json
import sys

from hpack import Decoder, NeverIndexedHeaderTuple


def decode(context):
    decoder = Decoder(max_header_list_size=1 << 24)
    decoder.max_allowed_table_size = context["tableBytes"]
    return [
        [
            [
                field[0].decode("latin-1"),
                field[1].decode("latin-1"),
                isinstance(field, NeverIndexedHeaderTuple),
            ]
            for field in decoder.decode(bytes.fromhex(block), raw=True)
        ]
        for block in context["blocks"]
    ]


json.dump([decode(context) for context in json.load(sys.stdin)], sys.stdout)
