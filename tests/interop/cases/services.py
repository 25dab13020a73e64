"""Files, mail, names and management: FTP, SMTP, DNS, SNMP."""
import os

from world import equal, same
from .registry import SIZE, both_roles, case, contains, need_root, need_user


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


@case("ftp", "vsftpd", "lftp", "curl", quick=True)
def ftp(world):
    need_root(world, "vsftpd")
    need_user("ftp")
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


EXIM = """primary_hostname = {name}.test
spool_directory = {spool}
log_file_path = {spool}/%slog
pid_file_path = {spool}/pid
daemon_smtp_ports = 2525
local_interfaces = 0.0.0.0
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = taken
acl_smtp_data = taken
deliver_drop_privilege = true
begin acl
taken:
  accept
begin routers
far:
  driver = manualroute
  domains = ! {name}.test
  transport = onwards
  route_list = * {other} byname
mailbox:
  driver = accept
  transport = folder
begin transports
onwards:
  driver = smtp
  port = 2525
folder:
  driver = appendfile
  directory = {spool}/box
  maildir_format
  create_directory
  user = Debian-exim
"""


def serve_exim(world, server):
    """A mail server that takes letters for NAME.test, and sends all others to the other side's."""
    user = need_user("Debian-exim")
    name = "rill" if server is world.on_rill else "kernel"
    spool = world.folder / name
    spool.mkdir()
    os.chown(spool, user.pw_uid, user.pw_gid)
    configuration = world.text(f"exim-{name}", EXIM.format(name=name, spool=spool,
                                                           other=world.address(world.other(server))))
    world.serve(server, 2525, "exim4", "-C", configuration, "-bdf", "-q10s")
    return spool / "box" / "new"


def letters(box):
    """The texts in a mailbox, without their heads."""
    return sorted(path.read_bytes().split(b"\n\n", 1)[1] for path in box.iterdir()) if box.exists() else []


@case("smtp", "exim4", "msmtp")
def smtp(world):
    """A letter goes to the mail server of its own side, is sent on by that one, and ends in the other's mailbox."""
    need_root(world, "exim4")
    boxes = {name: serve_exim(world, side) for name, side in (("rill", world.on_rill), ("kernel", world.on_kernel))}
    # Lines that begin with a dot are doubled on the way.
    large = b"".join(b"." * (number % 3) + b"%d\n" % number for number in range(300_000))
    wanted = sorted([large, *(b"letter %d\n.\n" % number for number in range(8))])
    for goal, client in (("kernel", world.on_kernel), ("rill", world.on_rill)):
        for text in wanted:
            world.output(client, "msmtp", "-C", "/dev/null", f"--host={world.address(world.other(client))}",
                         "--port=2525", "--from=me@rill.test", f"you@{goal}.test", text=b"Subject: test\n\n" + text)
        world.until(lambda: len(letters(boxes[goal])) == len(wanted), f"{len(wanted)} letters for {goal}")
        equal(letters(boxes[goal]) == wanted, True, f"letters for {goal} arrive as they were sent")


@case("dns", "dnsmasq", "dig")
def dns(world):
    """Names over UDP and TCP; an answer of 4 kB, in fragments, and over TCP when UDP's is cut."""
    texts = [f"{number:02}" + "x" * 198 for number in range(20)]
    hosts = {f"h{number}.test": f"10.1.{number}.1" for number in range(200)}
    configuration = world.text("dnsmasq.conf", "".join(
        [f"host-record={name},{address}\n" for name, address in hosts.items()] +
        [f"txt-record=big.test,{text}\n" for text in texts]))
    batches = {size: world.text(f"batch{size}", "".join(f"{name} A\n" for name in list(hosts)[:size]))
               for size in (200, 100)}
    for port, server in enumerate(both_roles(world), 5300):
        world.serve(server, port, "dnsmasq", "-k", "-C", configuration, "-p", port, "--no-resolv", "--no-hosts",
                    "--edns-packet-max=8192", f"--pid-file={world.folder / f'dnsmasq{port}'}", "--user=root")
        ask = ["dig", f"@{world.address(server)}", "-p", port, "+short", "+tries=2", "+time=5"]
        # dnsmasq takes a hundred questions on one connection, and for the next one forks. Some of these it drops under
        # rill run when a child ends meanwhile (its handler of SIGCHLD ends calls with EINTR): dig asks again, and says so.
        for size, transport in ((200, ["+notcp"]), (100, ["+tcp", "+keepopen"]), (100, ["+tcp", "+tries=5"])):
            said = world.output(world.other(server), *ask, *transport, "-f", batches[size])
            answers = [line for line in said.decode().splitlines() if not line.startswith(";;")]
            equal(answers, list(hosts.values())[:size], f"{size} names, {' '.join(transport)}")
        for way in (["+bufsize=8192", "+ignore"], ["+bufsize=1232"], ["+tcp"]):
            said = world.output(world.other(server), *ask, *way, "big.test", "TXT")
            equal(sorted(said.decode().replace('"', "").split()), texts, f"big answer, {' '.join(way)}")


@case("snmp", "snmpd", "snmpwalk", "snmpbulkget")
def snmp(world):
    """The system group, and 50 long values in one answer: in fragments over UDP."""
    values = [f"{number:02}" + "x" * 98 for number in range(50)]
    tree = ".1.3.6.1.4.1.8072.9999.9999"
    configuration = world.text("snmpd.conf", "rocommunity public\nsysLocation rill-interop\n" + "".join(
        f'override {tree}.{number + 1} octet_str "{value}"\n' for number, value in enumerate(values)))
    for port, server in enumerate(both_roles(world), 1610):
        world.serve(server, port, "snmpd", "-f", "-Lo", "-C", "-c", configuration, f"udp:0.0.0.0:{port}",
                    f"tcp:0.0.0.0:{port}")
        for transport in ("udp", "tcp"):
            agent = f"{transport}:{world.address(server)}:{port}"
            said = world.output(world.other(server), "snmpwalk", "-v2c", "-cpublic", "-On", agent, ".1.3.6.1.2.1.1")
            contains(said, b"rill-interop", f"snmpwalk over {transport}")
            said = world.output(world.other(server), "snmpbulkget", "-v2c", "-cpublic", "-Oqv", "-Cr50", agent, tree)
            equal(said.decode().replace('"', "").split(), values, f"50 values over {transport}")
