"""An open file lies on the mount that the kernel says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.owners import mounts
from safeload.owners.mounts import Mount, mount_of, users_serve
from tests.owners.users import STRANGER, as_root

LINES = (
    "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "2 20 8:1 / /x rw - ext4 /dev/sda1 rw\n"
    "21 20 8:1 /a\\040b /mnt/a\\040b\\134\\011 ro,nosuid shared:1 master:2 - ext4 /dev/sda1 rw\n"
    "22 20 0:40 / /home/bob/x rw,nosuid - fuse.sshfs host:/my\\040x rw,user_id=1001,group_id=5\n"
    "23 20 0:41 / /sq ro - squashfs /dev/loop0 ro,errors=continue\n"
    "26 20 0:43 / /a\u202827 rw - fuse.x x rw,user_id=1001\n"
    "27 20 0:44 / /b\x0c20 rw shared:1 - fuse.x x rw,user_id=1001\n"
    "24 20 0:42 / /empty rw - tmpfs  rw,size=4k\n"
)
MOUNTS = {
    20: Mount("/", "ext4", False, False, None),
    21: Mount("/mnt/a b\\\t", "ext4", True, False, None),
    22: Mount("/home/bob/x", "fuse.sshfs", False, False, 1001),
    23: Mount("/sq", "squashfs", True, True, None),
    24: Mount("/empty", "tmpfs", False, False, None),
    25: None,
    # Whoever serves a mount chooses its path, in which Python sees ends of lines.
    26: Mount("/a\u202827", "fuse.x", False, False, 1001),
    27: Mount("/b\x0c20", "fuse.x", False, False, 1001),
}


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mountinfo").write_text(LINES, "utf-8")
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(mounts, "_OPEN_FILES", tmp_path)
    return tmp_path


@pytest.mark.parametrize("number", MOUNTS)
def test_the_mount_is_the_one_of_its_number(kernel: Path, number: int) -> None:
    (kernel / "5").write_text(f"pos:\t0\nflags:\t012000000\nmnt_id:\t{number}\nino:\t2\n")
    assert mount_of(5) == MOUNTS[number]


def test_where_the_kernel_says_nothing_nothing_is_known(kernel: Path) -> None:
    assert mount_of(5) is None
    (kernel / "5").write_text("pos:\t0\n")
    assert mount_of(5) is None


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="needs /proc")
def test_proc_is_a_mount_of_its_own() -> None:
    descriptor = os.open("/proc", os.O_RDONLY)
    try:
        mount = mount_of(descriptor)
    finally:
        os.close(descriptor)
    assert mount is not None
    assert (mount.point, mount.form, mount.served_by) == ("/proc", "proc", None)


# A mount that a process of another user would serve, if there were one.
SERVED = """
import ctypes, os, sys
from safeload.owners.mounts import mount_of, users_serve
folder, user = sys.argv[1:]
device = os.open("/dev/fuse", os.O_RDWR)
how = f"fd={device},rootmode=40000,user_id={user},group_id={user},allow_other".encode()
if ctypes.CDLL(None).mount(b"x", folder.encode(), b"fuse.x", 6, how):
    sys.exit(1)
mount = mount_of(os.open(folder, os.O_PATH))
print(mount.point == folder, mount.form, mount.served_by, users_serve())
"""


@pytest.mark.guarantee("G6")
@as_root
@pytest.mark.skipif(sys.platform != "linux", reason="mounts as on Linux")
def test_a_mount_that_a_process_serves_names_its_user(tmp_path: Path) -> None:
    folder = str(tmp_path.resolve())
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", SERVED, folder, str(STRANGER)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert done.stdout.split() == ["True", "fuse.x", str(STRANGER), "True"]


def test_whether_anything_is_served_is_known_beforehand(kernel: Path) -> None:
    assert users_serve()
    (kernel / "mountinfo").write_text(LINES.replace("user_id", "owner"))
    assert not users_serve()
    (kernel / "mountinfo").unlink()
    assert not users_serve()
