"""The wall for drawings: of an SVG only shapes, letters and colours are left, under names of their own on the page.

A drawing is made by our own code (`presentation/svg.py`) in a kernel, from data with foreign names. It is read as XML
and written anew from what is allowed here: nothing that runs, loads, links or refers beyond itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from research.errors import ReportError, printable

_SVG, _LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
_NUMBERS = re.compile(r"[\d.,eE+\- ]+")
_TRANSFORM = re.compile(r"((translate|rotate|scale|matrix)\([\d.,eE+\- ]+\) ?)+")
_PATH = re.compile(r"[MLQCZHVmlqczhv\d.,eE+\-\s]*")
_NAME = re.compile(r"[\w.-]+")
_Values = dict[str, re.Pattern[str] | None]
_PLACE: _Values = {"x": _NUMBERS, "y": _NUMBERS}
_BOX: _Values = {**_PLACE, "width": _NUMBERS, "height": _NUMBERS}
_ATTRIBUTES: dict[str, _Values] = {  # None: looked at apart
    "svg": {"viewBox": _NUMBERS},
    "g": {"id": _NAME, "clip-path": None, "transform": _TRANSFORM},
    "defs": {},
    "clipPath": {"id": _NAME},
    "path": {"d": _PATH, "id": _NAME, "clip-path": None, "transform": _TRANSFORM},
    "rect": _BOX,
    "use": _PLACE,
    "text": {**_PLACE, "transform": _TRANSFORM},
    "tspan": _PLACE,
    "pattern": {**_BOX, "id": _NAME, "patternUnits": re.compile("userSpaceOnUse")},
}
_STYLES = re.compile(
    r"(fill|stroke|opacity|fill-opacity|fill-rule|font|font-size|font-style|font-weight|stroke-width|stroke-opacity|"
    r"stroke-dasharray|stroke-dashoffset|stroke-linecap|stroke-linejoin|stroke-miterlimit|text-anchor): ?"
    r"([#\w.,% '\-]+|var\(--[a-z0-9-]+\))"
)
_DRAWN_THERE = re.compile(
    r'<(?:div|span) class="(?:wide|narrow|small|spark|data)" id="(drawing-\d+-(?:wide|narrow|data))">'
)
_COLOUR = re.compile(r"#[0-9a-f]{6}|none|var\(--[a-z0-9-]+\)")
_REFERENCE = re.compile(r"url\(#([\w.-]+)\)")


def checked_drawing(svg: str, *, name: str, label: str) -> str:
    """A drawing as it may stand on a page.

    Parameters
    ----------
    svg : str
    name : str
        Goes before every id, so that two drawings of one page do not share one.
    label : str
        What the drawing shows, for whoever cannot see it.

    Raises
    ------
    ReportError
        If it is no XML, declares a document type (which could hold anything), or is not an svg element.
    """
    text = printable(svg, keep="\n\t")
    if "<!" in text:
        raise ReportError("a figure's drawing holds a declaration; expected an svg element alone.")
    try:
        drawing = ET.fromstring(text)
    except ET.ParseError as error:
        raise ReportError(f"a figure's drawing is no XML: {error}.") from error
    if drawing.tag != f"{{{_SVG}}}svg":
        raise ReportError(f"a figure's drawing begins with {drawing.tag}; expected an svg element.")
    root = _allowed(drawing, name)
    assert root is not None
    root.attrib |= {"role": "img", "aria-label": label}
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def put_drawings(html: str, drawings: Mapping[str, str]) -> str:
    """A sanitised page with each drawing in the place of its name: the sanitiser of HTML knows no such element."""
    return _DRAWN_THERE.sub(lambda place: f"{place[0]}{drawings[place[1]]}", html)


def _allowed(element: ET.Element, name: str) -> ET.Element | None:
    tag = element.tag.removeprefix(f"{{{_SVG}}}") if isinstance(element.tag, str) else ""
    if tag not in _ATTRIBUTES:
        return None
    new = ET.Element(tag)
    new.text, new.tail = element.text, element.tail
    for key, value in element.attrib.items():
        kept = _kept(tag, key, value, name)
        if kept is not None:  # a colour may be a variable of the page, which only a style may name
            new.set({_LINK: "href", "fill": "style"}.get(key, key), kept)
    for child in element:
        copy = _allowed(child, name)
        if copy is not None:
            new.append(copy)
    return new


def _kept(tag: str, key: str, value: str, name: str) -> str | None:
    """What is left of an attribute's value; None where nothing may be."""
    if key == "style":
        return _styles(value, name) or None
    if key == "fill":  # the ground of a hatch, which is written without a style
        return f"fill:{value}" if tag == "rect" and _COLOUR.fullmatch(value) else None
    if key == _LINK and tag == "use" and _NAME.fullmatch(value.removeprefix("#")):
        return f"#{name}-{value.removeprefix('#')}"
    if key == "clip-path":
        reference = _REFERENCE.fullmatch(value)
        return f"url(#{name}-{reference[1]})" if reference and key in _ATTRIBUTES[tag] else None
    pattern = _ATTRIBUTES[tag].get(key)
    if pattern is None or not pattern.fullmatch(value):
        return None
    return f"{name}-{value}" if key == "id" else value


def _styles(value: str, name: str) -> str:
    kept = []
    for part in (each.strip() for each in value.split(";")):
        hatch = re.fullmatch(r"fill: ?url\(#([\w.-]+)\)", part)
        if hatch:
            kept.append(f"fill:url(#{name}-{hatch[1]})")
        elif _STYLES.fullmatch(part):
            kept.append(part.replace(": ", ":"))
    return ";".join(kept)
