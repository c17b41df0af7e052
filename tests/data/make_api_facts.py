#!/usr/bin/python3
"""Writes the facts of an OpenAPI description as a table, a fact a line, to standard output.

    make_api_facts.py oas.json > api-facts.tsv

Columns: what verb path place type required nullable min max pattern enum closed; "-" is nothing.
what is one of
  endpoint  the verb exists there; type is the status of its success
  path      a parameter in the path; its name is the place
  query     a parameter of the query; its name is the place
  request   a place in the body of the request
  answer    a place in the body of the answer
A place is "." for the body itself, a.b for a member, a[] for the items of an array, a.* for the
members that have no name of their own, a|1 a|2 for what it may be instead. min and max are of a
number, of a string's characters, of an array's items, of an object's members. What stands within
itself is of type "again" there, and has no rows below.
"""
import json
import sys

VERBS = ('get', 'post', 'patch', 'delete')
GONE = ('batch', 'Batch')  # gone from the API


def text(value):
    return '-' if value is None else str(value)


def yes(value):
    return 'yes' if value else 'no'


def join(place, name):
    return name if place == '.' else place + '.' + name


class Facts:
    def __init__(self, description):
        self.schemas = description['components']['schemas']
        self.rows = []
        self.within = []  # the names of the schemas that the walk is in

    def resolve(self, schema):
        if schema is None:
            return {'type': 'null'}
        if '$ref' in schema:
            return self.schemas[schema['$ref'].rsplit('/', 1)[1]]
        return schema

    def add(self, what, verb, path, place, kind='-', required=None, schema=None):
        schema = schema or {}
        low = [schema[k] for k in ('minimum', 'minLength', 'minItems', 'minProperties') if k in schema]
        high = [schema[k] for k in ('maximum', 'maxLength', 'maxItems', 'maxProperties') if k in schema]
        enum = ','.join(str(v) for v in schema['enum']) if 'enum' in schema else None
        closed = yes(schema.get('additionalProperties') is False) if kind == 'object' else None
        nullable = yes(schema.get('nullable')) if schema else None
        self.rows.append((what, verb, path, place, kind, text(required), text(nullable),
                          text(low[0] if low else None), text(high[0] if high else None),
                          text(schema.get('pattern')), text(enum), text(closed)))

    def walk(self, what, verb, path, place, schema, required):
        name = (schema or {}).get('$ref')
        if name and name in self.within:
            self.add(what, verb, path, place, 'again', yes(required))
            return
        self.within.append(name)
        self.walk_into(what, verb, path, place, self.resolve(schema), required)
        self.within.pop()

    def walk_into(self, what, verb, path, place, schema, required):
        others = schema.get('anyOf', schema.get('oneOf', []))
        kind = schema.get('type', 'any' if others else 'object')
        self.add(what, verb, path, place, kind, yes(required), schema)
        for name, member in sorted(schema.get('properties', {}).items()):
            if not name.startswith(GONE):
                self.walk(what, verb, path, join(place, name), member,
                          name in schema.get('required', []))
        if isinstance(schema.get('additionalProperties'), dict):
            self.walk(what, verb, path, join(place, '*'), schema['additionalProperties'], False)
        if 'items' in schema:
            self.walk(what, verb, path, place + '[]', schema['items'], False)
        for i, other in enumerate(others, 1):
            self.walk(what, verb, path, '%s|%d' % (place, i), other, False)

    def operation(self, verb, path, op):
        status, answer = [(s, a) for s, a in op['responses'].items() if s.startswith('2')][0]
        self.add('endpoint', verb, path, '.', status)
        for p in sorted(op.get('parameters', []), key=lambda p: p['name']):
            if p['in'] in ('path', 'query') and not p['name'].startswith(GONE):
                self.add(p['in'], verb, path, p['name'], 'string', yes(p.get('required')))
        for what, content in (('request', op.get('requestBody', {}).get('content', {})),
                              ('answer', answer.get('content', {}))):
            for body in content.values():
                self.walk(what, verb, path, '.', body['schema'], True)

    def paths(self, paths):
        for path, verbs in sorted(paths.items()):
            if GONE[0] not in path:
                for verb in VERBS:
                    if verb in verbs:
                        self.operation(verb.upper(), path, verbs[verb])


def main():
    with open(sys.argv[1]) as f:
        description = json.load(f)
    facts = Facts(description)
    facts.paths(description['paths'])
    print('\t'.join(('what', 'verb', 'path', 'place', 'type', 'required', 'nullable', 'min', 'max',
                     'pattern', 'enum', 'closed')))
    for row in facts.rows:
        print('\t'.join(row))


if __name__ == '__main__':
    main()
