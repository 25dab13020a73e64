"""A copy of the source tree to spoil and build, for scripts/mutate and scripts/bugbank. The work tree is never touched."""
import os
import pathlib
import shutil
import signal
import subprocess

root = pathlib.Path(__file__).resolve().parents[1]
copied = ("CMakeLists.txt", "cmake", "include", "src", "tests", "bench", "examples")


def copy_tree(source):
    """What changed only, so that the build stays incremental."""
    wanted = set()
    for name in copied:
        files = [root / name] if (root / name).is_file() else sorted((root / name).rglob("*"))
        for file in files:
            if file.is_file():
                target = source / file.relative_to(root)
                wanted.add(target)
                if not target.exists() or target.read_bytes() != file.read_bytes():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
    for old in sorted(source.rglob("*")):
        if old.is_file() and old not in wanted:
            old.unlink()


def configure(source, build):
    """The cheapest build there is: what went wrong, or None."""
    ready, output = run(["cmake", "-G", "Ninja", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=None",
                         "-DCMAKE_C_COMPILER=gcc", "-DCMAKE_C_FLAGS=-O1 -w", "-DRILL_WERROR=OFF",
                         "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold"], None)
    return None if ready else output


def run(command, limit, cwd=None):
    """(whether it went well, its output); None instead of the output when all that it started had to be stopped."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True, cwd=cwd)
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode == 0, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False, None
