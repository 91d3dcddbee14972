"""A step of a path becomes what is wrong with it: how somebody else could have put the file there.

The rule is OpenSSH's: the file, and every folder and link on the way to it, belongs to us or to
root, and nobody else may write to it. Four set-ups that are safe would fail by that alone:

- In a folder that anybody may write to and that is *sticky*, such as ``/tmp``, nobody can replace
  an entry that is ours. An entry of somebody else's is refused like any other.
- A *group* without a member besides us and root is nobody else. Most distributions make one for
  each user, and their umask of 002 lets it write. Files that safeload or a person writes on
  purpose need no such thing, so for trust files and keys it is not taken.
- Nothing can be written to a *read-only* file system. A mount that is read-only only by way of this
  path protects no more than its root, which nobody comes to otherwise: such is the folder of mode
  0777 that Kubernetes mounts a ConfigMap or a Secret as.
- In a *user namespace* without a number for root, the folders of root and of third parties have the
  same owner. They are believed to be root's unless anybody could have made them, or a user of the
  namespace has that number; files never are.

Owner and mode are worth what the file system is that shows them. One rule tells those that keep
what was written from those that make up what is read, whatever they are called: what is kept is as
long as its status says. Files and links of ``/proc``, ``/sys`` and the like are not. And what a
process of some user serves (FUSE) belongs to that user, whatever it says.

Trust: the status of open files and folders; see :mod:`safeload.owners.walk`.

Source: OpenSSH, ``safe_path`` and ``StrictModes`` in sshd_config(5); acl(5), by which the group's
bits show what any named user may do; rename(2) and unlink(2) on sticky folders.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
from dataclasses import dataclass, field

from safeload.errors import printable
from safeload.owners.mounts import Mount, mount_of, users_serve
from safeload.owners.people import People, has_no_other_member, name_of
from safeload.owners.walk import Kind, Step

__all__ = ["Fault", "Judge"]

_ACL = "system.posix_acl_access"
_ANY_ACCESS = stat.S_IRWXG | stat.S_IRWXO
# Longest path shown in full, characters.
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a step.

    Attributes:
        what: A clause that names the step, without a full stop.
        hint: What to do about it, as a sentence.
    """

    what: str
    hint: str


@dataclass(slots=True, kw_only=True)
class Judge:
    """Judges the steps of one path, in their order.

    Attributes:
        secret: Whether nobody else may even read the file.
        own_group: Whether a group without other members may write to the file.
        people: The owners that are believed.
    """

    secret: bool = False
    own_group: bool = False
    people: People = field(default_factory=People.here)
    _served: bool | None = None
    _mounts: dict[int, Mount | None] = field(default_factory=dict)
    # Folders that others may write to and that are as they should be, by path.
    _shared: set[str] = field(default_factory=set)

    def fault_of(self, step: Step) -> Fault | None:
        """What is wrong with a step; None if nothing is.

        Args:
            step: The next one, still open.
        """
        return self._of_owner(step) or self._of_mode(step) or self._of_mount(step)

    def fault_of_content(self, step: Step, length: int) -> Fault | None:
        """What is wrong with a file, or a link, for what was read of it.

        Args:
            step: The file or link, still open.
            length: How much was read of it in all, bytes.
        """
        status = step.status if step.kind is Kind.LINK else os.fstat(step.descriptor)
        if status.st_size == length:
            return None
        return Fault(
            f"the {_named(step)} holds {length} bytes where its size is {status.st_size}, as what "
            "a kernel or a process makes up while it is read",
            "Give a file on a disk that nobody writes to meanwhile, not /dev/stdin or a shell's "
            "<(command).",
        )

    def fault_of_folder(self, step: Step) -> Fault | None:
        """What is wrong with the folder that a file lies in, if others must not add files to it.

        Args:
            step: The file, after all steps before it.
        """
        if step.folder is None or not self._lies_shared(step):
            return None
        return Fault(
            f"others may add files to the {_named(step.folder)}",
            "Put the file into a folder that only you and root may write to.",
        )

    def _of_owner(self, step: Step) -> Fault | None:
        owner = step.status.st_uid
        if owner in self.people.trusted:
            return None
        if owner != self.people.nameless:
            return Fault(
                f"the {_named(step)} belongs to user {printable(name_of(owner))}, who is neither "
                "you nor root",
                # A folder has other uses, for which its owner may be the right one.
                f"Put a copy of the file where only you and root may write, or run this as user "
                f"{printable(name_of(owner))}."
                if step.kind is Kind.FOLDER
                else f"If its content is yours, run {_command('chown -h root', step)} as root; "
                "otherwise put the file where only you and root may write.",
            )
        if step.kind is not Kind.FILE and not self._lies_shared(step) and not _has_number(step):
            return None
        return Fault(
            f"the {_named(step)} belongs to a user who has no number in this user namespace",
            "Give it to a user of the namespace, or put a copy where only you may write.",
        )

    def _of_mode(self, step: Step) -> Fault | None:
        mode = step.status.st_mode
        if step.kind is not Kind.FOLDER and self._lies_shared(step) and step.status.st_nlink > 1:
            return Fault(
                f"the {_named(step)} has {step.status.st_nlink} names and lies in a folder that "
                "others may write to, who may have given it this one",
                "Put a copy where only you and root may write.",
            )
        if step.kind is Kind.LINK:
            return self.fault_of_content(step, len(os.fsencode(step.leads_to)))
        if step.kind is Kind.FILE:
            return self._of_file_mode(step, mode)
        if not self._others_may_write(step) or self._is_read_only(step):
            return None
        if mode & stat.S_ISVTX:
            self._shared.add(step.path)
            return None
        return Fault(
            f"the {_named(step)} has mode {stat.S_IMODE(mode):04o}: {_who(mode)} may replace what "
            "is in it",
            f"Run {_command('chmod go-w', step)}, or put the file where only you and root may "
            "write.",
        )

    def _of_file_mode(self, step: Step, mode: int) -> Fault | None:
        if self.secret and mode & _ANY_ACCESS:
            return Fault(
                f"the {_named(step)} has mode {stat.S_IMODE(mode):04o}: others may use it",
                f"Run {_command('chmod 600', step)}, and replace a key that others had.",
            )
        if not self._others_may_write(step):
            return None
        return Fault(
            f"the {_named(step)} has mode {stat.S_IMODE(mode):04o}: {_who(mode)} may write to it",
            f"Check its content, and run {_command('chmod go-w', step)}.",
        )

    def _of_mount(self, step: Step) -> Fault | None:
        if sys.platform == "win32":
            return None
        device = step.status.st_dev
        # A link lies on the mount of its folder, which has been judged. Block devices are mounted
        # by root or by programs that root allows to; what a user serves is on none.
        if step.kind is Kind.LINK or os.major(device) or not self._users_serve():
            return None
        if device not in self._mounts:
            self._mounts[device] = mount_of(step.descriptor)
        mount = self._mounts[device]
        if mount is None or mount.served_by is None or mount.served_by in self.people.trusted:
            return None
        return Fault(
            f"the {_named(step)} is made up by a process of user "
            f"{printable(name_of(mount.served_by))} (file system {printable(mount.form)})",
            "Put a copy on a disk of this machine, where only you and root may write.",
        )

    def _users_serve(self) -> bool:
        if self._served is None:
            self._served = users_serve()
        return self._served

    def _others_may_write(self, step: Step) -> bool:
        mode = step.status.st_mode
        if not mode & stat.S_IWGRP or mode & stat.S_IWOTH:
            return bool(mode & stat.S_IWOTH)
        if step.kind is Kind.FILE and not self.own_group:
            return True
        return _has_acl(step) or not has_no_other_member(step.status.st_gid)

    def _lies_shared(self, step: Step) -> bool:
        return step.folder is not None and step.folder.path in self._shared

    def _is_read_only(self, step: Step) -> bool:
        if sys.platform == "win32":
            return False
        # Asked first, as it costs a hundredth of the rest.
        if not os.fstatvfs(step.descriptor).f_flag & os.ST_RDONLY:
            return False
        mount = mount_of(step.descriptor)
        if mount is None:
            return False
        return mount.read_only or (mount.read_only_here and mount.point == step.path)


def _has_number(step: Step) -> bool:
    """Whether a user of this namespace owns a folder, and not somebody without a number.

    Root of a namespace may write to what belongs to its users, and to nothing else that is closed
    to others. Whoever else asks is not told.
    """
    return (
        sys.platform != "win32"
        and step.kind is Kind.FOLDER
        and os.geteuid() == 0
        and not step.status.st_mode & stat.S_IWOTH
        and os.access(".", os.W_OK, dir_fd=step.descriptor, effective_ids=True)
    )


def _has_acl(step: Step) -> bool:
    """Whether an access list may let named users do what the mode says that the group may."""
    if sys.platform != "linux":
        return False
    descriptor = step.descriptor
    try:
        if step.kind is Kind.FOLDER:
            # The descriptor of a folder may be good for nothing but looking up names.
            descriptor = os.open(".", os.O_RDONLY | os.O_CLOEXEC, dir_fd=step.descriptor)
        os.getxattr(descriptor, _ACL)
    except PermissionError:
        return True
    except OSError:
        return False
    finally:
        if descriptor != step.descriptor:
            os.close(descriptor)
    return True


def _named(step: Step) -> str:
    return f"{step.kind} {printable(step.path, limit=_SHOWN)!r}"


def _who(mode: int) -> str:
    return "anybody" if mode & stat.S_IWOTH else "its group"


def _command(command: str, step: Step) -> str:
    return f"{command} {printable(shlex.quote(step.path), limit=_SHOWN)}"
