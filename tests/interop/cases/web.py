"""HTTP: curl, wget, nginx under wrk, Python's server, Go, Node.js."""
import json
import os
import pathlib
import signal
import subprocess

from world import PATH, Failure, digest, equal, same
from .registry import IMPAIRED, PYTHON, SIZE, both_roles, case, here


def curl_both_ways(world, client, url, folder):
    """A file down and a file up, by curl."""
    big, up = folder / "big", world.file("up", SIZE)
    world.output(client, "curl", "-sSf", "-o", "down", f"{url}/big")
    same(big, world.folder / "down", "download")
    world.output(client, "curl", "-sSf", "-T", up, f"{url}/taken")
    same(up, folder / "taken", "upload")


def http_peer(world):
    folder = world.file("files/big", SIZE).parent
    world.serve(world.on_kernel, 8000, PYTHON, here / "http_files.py", 8000, folder)
    return folder


@case("curl client", "curl", PYTHON, quick=True)
def curl_client(world):
    curl_both_ways(world, world.on_rill, f"http://{world.address(world.on_kernel)}:8000", http_peer(world))


@case("curl in parallel", "curl", PYTHON)
def curl_parallel(world):
    small = world.file("files/small", 100_000)
    world.serve(world.on_kernel, 8000, PYTHON, here / "http_files.py", 8000, small.parent)
    world.output(world.on_rill, "curl", "-sSf", "--parallel", "--parallel-immediate", "--parallel-max", "50", "-o",
                 "s#1", f"http://{world.address(world.on_kernel)}:8000/small?[1-200]")
    for number in range(1, 201):
        same(small, world.folder / f"s{number}", f"download {number} of 200")


@case("wget client", "wget", PYTHON)
def wget_client(world):
    folder = http_peer(world)
    url = f"http://{world.address(world.on_kernel)}:8000"
    world.output(world.on_rill, "wget", "-q", "-O", "down", f"{url}/big")
    same(folder / "big", world.folder / "down", "download")
    up = world.file("up", SIZE)
    world.output(world.on_rill, "wget", "-q", "-O", "-", "--method=PUT", f"--body-file={up}", f"{url}/taken")
    same(up, folder / "taken", "upload")


NGINX = """worker_processes 2; daemon off; pid {0}/pid{1}; error_log {0}/error{1}.log; {2}
events {{ worker_connections 512; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_max_body_size 100m; client_body_temp_path {0}/body;
keepalive_requests 100000;
server {{ listen {1}; root {0}/files; dav_methods PUT; }} }}
"""


def serve_nginx(world, server, port):
    """The address of an nginx that serves and takes files/."""
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = world.text(f"nginx{port}.conf", NGINX.format(world.folder, port, user))
    world.serve(server, port, "nginx", "-e", world.folder / "error.log", "-c", configuration)
    return f"http://{world.address(server)}:{port}"


def reload_nginx(world, port):
    """New workers take the listener over."""
    master = (world.folder / f"pid{port}").read_text().strip()

    def workers():
        return set(pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split())

    before = workers()
    os.kill(int(master), signal.SIGHUP)
    world.until(lambda: workers() and not workers() & before, "new workers of nginx")


@case("nginx server", "nginx", "curl", quick=True)
def nginx_server(world):
    folder = world.file("files/big", SIZE).parent
    folder.chmod(0o777)
    small = world.file("files/small", 100)
    url = serve_nginx(world, world.on_rill, 80)
    curl_both_ways(world, world.on_kernel, url, folder)
    kept_requests(world, url, small)
    reload_nginx(world, 80)
    kept_requests(world, url, small)


def kept_requests(world, url, small):
    # One kept connection: curl says 1 for the first and 0 for those that found it open.
    connects = world.output(world.on_kernel, "curl", "-sSf", "-w", "%{num_connects} ",
                            *[part for number in range(20) for part in ("-o", f"s{number}", f"{url}/small")])
    equal(connects.split(), [b"1"] + [b"0"] * 19, "connections of 20 kept requests")
    for number in range(20):
        same(small, world.folder / f"s{number}", f"kept request {number}")


def wrk(world, server, port):
    """100 connections, each answer compared with the files that there are; no error of any kind."""
    names = [world.file(f"files/{name}", size).name for name, size in (("a", 100), ("b", 5_000), ("c", 100_000))]
    url = serve_nginx(world, server, port)
    seconds = world.seconds(30)
    said = world.output(world.other(server), "wrk", "-t2", "-c100", f"-d{seconds}s", "--timeout", "15s", "-s",
                        here / "wrk.lua", url, "--", world.folder / "files", *names, within=seconds + 60)
    report = json.loads(said.splitlines()[-1])
    if report["right"] < 100 or any(value for name, value in report.items() if name != "right"):
        raise Failure(f"wrk against {url}: {report}")
    return f"{report['right']} right answers in {seconds} s"


@case("wrk on nginx server", "nginx", "wrk", long=30, quick=True)
def wrk_on_server(world):
    return wrk(world, world.on_rill, 80)


@case("wrk client", "nginx", "wrk", long=30)
def wrk_client(world):
    return wrk(world, world.on_kernel, 81)


@case("wrk on nginx server, 1 % loss", "nginx", "wrk", long=30, options=IMPAIRED)
def wrk_impaired(world):
    return wrk(world, world.on_rill, 80)


@case("python http.server", PYTHON, "curl", quick=True)
def python_server(world):
    big = world.file("files/big", SIZE)
    world.serve(world.on_rill, 8000, PYTHON, "-m", "http.server", "-d", big.parent, 8000)
    world.output(world.on_kernel, "curl", "-sSf", "-o", "down", f"http://{world.address(world.on_rill)}:8000/big")
    same(big, world.folder / "down", "download")


@case("go", "go", "curl", quick=True)
def go_program(world):
    program = world.folder / "files-go"
    build = {"PATH": PATH, "CGO_ENABLED": "0", "GO111MODULE": "off"}
    if not os.environ.get("HOME"):
        build["GOCACHE"] = str(world.folder / "go-cache")
    subprocess.run(["go", "build", "-o", str(program), str(here / "files.go")], check=True, timeout=180,
                   stderr=subprocess.PIPE, env={**os.environ, **build})
    folder = world.file("files/big", SIZE).parent
    up = world.file("up", SIZE)
    for port, server in enumerate(both_roles(world), 8000):
        world.serve(server, port, program, "serve", port, folder)
        url = f"http://{world.address(server)}:{port}"
        world.output(world.other(server), program, "get", f"{url}/big", "down")
        same(folder / "big", world.folder / "down", "download")
        world.output(world.other(server), program, "put", f"{url}/taken{port}", up)
        same(up, folder / f"taken{port}", "upload")


@case("nodejs", "node")
def nodejs(world):
    """http with two workers of a cluster, whose listener is shared; net with allowHalfOpen."""
    folder = world.file("files/big", SIZE).parent
    part, up = world.file("files/part", SIZE // 10), world.file("up", SIZE)
    for port, server in enumerate(both_roles(world), 8000):
        client, url = world.other(server), f"http://{world.address(server)}:{port}"
        script = ["node", here / "files.js"]
        world.serve(server, port, *script, "serve", port, folder)
        world.output(client, *script, "get", f"{url}/big", "down")
        same(folder / "big", world.folder / "down", "download")
        world.output(client, *script, "put", f"{url}/taken{port}", up)
        same(up, folder / f"taken{port}", "upload")
        equal(world.output(client, *script, "many", f"{url}/part", 20).decode().split(), [digest(part), "20"],
              "sums of 20 downloads at once")
        world.serve(server, port + 10, *script, "digest", port + 10)
        equal(world.output(client, *script, "half-close", world.address(server), port + 10, up).strip(),
              digest(up).encode(), "sum told after the half close")
