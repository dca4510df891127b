# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of tests/fuzz/fuzz_c2pa.c: python3 tools/fuzz_c2pa_seeds.py C2PA_TOOL (build/tests/meta/c2pa_tool).
Files that it signs, the store, claim and signature in them, and bombs."""
import pathlib
import struct
import subprocess
import sys
import tempfile

tool = sys.argv[1]
corpus = pathlib.Path(__file__).resolve().parent.parent / 'tests/fuzz/corpus/c2pa'
corpus.mkdir(parents=True, exist_ok=True)


def seed(name, kind, data):
    (corpus / name).write_bytes(bytes([kind]) + data)


def boxes(data):
    """(type, payload) of each box in a row."""
    while data:
        size, kind = struct.unpack('>I4s', data[:8])
        yield kind, data[8:size]
        data = data[size:]


with tempfile.TemporaryDirectory() as name:
    room = pathlib.Path(name)
    subprocess.run([tool, room], check=True, stdout=subprocess.DEVNULL)
    png = (room / 'good.png').read_bytes()
    at = png.index(b'caBX')
    store = png[at + 4:at + 4 + int.from_bytes(png[at - 4:at], 'big')]
    seed('png', 3, png)
    seed('png-opened', 3, (room / 'opened.png').read_bytes())
    seed('jpeg', 4, (room / 'good.jpg').read_bytes())
    seed('store', 1, store)
    riff = b'WEBPVP8L' + struct.pack('<I', 6) + b'/12345' + b'C2PA' + struct.pack('<I', len(store)) + store
    riff += bytes(len(riff) % 2)
    seed('webp', 5, b'RIFF' + struct.pack('<I', len(riff)) + riff)
manifest = list(boxes(list(boxes(store))[0][1]))[1][1]
claim, signature = (list(boxes(part))[1][1] for _, part in list(boxes(manifest))[2:4])
seed('claim', 0, claim)
seed('cose', 2, signature)
seed('cbor-kinds', 0, bytes.fromhex('bf6361626382f90000fb3ff199999999999ac11a514b67b05f42010243030405ff7f6161ffffff'[:-2]))
seed('cbor-bomb', 0, b'\x9b\x7f' + b'\xff' * 7 + b'\x81' * 60)
seed('store-lies', 1, b'\0\0\0\1jumb' + b'\x7f' + b'\xff' * 7 + store[8:60])
