"""The wall for drawings: shapes, letters and colours pass, and nothing else."""

from __future__ import annotations

import pytest

from research.errors import ReportError
from research.reporting.publishing.drawings import checked_drawing

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"'


def checked(inside: str, attributes: str = "") -> str:
    return checked_drawing(f"{OPEN}{attributes}>{inside}</svg>", name="d1", label='A "label" <b>')


def test_shapes_letters_and_colours_pass_under_names_of_their_own() -> None:
    page = checked(
        '<defs><path id="m1" d="M0 0l1.5-2z" style="stroke: var(--ink); stroke-width: .8"/>'
        '<clipPath id="c"><rect x="0" y="0" width="9" height="9"/></clipPath></defs>'
        '<g clip-path="url(#c)"><use xlink:href="#m1" x="1" y="2"/></g>'
        '<path d="M0 0" style="fill: url(#h9); opacity: 0.2"/>'
        '<text x="1" y="2" style="font-size: 9px; text-anchor: middle" transform="rotate(-90 1 2)">a &lt; b</text>'
    )
    assert 'id="d1-m1" d="M0 0l1.5-2z" style="stroke:var(--ink);stroke-width:.8"' in page
    assert 'clip-path="url(#d1-c)"' in page
    assert 'href="#d1-m1"' in page
    assert 'style="fill:url(#d1-h9);opacity:0.2"' in page
    assert "rotate(-90 1 2)" in page
    assert "a &lt; b</text>" in page
    assert 'role="img" aria-label="A &quot;label&quot; &lt;b&gt;"' in page


def test_the_ground_of_a_hatch_keeps_its_colour() -> None:
    page = checked(
        '<defs><pattern id="h"><rect fill="var(--series-1)" x="0" y="0" width="73" height="73"/></pattern></defs>'
    )
    assert '<rect style="fill:var(--series-1)" x="0"' in page
    assert "fill" not in checked('<rect fill="url(#a)" x="0"/><path fill="red" d="M0 0"/>')


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<a xlink:href="https://evil.example"><text>x</text></a>',
        '<image xlink:href="https://evil.example/x.png"/>',
        '<use xlink:href="https://evil.example/x.svg#a"/>',
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">evil</body></foreignObject>',
        '<path d="M0 0" onclick="evil()"/>',
        '<path d="M0 0" style="fill: url(https://evil.example)"/>',
        '<path d="M0 0" style="background: evil"/>',
        '<rect fill="url(https://evil.example)" x="0"/>',
        '<path d="evil()"/>',
        '<g id="a b evil&gt;"/>',
        "<style>* {fill: evil}</style>",
        '<animate attributeName="href" to="evil"/>',
        '<g clip-path="url(evil.svg#a)"/>',
        '<text transform="evil(1)">x</text>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">evil</x:script>',
    ],
)
def test_what_runs_loads_links_or_hides_is_left_out(inside: str) -> None:
    page = checked(inside)
    assert "evil" not in page
    assert "alert" not in page


@pytest.mark.parametrize(
    ("svg", "message"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "declaration"),
        ("<svg", "no XML"),
        ("<div/>", "begins with div"),
        ('<svg onload="x"/>', "begins with svg"),  # not in the namespace of drawings
    ],
)
def test_what_is_no_drawing_is_refused(svg: str, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        checked_drawing(svg, name="d", label="")


def test_control_characters_are_spelled_out() -> None:
    assert "\u202e" not in checked("<text>a\u202eb</text>")
