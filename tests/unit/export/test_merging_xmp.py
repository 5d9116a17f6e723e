"""A verdict goes into XMP; everything else stays."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from item_makers import DARKTABLE, DIGIKAM, LIGHTROOM
from keepers.errors import Refused
from keepers.export.xmp_merge import NEW_PACKET, NEW_SIDECAR, changes, foreign, merge
from keepers.io import xmp
from keepers.io.xmp import parse, properties, read_rating
from keepers.types import VERDICTS, VerdictName

SAMPLES = {"lightroom": LIGHTROOM, "darktable": DARKTABLE, "digikam": DIGIKAM, "new": NEW_SIDECAR, "packet": NEW_PACKET}
KEEP = changes("keep", "person")
DELETE = changes("delete", "person")


def rdf(inside: str) -> bytes:
    return f'<rdf:RDF xmlns:rdf="{xmp.RDF}">{inside}</rdf:RDF>'.encode()


def statements(data: bytes) -> list[tuple[str, object]]:
    """Every property of every description with its text, ours or not, in order."""
    found = []
    for description in parse(data, "x").descriptions():
        found += list(description.attrib.items())
        found += [(child.tag, _value(child)) for child in description.iterchildren("*")]
    return found


def _value(element: Any) -> object:
    text = (element.text or "").strip()
    inside = [(child.tag, _value(child)) for child in element.iterchildren("*")]
    return (text, dict(element.attrib), inside) if inside or element.attrib else text


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> bytes:
    return SAMPLES[request.param]


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("rating", [None, "-1", "5"])
def test_what_is_written_is_read_back_and_the_rest_is_as_it_was(
    sample: bytes, verdict: VerdictName, rating: str | None
) -> None:
    merged = merge(sample, changes(verdict, "person", rating), "IMG.xmp")
    assert (read_rating(merged).verdict, read_rating(merged).by) == (verdict, "person")
    for name, text in xmp.MARKS[verdict].items():
        assert properties(parse(merged, "x")).get(name) == text
    assert foreign(parse(merged, "x")) == foreign(parse(sample, "x"))
    theirs = [s for s in statements(sample) if s[0] not in xmp.OURS]
    assert [s for s in statements(merged) if s[0] not in xmp.OURS] == theirs
    assert merge(merged, changes(verdict, "person", rating), "IMG.xmp") == merged


def test_stars_of_the_user_stay(sample: bytes) -> None:
    stars = read_rating(sample).stars
    for verdict in VERDICTS:
        assert read_rating(merge(sample, changes(verdict, "machine"), "x")).stars == stars


def test_stars_that_were_replaced_come_back(sample: bytes) -> None:
    rejected = merge(sample, changes("delete", "person", "-1"), "x")
    assert properties(parse(rejected, "x"))[xmp.RATING] == "-1"
    kept = merge(rejected, KEEP, "x")
    assert read_rating(kept).stars == read_rating(sample).stars
    assert properties(parse(kept, "x")) == properties(parse(merge(sample, KEEP, "x"), "x"))


def test_stars_that_the_user_changed_since_are_the_users() -> None:
    rejected = merge(LIGHTROOM, changes("delete", "machine", "-1"), "x")
    changed = rejected.replace(b'xmp:Rating="-1"', b'xmp:Rating="2"')
    kept = merge(changed, KEEP, "x")
    assert read_rating(kept).stars == 2
    assert xmp.OLD_RATING not in properties(parse(kept, "x"))


def test_a_rejection_by_rating_goes_when_the_photo_is_kept_and_returns_when_it_is_not() -> None:
    users = LIGHTROOM.replace(b'xmp:Rating="4"', b'xmp:Rating="-1"')
    kept = merge(users, KEEP, "x")
    assert (read_rating(kept).verdict, read_rating(kept).stars) == ("keep", 0)
    assert properties(parse(merge(kept, DELETE, "x"), "x")) == properties(parse(merge(users, DELETE, "x"), "x"))


@pytest.mark.parametrize(
    "inside",
    [
        "<xmp:Label>Blue</xmp:Label>",
        "<xmp:Label xml:lang='de'>Blau</xmp:Label>",
        "<xmp:Label rdf:value='Blue'/>",
        "<xmp:Label rdf:parseType='Resource'><rdf:value>Blue</rdf:value></xmp:Label>",
        "<xmp:Label><rdf:Alt><rdf:li>Blue</rdf:li></rdf:Alt></xmp:Label>",
        "<xmp:Label/>",
    ],
)
def test_an_element_is_replaced_where_it_stands(inside: str) -> None:
    data = rdf(
        f"<rdf:Description xmlns:xmp='{xmp.NAMESPACES['xmp']}' xmlns:o='urn:o'>"
        f"<o:before>1</o:before>{inside}<o:after>2</o:after></rdf:Description>"
    )
    merged = merge(data, KEEP, "x")
    (description,) = parse(merged, "x").descriptions()
    assert [etree.QName(child).localname for child in description] == ["before", "Label", "after"]
    assert (description[1].text, len(description[1]), dict(description[1].attrib)) == ("Green", 0, {})
    assert xmp.LABEL not in description.attrib


def test_an_attribute_is_replaced_where_it_stands() -> None:
    merged = merge(LIGHTROOM, DELETE, "x")
    (description,) = parse(merged, "x").descriptions()
    names = [name for name in description.attrib if name in parse(LIGHTROOM, "x").descriptions()[0].attrib]
    assert names == list(parse(LIGHTROOM, "x").descriptions()[0].attrib)
    assert merged.count(b"Label=") == 2  # xmp:Label and PickLabel
    assert b'xmp:Label="Red"' in merged


def test_of_properties_that_are_stated_twice_one_remains() -> None:
    data = rdf(
        f"<rdf:Description xmlns:xmp='{xmp.NAMESPACES['xmp']}' xmp:Label='Blue'><xmp:Label>Red</xmp:Label>"
        f"</rdf:Description><rdf:Description xmlns:a='{xmp.NAMESPACES['xmp']}' a:Label='Purple'/>"
    )
    found = [s for s in statements(merge(data, KEEP, "x")) if s[0] == xmp.LABEL]
    assert found == [(xmp.LABEL, "Green")]


def test_a_prefix_that_means_something_else_is_not_taken() -> None:
    data = rdf("<rdf:Description xmlns:xmp='urn:other' xmlns:digiKam='urn:more' xmp:Rating='3' digiKam:x='1'/>")
    merged = merge(data, KEEP, "x")
    assert read_rating(merged).verdict == "keep"
    assert ("{urn:other}Rating", "3") in statements(merged)


def test_usual_prefixes_are_used() -> None:
    merged = merge(NEW_SIDECAR, KEEP, "x")
    for name in (b'xmpDM:good="true"', b'xmpDM:pick="1"', b'xmp:Label="Green"', b'photoshop:LabelColor="green"'):
        assert name in merged
    assert b'digiKam:PickLabel="3"' in merged
    assert b"ns0" not in merged


def test_namespaces_that_are_no_addresses_are_no_obstacle() -> None:
    data = rdf("<rdf:Description xmlns:a='relative' a:one='1'><a:two>2</a:two></rdf:Description>")
    assert ("{relative}one", "1") in statements(merge(data, KEEP, "x"))


@pytest.mark.parametrize(
    "data",
    [
        f"<x:xmpmeta xmlns:x='{xmp.META}'/>".encode(),
        f"<x:xmpmeta xmlns:x='{xmp.META}'><!-- c --></x:xmpmeta>".encode(),
        rdf(""),
        rdf("<rdf:Description rdf:about='uuid:1'/>"),
        rdf("<!-- c --><rdf:Description/><?pi x?>"),
    ],
)
def test_nearly_empty_packets_take_a_verdict(data: bytes) -> None:
    assert read_rating(merge(data, KEEP, "x")).verdict == "keep"
    for comment in (b"<!-- c -->", b"<?pi x?>", b"uuid:1"):
        assert (comment in merge(data, KEEP, "x")) == (comment in data)


def test_no_history_is_written(sample: bytes) -> None:
    assert merge(sample, KEEP, "x").count(b"stEvt:action") == sample.count(b"stEvt:action")


def test_the_wrapper_and_its_padding_stay() -> None:
    merged = merge(DIGIKAM, DELETE, "x")
    assert merged.startswith(DIGIKAM[:60])
    assert merged.endswith(DIGIKAM[DIGIKAM.index(b"</x:xmpmeta>") :])


def test_lists_without_line_breaks_get_them() -> None:
    data = rdf(
        "<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:subject><rdf:Bag><rdf:li>one</rdf:li>"
        "<rdf:li> two </rdf:li></rdf:Bag></dc:subject><dc:format>image/jpeg</dc:format></rdf:Description>"
    )
    merged = merge(data, KEEP, "x")
    assert b"<rdf:Bag>\n" in merged
    assert b"<rdf:li>one</rdf:li>\n" in merged
    assert b"<rdf:li> two </rdf:li>" in merged
    assert foreign(parse(merged, "x")) == foreign(parse(data, "x"))
    assert merge(merged, KEEP, "x") == merged


def test_foreign_sees_every_loss() -> None:
    whole = foreign(parse(LIGHTROOM, "x"))
    for old, new in (
        (b"a caption in German", b"a caption"),
        (b"<rdf:li>sea</rdf:li>\n", b""),
        (b'xml:lang="de"', b'xml:lang="fr"'),
        (b"rdf:Bag", b"rdf:Seq"),
        (b'crs:HasSettings="True"', b""),
        (b"+0.35", b"0.35"),
        (b"7.0-c000", b"7.1-c000"),
        (b"Ebbe &amp; Wind", b"Ebbe &amp;  Wind"),
    ):
        assert old in LIGHTROOM
        assert foreign(parse(LIGHTROOM.replace(old, new), "x")) != whole
    assert foreign(parse(DIGIKAM.replace(b"   ", b""), "x")) != foreign(parse(DIGIKAM, "x"))  # the padding


def test_a_merge_that_would_lose_something_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from keepers.export import xmp_merge

    monkeypatch.setattr(xmp_merge, "_spread", lambda packet: packet.descriptions()[0].clear())
    with pytest.raises(Refused, match=r"IMG.xmp .* losing"):
        merge(LIGHTROOM, KEEP, "IMG.xmp")


def test_a_merge_that_would_not_read_back_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from keepers.export import xmp_merge

    monkeypatch.setattr(xmp_merge, "_put", lambda packet, key, value: None)
    with pytest.raises(Refused, match=r"IMG.xmp would not say"):
        merge(LIGHTROOM, KEEP, "IMG.xmp")


@pytest.mark.shared
def test_real_sidecars_of_other_programs(shared: Path) -> None:
    refused = []
    files = sorted((shared / "eval" / "xmp_sidecars").rglob("*.xmp"))
    for path in files:
        data = path.read_bytes()
        for verdict in VERDICTS:
            for rating in (None, "-1"):
                wanted = changes(verdict, "person", rating)
                try:
                    merged = merge(data, wanted, path.name)
                except Refused as error:
                    refused.append(str(error))
                    continue
                assert (read_rating(merged).verdict, read_rating(merged).by) == (verdict, "person"), path
                assert foreign(parse(merged, "x")) == foreign(parse(data, "x"))
                assert merge(merged, wanted, path.name) == merged
                alone = properties(parse(merge(data, DELETE, "x"), "x"))
                assert properties(parse(merge(merged, DELETE, "x"), "x")) == alone
    assert len(files) >= 40
    assert len(set(refused)) == 7  # binary, control characters, namespaces that are no addresses
    assert all("no valid XMP" in sentence for sentence in refused)


def test_a_rating_that_is_stated_twice_is_merged_once_and_for_all() -> None:
    twice = (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="" '
        b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="-1"><xmp:Rating>-1</xmp:Rating></r:Description></r:RDF>'
    )
    wanted = changes("keep", "machine")
    merged = merge(twice, wanted, "twice.xmp")
    assert merge(merged, wanted, "twice.xmp") == merged
