"""What a case is, and what most of them need."""
import collections
import os
import pathlib
import pwd

from world import Failure, Skip

here = pathlib.Path(__file__).resolve().parents[1]
SIZE = 20_000_000
PYTHON = "/usr/bin/python3"
IMPAIRED = ("--impair", "loss=1%,delay=10ms")
Case = collections.namedtuple("Case", "name quick long options programs check")
ALL = []


def case(name, *programs, quick=False, long=0, options=()):
    """A case of `long` seconds or so runs beside other long ones; `options` are rill run's."""
    def take(check):
        ALL.append(Case(name, quick, long, options, ("ip", "ss", *programs), check))
        return check
    return take


def both_roles(world):
    """The side of the server: rill's, then the kernel's."""
    return (world.on_rill, world.on_kernel)


def need_root(world, what):
    ids = sum(int(line.split()[2]) for line in world.output(world.on_rill, "cat", "/proc/self/uid_map").splitlines())
    if os.geteuid() or ids < 65536:
        raise Skip(f"{what} changes its user, which needs root, and the ids of all users")


def need_user(name):
    """The ids of a user that a package makes."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Skip(f"there is no user '{name}': Debian's package makes one when it is installed")


def contains(said, wanted, what):
    if wanted not in said:
        raise Failure(f"{what}: no {wanted!r} in {said[-200:]!r}")
