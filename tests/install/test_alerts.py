"""docs/examples/lasfs-alerts.yml under Prometheus' own promtool, with figures of real mounts."""
import json
import os
import re
import signal
import subprocess

import pytest

from mounted import eventually
from samples import pdf
from server import ROOT

RULES = ROOT / 'docs/examples/lasfs-alerts.yml'
COLLECTOR = ROOT / 'docs/examples/lasfs-metrics'
MINUTES = 40


class Figures:
    """What the collector wrote, as series that stay as they are for MINUTES."""

    def __init__(self, folder, mount):
        self.folder, self.file = folder, folder / 'lasfs.prom'
        subprocess.run([COLLECTOR, self.file, mount.path], check=True, timeout=60,
                       env={**os.environ, 'LASFS_METRICS_SECONDS': '1'})
        self.series = {}
        for line in self.file.read_text().splitlines():
            if not line.startswith('#'):
                name, _, value = line.rpartition(' ')
                self.series[name] = f'{value}x{MINUTES}'
        # promtool's clock begins at 0
        self.written('0+60')

    def written(self, values):
        self.series['node_textfile_mtime_seconds{file="/var/lib/prometheus/node-exporter/lasfs.prom"}'] \
            = f'{values}x{MINUTES}'

    def set(self, name, values, label=''):
        (key,) = [k for k in self.series if k.startswith(name) and label in k]
        self.series[key] = f'{values}x{MINUTES}'

    def promtool(self, **test):
        """Runs promtool's test of the rules over these series."""
        path = self.folder / 'test.yml'
        path.write_text(json.dumps({'rule_files': [str(RULES)], 'evaluation_interval': '1m', 'tests': [
            {'interval': '1m',
             'input_series': [{'series': k, 'values': v} for k, v in self.series.items()], **test}]}))
        return subprocess.run(['promtool', 'test', 'rules', path], capture_output=True, text=True,
                              timeout=60, check=False)

    def fires(self, *names, minute=MINUTES):
        """Exactly these alerts fire at that minute."""
        expected = [{'labels': f'{{alertname="{name}"}}', 'value': 1} for name in names]
        ran = self.promtool(promql_expr_test=[
            {'expr': 'count by (alertname) (ALERTS{alertstate="firing"})', 'eval_time': f'{minute}m',
             'exp_samples': expected}])
        assert ran.returncode == 0, f'{ran.stdout}\n{ran.stderr}'


@pytest.fixture
def figures(tmp_path):
    return lambda mount: Figures(tmp_path, mount)


def test_promtool_takes_the_rules_and_the_figures(mount, figures):
    subprocess.run(['promtool', 'check', 'rules', RULES], check=True, stdout=subprocess.DEVNULL)
    text = figures(mount).file.read_text()
    ran = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True,
                         check=False)
    assert (ran.returncode, ran.stderr) == (0, '')


def test_nothing_fires_for_a_mount_that_works(mount, figures):
    (mount / 'documents/scan.pdf').write_bytes(pdf(2000))
    figures(mount).fires()


def test_a_file_that_failed(mount, figures):
    mount.allow('Invalid argument')
    mount.may_leave = True
    mount.run('echo letter > documents/letter.pdf', status=None)
    now = figures(mount)
    now.fires(minute=4)
    now.fires('LasfsFilesFailed', minute=6)
    ran = now.promtool(alert_rule_test=[{
        'eval_time': '6m', 'alertname': 'LasfsFilesFailed', 'exp_alerts': [{
            'exp_labels': {'severity': 'warning', 'state': 'failed', 'mount': str(mount.path)},
            'exp_annotations': {
                'summary': f'{mount.path}: 1 files could not be delivered',
                'description': f'lasfs errors {mount.path} says why; '
                               f'lasfs retry {mount.path} all sends them again.'}}]}])
    assert ran.returncode == 0, ran.stderr + ran.stdout


def test_a_daemon_that_does_not_answer(mount, figures):
    mount.process.send_signal(signal.SIGSTOP)
    try:
        now = figures(mount)
    finally:
        mount.process.send_signal(signal.SIGCONT)
    now.fires(minute=1)
    now.fires('LasfsNotAnswering', minute=3)


def test_a_collector_that_is_not_run_any_more(mount, figures):
    now = figures(mount)
    now.written('0')
    now.fires(minute=5)
    now.fires('LasfsNotAnswering', minute=9)


def test_an_upload_that_hangs(lasfs, proxy, figures):
    mount = lasfs('timeout=60', server=proxy)
    proxy.fault('POST', '/documents', stall='before')
    copy = subprocess.Popen(['dd', f'of={mount.path}/documents/scan.pdf', 'status=none'],
                            stdin=subprocess.PIPE)
    copy.stdin.write(pdf(2000))
    copy.stdin.close()
    try:
        eventually(lambda: proxy.since(0, 'POST', '/documents'), 20, 'the POST')
        now = figures(mount)
    finally:
        proxy.clear()
        assert copy.wait(60) == 0
    now.set('lasfs_files', '0x10 1', 'sending')  # from then on as it is now
    now.fires(minute=25)
    now.fires('LasfsUploadsWaiting', minute=32)
    now.set('lasfs_sent_bytes_total', '0+2000')
    now.fires(minute=32)


def test_a_file_that_is_left_open(mount, figures):
    with open(mount / 'documents/scan.pdf', 'wb') as f:
        f.write(pdf(2000))
        now = figures(mount)
    now.fires('LasfsUploadsWaiting', minute=25)


def test_a_sidecar_without_a_document(mount, figures):
    now = figures(mount)
    now.set('lasfs_sidecars_waiting', '1')
    now.fires('LasfsUploadsWaiting', minute=25)


def test_each_alert_is_here():
    names = set(re.findall(r'alert: (\w+)', RULES.read_text()))
    assert names == {'LasfsFilesFailed', 'LasfsNotAnswering', 'LasfsUploadsWaiting'}
