"""A server that is far away: on this machine, behind a wire on which each packet takes its time."""
import contextlib
import ctypes
import os
import subprocess

from server import Server, program

CLONE_NEWNET = 0x40000000
HERE, THERE = '127.0.0.3', '127.0.0.2'  # plain http is for this machine alone: both ends are, by their addresses
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


ROUTED = '/proc/sys/net/ipv4/conf/all/route_localnet'


def address(within, mine, other):
    """The addresses of loopback are on the wire then, but for the one that programs have for themselves."""
    script = (f'echo 1 > {ROUTED}; ip link set lo up; ip link set wire up; ip addr flush dev lo; '
              f'ip addr add 127.0.0.1/32 dev lo; ip addr add {mine}/32 dev wire; '
              f'ip route add {other}/32 dev wire src {mine}')
    subprocess.run([*within, 'sh', '-e', '-c', script], check=True)


@contextlib.contextmanager
def far_away(round_trip_ms):
    """Each Server that is started meanwhile is so far from this process; 0: it is not."""
    if not round_trip_ms:
        yield
        return
    before, home = (Server.host, Server.within), os.open('/proc/self/ns/net', os.O_RDONLY)
    checked(LIBC.unshare(CLONE_NEWNET))
    try:
        with subprocess.Popen([program('bench_wire'), str(round_trip_ms * 500)],
                              stdout=subprocess.PIPE) as wire:
            try:
                assert wire.stdout.readline() == b'ready\n', 'there is no wire'
                there = ['nsenter', f'--net=/proc/{wire.pid}/ns/net', '--']
                address([], HERE, THERE)
                address(there, THERE, HERE)
                Server.host, Server.within = THERE, there
                yield
            finally:
                wire.kill()
    finally:
        Server.host, Server.within = before
        checked(LIBC.setns(home, CLONE_NEWNET))
        os.close(home)
