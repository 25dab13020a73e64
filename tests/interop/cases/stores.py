"""Stores: Redis, PostgreSQL."""
import csv
import os
import re

from world import equal
from .registry import IMPAIRED, both_roles, case, contains, need_root, need_user


def serve_redis(world, server, port):
    """The options that lead a client there."""
    world.serve(server, port, "redis-server", "--port", port, "--save", "", "--protected-mode", "no", "--dir",
                world.folder)
    return ["-h", world.address(server), "-p", port]


@case("redis", "redis-server", "redis-cli", "redis-benchmark", quick=True)
def redis(world):
    value = world.folder / "value"
    value.write_bytes(world.file("noise", 500_000).read_bytes().hex().encode())
    for port, server in enumerate(both_roles(world), 6379):
        client, address = world.other(server), serve_redis(world, server, port)
        equal(world.output(client, "redis-cli", *address, "-x", "SET", "key", text=value.read_bytes()), b"OK\n", "SET")
        equal(world.output(client, "redis-cli", *address, "GET", "key") == value.read_bytes() + b"\n", True,
              "GET answers what was SET")
        world.output(client, "redis-benchmark", *address, "-t", "ping,set,get,lpush", "-n", "5000", "-c", "20", "-q")
        equal(world.output(client, "redis-cli", *address, "LLEN", "mylist"), b"5000\n", "pushed in the benchmark")


def redis_benchmark(world, server, port, requests):
    """The whole default set, then what it leaves in the store."""
    client, address = world.other(server), serve_redis(world, server, port)
    said = world.output(client, "redis-benchmark", *address, "-n", requests, "--csv", within=900)
    rows = list(csv.DictReader(said.decode().splitlines()))
    equal(len(rows), 20, "tests of redis-benchmark's default set")
    # LRANGE's list is the only one that is not taken out again.
    for question in (["LLEN", "mylist"], ["GET", "counter:__rand_int__"]):
        equal(int(world.output(client, "redis-cli", *address, *question)), requests, " ".join(question))
    slowest = min(rows, key=lambda row: float(row["rps"]))
    return f"20 tests of {requests}; {rows[2]['test']} {rows[2]['rps']}/s, {slowest['test']} {slowest['rps']}/s"


@case("redis-benchmark on redis-server", "redis-server", "redis-cli", "redis-benchmark", long=100)
def redis_benchmark_server(world):
    return redis_benchmark(world, world.on_rill, 6379, 100_000 * world.seconds(60) // 60)


@case("redis-benchmark client", "redis-server", "redis-cli", "redis-benchmark", long=100)
def redis_benchmark_client(world):
    return redis_benchmark(world, world.on_kernel, 6380, 100_000 * world.seconds(60) // 60)


@case("redis-benchmark on redis-server, 1 % loss", "redis-server", "redis-cli", "redis-benchmark", long=50,
      options=IMPAIRED)
def redis_benchmark_impaired(world):
    return redis_benchmark(world, world.on_rill, 6379, 4_000 * world.seconds(60) // 60)


BINARIES = "/usr/lib/postgresql/15/bin"
SUMS = """select (select count(*) from pgbench_history), (select sum(delta) from pgbench_history),
(select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches),
(select sum(tbalance) from pgbench_tellers)"""


def serve_postgres(world, server, port):
    """A new cluster; the words before psql and the options behind it that lead a client there."""
    who = []
    data = world.folder / f"postgres{port}"
    data.mkdir(0o700)
    if os.geteuid() == 0:
        need_root(world, "postgres")
        user = need_user("postgres")
        os.chown(data, user.pw_uid, user.pw_gid)
        who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    world.output(who, f"{BINARIES}/initdb", "-A", "trust", "-U", "postgres", "--no-sync", data)
    (data / "pg_hba.conf").write_text("host all all all trust\n")
    world.serve(server, port, *who, f"{BINARIES}/postgres", "-D", data, "-p", port, "-h", "0.0.0.0", "-k", "", "-F")
    return ["-h", world.address(server), "-p", port, "-U", "postgres"]


def pgbench(world, server, port):
    """No transaction fails, and the books balance: sums of both sides, and a line for each transaction."""
    client, address = world.other(server), serve_postgres(world, server, port)
    query = ["psql", *address, "-d", "postgres", "-AtX", "-c"]
    world.until(lambda: world.succeeds(client, "pg_isready", *address), "postgres")
    world.output(client, f"{BINARIES}/pgbench", "-i", "-q", "-s", "5", *address, "postgres")
    seconds = world.seconds(60)
    said = world.output(client, f"{BINARIES}/pgbench", "-n", "-c", "10", "-T", seconds, *address, "postgres",
                        within=seconds + 60).decode()
    done = int(re.search(r"transactions actually processed: (\d+)", said)[1])
    equal(re.search(r"failed transactions: (\d+)", said)[1], "0", "failed transactions")
    history, *sums = world.output(client, *query, SUMS).decode().strip().split("|")
    equal(int(history), done, "lines of history")
    equal(len(set(sums)), 1, f"different sums among {sums}")
    return f"{done} transactions in {seconds} s"


@case("pgbench on postgres", f"{BINARIES}/postgres", "psql", "setpriv", long=60)
def pgbench_server(world):
    return pgbench(world, world.on_rill, 5432)


@case("pgbench client", f"{BINARIES}/postgres", "psql", "setpriv", long=60)
def pgbench_client(world):
    return pgbench(world, world.on_kernel, 5433)


@case("pgbench on postgres, 1 % loss", f"{BINARIES}/postgres", "psql", "setpriv", long=60, options=IMPAIRED)
def pgbench_impaired(world):
    return pgbench(world, world.on_rill, 5432)


@case("postgres", f"{BINARIES}/postgres", "psql", "setpriv", "timeout")
def postgres(world):
    """10 MB of rows out and in again; a query that is cancelled over a second connection."""
    rows = "select n, md5(n::text) from generate_series(1, 250000) n"
    for port, server in enumerate(both_roles(world), 5432):
        client, address = world.other(server), serve_postgres(world, server, port)
        query = ["psql", *address, "-d", "postgres", "-AtX", "-c"]
        world.until(lambda: world.succeeds(client, "pg_isready", *address), "postgres")
        total = world.output(client, *query, f"select count(*), md5(string_agg(n || md5, '')) from ({rows}) r")
        table = world.output(client, *query, f"copy ({rows}) to stdout")
        world.output(client, *query, "create table taken (n int, md5 text)")
        world.output(client, *query, "copy taken from stdin", text=table)
        equal(world.output(client, *query, "select count(*), md5(string_agg(n || md5, '' order by n)) from taken"),
              total, "rows sent out and in again")
        said = world.output(client, "sh", "-c", 'timeout -s INT 1 "$@" 2>&1 || true', "sh", *query,
                            "select pg_sleep(30)")
        contains(said, b"canceling statement due to user request", "a cancelled query")
