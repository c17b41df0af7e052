import pytest

import sandbox_server as server
import world as worlds


@pytest.fixture
def start(tmp_path):
    """Starts servers; each is ended, and has to end well, with the test."""
    started = []

    def start_one(*options, state=None, **more):
        s = server.Server(state or tmp_path / 'state', *options, **more).start()
        started.append(s)
        return s

    yield start_one
    for s in started:
        s.stop()


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    """One server for a module's tests."""
    s = server.Server(tmp_path_factory.mktemp('shared') / 'state').start()
    yield s
    s.stop()


@pytest.fixture(scope='module')
def api(shared):
    return shared.client()


@pytest.fixture(scope='module')
def world(api):
    """One of each kind of resource, in the module's server."""
    return worlds.World(api)
