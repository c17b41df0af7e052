#!/usr/bin/python3
"""Runs a command as a unit's settings would have it confined, in place of systemd.

Usage: confined.py UNIT COMMAND...

NoNewPrivileges, CapabilityBoundingSet, SystemCallFilter, RestrictAddressFamilies and
MemoryDenyWriteExecute; another setting of their kind is an error, so that none goes untried.
"""
import errno
import os
import re
import socket
import subprocess
import sys

import seccomp

TRIED = {'NoNewPrivileges', 'CapabilityBoundingSet', 'SystemCallFilter', 'RestrictAddressFamilies',
         'MemoryDenyWriteExecute'}
# Nothing of lasfs comes near these: no other namespace, ABI or host name, no realtime, no setuid.
NOT_TRIED = {'RestrictNamespaces', 'RestrictRealtime', 'RestrictSUIDSGID', 'LockPersonality',
             'ProtectHostname', 'SystemCallArchitectures', 'SystemCallErrorNumber'}
CONFINING = re.compile(r'(NoNew|Capability|SystemCall|Restrict|Lock|Memory|Protect|Ambient)')


def read(unit):
    with open(unit, encoding='utf-8') as f:
        found = dict(line.rstrip('\n').partition('=')[::2] for line in f
                     if CONFINING.match(line))
    unknown = found.keys() - TRIED - NOT_TRIED - {'RestartSec', 'RestartPreventExitStatus'}
    assert not unknown, f'{unknown}: this stand-in knows them not'
    return found


def calls_of(names):
    """The system calls of systemd's groups."""
    found = set()
    for name in names:
        if not name.startswith('@'):
            found.add(name)
            continue
        text = subprocess.run(['systemd-analyze', 'syscall-filter', name], check=True,
                              capture_output=True, text=True).stdout
        found |= calls_of(line.strip() for line in text.splitlines()[1:]
                          if line.strip() and not line.strip().startswith('#'))
    return found


def forbid(settings):
    """From here on, and after exec()."""
    limit = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for call in calls_of(settings['SystemCallFilter'].split()) - {'socket', 'mprotect', 'mmap'}:
        try:
            limit.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, ValueError):
            pass  # of another machine
    for family in settings['RestrictAddressFamilies'].split():
        limit.add_rule(seccomp.ALLOW, 'socket',
                       seccomp.Arg(0, seccomp.EQ, getattr(socket, family)))
    assert settings['MemoryDenyWriteExecute'] == 'yes'
    limit.add_rule(seccomp.ALLOW, 'mprotect', seccomp.Arg(2, seccomp.MASKED_EQ, 4, 0))
    limit.add_rule(seccomp.ALLOW, 'mmap', seccomp.Arg(2, seccomp.MASKED_EQ, 4, 0))
    limit.add_rule(seccomp.ALLOW, 'mmap', seccomp.Arg(2, seccomp.MASKED_EQ, 2, 0))
    limit.load()


def main():
    settings = read(sys.argv[1])
    kept = settings['CapabilityBoundingSet'].lower().replace('cap_', '+').split()
    assert settings['NoNewPrivileges'] == 'yes'
    command = ['setpriv', '--no-new-privs', '--inh-caps', '-all', '--bounding-set',
               ','.join(['-all', *kept]), '--', *sys.argv[2:]]
    # who looks for leaks stops the threads with a ptrace(2) that is forbidden here
    os.environ['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
    forbid(settings)
    os.execvp(command[0], command)


if __name__ == '__main__':
    main()
