#!/usr/bin/python3
"""The names of the API's fields and parameters stand in the table of backend/api alone.

A literal elsewhere is a column that is missing there. Usage: field_names.py ROOT
"""
import re
import sys
from pathlib import Path

# Words that are the API's and something else too, with where and why they may stand.
ALLOWED = {
    ('backend', 'content'): 'the bytes beside a record, taken out of an answer as it arrives',
    ('backend', 'message'): "an error's text, in answers of every resource",
    ('backend', 'error'): "an error's text, in the answers of the token endpoint",
    ('backend', 'nextToken'): "a list's paging, the same for every collection",
    ('backend', 'maxResults'): "a list's paging, the same for every collection",
    ('backend', 'label'): 'a pair of a list of labels, the form that F_LABELS stands for',
    ('backend', 'value'): 'a pair of a list of labels, the form that F_LABELS stands for',
    ('backend', 'confidence'): 'how sure a pair of such a list is',
    ('backend', 'predictions'): 'a prediction is one of the forms that F_LABELS takes',
    ('backend', 'name'): 'what MAKE_NAME makes',
    ('backend', 'email'): 'what MAKE_EMAIL makes',
    ('backend', 'timestamp'): 'a line of a list of events, the form that F_LINES stands for',
    ('cache', 'content'): 'the folder and table of cached bytes',
    ('fs', 'content'): "the file that a resource's bytes are",
    ('fs', 'name'): 'what a directory that mkdir makes is called',
    ('fs', 'email'): 'what MAKE_EMAIL makes',
    ('fs/path/tree.c', 'datasetId'): 'the second table: a folder is its list with this filter',
    ('fs/path/tree.c', 'consentId'): 'the second table: a folder is its list with this filter',
    ('fs/path/tree.c', 'transitionId'): 'the second table: a folder is its list with this filter',
    ('fs/path/tree.c', 'workflowId'): 'the second table: a folder is its list with this filter',
    ('fs/path/tree.c', 'transitionExecutionId'): 'the second table: a folder is its list with this filter',
    ('fs/path/tree.c', 'workflowExecutionId'): 'the second table: a folder is its list with this filter',
    ('fs/path/tree.c', 'predictions'): 'the second table: a collection at the top',
    ('fs/path/tree.c', 'datasets'): 'the second table: a collection at the top',
    ('fs/path/tree.c', 'assets'): 'the second table: a collection at the top',
}
# Names of options and of SQL columns that are also fields.
PLAIN = {'name', 'status', 'type', 'version', 'value', 'owner', 'async', 'pending'}

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)


TABLE = ('resources.c', 'fields.c', 'schemas.c')


def fields(root):
    """Names in the rows of the table: fields, members, filters."""
    text = COMMENT.sub('', ''.join((root / 'backend/api' / name).read_text() for name in TABLE))
    names = set(re.findall(r'\{\s*"(\w+)"\s*,\s*(?:F_|&|true|false|ECHO)', text))
    names |= set(re.findall(r'\{\s*"(\w+)"\s*,', text))
    return names


def uses(path):
    text = COMMENT.sub(lambda m: '\n' * m.group().count('\n'), path.read_text())
    for number, line in enumerate(text.split('\n'), 1):
        if line.lstrip().startswith('#include'):
            continue
        for literal in LITERAL.findall(line):
            yield number, literal


def allowed(folder, file, name):
    return name in PLAIN or (folder, name) in ALLOWED or (file, name) in ALLOWED


def main():
    root = Path(sys.argv[1])
    names = fields(root)
    problems = []
    if not {'datasetId', 'groundTruth', 'fieldConfig', 'sortBy'} & names or len(names) < 60:
        problems.append(f'backend/api: only {len(names)} names found: this check is stale')
    for folder in ('fs', 'cache', 'backend'):
        for path in sorted((root / folder).rglob('*.c')):
            if path.name in TABLE or 'sandbox' in path.parts:
                continue
            problems += [f'{path.relative_to(root)}:{number}: "{literal}" belongs into the table'
                         for number, literal in uses(path)
                         if literal in names and not allowed(folder, str(path.relative_to(root)), literal)]
    for problem in problems:
        print(problem)
    print(f'{len(names)} names, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
