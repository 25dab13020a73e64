"""Sessions: telnet through inetd, OpenSSH."""
import getpass
import os
import subprocess

from world import same
from .registry import both_roles, case, need_root


@case("telnet", "inetutils-inetd", "telnetd", "telnet", quick=True)
def telnet(world):
    need_root(world, "inetd")
    shell = world.text("shell", "#!/bin/sh\nPS1=ready: exec /bin/sh\n", 0o755)
    wanted = subprocess.run("seq 20000 | sha256sum", shell=True, stdout=subprocess.PIPE).stdout.split()[0]
    for port, server in enumerate(both_roles(world), 2300):
        world.inetd(server, port, f"{port} stream tcp nowait root /usr/sbin/telnetd telnetd --exec-login={shell}\n")
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
    need_root(world, "sshd")
    os.makedirs("/run/sshd", exist_ok=True)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(world.folder / key)], check=True)
    data = world.file("data", 100_000_000)
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
