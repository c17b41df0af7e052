"""A program on a terminal of its own: what it shows there, and what stays."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

CLEAR = '\x1b[K'


class Terminal:
    """Runs a command with a new terminal as all of its three files; collects what comes."""

    def __init__(self, command, columns=80, env=None, cwd=None, term='xterm'):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        # The session's leader: Ctrl-C and a question reach it as they reach a person's program.
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, cwd=cwd,
            env={**(env or os.environ), 'TERM': term}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ''
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return  # the last of the other side is gone
            if not data:
                return
            self.text += data.decode(errors='replace')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join(10)
        os.close(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self, seconds):
        status = self.process.wait(seconds)
        self.reader.join(10)
        return status

    @property
    def shown(self):
        """The lines that stood there for a while, in their order."""
        return [part.split('\r')[0].split('\n')[0]
                for part in self.text.split('\r' + CLEAR)[1:] if part]

    @property
    def left(self):
        """What a person sees in the end, as lines."""
        screen = ''
        for part in re.split(r'(\r\n|\r\x1b\[K|\n)', self.text):
            if part == '\r' + CLEAR:
                screen = screen[:screen.rfind('\n') + 1]
            else:
                screen += '\n' if part == '\r\n' else part
        return screen.splitlines()
