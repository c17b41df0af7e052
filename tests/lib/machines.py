"""Both APIs, both modes, and several mounts of one account that may end as they like."""
import pytest

TTL = ('list_ttl=1', 'meta_ttl=1')
today = pytest.mark.server('--api', '2024')
both_apis = pytest.mark.parametrize('generation', [
    pytest.param(year, marks=pytest.mark.server('--api', year)) for year in ('2021', '2024')])
both_modes = pytest.mark.parametrize('more', [(), ('writeback', 'settle=0')], ids=['waits', 'writeback'])


def loose(mount):
    """It may say what it likes, and leave what it has."""
    mount.allow('.*')
    mount.may_leave = True
    return mount


def called(api, data):
    """Where the document with these bytes says that it is."""
    for d in api.documents():
        if api.content('documents/' + d['documentId']) == data:
            return d['metadata']['lasfs']['path']
    return None
