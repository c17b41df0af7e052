"""A folder of assets, kept in step by rsync in both directions."""
import base64
import os

import pytest

from samples import noise

FILES = {'form.js': b'export default 1\n', 'logo.png': noise(5000, 1), 'no ending': b'x',
         'data.json': b'{"a": 1}\n', 'ü.css': noise(300, 2)}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'assets'
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return folder


def changed_files(out):
    """What rsync -i lists, but for the folder itself."""
    return [line for line in out.splitlines() if not line.endswith(' ./')]


def on_server(api):
    return {a['name']: api.content('assets/' + a['assetId']) for a in api.list('assets')}


def test_rsync_in_makes_each_file_an_asset_of_its_name(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    assert on_server(api) == FILES
    assert len(api.list('assets')) == len(FILES)


def test_rsync_in_twice_sends_nothing_the_second_time_also_after_a_remount(mount, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    with mount.server.watch() as seen:
        assert changed_files(mount.run(f'rsync -ai {folder}/ assets/').out) == []
        mount.remount()
        assert changed_files(mount.run(f'rsync -ai {folder}/ assets/').out) == []
    assert not seen.changes
    assert not seen.count('GET', '/assets/.*')


def test_rsync_in_of_a_changed_file_is_one_patch_and_keeps_the_id(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    before = {a['name']: a['assetId'] for a in api.list('assets')}
    (folder / 'form.js').write_bytes(b'export default 2222\n')
    with mount.server.watch() as seen:
        mount.run(f'rsync -a {folder}/ assets/')
    assert [(r.verb, r.path) for r in seen.changes] == [('PATCH', '/assets/' + before['form.js'])]
    assert {a['name']: a['assetId'] for a in api.list('assets')} == before
    assert on_server(api) == {**FILES, 'form.js': b'export default 2222\n'}


def test_rsync_out_brings_all_back_with_their_times(mount, folder, tmp_path):
    mount.run(f'rsync -a {folder}/ assets/')
    mount.remount(cold=True)
    copy = tmp_path / 'copy'
    mount.run(f'rsync -a assets/ {copy}/')
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == FILES
    assert {p.name: p.stat().st_mtime_ns for p in copy.iterdir()} == \
        {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert changed_files(mount.run(f'rsync -aci assets/ {copy}/').out) == []


def test_rsync_delete_deletes_what_is_gone(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    (folder / 'logo.png').unlink()
    with mount.server.watch() as seen:
        mount.run(f'rsync -a --delete {folder}/ assets/')
    assert [r.verb for r in seen.changes] == ['DELETE']
    assert set(on_server(api)) == set(FILES) - {'logo.png'}


def test_an_asset_that_others_change_is_read_anew(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    asset = next(a['assetId'] for a in api.list('assets') if a['name'] == 'form.js')
    assert (mount / 'assets/form.js').read_bytes() == FILES['form.js']
    api.patch('assets/' + asset, content=base64.b64encode(b'of others').decode())
    mount.refresh()
    assert (mount / 'assets' / asset / 'content').read_bytes() == b'of others'
    assert (mount / 'assets/form.js').read_bytes() == b'of others'
    assert os.stat(mount / 'assets/form.js').st_size == len(b'of others')


def test_an_asset_that_others_lengthen_is_read_to_its_end_by_its_dropped_name(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    asset = next(a['assetId'] for a in api.list('assets') if a['name'] == 'form.js')
    longer = noise(9000, 7)
    api.patch('assets/' + asset, content=base64.b64encode(longer).decode())
    mount.refresh()
    assert (mount / 'assets/form.js').read_bytes() == longer


def test_the_old_bytes_again_over_what_others_changed_are_sent(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    asset = next(a['assetId'] for a in api.list('assets') if a['name'] == 'form.js')
    api.patch('assets/' + asset, content=base64.b64encode(b'of others').decode())
    mount.run(f'cp {folder}/form.js assets/')
    assert on_server(api)['form.js'] == FILES['form.js']
    assert next(a['assetId'] for a in api.list('assets') if a['name'] == 'form.js') == asset


def test_a_description_costs_no_content(mount, api, folder):
    mount.run(f'rsync -a {folder}/ assets/')
    with mount.server.watch() as seen:
        mount.run('echo x > assets/.by-name/form.js/description && ls -l assets')
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert not seen.count('GET', '/assets/.*')

