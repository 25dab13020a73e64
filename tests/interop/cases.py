"""The cases: each takes a World, runs programs on both sides of it, and compares what arrived."""
import collections
import getpass
import json
import os
import pathlib
import subprocess

from world import PATH, Failure, Skip, digest, equal, same

here = pathlib.Path(__file__).resolve().parent
SIZE = 20_000_000
PYTHON = "/usr/bin/python3"
Case = collections.namedtuple("Case", "name quick programs check")
ALL = []


def case(name, *programs, quick=False):
    def take(check):
        ALL.append(Case(name, quick, ("ip", "ss", *programs), check))
        return check
    return take


def both_roles(world):
    """The side of the server: rill's, then the kernel's."""
    return (world.on_rill, world.on_kernel)


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


@case("wget client", "wget", PYTHON)
def wget_client(world):
    folder = http_peer(world)
    url = f"http://{world.address(world.on_kernel)}:8000"
    world.output(world.on_rill, "wget", "-q", "-O", "down", f"{url}/big")
    same(folder / "big", world.folder / "down", "download")
    up = world.file("up", SIZE)
    world.output(world.on_rill, "wget", "-q", "-O", "-", "--method=PUT", f"--body-file={up}", f"{url}/taken")
    same(up, folder / "taken", "upload")


NGINX = """worker_processes 2; daemon off; pid {0}/pid; error_log {0}/error.log; {1}
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; client_max_body_size 100m; client_body_temp_path {0}/body;
server {{ listen 80; root {0}/files; dav_methods PUT; }} }}
"""


@case("nginx server", "nginx", "curl", quick=True)
def nginx_server(world):
    folder = world.file("files/big", SIZE).parent
    folder.chmod(0o777)
    small = world.file("files/small", 100)
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = world.text("nginx.conf", NGINX.format(world.folder, user))
    world.serve(world.on_rill, 80, "nginx", "-e", world.folder / "error.log", "-c", configuration)
    url = f"http://{world.address(world.on_rill)}"
    curl_both_ways(world, world.on_kernel, url, folder)
    # One kept connection: curl says 1 for the first and 0 for those that found it open.
    connects = world.output(world.on_kernel, "curl", "-sSf", "-w", "%{num_connects} ",
                            *[part for number in range(20) for part in ("-o", f"s{number}", f"{url}/small")])
    equal(connects.split(), [b"1"] + [b"0"] * 19, "connections of 20 kept requests")
    for number in range(20):
        same(small, world.folder / f"s{number}", f"kept request {number}")


@case("python http.server", PYTHON, "curl", quick=True)
def python_server(world):
    big = world.file("files/big", SIZE)
    world.serve(world.on_rill, 8000, PYTHON, "-m", "http.server", "-d", big.parent, 8000)
    world.output(world.on_kernel, "curl", "-sSf", "-o", "down", f"http://{world.address(world.on_rill)}:8000/big")
    same(big, world.folder / "down", "download")


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


@case("go", "go", "curl", quick=True)
def go_program(world):
    program = world.folder / "files-go"
    subprocess.run(["go", "build", "-o", str(program), str(here / "files.go")], check=True, timeout=180,
                   stderr=subprocess.PIPE, env={**os.environ, "PATH": PATH, "CGO_ENABLED": "0", "GO111MODULE": "off"})
    folder = world.file("files/big", SIZE).parent
    up = world.file("up", SIZE)
    for port, server in enumerate(both_roles(world), 8000):
        world.serve(server, port, program, "serve", port, folder)
        url = f"http://{world.address(server)}:{port}"
        world.output(world.other(server), program, "get", f"{url}/big", "down")
        same(folder / "big", world.folder / "down", "download")
        world.output(world.other(server), program, "put", f"{url}/taken{port}", up)
        same(up, folder / f"taken{port}", "upload")


@case("redis", "redis-server", "redis-cli", "redis-benchmark", quick=True)
def redis(world):
    value = world.folder / "value"
    value.write_bytes(world.file("noise", 500_000).read_bytes().hex().encode())
    for port, server in enumerate(both_roles(world), 6379):
        client, address = world.other(server), ["-h", world.address(server), "-p", port]
        world.serve(server, port, "redis-server", "--port", port, "--save", "", "--protected-mode", "no", "--dir",
                    world.folder)
        equal(world.output(client, "redis-cli", *address, "-x", "SET", "key", text=value.read_bytes()), b"OK\n", "SET")
        equal(world.output(client, "redis-cli", *address, "GET", "key") == value.read_bytes() + b"\n", True,
              "GET answers what was SET")
        world.output(client, "redis-benchmark", *address, "-t", "ping,set,get,lpush", "-n", "5000", "-c", "20", "-q")
        equal(world.output(client, "redis-cli", *address, "LLEN", "mylist"), b"5000\n", "pushed in the benchmark")


@case("socat half close", "socat", "sha256sum")
def socat_half_close(world):
    data = world.file("data", SIZE)
    for port, server in enumerate(both_roles(world), 7000):
        world.serve(server, port, "socat", "-t30", f"TCP-LISTEN:{port},reuseaddr,fork", "EXEC:sha256sum")
        # sha256sum answers only after the end of what it is sent: the answer comes over the half-closed connection.
        answer = world.output(world.other(server), "socat", "-t30", "-", f"TCP:{world.address(server)}:{port}",
                              text=data.read_bytes())
        equal(answer.split()[:1], [digest(data).encode()], f"sum told by {world.address(server)}")


@case("iperf3", "iperf3")
def iperf3(world):
    for port, server in enumerate(both_roles(world), 5201):
        world.serve(server, port, "iperf3", "-s", "-p", port)
        for direction in ([], ["-R"]):
            report = json.loads(world.output(world.other(server), "iperf3", "-J", "-n", "50M", "-P", "2", "-p", port,
                                             "-c", world.address(server), *direction))
            # At its end iperf3 leaves unread what is in the receiver's buffers, and does not count it.
            sent, received = (report["end"][f"sum_{which}"]["bytes"] for which in ("sent", "received"))
            if sent < 50 << 20 or not sent - (16 << 20) <= received <= sent:
                raise Failure(f"{' '.join(['iperf3', *direction])}: {sent} bytes sent, {received} received")


VSFTPD = """listen=YES
listen_port={port}
background=NO
anonymous_enable=YES
anon_root={folder}/ftp
no_anon_password=YES
write_enable=YES
anon_upload_enable=YES
anon_umask=022
secure_chroot_dir={folder}/empty
connect_from_port_20=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
ftp_username=ftp
"""


def need_root(what):
    if os.geteuid():
        raise Skip(f"{what} changes its user, which needs root")


@case("ftp", "vsftpd", "lftp", "curl", quick=True)
def ftp(world):
    need_root("vsftpd")
    if subprocess.run(["id", "ftp"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        raise Skip("there is no user 'ftp': Debian's vsftpd makes one when it is installed")
    (world.folder / "empty").mkdir()
    big, up = world.file("ftp/big", SIZE), world.file("up", SIZE)
    taken = big.parent / "in"
    taken.mkdir()
    taken.chmod(0o777)
    for port, server in enumerate(both_roles(world), 2100):
        client, address = world.other(server), world.address(server)
        world.serve(server, port, "vsftpd",
                    world.text(f"vsftpd{port}.conf", VSFTPD.format(port=port, folder=world.folder)))
        for mode, passive in (("passive", "yes"), ("active", "no")):
            world.output(client, "lftp", "-c", f"set ftp:passive-mode {passive}; set net:max-retries 1; "
                         f"open -p {port} {address}; get -O {world.folder} big -o lftp-{mode}; "
                         f"put -O in {up} -o lftp-{port}-{mode}; ls in")
            same(big, world.folder / f"lftp-{mode}", f"lftp, {mode}, download from {address}")
            same(up, taken / f"lftp-{port}-{mode}", f"lftp, {mode}, upload to {address}")
            os.unlink(world.folder / f"lftp-{mode}")
            world.output(client, "curl", "-sSf", *(["-P", "-"] if mode == "active" else []), "-o", "down",
                         f"ftp://{address}:{port}/big")
            same(big, world.folder / "down", f"curl, {mode}, download from {address}")


@case("telnet", "inetutils-inetd", "telnetd", "telnet", quick=True)
def telnet(world):
    need_root("inetd")
    shell = world.text("shell", "#!/bin/sh\nPS1=ready: exec /bin/sh\n", 0o755)
    wanted = subprocess.run("seq 20000 | sha256sum", shell=True, stdout=subprocess.PIPE).stdout.split()[0]
    for port, server in enumerate(both_roles(world), 2300):
        configuration = world.text(f"inetd{port}.conf", f"{port} stream tcp nowait root /usr/sbin/telnetd telnetd "
                                   f"--exec-login={shell}\n")
        world.pid_files.append(world.folder / f"inetd{port}.pid")
        world.serve(server, port, "inetutils-inetd", f"--pidfile={world.pid_files[-1]}", configuration)
        # What is typed is echoed: what is waited for must not be in it.
        world.talk(world.other(server), ["telnet", world.address(server), port],
                   [(b"ready:", b"echo sum $((6 * 7))\n"), (b"sum 42", b"seq 20000\n"), (b"\n20000\r\n", b""),
                    (b"ready:", b"seq 20000 | sha256sum\n"), (wanted, b"exit\n"), (b"closed by foreign host", b"")])


SSHD = """Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile {folder}/sshd{port}.pid
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


@case("sshd and scp", "sshd", "scp", "ssh-keygen")
def scp(world):
    need_root("sshd")
    os.makedirs("/run/sshd", exist_ok=True)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(world.folder / key)], check=True)
    data = world.file("data", SIZE)
    for port, server in enumerate(both_roles(world), 2200):
        configuration = world.text(f"sshd{port}", SSHD.format(folder=world.folder, port=port))
        world.serve(server, port, "/usr/sbin/sshd", "-D", "-e", "-f", configuration)
        copy = ["scp", "-q", "-B", "-P", port, "-i", world.folder / "user", "-o", "StrictHostKeyChecking=no", "-o",
                "UserKnownHostsFile=/dev/null"]
        far = f"{getpass.getuser()}@{world.address(server)}:{world.folder}"
        world.output(world.other(server), *copy, data, f"{far}/up{port}")
        same(data, world.folder / f"up{port}", f"copy to {world.address(server)}")
        world.output(world.other(server), *copy, f"{far}/data", f"down{port}")
        same(data, world.folder / f"down{port}", f"copy from {world.address(server)}")


@case("snmp", "snmpd", "snmpwalk")
def snmp(world):
    configuration = world.text("snmpd.conf", "rocommunity public\nsysLocation rill-interop\n")
    for port, server in enumerate(both_roles(world), 1610):
        world.serve(server, port, "snmpd", "-f", "-Lo", "-C", "-c", configuration, f"udp:0.0.0.0:{port}",
                    f"tcp:0.0.0.0:{port}")
        for transport in ("udp", "tcp"):
            said = world.output(world.other(server), "snmpwalk", "-v2c", "-cpublic", "-On",
                                f"{transport}:{world.address(server)}:{port}", ".1.3.6.1.2.1.1")
            if b"rill-interop" not in said:
                raise Failure(f"snmpwalk over {transport} said {said[-200:]!r}")
