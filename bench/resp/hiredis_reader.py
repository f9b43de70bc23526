"""Decodes RESP with hiredis, the parser in C that Python's clients of Redis use, Twisted's included.

For each line of standard input, prints the processor time of a round in seconds, the number of
values, and the sum of their lengths.

Usage: python3 hiredis_reader.py FILE CHUNK_SIZE < LINES
"""

import sys
import time

import hiredis


def length_of(value):
    if isinstance(value, list):
        return sum(map(len, value))
    return len(value) if isinstance(value, bytes) else 0


file, chunk_size = sys.argv[1:]
with open(file, "rb") as opened:
    data = opened.read()
size = int(chunk_size)
chunks = [data[at : at + size] for at in range(0, len(data), size)]
for _ in sys.stdin:
    reader = hiredis.Reader()
    count = length = 0
    start = time.process_time()
    for chunk in chunks:
        reader.feed(chunk)
        value = reader.gets()
        while value is not False:
            count += 1
            length += length_of(value)
            value = reader.gets()
    print(time.process_time() - start, count, length, flush=True)
