import pytest


@pytest.fixture
def mount(request, lasfs, proxy):
    """One mount behind the proxy; @pytest.mark.options('ro', ...) gives it options."""
    marker = request.node.get_closest_marker('options')
    one = lasfs(*(marker.args if marker else ()), server=proxy)
    one.proxy = proxy
    yield one
    proxy.clear()
