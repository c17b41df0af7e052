"""Real shells at a terminal: what is on the line after keys were typed, TAB among them."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time

import pytest

from server import BUILD

SECONDS = 20
TELL = '\x18\x10'  # Ctrl-X Ctrl-P: writes the line to a file, and empties it
ESCAPE = re.compile(r'\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-B]|[=>78])')

BASH = r'''
PS1='$ ' HISTFILE=
. /usr/share/bash-completion/bash_completion
{completions}
tell() {{ printf '%s' "$READLINE_LINE" > {line}.new; mv {line}.new {line}; READLINE_LINE= READLINE_POINT=0; }}
bind -x '"\C-x\C-p": tell'
bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set enable-bracketed-paste off'
'''
ZSH = r'''
PS1='$ ' LISTMAX=9999
{completions}
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' list-colors ''
tell() {{ print -rn -- "$BUFFER" > {line}.new; mv {line}.new {line}; BUFFER= }}
zle -N tell
bindkey '^X^P' tell
'''
FISH = r'''
function fish_prompt; echo '$ '; end
function fish_greeting; end
set -g fish_autosuggestion_enabled 0 # they look into folders by themselves
{completions}
function tell; printf '%s' (commandline) > {line}.new; mv {line}.new {line}; commandline ''; end
bind \cx\cp tell
'''


COMPLETIONS = {'bash': f'. {BUILD}/completion/lasfs; . {BUILD}/completion/lasfs-sandbox',
               'zsh': f'fpath=({BUILD}/completion $fpath)',
               'fish': f'source {BUILD}/completion/lasfs.fish; '
                       f'source {BUILD}/completion/lasfs-sandbox.fish'}


class Shell:
    """shell.complete('lasfs --unm') types that and a TAB, and gives the line."""

    def __init__(self, kind, folder, cwd, home, completions=True):
        self.kind, self.folder, self.cwd = kind, folder, cwd
        self.line = folder / 'line'
        self.output = b''
        self.lock = threading.Lock()
        begin = {'bash': BASH, 'zsh': ZSH, 'fish': FISH}[kind].format(
            completions=COMPLETIONS[kind] if completions else '', line=self.line)
        rc = folder / ('.zshrc' if kind == 'zsh' else 'begin')
        rc.write_text(begin)
        if kind == 'fish':  # without this it begins to read all manual pages, in the background
            (home / '.local/share/fish/generated_completions').mkdir(parents=True, exist_ok=True)
        command = {'bash': ['bash', '--noprofile', '--rcfile', str(rc), '-i'],
                   'zsh': ['zsh', '-d', '-i'],
                   'fish': ['fish', '--private', '-i', '-C', f'source {rc}']}[kind]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(('LAS_', 'XDG_'))}
        environment |= {'HOME': str(home), 'ZDOTDIR': str(folder), 'TERM': 'xterm',
                        'XDG_RUNTIME_DIR': str(folder),
                        'LC_ALL': 'C.UTF-8', 'PATH': f'{BUILD}:/usr/bin:/bin:/usr/sbin:/sbin'}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 200, 200, 0, 0))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        assert self.type('true') == 'true'

    def read(self):
        """The shell must never wait for the terminal."""
        while True:
            try:
                ready, _, _ = select.select([self.terminal], [], [], 60)
                data = os.read(self.terminal, 65536) if ready else b''
            except OSError:
                return
            with self.lock:
                self.output += data

    def type(self, keys):
        """The line after these keys; it is empty again then."""
        self.line.unlink(missing_ok=True)
        with self.lock:
            self.output = b''
        deadline = time.monotonic() + SECONDS
        os.write(self.terminal, (keys + TELL).encode())
        while not self.line.exists():
            assert time.monotonic() < deadline, \
                f'{self.kind} did not answer {keys!r}: {self.output.decode(errors="replace")}'
            time.sleep(0.01)
        return self.line.read_text()

    def complete(self, text):
        return self.type(text + '\t')

    def offered(self, text, quiet=0.3):
        """What is shown below the line after TAB, twice where the shell wants it."""
        self.type(text + '\t\t')
        return ESCAPE.sub('', self.shown(quiet))

    def shown(self, quiet):
        """All that was written, once nothing more comes for so long."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < quiet:
            with self.lock:
                if len(self.output) != size:
                    size, since = len(self.output), time.monotonic()
            time.sleep(0.02)
        with self.lock:
            return self.output.decode(errors='replace')

    def ended(self):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return True
            time.sleep(0.02)
        return False

    def end(self):
        """It goes out of the mount by itself, with all that it has started."""
        os.write(self.terminal, (TELL + 'cd /; exit\r').encode())
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            assert self.ended()
        os.close(self.terminal)


@pytest.fixture
def shells(tmp_path):
    """shells('fish', cwd=...) starts one; each is ended."""
    made = []

    def make(kind, cwd=None, home=None, completions=True):
        folder = tmp_path / f'{kind}{len(made)}'
        folder.mkdir(mode=0o700)  # as fish wants XDG_RUNTIME_DIR
        made.append(Shell(kind, folder, cwd or folder, home or folder, completions))
        return made[-1]

    yield make
    for shell in made:
        shell.end()
