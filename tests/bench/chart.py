"""A picture of the ratios, made by gnuplot: how much of what is wanted each of them takes."""
import subprocess

LEFT, RIGHT = 0.05, 50  # of the ratio's axis
HEIGHT, WIDTH, MARGIN = 18, 1200, 680
HEAD = '''set terminal svg noenhanced size {width},{height} dynamic font "sans-serif,11" background "white"
set output
set logscale x
set xrange [{left}:{right}]
set yrange [{rows}-0.5:-0.5]
set ytics ({names}) nomirror
set grid x
set lmargin at screen {margin}
set key off
set title "the time of lasfs, as a part of what is wanted at most: left of 1 is good"
set arrow from 1, graph 0 to 1, graph 1 nohead lw 2
set style fill solid
plot '-' using (0.5*({left}+$2)):1:({left}):2:($1-0.35):($1+0.35):3 with boxxyerror lc rgb variable
'''


def bars(results):
    """(what, ratio as a part of the goal) of all rows that have one."""
    for latency, works in results.items():
        for work, figures in works:
            for row in work.ROWS:
                if latency in row.goals:
                    yield f'{row.one}, beside {row.other} ({latency} ms)', figures.ratio(row) / row.goals[latency]


def draw(results, path):
    rows = list(bars(results))
    names = ', '.join(f'"{what}" {at}' for at, (what, _) in enumerate(rows))
    lines = [f'{at} {min(max(part, LEFT), RIGHT):.4f} {0x5b8c5a if part <= 1 else 0xc05746}'
             for at, (_, part) in enumerate(rows)]
    script = HEAD.format(width=WIDTH, height=HEIGHT * len(rows) + 90, left=LEFT, right=RIGHT, rows=len(rows),
                         names=names, margin=MARGIN / WIDTH)
    made = subprocess.run(['gnuplot'], input=script + '\n'.join([*lines, 'e', '']), stdout=subprocess.PIPE,
                          check=True, text=True)
    path.write_text(made.stdout)
