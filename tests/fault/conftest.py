import os

import pytest

from torture.disk import make_disk


@pytest.fixture
def mount(request, lasfs, proxy):
    """One mount behind the proxy; @pytest.mark.options('ro', ...) gives it options."""
    marker = request.node.get_closest_marker('options')
    one = lasfs(*(marker.args if marker else ()), server=proxy)
    one.proxy = proxy
    yield one
    proxy.clear()


@pytest.fixture
def disk(tmp_path):
    one = make_disk(tmp_path / 'disk', print)
    assert one.can_cut or os.geteuid() != 0
    yield one
    one.close()
