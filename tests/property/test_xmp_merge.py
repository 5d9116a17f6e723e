"""What merging promises for every packet, not only for those that we thought of."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepers.errors import Refused
from keepers.export.xmp_merge import changes, foreign, merge
from keepers.io import xmp
from keepers.io.xmp import parse, properties, read_rating
from keepers.types import VERDICTS

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "odd": "urn:odd:no-slash",
    "rel": "relative",
}
OURS = {"Rating": "xmp", "Label": "xmp", "LabelColor": "photoshop", "good": "xmpDM", "pick": "xmpDM"}
OURS |= {"PickLabel": "digiKam", "Verdict": "keepers", "By": "keepers"}
VALUES = {
    "Rating": ["-1", "0", "3", "5", "4.0", "x", ""],
    "Label": ["Red", "Grün", "", "Second"],
    "LabelColor": ["blue", ""],
    "good": ["true", "False", "perhaps"],
    "pick": ["1", "0", "-1", "2"],
    "PickLabel": ["0", "1", "2", "3"],
    "Verdict": ["keep", "delete", "never"],
    "By": ["machine", "person"],
}
WRAPPERS = [
    ("", ""),
    ("\ufeff", "\n"),
    ('<?xml version="1.0"?>\n', ""),
    ('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n', "\n" + " " * 90 + '\n<?xpacket end="w"?>'),
    ("<!-- before -->", "<!-- after -->\n"),
]
slow = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])

letters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
texts = st.text(letters, max_size=12)
names = st.sampled_from(["title", "subject", "Exposure", "creator", "x1", "Rating", "pick"])
blanks = st.sampled_from(["", "\n  ", " ", "\t", "\n"])
comments = st.sampled_from(["", "<!-- a comment -->", "<?app keep this?>", "<!---->"])


@st.composite
def prefixes(draw: st.DrawFn) -> dict[str, str]:
    """Namespace -> prefix; usual prefixes may be anything but usual."""
    uris = [*xmp.NAMESPACES.values(), *NAMESPACES.values()]
    usual = [*xmp.NAMESPACES, *NAMESPACES]
    kind = draw(st.sampled_from(["usual", "numbered", "turned"]))
    if kind == "usual":
        return dict(zip(uris, usual, strict=True))
    if kind == "numbered":
        return {uri: f"p{number}" for number, uri in enumerate(uris)}
    return dict(zip(uris, [*usual[1:], usual[0]], strict=True))


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """The inside of a property of others: text, a list or a structure."""
    kind = draw(st.sampled_from(["text", "text", "list", "structure"] if depth else ["text"]))
    if kind == "text":
        return escape(draw(texts))
    gap = draw(blanks)
    if kind == "list":
        items = draw(st.lists(values(depth=depth - 1), max_size=3))
        language = draw(st.sampled_from(["", " xml:lang='de'"]))
        inside = "".join(f"<r:li{language}>{item}</r:li>{gap}" for item in items)
        array = draw(st.sampled_from(["Bag", "Seq", "Alt"]))
        return f"{gap}<r:{array}>{gap}{inside}</r:{array}>{gap}"
    field = f"<o:field xmlns:o='urn:o'>{escape(draw(texts))}</o:field>"
    return f"{gap}<r:Description>{gap}{draw(comments)}{field}</r:Description>"


@st.composite
def descriptions(draw: st.DrawFn, prefix: dict[str, str], ours: list[str]) -> str:
    """One rdf:Description with properties of others and `ours`, as attributes and as elements."""
    attributes: dict[str, str] = {}
    elements: list[str] = []
    for local in ours:
        name = f"{prefix[xmp.NAMESPACES[OURS[local]]]}:{local}"
        value = draw(st.sampled_from(VALUES[local]))
        form = draw(st.sampled_from(["attribute", "element", "resource", "both"]))
        if form in ("attribute", "both"):
            attributes[name] = value
        if form in ("element", "both"):
            elements.append(f"<{name}>{draw(comments)}{escape(value)}</{name}>")
        if form == "resource":
            elements.append(f"<{name} r:parseType='Resource'><r:value>{escape(value)}</r:value></{name}>")
    for uri in draw(st.lists(st.sampled_from(list(NAMESPACES.values())), max_size=3)):
        name = f"{prefix[uri]}:{draw(names)}"
        if draw(st.booleans()):
            attributes[name] = draw(texts)
        else:
            elements.append(f"<{name}>{draw(values())}</{name}>")
    declared = " ".join(f"xmlns:{short}={quoteattr(uri)}" for uri, short in prefix.items())
    stated = " ".join(f"{name}={quoteattr(value)}" for name, value in draw(st.permutations(list(attributes.items()))))
    gap = draw(blanks)
    inside = gap + gap.join([*draw(st.permutations(elements)), draw(comments)])
    return f"<r:Description r:about='' {declared} {stated}>{inside}</r:Description>"


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    """A packet as some program might write it."""
    prefix = draw(prefixes())
    ours = draw(st.lists(st.sampled_from(list(OURS)), unique=True))
    cut = draw(st.integers(0, len(ours)))
    gap = draw(blanks)
    inside = [draw(descriptions(prefix, part)) for part in (ours[:cut], ours[cut:])]
    rdf = f"<r:RDF xmlns:r='{xmp.RDF}'>{gap}{gap.join([*inside, draw(comments)])}</r:RDF>"
    if draw(st.booleans()):
        rdf = f"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Tool &amp; 1'>\n{rdf}\n</x:xmpmeta>"
    before, after = draw(st.sampled_from(WRAPPERS))
    return (before + rdf + after).encode()


wishes = st.builds(
    changes, st.sampled_from(VERDICTS), st.sampled_from(["machine", "person"]), st.sampled_from([None, "-1", "5", "3"])
)


@slow
@given(packets(), wishes)
def test_a_merge_says_what_it_should_and_changes_nothing_else(data: bytes, wanted: dict[str, str | None]) -> None:
    merged = merge(data, wanted, "x")
    found = properties(parse(merged, "x"))
    del wanted[xmp.OWN_RATING]  # also written where a rejection by rating contradicts the verdict
    assert all(found.get(name) == value for name, value in wanted.items())
    assert foreign(parse(merged, "x")) == foreign(parse(data, "x"))


@slow
@given(packets(), wishes)
def test_merging_again_changes_no_byte(data: bytes, wanted: dict[str, str | None]) -> None:
    merged = merge(data, wanted, "x")
    assert merge(merged, wanted, "x") == merged


@slow
@given(packets(), wishes, wishes)
def test_what_is_merged_last_is_all_that_remains(data: bytes, first: dict, second: dict) -> None:
    both = parse(merge(merge(data, first, "x"), second, "x"), "x")
    alone = parse(merge(data, second, "x"), "x")
    assert properties(both) == properties(alone)
    assert foreign(both) == foreign(alone)


@slow
@given(packets(), st.sampled_from(VERDICTS), st.sampled_from([None, "-1", "5"]))
def test_a_persons_verdict_is_read_back(data: bytes, verdict: str, rating: str | None) -> None:
    read = read_rating(merge(data, changes(verdict, "person", rating), "x"))
    assert (read.verdict, read.by) == (verdict, "person")


@slow
@given(packets(), st.lists(wishes, max_size=4))
def test_the_users_stars_survive_any_number_of_merges(data: bytes, many: list[dict]) -> None:
    found = properties(parse(data, "x"))
    if xmp.VERDICT in found:
        return  # somebody played keepers, and its stars may be taken back
    for wanted in many:
        data = merge(data, wanted, "x")
    final = properties(parse(merge(data, changes("delete", "person"), "x"), "x"))
    assert final.get(xmp.RATING) == found.get(xmp.RATING)


@settings(max_examples=100, deadline=None)
@given(packets(), st.data())
def test_a_damaged_packet_is_merged_whole_or_refused(data: bytes, chance: st.DataObject) -> None:
    at = chance.draw(st.integers(0, len(data) - 1))
    kind = chance.draw(st.sampled_from(["cut", "change", "drop"]))
    byte = bytes([chance.draw(st.integers(0, 255))])
    broken = {"cut": data[:at], "change": data[:at] + byte + data[at + 1 :], "drop": data[:at] + data[at + 1 :]}[kind]
    try:
        merged = merge(broken, changes("keep", "person"), "IMG.xmp")
    except Refused as refusal:
        assert str(refusal).startswith("IMG.xmp ")
        assert str(refusal).endswith(".")
    else:
        assert read_rating(merged).verdict == "keep"
        assert foreign(parse(merged, "x")) == foreign(parse(broken, "x"))
