"""Which owners and groups are nobody but us and root, on machines of every kind."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from safeload.owners import people
from safeload.owners.people import People, has_no_other_member, name_of
from tests.owners.users import STRANGER, posix

pytestmark = posix

ME = 1000


class Machine:
    """Accounts and groups in place of this machine's."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.accounts: list[SimpleNamespace] = []
        self.groups: list[SimpleNamespace] = []
        patch.setattr("pwd.getpwall", lambda: self.accounts)
        patch.setattr("pwd.getpwuid", lambda uid: self._one(self.accounts, "pw_uid", uid))
        patch.setattr("grp.getgrgid", lambda gid: self._one(self.groups, "gr_gid", gid))
        self.patch = patch
        self.running_as(ME)

    def running_as(self, user: int, group: int | None = None) -> None:
        self.patch.setattr(os, "geteuid", lambda: user)
        self.patch.setattr(os, "getegid", lambda: user if group is None else group)

    def account(self, name: str, uid: int, gid: int) -> None:
        self.accounts.append(SimpleNamespace(pw_name=name, pw_uid=uid, pw_gid=gid))

    def group(self, name: str, gid: int, *members: str) -> None:
        self.groups.append(SimpleNamespace(gr_name=name, gr_gid=gid, gr_mem=list(members)))

    def _one(self, found: list[SimpleNamespace], key: str, number: int) -> SimpleNamespace:
        for one in found:
            if getattr(one, key) == number:
                return one
        raise KeyError(number)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_the_group_of_one_user_is_nobody_else(machine: Machine) -> None:
    machine.account("alice", ME, ME)
    machine.group("alice", ME)
    assert has_no_other_member(ME)
    machine.group("named", 5, "alice", "root")
    assert not has_no_other_member(5)


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("as_first", [True, False])
def test_a_group_that_somebody_else_joined_is_no_longer_private(
    machine: Machine, as_first: bool
) -> None:
    machine.account("alice", ME, ME)
    machine.account("bob", ME + 1, ME if as_first else ME + 1)
    machine.group("alice", ME, *([] if as_first else ["bob"]))
    assert not has_no_other_member(ME)


@pytest.mark.guarantee("G6")
def test_a_group_of_many_is_not_private_although_its_members_are_not_listed(
    machine: Machine,
) -> None:
    # A directory service need not list who has a group as the first one.
    machine.account("alice", ME, 513)
    machine.group("domain users", 513)
    assert not has_no_other_member(513)


@pytest.mark.guarantee("G6")
def test_a_group_without_members_is_not_ours(machine: Machine) -> None:
    machine.account("alice", ME, ME)
    machine.group("mail", 8)
    assert not has_no_other_member(8)


def test_the_group_of_root_is_roots(machine: Machine) -> None:
    machine.account("root", 0, 0)
    machine.account("halt", 7, 0)
    machine.account("alice", ME, ME)
    machine.group("root", 0)
    assert has_no_other_member(0)
    machine.running_as(0)
    assert has_no_other_member(0)
    assert not has_no_other_member(ME)


@pytest.mark.guarantee("G6")
def test_the_group_of_root_with_others_in_it_is_not_roots_alone(machine: Machine) -> None:
    machine.account("alice", ME, ME)
    machine.group("wheel", 0, "root", "bob")
    assert not has_no_other_member(0)
    machine.running_as(STRANGER)
    assert not has_no_other_member(0)


def test_a_user_of_a_container_that_is_a_mere_number_has_the_group_of_that_number(
    machine: Machine,
) -> None:
    assert has_no_other_member(ME)
    assert has_no_other_member(0)
    # Another group of the process is shared with whoever has it, too.
    machine.running_as(ME, 2000)
    assert not has_no_other_member(2000)
    assert not has_no_other_member(ME)
    # There may be groups and no account.
    machine.group("root", 0)
    machine.group("users", ME)
    assert has_no_other_member(0)
    assert not has_no_other_member(ME)


# The ranges of a map, the number of those who have none, that number as it is found, and whether a
# user of the namespace may have it.
MAPS = {
    "the machine itself": ("         0          0 4294967295\n", None, None, True),
    "one user": ("0 1000 1\n", "65534\n", 65534, False),
    "another number for all others": ("0 1000 1\n", "99\n", 99, False),
    "a range of users": ("0 1000 1\n1 100000 65536\n", "65534\n", 65534, True),
    "a short range": ("0 1000 1\n1 100000 1000\n", "65534\n", 65534, False),
    "no map yet": ("", "65534\n", 65534, False),
    "no number told": ("0 1000 1\n", None, 65534, False),
}


@pytest.mark.parametrize(("ranges", "overflow", "expected", "owned"), MAPS.values(), ids=list(MAPS))
def test_who_has_no_number_in_a_user_namespace_has_that_of_all_others(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ranges: str,
    overflow: str | None,
    expected: int | None,
    owned: bool,
) -> None:
    (tmp_path / "map").write_text(ranges)
    if overflow is not None:
        (tmp_path / "overflow").write_text(overflow)
    monkeypatch.setattr(people, "_MAP", tmp_path / "map")
    monkeypatch.setattr(people, "_OVERFLOW", tmp_path / "overflow")
    for user in (0, ME, 65534):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        here = People.here()
        assert here.nameless == expected
        assert here.trusted == {0, user} - (set() if owned else {expected})


def test_without_user_namespaces_each_owner_has_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_MAP", tmp_path / "none")
    assert People.here() == People(frozenset({0, os.geteuid()}), None)


def test_an_owner_without_an_account_is_called_by_the_number(machine: Machine) -> None:
    machine.account("alice", ME, ME)
    assert name_of(ME) == "alice"
    assert name_of(STRANGER) == str(STRANGER)
