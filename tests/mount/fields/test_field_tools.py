"""Editors and shell tools on fields and JSON files: each change one PATCH, with the right value."""
import errno
import json
import mmap
import os
import pathlib

import pytest

from mounted import eventually

FIELDS = {'total': {'type': 'amount', 'maxLength': 20}, 'due': {'type': 'date', 'maxLength': 10}}


@pytest.fixture
def model(mount, api):
    """A model; its directory is where the tools run."""
    model = api.post('models', name='receipts', description='old words', width=400, height=600,
                     fieldConfig=FIELDS)['modelId']
    mount.run(f'cat ./models/{model}/*.json > /dev/null')  # as one looks before one edits
    return model


@pytest.fixture
def tools(mount, model, api):
    """Runs a script in the model's directory; checks what it sent and what it left there."""
    folder = mount / 'models' / model
    before = set(os.listdir(folder))

    def run(script, patches=1, status=0, **variables):
        with mount.server.watch() as seen:
            ran = mount.run(script, cwd=folder, status=status, TMP=mount.folder / 'home',
                            **variables)
        assert [(r.verb, r.path) for r in seen.changes] == \
            [('PATCH', f'/models/{model}')] * patches, (script, ran)
        assert set(os.listdir(folder)) - before <= {'description~'}
        return ran

    run.get = lambda: api.get('models/' + model)
    run.folder = folder
    return run


# --- A line of text --------------------------------------------------------------------------------

WORDS = {
    '>': 'echo "new words" > description',
    'printf': 'printf "new words" > description',
    'here-document': 'cat > description <<EOF\nnew words\nEOF',
    'tee': 'echo "new words" | tee description > /dev/null',
    'dd': 'echo "new words" | dd of=description status=none',
    'dd-bytes': 'echo "new words" | dd of=description bs=1 status=none',
    'sed-i': "sed -i 's/old/new/' description",
    'sed-i-backup': "sed -i.bak~ 's/old/new/' description && rm description.bak~",
    'perl-pi': "perl -pi -e 's/old/new/' description",
    'awk-mv': "awk '{ sub(/old/, \"new\"); print }' description > $TMP/x && mv $TMP/x description",
    'sponge': "sed 's/old/new/' description | sponge description",
    'vim': "vim -es -u NONE -i NONE -c '%s/old/new/' -c wq description",
    'vim-swap': "vim -es -u NONE -i NONE -c 'set swapfile' -c '%s/old/new/' -c wq description",
    'vim-rename': "vim -es -u NONE -i NONE -c 'set backupcopy=no backup backupdir=. backupskip=' "
                  "-c '%s/old/new/' -c wq description && rm description~",
    'vim-fsync': "vim -es -u NONE -i NONE -c 'set fsync writebackup backupcopy=yes' "
                 "-c '%s/old/new/' -c wq description",
    'ed': "printf '%s\\n' s/old/new/ w q | ed -s description",
    'python': 'python3 -c "import pathlib; '
              'pathlib.Path(\'description\').write_text(\'new words\\n\')"',
    'python-print': 'python3 -c "print(\'new words\', file=open(\'description\', \'w\'))"',
    'mv': 'echo "new words" > $TMP/x && mv $TMP/x description',
    'mv-within': 'echo "new words" > x.tmp && mv x.tmp description',
    'cp': 'echo "new words" > $TMP/x && cp $TMP/x description; s=$?; rm $TMP/x; exit $s',
    'cp-a': 'echo "new words" > $TMP/x && cp -a $TMP/x description; s=$?; rm $TMP/x; exit $s',
    'install': 'echo "new words" > $TMP/x && install -m 600 $TMP/x description; s=$?; rm $TMP/x; '
               'exit $s',
    'rsync': 'echo "new words" > $TMP/x && rsync -I $TMP/x description; s=$?; rm $TMP/x; exit $s',
    'rsync-inplace': 'echo "new words" > $TMP/x && rsync -I --inplace $TMP/x description; s=$?; '
                     'rm $TMP/x; exit $s',
    'curl': 'echo "new words" > $TMP/x && curl -sS -o description file://$TMP/x; s=$?; rm $TMP/x; '
            'exit $s',
    'jq': 'jq -rn \'"new words"\' > description',
    'exchange': 'echo "new words" > .x.swp && mv .x.swp description',
}


@pytest.mark.parametrize('tool', WORDS)
def test_a_field_of_words_is_changed_by_one_patch(tools, tool):
    tools(WORDS[tool])
    assert tools.get()['description'] == 'new words'
    assert tools.folder.joinpath('description').read_text() == 'new words\n'


def test_an_editors_backup_holds_the_old_text(mount, tools):
    tools("sed -i.bak~ 's/old/new/' description && cat description.bak~ && rm description.bak~")
    ran = tools("sed -i.bak~ 's/new/newer/' description && sed -i.bak~ 's/newer/newest/' description"
                ' && cat description.bak~ && rm description.bak~', patches=2)
    assert ran.out == 'newer words\n'
    assert tools.get()['description'] == 'newest words'


def test_a_field_that_was_only_moved_away_is_back(mount, tools):
    tools('mv description description~', patches=0, status=None)
    eventually(lambda: (tools.folder / 'description').exists(), 20, 'the field')
    assert tools.folder.joinpath('description').read_text() == 'old words\n'
    assert tools.folder.joinpath('description~').read_text() == 'old words\n'
    tools('rm description~', patches=0)


def test_a_backup_that_is_moved_back_is_the_field_again(mount, tools):
    tools('mv description description~ && mv description~ description')
    assert tools.folder.joinpath('description').read_text() == 'old words\n'


def test_a_field_gets_no_other_name(mount, tools):
    mount.allow('cannot be renamed')
    for name in ('words', '../x~', 'name'):
        tools(f'mv description {name}', patches=0, status=1)
    tools('mv modelId modelId~', patches=0, status=1)
    assert tools.get()['description'] == 'old words'


def test_append_adds_a_line(tools):
    tools('echo "more words" >> description')
    assert tools.get()['description'] == 'old words\nmore words'
    tools('echo "and more" | tee -a description > /dev/null')
    assert tools.get()['description'] == 'old words\nmore words\nand more'


def test_a_script_that_keeps_it_open_has_the_last_word(tools):
    """A shell's own printf closes its copy of the descriptor each time: a PATCH each."""
    tools('exec 3>description; printf "new " >&3; printf "words\\n" >&3; exec 3>&-', patches=2)
    assert tools.get()['description'] == 'new words'


def test_truncate_is_null(tools):
    tools('truncate -s 0 description')
    assert tools.get()['description'] is None
    assert tools.folder.joinpath('description').read_text() == ''


def test_truncate_to_a_part(tools):
    tools('truncate -s 3 description')
    assert tools.get()['description'] == 'old'


def test_truncate_of_what_cannot_be_null_is_einval(mount, tools):
    mount.allow('Invalid argument')
    ran = tools('truncate -s 0 width', patches=0, status=1)
    assert 'Invalid argument' in ran.err
    assert tools.get()['width'] == 400
    assert tools.folder.joinpath('width').read_text() == '400\n'


def test_a_number_is_changed_by_one_patch(tools):
    tools("sed -i s/400/500/ width")
    tools('echo 700 > height')
    tools('echo $(( $(cat width) + 1 )) > width')
    assert (tools.get()['width'], tools.get()['height']) == (501, 700)


def test_what_is_no_number_is_einval_and_the_file_shows_the_old(mount, tools):
    mount.allow('Invalid argument')
    mount.may_leave = True
    tools('echo wide | tee width', patches=0, status=1)
    assert tools.get()['width'] == 400
    assert tools.folder.joinpath('width').read_text() == '400\n'


def test_the_same_words_are_one_patch_at_most(mount, tools):
    tools('vim -es -u NONE -i NONE -c wq description')
    assert tools.get()['description'] == 'old words'


def test_touch_and_an_editor_that_changes_nothing_send_nothing(tools):
    tools('touch description fieldConfig.json resource.json', patches=0)
    tools('vim -es -u NONE -i NONE -c q description', patches=0)


def test_chmod_chown_and_touch_d_are_taken_and_change_nothing(tools):
    tools('chmod 600 description && chown $(id -u) description && touch -d @0 description',
          patches=0)


# --- JSON ------------------------------------------------------------------------------------------

MORE = {**FIELDS, 'total': {'type': 'amount', 'maxLength': 30}}
JSON = {
    'jq-sponge': 'jq .total.maxLength=30 {0} | sponge {0}',
    'jq-mv': 'jq .total.maxLength=30 {0} > $TMP/x && mv $TMP/x {0}',
    'jq-mv-within': 'jq .total.maxLength=30 {0} > {0}.tmp && mv {0}.tmp {0}',
    'jq-shell': 'x=$(jq .total.maxLength=30 {0}) && echo "$x" > {0}',
    'sed-i': "sed -i 's/: 20/: 30/' {0}",
    'vim': "vim -es -u NONE -i NONE -c '%s/: 20/: 30/' -c wq {0}",
    'vim-backup': "vim -es -u NONE -i NONE -c 'set backup backupcopy=no backupdir=. backupskip=' "
                  "-c '%s/: 20/: 30/' -c wq {0} && rm {0}~",
    'perl': "perl -0pi -e 's/: 20/: 30/' {0}",
    'cp': 'jq .total.maxLength=30 {0} > $TMP/x; cp $TMP/x {0}; s=$?; rm $TMP/x; exit $s',
    'cp-remove': 'jq .total.maxLength=30 {0} > $TMP/x; cp --remove-destination $TMP/x {0}; s=$?; '
                 'rm $TMP/x; exit $s',
    'python': 'python3 -c "\nimport json, pathlib\np = pathlib.Path(\'{0}\')\n'
              'x = json.loads(p.read_text())\nx[\'total\'][\'maxLength\'] = 30\n'
              'p.write_text(json.dumps(x))"',
    'python-dump': 'python3 -c "\nimport json\nwith open(\'{0}\', \'r+\') as f:\n'
                   '    x = json.load(f)\n    x[\'total\'][\'maxLength\'] = 30\n    f.seek(0)\n'
                   '    json.dump(x, f)\n    f.truncate()"',
    'python-replace': 'python3 -c "\nimport json, os\nx = json.load(open(\'{0}\'))\n'
                      'x[\'total\'][\'maxLength\'] = 30\n'
                      'with open(\'{0}.tmp\', \'w\') as f:\n    json.dump(x, f)\n'
                      '    f.flush()\n    os.fsync(f.fileno())\n'
                      'os.replace(\'{0}.tmp\', \'{0}\')"',
}


@pytest.mark.parametrize('tool', JSON)
def test_a_structured_field_is_changed_by_one_patch(tools, tool):
    tools(JSON[tool].format('fieldConfig.json'))
    assert tools.get()['fieldConfig'] == MORE
    assert json.loads(tools.folder.joinpath('fieldConfig.json').read_text()) == MORE


@pytest.mark.parametrize('tool', JSON)
def test_resource_json_is_changed_by_one_patch(tools, tool):
    before = tools.get()
    script = JSON[tool].format('resource.json').replace('.total.', '.fieldConfig.total.')
    tools(script.replace("x['total']", "x['fieldConfig']['total']"))
    after = tools.get()
    assert after['fieldConfig'] == MORE
    assert {k for k in after if after[k] != before[k]} == {'fieldConfig', 'updatedTime', 'updatedBy'}
    assert json.loads(tools.folder.joinpath('resource.json').read_text()) == after


def test_several_fields_of_resource_json_are_one_patch(tools):
    tools('jq \'.description = null | .width = 410 | .preprocessConfig.imageQuality = "HIGH"\' '
          'resource.json | sponge resource.json')
    after = tools.get()
    assert (after['description'], after['width']) == (None, 410)
    assert after['preprocessConfig']['imageQuality'] == 'HIGH'


@pytest.mark.parametrize('text', ['{"total": ', '{"total": {"type": "nonsense"}}', '[]'],
                         ids=['cut-off', 'refused', 'a-list'])
def test_a_body_that_is_refused_is_einval_and_the_file_shows_the_servers(mount, tools, text):
    mount.allow('Invalid argument')
    mount.may_leave = True
    with pytest.raises(OSError) as caught:
        fd = os.open(tools.folder / 'fieldConfig.json', os.O_WRONLY | os.O_TRUNC)
        os.write(fd, text.encode())
        os.close(fd)
    assert caught.value.errno == errno.EINVAL
    assert tools.get()['fieldConfig'] == FIELDS
    assert json.loads(tools.folder.joinpath('fieldConfig.json').read_text()) == FIELDS
    assert 'fieldConfig' in mount.errors()
    kept = [n for n in os.listdir(mount / '.lasfs/failed') if n.endswith('-fieldConfig.json')]
    assert [(mount / '.lasfs/failed' / n).read_text() for n in kept] == [text]


@pytest.mark.parametrize('tool', ['>', 'cp', 'jq-sponge', 'vim', 'sed-i', 'mv'])
def test_each_tool_can_mend_what_was_refused(mount, tools, tool):
    mount.allow('Invalid argument')
    tools('echo nonsense > fieldConfig.json', patches=0, status=None)
    assert len(os.listdir(mount / '.lasfs/failed')) == 1
    scripts = {**JSON, '>': 'jq .total.maxLength=30 {0} > $TMP/x; cat $TMP/x > {0}; rm $TMP/x',
               'mv': JSON['jq-mv']}
    tools(scripts[tool].format('fieldConfig.json'))
    assert tools.get()['fieldConfig'] == MORE
    assert os.listdir(mount / '.lasfs/failed') == []


def test_a_body_that_is_emptied_is_refused_at_release(mount, tools):
    mount.allow('Invalid argument')
    tools(': > fieldConfig.json', patches=0)
    eventually(lambda: 'fieldConfig' in mount.errors(), 10, 'a line')
    assert tools.get()['fieldConfig'] == FIELDS


def test_a_mapping_that_is_shared_is_a_clean_error(tools):
    with open(tools.folder / 'fieldConfig.json', 'r+b') as f:
        with pytest.raises(OSError) as caught:
            mmap.mmap(f.fileno(), 0)
        assert caught.value.errno == errno.ENODEV
        private = mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE)
        assert json.loads(private[:]) == FIELDS
        private.close()
    assert tools.get()['fieldConfig'] == FIELDS


def test_pathlib_reads_what_it_wrote(mount, api):
    dataset = api.add_dataset('a', description='old')
    path = pathlib.Path(mount / 'datasets' / dataset / 'description')
    for i in range(5):
        path.write_text(f'words {i}\n')
        assert path.read_text() == f'words {i}\n'
        assert path.stat().st_size == 8
    assert api.get('datasets/' + dataset)['description'] == 'words 4'


# --- Other resources -------------------------------------------------------------------------------

def definition(transition):
    return {'StartAt': 'step', 'States': {'step': {'Type': 'Task', 'Resource': transition,
                                                   'End': True}}}


@pytest.fixture
def workflow(api):
    transition = api.post('transitions', transitionType='manual', name='check')['transitionId']
    return api.post('workflows', name='flow', specification={
        'definition': definition(transition)})['workflowId']


@pytest.mark.parametrize('script', [
    'jq \'.email = "me@example.com"\' errorConfig.json | sponge errorConfig.json',
    'echo \'{"email": "me@example.com"}\' > errorConfig.json',
    'echo \'{"email": "me@example.com"}\' > errorConfig.json.tmp && '
    'mv errorConfig.json.tmp errorConfig.json'])
def test_a_workflows_error_config(mount, api, workflow, script):
    with mount.server.watch() as seen:
        mount.run(script, cwd=mount / 'workflows' / workflow)
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert api.get('workflows/' + workflow)['errorConfig']['email'] == 'me@example.com'


def test_a_transitions_schema(mount, api):
    transition = api.post('transitions', transitionType='manual', name='check')['transitionId']
    schema = {'$schema': 'https://json-schema.org/draft-04/schema#', 'type': 'object'}
    with mount.server.watch() as seen:
        mount.run('jq \'.type = "object"\' inputJsonSchema.json | sponge inputJsonSchema.json',
                  cwd=mount / 'transitions' / transition)
    assert [r.verb for r in seen.changes] == ['PATCH']
    assert api.get('transitions/' + transition)['inputJsonSchema'] == schema


def test_status_of_a_model_by_echo(mount, api, model):
    with mount.server.watch() as seen:
        mount.run('echo training > status', cwd=mount / 'models' / model)
    assert [r.verb for r in seen.changes] == ['PATCH']
