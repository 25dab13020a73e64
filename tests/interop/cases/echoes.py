"""Plain streams and datagrams: echoes, half close, inetd, iperf3."""
import json
import subprocess

from world import Failure, digest, equal
from .registry import PYTHON, SIZE, both_roles, case, contains, here, need_root


def echo(world, kind):
    for port, server in enumerate(both_roles(world), 7000):
        world.serve(server, port, PYTHON, here / "echo.py", kind, port)
        whole = world.output(world.other(server), PYTHON, here / "echo.py", "client", world.address(server), port)
        equal(whole.strip(), b"20", f"whole echoes from {world.address(server)}")


@case("python asyncio echo", PYTHON, quick=True)
def python_asyncio(world):
    echo(world, "asyncio")


@case("forking server", PYTHON)
def python_forking(world):
    echo(world, "forking")


@case("socat half close", "socat", "sha256sum")
def socat_half_close(world):
    data = world.file("data", SIZE)
    for port, server in enumerate(both_roles(world), 7000):
        world.serve(server, port, "socat", "-t30", f"TCP-LISTEN:{port},reuseaddr,fork", "EXEC:sha256sum")
        # sha256sum answers only after the end of what it is sent: the answer comes over the half-closed connection.
        answer = world.output(world.other(server), "socat", "-t30", "-", f"TCP:{world.address(server)}:{port}",
                              text=data.read_bytes())
        equal(answer.split()[:1], [digest(data).encode()], f"sum told by {world.address(server)}")


@case("socat udp", "socat", PYTHON)
def socat_udp(world):
    """Datagrams, the largest in fragments, answered by a child that has a connected socket."""
    for port, server in enumerate(both_roles(world), 7000):
        world.serve(server, port, "socat", "-b65536", "-T5", f"UDP-LISTEN:{port},fork,reuseaddr", "PIPE", kind="u")
        sizes = (1, 1472, 8000)
        whole = world.output(world.other(server), PYTHON, here / "echo.py", "ask", world.address(server), port, *sizes)
        equal(whole.strip(), b"3", f"datagrams of {sizes} bytes that came back from {world.address(server)}")


INETD = """{tcp} stream tcp nowait root /usr/bin/sha256sum sha256sum
{wait} stream tcp wait root {python} python3 {echo} inherited
{udp} dgram udp wait root {python} python3 {echo} datagram
"""


@case("inetd", "inetutils-inetd", "socat", "sha256sum", PYTHON)
def inetd(world):
    """The connection as descriptors 0 to 2 of a program, the listener, and a UDP socket, each passed over exec."""
    need_root(world, "inetd")
    data = world.file("data", SIZE)
    for number, server in enumerate(both_roles(world)):
        tcp, wait, udp = (port + number for port in (2400, 2410, 2420))
        world.inetd(server, tcp, INETD.format(tcp=tcp, wait=wait, udp=udp, python=PYTHON, echo=here / "echo.py"))
        client, address = world.other(server), world.address(server)
        answer = world.output(client, "socat", "-t30", "-", f"TCP:{address}:{tcp}", text=data.read_bytes())
        equal(answer.split()[:1], [digest(data).encode()], f"sum told by {address}")
        for _ in range(3):
            whole = world.output(client, PYTHON, here / "echo.py", "client", address, wait)
            equal(whole.strip(), b"20", f"whole echoes from {address}, listener passed on")
            whole = world.output(client, PYTHON, here / "echo.py", "ask", address, udp, 8)
            equal(whole.strip(), b"1", f"datagrams echoed by {address}")


def iperf3_report(world, server, port, *options):
    said = world.output(world.other(server), "iperf3", "-J", "-p", port, "-c", world.address(server), *options)
    return json.loads(said)["end"]


@case("iperf3", "iperf3")
def iperf3(world):
    """TCP and UDP, both directions. iperf3 looks at sizes and, in UDP, at numbers, not at content."""
    for port, server in enumerate(both_roles(world), 5201):
        world.serve(server, port, "iperf3", "-s", "-p", port)
        for direction in ([], ["-R"]):
            what = f"iperf3 {' '.join(direction)} to {world.address(server)}"
            end = iperf3_report(world, server, port, "-n", "200M", "-P", "2", *direction)
            # At its end iperf3 leaves unread, and does not count, what is in the buffers of both sides.
            sent, received = (end[f"sum_{which}"]["bytes"] for which in ("sent", "received"))
            if sent < 200 << 20 or not sent / 2 <= received <= sent:
                raise Failure(f"{what}: {sent} bytes sent, {received} received")
            end = iperf3_report(world, server, port, "-u", "-b", "20M", "-l", "1400", "-t", "2", *direction)
            packets, lost = end["sum"]["packets"], end["sum"]["lost_packets"]
            if packets < 1000 or lost > packets / 20:
                raise Failure(f"{what}, UDP: {lost} of {packets} packets lost")
