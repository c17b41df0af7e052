"""Fixtures for every test that starts processes; the modules in lib/ say what each does."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / 'lib'))

pytest_plugins = ['server', 'proxy', 'rest', 'mounted', 'samples', 'servers', 'outage',
                  'shells']


def pytest_configure(config):
    config.addinivalue_line('markers', 'server(*arguments): more arguments for lasfs-sandbox')
    config.addinivalue_line('markers', 'options(*options): options for lasfs after -o')
