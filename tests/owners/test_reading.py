"""Nobody but us and root can have a trust file, a key, a policy or a passphrase believed."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from safeload.errors import UsageError
from safeload.owners import judge, people, reading
from safeload.owners.mounts import Mount
from safeload.owners.reading import read_own
from safeload.policy.policy import Policy
from safeload.trust.keys import SigningKey
from safeload.trust.trustfile import TrustFile, entry_text
from tests.owners.conftest import TEXT
from tests.owners.users import STRANGER, as_root, begin, posix, read_as
from tests.trust.statements import ALICE, BOB

pytestmark = posix


def code_of(path: Path | str) -> str:
    """The code that a trust file is refused with, or an empty string for one that is believed."""
    try:
        TrustFile.read(path)
    except UsageError as error:
        return error.code
    return ""


def refused(path: Path | str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    assert caught.value.code == "trustfile-writable"
    return caught.value


# -- attacks ---------------------------------------------------------------------------------------

# Shows a text as its own command line, and lets root own its files in /proc.
SHOW = """
import ctypes, os, sys
if sys.argv[2]:
    os.setgroups([]); os.setgid(64321); os.setuid(64321)
libc = ctypes.CDLL(None)
libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, to read what follows
fields = open("/proc/self/stat").read().rpartition(")")[2].split()
start, end = int(fields[45]), int(fields[48])
text = sys.argv[1].encode()
ctypes.memmove(start, text.ljust(end - start, b"#"), end - start)
libc.prctl(4, 0, 0, 0, 0)
print("begun", flush=True)
sys.stdin.read()
"""


@pytest.mark.guarantee("G6")
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.parametrize("whose", ["ours", pytest.param("a third party's", marks=as_root)])
def test_what_a_process_shows_in_proc_is_not_believed(whose: str) -> None:
    text = entry_text("mallory", BOB.public, ["*"])
    with begin(SHOW, text, whose.removeprefix("ours")) as process:
        path = Path(f"/proc/{process.pid}/cmdline")
        status = path.stat()
        # The attack is alive: a trust file of root's that nobody else may write to.
        assert (status.st_uid, status.st_mode & 0o777) == (0, 0o444)
        assert tomllib.loads(path.read_bytes().decode())["keys"]["mallory"]
        error = refused(path)
        process.communicate()
    # The folder of a process belongs to its user, the files in it say that they are root's.
    assert str(path if whose == "ours" else path.parent) in error.message


@pytest.mark.guarantee("G6")
@as_root
def test_a_file_of_roots_in_the_folder_of_a_third_party_is_not_believed(trust_file: Path) -> None:
    os.chown(trust_file.parent, STRANGER, STRANGER)
    error = refused(trust_file)
    assert str(trust_file.parent) in error.message
    assert read_as(STRANGER + 1, trust_file) == "trustfile-writable"
    # To whom the folder belongs, it is their own.
    assert read_as(STRANGER, trust_file) == "read alice"


@as_root
def test_nobody_is_told_to_give_a_folder_away(trust_file: Path) -> None:
    # It may be the home of the user who runs this as root, and has other uses than this file.
    os.chown(trust_file.parent, STRANGER, -1)
    assert "chown" not in refused(trust_file).hint
    os.chown(trust_file.parent, 0, -1)
    os.chown(trust_file, STRANGER, -1)
    assert str(trust_file) in refused(trust_file).hint.partition("chown")[2]


@pytest.mark.guarantee("G6")
@as_root
def test_a_folder_of_a_third_party_far_above_is_seen(place: Path) -> None:
    path = place / "theirs" / "a" / "b" / "trust.toml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    assert code_of(path) == ""
    os.chown(place / "theirs", STRANGER, -1)
    assert str(place / "theirs") in refused(path).message


@pytest.mark.guarantee("G6")
@as_root
def test_a_relative_path_is_judged_from_the_root_too(
    trust_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = trust_file.parent / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    os.chown(trust_file.parent, STRANGER, -1)
    (inner / "trust.toml").write_text(TEXT)
    refused("trust.toml")
    refused("../trust.toml")


@pytest.mark.guarantee("G6")
@as_root
@pytest.mark.parametrize("whose", ["the link", "the folder of the link", "the folder behind it"])
def test_a_link_is_as_good_as_each_folder_on_its_way(place: Path, whose: str) -> None:
    here, there = place / "here", place / "there"
    for folder in (here, there):
        folder.mkdir()
    (there / "trust.toml").write_text(TEXT)
    link = here / "link.toml"
    link.symlink_to("../there/trust.toml")
    assert code_of(link) == ""
    given = {"the link": link, "the folder of the link": here, "the folder behind it": there}
    os.chown(given[whose], STRANGER, -1, follow_symlinks=False)
    assert str(given[whose]) in refused(link).message


@pytest.mark.guarantee("G6")
@as_root
def test_a_linked_folder_leads_past_what_lies_behind_it(place: Path) -> None:
    theirs = place / "theirs"
    (theirs / "a").mkdir(parents=True)
    (place / "trust.toml").write_text(TEXT)
    os.chown(theirs, STRANGER, -1)
    (place / "link").symlink_to("theirs/a")
    # Text alone would make one path of the two; the kernel goes by way of theirs.
    for path in ("link/../../trust.toml", "theirs/../trust.toml"):
        refused(f"{place}/{path}")


@pytest.mark.guarantee("G6")
@as_root
def test_what_lies_in_a_folder_of_all_is_its_owners(place: Path) -> None:
    shared = place / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    for name, owner in (("ours", 0), ("theirs", STRANGER)):
        (shared / name).mkdir()
        (shared / name / "trust.toml").write_text(TEXT)
        os.chown(shared / name, owner, -1)
    assert code_of(shared / "ours" / "trust.toml") == ""
    refused(shared / "theirs" / "trust.toml")
    (shared / "link").symlink_to("ours")
    assert code_of(shared / "link" / "trust.toml") == ""
    os.chown(shared / "link", STRANGER, -1, follow_symlinks=False)
    refused(shared / "link" / "trust.toml")


@pytest.mark.guarantee("G6")
def test_in_a_folder_of_all_a_second_name_may_be_somebody_elses(place: Path) -> None:
    shared = place / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    path = shared / "trust.toml"
    path.write_text(TEXT)
    assert code_of(path) == ""
    os.link(path, place / "another")
    refused(path)
    # Where others may not write, names are given by us alone.
    assert code_of(place / "another") == ""


# Swaps two folders for as long as somebody wants it to.
SWAP = """
import os, select, sys
folder, evil, aside, third_party = sys.argv[1:]
if third_party:
    os.setgroups([]); os.setgid(64321); os.setuid(64321)
print("begun", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    os.rename(folder, aside); os.rename(evil, folder)
    os.rename(folder, evil); os.rename(aside, folder)
"""


def swapped(trust_file: Path, evil: Path, third_party: str = "") -> set[str]:
    """What 500 readings end in while the folder of the file is swapped with another one."""
    mallory = entry_text("mallory", BOB.public, ["*"])
    (evil / "trust.toml").write_text(mallory)
    (evil / "trust.toml").chmod(0o644)
    ends: set[str] = set()
    with begin(SWAP, trust_file.parent, evil, evil.with_name("aside"), third_party) as process:
        plain: set[str] = set()
        # The attack is alive: whoever just opens the file finds now this, now that.
        while not {TEXT, mallory} <= plain:
            try:
                plain.add(trust_file.read_text())
            except FileNotFoundError:
                continue
        for _ in range(500):
            try:
                ends.update(signer.name for signer in TrustFile.read(trust_file).signers)
            except UsageError as error:
                ends.add(error.code)
        process.communicate()
    return ends


@pytest.mark.guarantee("G6")
@as_root
def test_a_folder_that_a_third_party_swaps_is_never_believed(trust_file: Path) -> None:
    trust_file.parent.parent.chmod(0o777)
    evil = trust_file.parent.with_name("evil")
    evil.mkdir()
    for path in (evil, trust_file.parent):
        os.chown(path, STRANGER, -1)
    assert swapped(trust_file, evil, "a third party") <= {"trustfile-writable"}


@pytest.mark.guarantee("G6")
def test_what_was_judged_is_what_is_read_while_folders_are_swapped(trust_file: Path) -> None:
    evil = trust_file.parent.with_name("evil")
    evil.mkdir()
    evil.chmod(0o777)
    ends = swapped(trust_file, evil)
    assert "mallory" not in ends
    assert ends <= {
        "alice",
        "trustfile-writable",
        "trustfile-missing",
        "trustfile-unreadable",
    }


@pytest.mark.guarantee("G6")
@as_root
def test_a_group_with_other_members_is_somebody_else(trust_file: Path) -> None:
    os.chown(trust_file.parent, -1, STRANGER)
    trust_file.parent.chmod(0o775)
    assert "its group" in refused(trust_file).message
    trust_file.parent.chmod(0o755)
    assert code_of(trust_file) == ""


@pytest.mark.guarantee("G6")
@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="access lists are set as on Linux")
def test_an_access_list_is_no_matter_of_the_group_alone(trust_file: Path) -> None:
    folder = trust_file.parent
    folder.chmod(0o775)
    before = code_of(trust_file)
    # Version 2; owner rwx, user 64321 rwx, group r-x, mask rwx, others r-x.
    entries = [(1, 7, -1), (2, 7, STRANGER), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    packed = b"\2\0\0\0" + b"".join(
        tag.to_bytes(2, "little")
        + rights.to_bytes(2, "little")
        + (user % 2**32).to_bytes(4, "little")
        for tag, rights, user in entries
    )
    try:
        os.setxattr(folder, "system.posix_acl_access", packed)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        pytest.skip("this file system has no access lists")
    refused(trust_file)
    if os.geteuid() == 0:
        # Before, the group of the folder was root's.
        assert before == ""


@pytest.mark.guarantee("G6")
def test_what_a_process_of_another_user_serves_is_not_believed(
    trust_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def served_by(user: int | None) -> Callable[[int], Mount]:
        return lambda _: Mount("/", "fuse.x", False, False, user)

    # As if no block device were below, and something were served.
    monkeypatch.setattr(os, "major", lambda _: 0)
    monkeypatch.setattr(judge, "users_serve", lambda: True)
    for user, code in ((None, ""), (0, ""), (os.geteuid(), ""), (12, "trustfile-writable")):
        monkeypatch.setattr(judge, "mount_of", served_by(user))
        assert code_of(trust_file) == code


@pytest.mark.guarantee("G6")
@as_root
def test_a_key_of_somebody_else_does_not_sign(place: Path) -> None:
    path = place / "signing.key"
    ALICE.write(path, passphrase=None)
    assert SigningKey.read(path).public == ALICE.public
    os.chown(path, STRANGER, -1)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path)
    assert caught.value.code == "key-permissions"


@pytest.mark.guarantee("G6")
def test_a_key_in_a_folder_of_all_does_not_sign(place: Path) -> None:
    ALICE.write(place / "signing.key", passphrase=None)
    place.chmod(0o777)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(place / "signing.key")
    assert caught.value.code == "key-permissions"


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("open_to_all", ["file", "folder"])
def test_a_policy_that_anybody_may_write_is_not_used(place: Path, open_to_all: str) -> None:
    path = place / "team.toml"
    path.write_text("")
    path.chmod(0o644)
    assert Policy.read(path).entries
    {"file": path, "folder": place}[open_to_all].chmod(0o777)
    with pytest.raises(UsageError) as caught:
        Policy.read(path)
    assert caught.value.code == "policy-writable"


@pytest.mark.guarantee("G6")
@as_root
def test_a_policy_of_somebody_else_is_not_used(place: Path) -> None:
    path = place / "team.toml"
    path.write_text("")
    os.chown(path, STRANGER, -1)
    with pytest.raises(UsageError) as caught:
        Policy.read(path)
    assert caught.value.code == "policy-writable"


# -- user namespaces -------------------------------------------------------------------------------


@as_root
def test_folders_of_root_that_have_no_owner_in_a_user_namespace_are_fine(trust_file: Path) -> None:
    os.chown(trust_file.parent, STRANGER, STRANGER)
    os.chown(trust_file, STRANGER, STRANGER)
    os.chown(trust_file.parent.parent, STRANGER, STRANGER)
    for inside in (0, 1000, STRANGER):
        assert read_as(STRANGER, trust_file, namespace=inside) == "read alice"


@pytest.mark.guarantee("G6")
@as_root
def test_a_file_without_an_owner_in_a_user_namespace_is_not_believed(trust_file: Path) -> None:
    os.chown(trust_file.parent.parent, STRANGER, STRANGER)
    os.chown(trust_file, STRANGER + 1, -1)
    assert read_as(STRANGER, trust_file, namespace=0) == "trustfile-writable"


@pytest.mark.guarantee("G6")
@as_root
def test_a_folder_without_an_owner_that_anybody_could_have_made_is_not_believed(
    trust_file: Path,
) -> None:
    # It lies in /tmp, say, and belongs to a user of the machine that the namespace does not know.
    os.chown(trust_file, STRANGER, STRANGER)
    trust_file.parent.parent.chmod(0o1777)
    os.chown(trust_file.parent.parent, STRANGER, -1)
    os.chown(trust_file.parent, STRANGER + 1, -1)
    assert read_as(STRANGER, trust_file, namespace=0) == "trustfile-writable"


# Reads as root of a user namespace that has numbers for 65,536 users, as rootless containers do.
AS_CONTAINER = """
import codecs, ctypes, grp, os, pwd, sys
codecs.lookup("ascii")
from pathlib import Path
from safeload.errors import UsageError
from safeload.trust.trustfile import TrustFile
TrustFile.parse(b"")
try:
    TrustFile.read("/nowhere/at/all")
except UsageError:
    pass
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child:
    if os.read(ready[0], 1) == b"1":
        for kind in ("uid", "gid"):
            Path(f"/proc/{child}/{kind}_map").write_text("0 64321 1\\n1 100000 65536\\n")
    os.write(go[1], b"1")
    os.waitpid(child, 0)
    sys.exit()
refused = ctypes.CDLL(None).unshare(0x10000000)
os.write(ready[1], b"0" if refused else b"1")
os.read(go[0], 1)
if refused:
    print("no namespace")
else:
    os.setresgid(0, 0, 0); os.setresuid(0, 0, 0)
    for path in sys.argv[1:]:
        try:
            print("read", *[signer.name for signer in TrustFile.read(path).signers])
        except UsageError as error:
            print(error.code)
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.guarantee("G6")
@as_root
@pytest.mark.skipif(sys.platform != "linux", reason="needs user namespaces")
def test_in_a_container_a_folder_without_an_owner_is_not_that_of_its_user_of_that_number(
    place: Path,
) -> None:
    overflow = int(Path("/proc/sys/kernel/overflowuid").read_text())
    os.chown(place, STRANGER, STRANGER)
    for name, owner in (("roots", 0), ("nobodys", 100_000 + overflow - 1)):
        (place / name).mkdir()
        path = place / name / "trust.toml"
        path.write_text(TEXT)
        path.chmod(0o644)
        os.chown(path, STRANGER, STRANGER)
        os.chown(place / name, owner, owner)
    done = subprocess.run(
        [
            *(sys.executable, "-c", AS_CONTAINER),
            *(str(place / name / "trust.toml") for name in ("roots", "nobodys")),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout == "no namespace\n":
        pytest.skip("this machine gives no user namespaces")
    assert done.stdout.splitlines() == ["read alice", "trustfile-writable"]


@pytest.mark.guarantee("G6")
def test_who_has_no_number_is_not_all_others_that_have_none(
    trust_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_ranges", list)
    monkeypatch.setattr(people, "_overflow", os.geteuid)
    refused(trust_file)


# -- set-ups that are fine -------------------------------------------------------------------------


def test_a_file_of_ours_in_folders_of_ours_and_roots_is_believed(trust_file: Path) -> None:
    assert code_of(trust_file) == ""


@as_root
def test_a_user_believes_what_is_roots_and_theirs(trust_file: Path) -> None:
    assert read_as(STRANGER, trust_file) == "read alice"
    os.chown(trust_file, STRANGER, STRANGER)
    assert read_as(STRANGER, trust_file) == "read alice"


@as_root
def test_the_group_of_a_user_alone_may_write_to_folders(trust_file: Path) -> None:
    # As in a home of mode 0775, and a container that knows its user by number only.
    folder = trust_file.parent
    os.chown(folder, STRANGER, STRANGER)
    os.chown(trust_file, STRANGER, STRANGER)
    folder.chmod(0o775)
    assert read_as(STRANGER, trust_file) == "read alice"
    # A group that the user merely is in is another matter.
    os.chown(folder, STRANGER, STRANGER + 1)
    assert read_as(STRANGER, trust_file, group=STRANGER + 1) == "trustfile-writable"


@as_root
def test_a_current_folder_whose_path_is_closed_is_fine(place: Path) -> None:
    closed = place / "closed"
    (closed / "here").mkdir(parents=True)
    (closed / "here" / "trust.toml").write_text(TEXT)
    closed.chmod(0o700)
    child = (
        "import os, sys\n"
        "from safeload.errors import UsageError\n"
        "from safeload.trust.trustfile import TrustFile\n"
        "TrustFile.read('trust.toml')\n"
        "os.setgroups([]); os.setgid(64321); os.setuid(64321)\n"
        "TrustFile.read('trust.toml')\n"
        "try: TrustFile.read('../here/trust.toml')\n"
        "except UsageError as error: print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", child],
        cwd=closed / "here",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("trustfile-unreadable\n", "")


def test_a_checkout_that_its_users_own_group_may_write_gives_a_policy(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place / "team.toml"
    path.write_text("")
    path.chmod(0o664)
    for alone in (True, False):
        monkeypatch.setattr(judge, "has_no_other_member", lambda gid, alone=alone: alone)
        if alone:
            assert Policy.read(path).entries
        else:
            with pytest.raises(UsageError):
                Policy.read(path)


# Mounts a folder of mode 0777 as Kubernetes mounts a ConfigMap, and reads the file in it.
MOUNT = """
set -e
mkdir "$1/volume" "$1/seen"
mkdir -m 755 "$1/volume/..2026"
cp "$1/folder/trust.toml" "$1/volume/..2026/"
ln -s ..2026 "$1/volume/..data"
ln -s ..data/trust.toml "$1/volume/trust.toml"
mkdir -m 777 "$1/volume/inner"
chmod 777 "$1/volume" "$1/volume/inner"
cp "$1/folder/trust.toml" "$1/volume/inner/"
mount --bind "$1/volume" "$1/seen"
mount -o remount,bind,ro "$1/seen"
shift
exec "$@"
"""


@as_root
@pytest.mark.skipif(sys.platform != "linux", reason="mounts as on Linux")
def test_a_volume_that_is_mounted_read_only_is_fine_whatever_the_mode_of_its_root(
    trust_file: Path,
) -> None:
    place = trust_file.parent.parent
    child = (
        "import sys\n"
        "from safeload.errors import UsageError\n"
        "from safeload.trust.trustfile import TrustFile\n"
        "for path in sys.argv[1:]:\n"
        "    try: print(len(TrustFile.read(path).signers))\n"
        "    except UsageError as error: print(error.code)\n"
    )
    paths = [
        place / "seen/trust.toml",
        place / "seen/inner/trust.toml",
        place / "volume/trust.toml",
    ]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", MOUNT, "sh", place, sys.executable, "-c", child, *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no mount can be made here: {done.stderr}")
    # Anybody may write to what lies further in by the path that is not read-only.
    assert done.stdout.split() == ["1", "trustfile-writable", "trustfile-writable"]


def test_to_a_read_only_file_system_nobody_may_write(
    trust_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_file.parent.chmod(0o777)
    refused(trust_file)
    for read_only, code in ((True, ""), (False, "trustfile-writable")):
        mount = Mount("/", "squashfs", True, read_only, None)
        monkeypatch.setattr(judge, "mount_of", lambda _, mount=mount: mount)
        monkeypatch.setattr(os, "fstatvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
        assert code_of(trust_file) == code


# -- what is not a file ----------------------------------------------------------------------------


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


OTHERS: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a socket": a_socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a file with a slash": lambda path: path.symlink_to(f"{Path(__file__)}/"),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=list(OTHERS))
def test_what_is_no_regular_file_is_not_waited_for(
    place: Path, make: Callable[[Path], object]
) -> None:
    make(place / "x")
    with pytest.raises(OSError) as caught:  # noqa: PT011  # the number follows
        read_own(place / "x", noun="file", code="code", limit=10)
    assert caught.value.errno in {errno.EINVAL, errno.ELOOP, errno.ENOTDIR}


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "/a\0/b", ""])
def test_what_is_no_path_is_an_error_of_the_system(path: str) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011  # the number follows
        read_own(path, noun="file", code="code", limit=10)
    assert caught.value.errno == errno.EINVAL


def test_a_way_with_steps_back_and_links_leads_where_the_kernel_goes(
    trust_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = trust_file.parent.parent
    (place / "a" / "b").mkdir(parents=True)
    (place / "link").symlink_to("a/b/")
    (place / "file").symlink_to(f"{place}/link/../../folder/./trust.toml")
    monkeypatch.chdir(place / "a")
    for path in ("../file", "../link/../../folder/trust.toml", f"/..{place}//file", place / "file"):
        assert read_own(path, noun="file", code="code", limit=10_000)[0] == TEXT.encode()
    (place / "file").unlink()
    assert code_of("../file") == "trustfile-missing"


def test_elsewhere_than_on_posix_modes_say_nothing(
    trust_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_file.chmod(0o666)
    monkeypatch.setattr(reading, "_HAS_OWNERS", False)
    data, _ = read_own(trust_file, noun="file", code="code", limit=10_000)
    assert data == TEXT.encode()


def test_no_descriptor_stays_open_whatever_the_end(trust_file: Path) -> None:
    descriptors = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    for mode in (0o755, 0o777):
        trust_file.parent.chmod(mode)
        code_of(trust_file)
        code_of(trust_file.parent)
        code_of(trust_file / "x")
        code_of(trust_file.with_name("missing"))
    assert len(list(descriptors.iterdir())) == before
