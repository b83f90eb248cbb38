"""Plots as SVG: one with two logarithmic axes, and several over the same time."""

import html
import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 55
TEXT = 'font-family="sans-serif" font-size="13" fill="#222"'


def log_log(title, across, up, series):
    """`series` is a list of (label, colour, dashed, [(x, y), …]); returns the SVG's text."""
    points = [point for _, _, _, line in series for point in line]
    if not points:
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"/>\n'
    x_of = _scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
    y_of = _scale([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             f'viewBox="0 0 {WIDTH} {HEIGHT}">',
             '<rect width="100%" height="100%" fill="#fff"/>',
             f'<text x="{LEFT}" y="22" {TEXT} font-weight="bold">{html.escape(title)}</text>']
    parts += _axes(x_of, y_of, across, up)
    for number, (label, colour, dashed, line) in enumerate(series):
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += [f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3.5" fill="{colour}"/>'
                  for x, y in line]
        parts += _label(number, TOP, label, colour, dash)
    return "\n".join(parts + ["</svg>"]) + "\n"


def stacked(title, across, panels, height=170):
    """Panels one below the other over the same linear axis, which is mostly time. `panels` is a list of
    (label, is logarithmic, series), each series as for log_log(); a linear axis begins at 0."""
    points = [point for _, _, series in panels for _, _, _, line in series for point in line]
    whole = TOP + len(panels) * (height + 30) + 30
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{whole}" '
             f'viewBox="0 0 {WIDTH} {whole}">',
             '<rect width="100%" height="100%" fill="#fff"/>',
             f'<text x="{LEFT}" y="22" {TEXT} font-weight="bold">{html.escape(title)}</text>']
    if points:
        x_of = _linear([x for x, _ in points], LEFT, WIDTH - RIGHT)
        for number, panel in enumerate(panels):
            top = TOP + number * (height + 30)
            parts += _panel(x_of, top, top + height, *panel)
        parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{whole - 14}" {TEXT} '
                     f'text-anchor="middle">{html.escape(across)}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def _panel(x_of, top, bottom, up, is_logarithmic, series):
    values = [y for _, _, _, line in series for _, y in line]
    if not values:
        return []
    if is_logarithmic:
        least = max(min(values), max(values) / 1e6, 1e-6)  # nothing has no logarithm
        y_of = _scale([least, max(values)], bottom, top)
    else:
        least, y_of = 0, _linear([0, *values], bottom, top)
    parts = _marks(x_of, y_of, top, bottom)
    parts.append(f'<text transform="translate(18 {(top + bottom) / 2}) rotate(-90)" {TEXT} '
                 f'text-anchor="middle">{html.escape(up)}</text>')
    for number, (label, colour, dashed, line) in enumerate(series):
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        path = " ".join(f"{x_of(x):.1f},{y_of(max(y, least)):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += _label(number, top, label, colour, dash)
    return parts


def _label(number, top, label, colour, dash):
    at = top + 12 + 22 * number
    return [f'<line x1="{WIDTH - RIGHT + 18}" x2="{WIDTH - RIGHT + 48}" y1="{at}" y2="{at}" '
            f'stroke="{colour}" stroke-width="2"{dash}/>',
            f'<text x="{WIDTH - RIGHT + 54}" y="{at + 4}" {TEXT}>{html.escape(label)}</text>']


def _linear(values, start, end):
    """From a value to its place between start and end; `.decades` are the axis's marks."""
    low, high = min(values), max(values)
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9)))
    step *= next(part for part in (0.2, 0.5, 1, 2) if (high - low) / (step * part) <= 7)
    low, high = math.floor(low / step) * step, max(math.ceil(high / step), 1) * step

    def place(value):
        return start + (value - low) / (high - low) * (end - start)
    place.decades = [low + step * number for number in range(round((high - low) / step) + 1)]
    return place


def _decades(values):
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)


def _scale(values, start, end):
    """From a value to its place between start and end; `.decades` are the axis's marks."""
    low, high = _decades(values)

    def place(value):
        return start + (math.log10(value) - low) / (high - low) * (end - start)
    place.decades = [10.0 ** exponent for exponent in range(low, high + 1)]
    return place


def _marks(x_of, y_of, top, bottom):
    parts = []
    for value in x_of.decades:
        x = x_of(value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" {TEXT} '
                     f'text-anchor="middle">{value:,.0f}</text>')
    for value in y_of.decades:
        y = y_of(value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" {TEXT} text-anchor="end">{value:,g}</text>')
    return parts


def _axes(x_of, y_of, across, up):
    parts = _marks(x_of, y_of, TOP, HEIGHT - BOTTOM)
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" {TEXT} '
                 f'text-anchor="middle">{html.escape(across)}</text>')
    parts.append(f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" {TEXT} '
                 f'text-anchor="middle">{html.escape(up)}</text>')
    return parts
