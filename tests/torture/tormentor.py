"""What is done to the world meanwhile: deaths, lost answers, stalls, refusals, a full disk."""
import collections
import random
import signal
import threading

VERBS = ('POST', 'POST', 'POST', 'PATCH', 'DELETE', 'DELETE', 'GET', None)
ERRORS = (429, 429, 500, 502, 503, 504)
STALLS = (0.3, 1, 3, 7)  # seconds: some longer than the mount waits
STRIKE_SECONDS = 4  # so long it waits for its victim


class Tormentor(threading.Thread):
    """One thing after the other, so that the history can be read."""

    def __init__(self, world, runner, seed, choices=None):
        super().__init__(daemon=True)
        self.world, self.runner, self.history = world, runner, world.history
        self.chance = random.Random(f'{seed}-tormentor')
        self.choices = self.CHOICES if choices is None else choices
        self.counts = collections.Counter()
        self.stopping = threading.Event()
        self.crash = None

    def pause(self, least, most):
        self.stopping.wait(self.chance.uniform(least, most))

    # --- Deaths --------------------------------------------------------------------------------

    def kill_daemon(self):
        self.world.kill_daemon()
        self.pause(0, 0.3)
        self.world.start_daemon()

    def kill_daemon_twice(self):
        """Again while it finds out what was under way."""
        self.kill_daemon()
        self.pause(0, 0.5)
        self.kill_daemon()

    def strike(self, name, verbs=('POST', 'POST', 'DELETE', 'PATCH')):
        """Kills the daemon when the next such request has been carried out. False: none came."""
        struck, process = threading.Event(), self.world.mount.process

        def strike():
            self.world.strike(process)
            struck.set()
        rule = self.world.wire.trouble(name, self.chance.choice(verbs), times=1, strike=strike,
                                       strike_after=self.chance.choice((0, 0, 0.001, 0.003, 0.01)))
        struck.wait(STRIKE_SECONDS)
        self.world.wire.drop(rule)
        return struck.wait(0.1)  # the last may be on its way

    def kill_daemon_in_request(self):
        if self.strike('the daemon is killed'):
            self.kill_daemon()

    def cut_power_in_request(self):
        if self.strike('the power goes'):
            self.cut_power()

    def end_daemon(self):
        """A good end, with all that is under way."""
        self.world.kill_daemon(signal.SIGTERM)
        self.world.start_daemon()

    def kill_server(self):
        self.world.kill_server()
        self.pause(0, 3)
        self.world.start_server()

    def kill_both(self):
        self.world.kill_daemon()
        self.world.kill_server()
        self.pause(0, 0.5)
        self.world.start_server()
        self.world.start_daemon()

    def kill_tool(self):
        for _ in range(self.chance.randrange(1, 5)):
            self.pause(0, 0.2)
            killed = self.runner.kill_one(self.chance)
            if killed:
                self.history.note(f'killed {killed}',
                                  names=[killed.rpartition('/mnt/')[2]])

    def cut_power(self):
        self.world.cut_power()
        self.world.start_daemon()

    # --- The network, and the server's bad days ------------------------------------------------

    def cut_all(self):
        self.world.wire.cut_all()

    def cut_before(self):
        self.trouble('cut before', close='before')

    def cut_after(self):
        self.trouble('cut: the answer is lost', close='after')

    def cut_within(self):
        self.trouble('cut within the answer', close='middle')

    def refuse(self):
        status = self.chance.choice(ERRORS)
        self.trouble(f'{status}', status=status, headers={'Retry-After': '1'} if status == 429 else {},
                     message='Too Many Requests' if status == 429 else 'it is a bad day')

    def gateway(self):
        self.trouble('502 though it was done', gateway=502)

    def stall(self):
        seconds = self.chance.choice(STALLS)
        if self.chance.random() < 0.5:
            self.trouble(f'stall of {seconds} s before it', delay=seconds)
        else:
            self.trouble(f'stall of {seconds} s behind it', stall='after', seconds=seconds)

    def trouble(self, name, message=None, **what):
        """For some requests of one verb, or for a while."""
        verb, times = self.chance.choice(VERBS), self.chance.choice((1, 1, 2, 6, None))
        if message:
            what['body'] = b'{"message": "%s"}' % message.encode()
            what['headers'] = {'Content-Type': 'application/json', **what.get('headers', {})}
        rule = self.world.wire.trouble(name, verb, times=times, **what)
        self.pause(0.3, 2)
        if times is None or self.chance.random() < 0.5:
            self.world.wire.drop(rule)

    def stranger(self):
        """Others put documents too, while one looks for one's own."""
        for _ in range(self.chance.randrange(1, 4)):
            self.world.plant_foreign(700 + self.chance.randrange(4000))
            self.pause(0, 0.2)

    # --- The disk ------------------------------------------------------------------------------

    def fill_disk(self):
        self.world.disk.fill(self.chance.choice((0, 0, 4096, 20000, 100000)))
        self.pause(0.5, 3)
        if self.chance.random() < 0.3:
            self.kill_daemon()
        self.world.disk.free()

    # --- All of it -----------------------------------------------------------------------------

    CHOICES = {'kill_daemon': 8, 'kill_daemon_twice': 3, 'kill_daemon_in_request': 12,
               'end_daemon': 3, 'kill_server': 8, 'kill_both': 3, 'kill_tool': 14,
               'cut_power': 3, 'cut_power_in_request': 5, 'cut_all': 8, 'cut_before': 4,
               'cut_after': 12, 'cut_within': 4, 'refuse': 10, 'gateway': 6, 'stall': 8,
               'fill_disk': 6, 'stranger': 6}

    def possible(self):
        disk = self.world.disk
        return {k: n for k, n in self.choices.items()
                if (not k.startswith('cut_power') or disk.can_cut) and (k != 'fill_disk' or disk.can_fill)}

    def step(self, what):
        event = self.history.begin('torment', what.replace('_', ' '))
        getattr(self, what)()
        self.history.end(event)
        self.counts[what] += 1

    def run(self):
        choices = self.possible()
        try:
            while choices and not self.stopping.is_set():
                self.pause(0.2, 2)
                self.step(self.chance.choices(list(choices), choices.values())[0])
        except Exception as problem:  # main says it
            self.crash = problem
