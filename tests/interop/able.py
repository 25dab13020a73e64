"""Can this machine run programs on rill at all? Asked of the kernel without rill, so that a rill that does not work is
never taken for a machine that cannot."""
import ctypes
import fcntl
import os
import platform
import struct

SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine())
PIDFD_OPEN, PIDFD_GETFD = 434, 438
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER = 1, 8
SECCOMP_RET_ALLOW, BPF_RET = 0x7FFF0000, 0x06
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def must(status, what):
    if status < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def own_namespaces():
    user, group = os.geteuid(), os.getegid()
    if user == 0 and libc.unshare(CLONE_NEWNET) == 0:
        return
    must(libc.unshare(CLONE_NEWUSER), "a user namespace")
    for name, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    must(libc.unshare(CLONE_NEWNET), "a network namespace")


def own_tun():
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"probe", IFF_TUN | IFF_NO_PI))


def listener():
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RET, 0, 0, SECCOMP_RET_ALLOW), 8)
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(instruction)), 16)
    must(libc.syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program),
         "seccomp user notification")


def into_a_process():
    """A container's filter may forbid what reaches into the program's process, and allow all else."""
    me = libc.syscall(PIDFD_OPEN, os.getpid(), 0)
    must(me, "pidfd_open")
    must(libc.syscall(PIDFD_GETFD, me, 0, 0), "pidfd_getfd")
    must(libc.process_vm_readv(os.getpid(), None, 0, None, 0, 0), "process_vm_readv")


def what_is_missing():
    """None, or what the kernel refuses."""
    if SECCOMP is None:
        return f"rill run knows no {platform.machine()}"
    ours, childs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            own_namespaces()
            own_tun()
            into_a_process()
            listener()
        except OSError as error:
            os.write(childs, str(error).encode())
        os._exit(0)
    os.close(childs)
    with os.fdopen(ours) as said:
        missing = said.read()
    os.waitpid(child, 0)
    return missing or None
