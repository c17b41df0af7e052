#!/usr/bin/python3
"""Reads the programs that were built: what the compiler and the linker should have put into them.

Usage: hardened.py FORTIFIED|PLAIN PROGRAM...
"""
import platform
import re
import subprocess
import sys

# Of a function with more than a page on its stack: each page of it is touched on the way down.
PROBE = re.compile(r'\bsub\s+\$0x1000,%rsp\n\s*[0-9a-f]+:\s+(?:orq|movq)\s+\$0x0,\(%rsp\)')


def read(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def segment(headers, name):
    """Its flags; None: there is no such segment."""
    found = re.search(rf'^\s*{name}\s.*?\s([RWE ]{{3}})\s+0x[0-9a-f]+$', headers, re.M)
    return found and found[1]


def problems(program, fortified):
    headers = read('readelf', '--file-header', '--program-headers', '--wide', program)
    dynamic = read('readelf', '--dynamic', '--wide', program)
    symbols = read('readelf', '--dyn-syms', '--wide', program)
    if not re.search(r'Type:\s+DYN', headers) or not re.search(r'FLAGS_1\b.*\bPIE\b', dynamic):
        yield 'its place in memory is always the same: it is no PIE'
    if segment(headers, 'GNU_RELRO') is None:
        yield 'its tables stay writable: no RELRO'
    if not re.search(r'\((?:FLAGS_1)\).*\bNOW\b', dynamic):
        yield 'its functions are looked up one by one, in a table that stays writable: no BIND_NOW'
    if segment(headers, 'GNU_STACK') != 'RW ':
        yield f'its stack may be run: {segment(headers, "GNU_STACK")}'
    if re.search(r'^\s*LOAD\s.*\sRWE\s', headers, re.M):
        yield 'it has memory that can be written and run'
    if '__stack_chk_fail' not in symbols:
        yield 'no stack protector'
    if fortified and not re.search(r'\b__\w+_chk\b', symbols.replace('__stack_chk', '')):
        yield 'no _FORTIFY_SOURCE'
    if 'RPATH' in dynamic or 'RUNPATH' in dynamic:
        yield 'it looks for libraries in a path of its own'
    if platform.machine() == 'x86_64' and not PROBE.search(read('objdump', '-d', '--no-show-raw-insn',
                                                                      program)):
        yield 'large frames step over the guard page: no stack clash protection'


def main():
    fortified, programs = sys.argv[1] == 'FORTIFIED', sys.argv[2:]
    found = [f'{program}: {problem}' for program in programs for problem in problems(program, fortified)]
    for problem in found:
        print(problem)
    print(f'{len(programs)} programs, {len(found)} problems')
    sys.exit(1 if found or not programs else 0)


if __name__ == '__main__':
    main()
