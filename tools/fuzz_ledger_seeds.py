#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/fuzz/corpus/ledger: small sound ledgers, and files that say they are one and are not.

usage: tools/fuzz_ledger_seeds.py build/vernis
"""
import os
import sqlite3
import struct
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "fuzz", "corpus", "ledger")
PAGE = 512


def empty(vernis, folder):
    """A ledger without rows, as bytes; merging nothing into it makes it."""
    path = os.path.join(folder, "empty.sqlite")
    subprocess.run([vernis, "ledger", "merge", "--ledger", path, "/nowhere"], check=False, stderr=subprocess.DEVNULL)
    with open(path, "rb") as file:
        return file.read()


class Seed:
    """A copy of the empty ledger in small pages, worked on with SQL and then as bytes."""

    def __init__(self, start, folder):
        self.path = os.path.join(folder, "seed.sqlite")
        with open(self.path, "wb") as file:
            file.write(start)
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.execute(f"PRAGMA page_size={PAGE}")
        self.db.execute("VACUUM")

    def rows(self, count, thumbnail=True):
        for i in range(1, count + 1):
            state = (2, 1, 4, 8)[(i - 1) % 4]
            done = state in (2, 8)
            self.db.execute("INSERT INTO work VALUES(?, ?, '2026-11-22T11:30:00Z', ?, ?, ?, 'r', 'steps=2', '1', ?, ?, ?, ?, ?,"
                            " 90, 64, 48, 900, 1000, 2, 35.5, 0.97, 1.9, 3.25)",
                            (i, state, f"/i/{i}.png", "/o/a.png" if i == 1 else f"/o/{i}.png", "" if done else "broken",
                             "0" * 64 if done else "", "1" * 64 if done else "", "a" if done else "",
                             '{"a":{"direct":1.5,"ingest":1.0,"floor":0.5}}' if done else "",
                             b"\0" * 32 if done else None))
            if done and thumbnail:
                self.db.execute("INSERT INTO thumbnail VALUES(?, ?)", (i, bytes(j % 251 for j in range(3072))))
        return self

    def run(self, *statements):
        for sql in statements:
            self.db.execute(sql)
        return self

    def rewrite_schema(self, *statements):
        return self.run("PRAGMA writable_schema=ON", *statements, "PRAGMA writable_schema=RESET")

    def data(self):
        self.db.close()
        with open(self.path, "rb") as file:
            return bytearray(file.read())

    def root(self, name):
        return self.db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]


def loose_types(start, folder):
    """Values that STRICT would refuse, in a table that says it is STRICT."""
    seed = Seed(start, folder)
    sql = seed.db.execute("SELECT sql FROM sqlite_schema WHERE name = 'work'").fetchone()[0]
    seed.run("DROP TABLE work", sql.replace(" STRICT", "").replace(" NOT NULL", ""),
             "CREATE INDEX work_output ON work(output, state)",
             "CREATE INDEX work_bytes ON work(sha256_out) WHERE sha256_out <> ''",
             "CREATE INDEX work_pdq ON work(pdq, quality) WHERE pdq IS NOT NULL")
    columns = 24
    for value in ("'te\"x\nt'", "x'ff00fe'", "9e999", "-9223372036854775808", "NULL"):  # the last ends the reading
        for state in (1, 2, 4, 8, 3, -1, 2 ** 40):
            seed.run(f"INSERT INTO work VALUES(NULL, {state}" + f", {value}" * (columns - 2) + ")")
    quoted = sql.replace("'", "''")
    return seed.rewrite_schema(f"UPDATE sqlite_schema SET sql = '{quoted}' WHERE name = 'work'").data()


def endless(start, folder, levels=12):
    """A table whose pages lead to each other so that it has more rows than could ever be read."""
    seed = Seed(start, folder).rows(2)
    root = seed.root("work")
    data = seed.data()
    count, last = len(data) // PAGE, len(data) // PAGE + levels
    leaf = data[(root - 1) * PAGE:root * PAGE]

    def interior(child):
        page, cells = bytearray(PAGE), 60
        for i in range(cells):
            at = PAGE - 5 * (i + 1)
            struct.pack_into(">IB", page, at, child, i + 1)
            struct.pack_into(">H", page, 12 + 2 * i, at)
        struct.pack_into(">BHHHBI", page, 0, 5, 0, cells, PAGE - 5 * cells, 0, child)
        return page

    data[(root - 1) * PAGE:root * PAGE] = interior(count + 1)
    for level in range(1, levels):
        data += interior(count + level + 1)
    data += leaf
    struct.pack_into(">I", data, 28, last)
    return data


def circle(start, folder):
    """Overflow pages of a thumbnail that never end."""
    data = Seed(start, folder).rows(1).data()
    for page in range(1, len(data) // PAGE):
        following = struct.unpack_from(">I", data, page * PAGE)[0]
        if following == page + 2:  # a chain as it is written in one go
            struct.pack_into(">I", data, page * PAGE, page + 1)
    return data


def main():
    os.makedirs(FOLDER, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        start = empty(sys.argv[1], folder)

        def seed():
            return Seed(start, folder)

        files = {
            "empty": seed().data(),
            "sound": seed().rows(5).data(),
            "older": seed().rows(5, thumbnail=False).run("DROP TABLE thumbnail", "PRAGMA user_version=1").data(),
            "later": seed().run("PRAGMA user_version=3").data(),
            "view": seed().rows(2).run("DROP TABLE thumbnail",
                                       "CREATE VIEW thumbnail AS SELECT id, pdq AS rgb FROM work").data(),
            "trigger": seed().rows(2).run(
                "CREATE TRIGGER t AFTER INSERT ON work BEGIN INSERT INTO work SELECT * FROM work; END").data(),
            "view_named_table": seed().rows(1).rewrite_schema(
                "UPDATE sqlite_schema SET type = 'view', rootpage = 0 WHERE name = 'thumbnail'").data(),
            "index_of_another": seed().rows(5).rewrite_schema(
                "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'thumbnail') "
                "WHERE name = 'work_pdq'").data(),
            "tables": seed().run(*(f"CREATE TABLE t{i}(a CHECK(a > abs({i})))" for i in range(40))).data(),
            "virtual": seed().rewrite_schema(
                "INSERT INTO sqlite_schema VALUES('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING fts5(a)')").data(),
            "long": seed().rows(1).run("UPDATE work SET reason = hex(zeroblob(9000)), pdq = zeroblob(9000)").data(),
            "types": loose_types(start, folder),
            "endless": endless(start, folder),
            "circle": circle(start, folder),
        }
    for name, data in files.items():
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
