"""Parsing XMP without trusting it, and what counts as a person's word in it."""

import time
from collections.abc import Mapping

import pytest

from item_makers import DARKTABLE, DIGIKAM, LIGHTROOM
from keepers.errors import Refused
from keepers.io import xmp
from keepers.io.xmp import parse, read_rating
from keepers.types import Rating

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in xmp.NAMESPACES.items())


def attributes(text: str) -> bytes:
    """A packet with properties as attributes, such as `xmp:Rating="3"`."""
    return f'<rdf:RDF {RDF}><rdf:Description rdf:about="" {PREFIXES} {text}/></rdf:RDF>'.encode()


def elements(text: str) -> bytes:
    return f"<rdf:RDF {RDF}><rdf:Description {PREFIXES}>{text}</rdf:Description></rdf:RDF>".encode()


def own(verdict: str, by: str, **changed: str | None) -> bytes:
    """What keepers writes for a verdict, with later changes by another program; None takes a property away."""
    marks = {name: text for name, text in xmp.MARKS[verdict].items() if text is not None}
    marks |= {xmp.VERDICT: verdict, xmp.BY: by}
    for name, text in changed.items():
        key = getattr(xmp, name)
        if text is None:
            marks.pop(key, None)
        else:
            marks[key] = text
    return attributes(_as_attributes(marks))


def _as_attributes(marks: Mapping[str, str]) -> str:
    prefixes = {uri: prefix for prefix, uri in xmp.NAMESPACES.items()}
    pairs = [(key[1:].split("}"), text) for key, text in marks.items()]
    return " ".join(f'{prefixes[uri]}:{local}="{text}"' for (uri, local), text in pairs)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('xmpDM:good="true"', "keep"),
        ('xmpDM:good="True"', "keep"),
        ('xmpDM:good="false"', "delete"),
        ('xmpDM:good="false" xmpDM:pick="1"', "delete"),
        ('xmpDM:good="true" xmpDM:pick="-1"', "keep"),
        ('xmpDM:pick="1"', "keep"),
        ('xmpDM:pick="-1"', "delete"),
        ('xmpDM:pick="0"', None),
        ('xmpDM:pick="0" xmp:Rating="5"', "keep"),
        ('xmp:Rating="-1"', "delete"),
        ('xmp:Rating="-1" digiKam:PickLabel="3"', "delete"),
        ('digiKam:PickLabel="1"', "delete"),
        ('digiKam:PickLabel="2"', "maybe"),
        ('digiKam:PickLabel="3"', "keep"),
        ('digiKam:PickLabel="0"', None),
        ('digiKam:PickLabel="1" xmp:Rating="5"', "delete"),
        ('xmp:Rating="5"', "keep"),
        ('xmp:Rating="4.0"', "keep"),
        ('xmp:Rating="3"', "maybe"),
        ('xmp:Rating="1"', "maybe"),
        ('xmp:Rating="0"', None),
        ('xmp:Rating="6"', None),
        ('xmp:Rating="nan"', None),
        ('xmp:Rating="1e999"', None),
        ('xmp:Rating=""', None),
        ('xmp:Label="Red" photoshop:LabelColor="red"', None),
        ('keepers:Verdict="perhaps" xmp:Rating="5"', "keep"),
    ],
)
def test_a_persons_word(text: str, verdict: str | None) -> None:
    rating = read_rating(attributes(text))
    assert (rating.verdict, rating.by) == (verdict, verdict and "person")


def test_stars_and_label_come_along() -> None:
    assert read_rating(LIGHTROOM) == Rating("keep", 4, "Blau", "person")
    assert read_rating(DIGIKAM) == Rating("keep", 3, None, "person")
    assert read_rating(DARKTABLE) == Rating("maybe", 1, None, "person")
    assert read_rating(attributes('xmp:Rating="-1"')).stars is None
    assert read_rating(attributes('xmp:Rating="0"')).stars == 0
    assert read_rating(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>') == Rating()


@pytest.mark.parametrize(
    "text",
    [
        "<xmp:Rating>4</xmp:Rating>",
        "<xmp:Rating> 4\n</xmp:Rating>",
        "<xmp:Rating><!-- why -->4</xmp:Rating>",
        "<xmp:Rating><![CDATA[4]]></xmp:Rating>",
        '<xmp:Rating rdf:value="4"/>',
        '<xmp:Rating rdf:parseType="Resource"><rdf:value>4</rdf:value><xmp:note>x</xmp:note></xmp:Rating>',
        "<xmp:Rating><rdf:Description><rdf:value>4</rdf:value></rdf:Description></xmp:Rating>",
        "<xmp:Rating><rdf:Alt><rdf:li>4</rdf:li><rdf:li>1</rdf:li></rdf:Alt></xmp:Rating>",
    ],
)
def test_every_way_to_write_a_simple_value(text: str) -> None:
    assert read_rating(elements(text)).stars == 4


def test_prefixes_and_the_place_of_the_description_do_not_matter() -> None:
    data = f"""<a:xmpmeta xmlns:a="adobe:ns:meta/"><q:RDF xmlns:q="{xmp.RDF}"><q:Description q:about="uuid:1"/>
      <q:Description q:about="uuid:1" xmlns:dc="http://ns.adobe.com/xap/1.0/" dc:Rating="5"/></q:RDF></a:xmpmeta>"""
    assert read_rating(data.encode()).stars == 5


def test_the_same_name_in_another_namespace_or_deeper_is_something_else() -> None:
    assert read_rating(attributes('xmlns:o="http://other.example/" o:Rating="5" o:pick="1"')) == Rating()
    nested = "<xmp:Other><rdf:Description xmp:Rating='5'><xmp:Rating>5</xmp:Rating></rdf:Description></xmp:Other>"
    assert read_rating(elements(nested)) == Rating()


@pytest.mark.parametrize("verdict", ["keep", "maybe", "delete"])
def test_what_keepers_wrote_itself_is_no_persons_word(verdict: str) -> None:
    assert read_rating(own(verdict, "machine")).by == "machine"
    assert read_rating(own(verdict, "machine")).verdict == verdict
    assert read_rating(own(verdict, "person")).by == "person"


@pytest.mark.parametrize(
    ("verdict", "changed", "now"),
    [
        ("delete", {"GOOD": "true", "PICK": "1"}, "keep"),
        ("delete", {"PICK_LABEL": "3"}, "keep"),
        ("keep", {"PICK_LABEL": "1"}, "delete"),
        ("keep", {"RATING": "-1"}, "delete"),
        ("delete", {"GOOD": None, "PICK": "0"}, "maybe"),  # the flag was taken away
        ("keep", {"PICK": "0"}, "maybe"),
        ("delete", {"PICK_LABEL": "0"}, "maybe"),
        ("maybe", {"GOOD": "true", "PICK": "1"}, "keep"),
        ("delete", {"RATING": "5"}, "keep"),
        ("delete", {"RATING": "0", "OWN_RATING": "-1"}, "maybe"),
        ("delete", {"RATING": "5", "OWN_RATING": "-1"}, "keep"),
    ],
)
def test_what_another_program_changed_since_is_a_persons(verdict: str, changed: dict, now: str) -> None:
    rating = read_rating(own(verdict, "machine", **changed))
    assert (rating.verdict, rating.by) == (now, "person")


@pytest.mark.parametrize(
    "changed",
    [
        {"GOOD": None, "PICK": None},  # a program that drops what it does not know
        {"PICK_LABEL": None},
        {"LABEL": "Blue", "COLOUR": "blue"},
        {"RATING": "1", "OWN_RATING": "1"},
        {"RATING": "-1", "OWN_RATING": "-1"},
        {"RATING": "0"},
    ],
)
def test_a_colour_or_keepers_own_stars_do_not_make_it_a_persons(changed: dict) -> None:
    rating = read_rating(own("delete", "machine", **changed))
    assert (rating.verdict, rating.by) == ("delete", "machine")


def test_a_choice_made_in_keepers_outweighs_older_stars() -> None:
    assert read_rating(own("delete", "person", RATING="5")) == Rating("delete", 5, "Red", "person")


BOMB = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n, (b"&a%d;" % (n - 1) if n else b"&a;") * 10) for n in range(9)
)
BOMB += b"]>" + elements("<xmp:Rating>&a8;</xmp:Rating>")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (BOMB, "DOCTYPE"),
        (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>" + elements("<xmp:Rating>5</xmp:Rating>"), "DOCTYPE"),
        (b'<!DOCTYPE r [<!ENTITY e SYSTEM "http://localhost/">]>' + elements("<xmp:Label>&e;</xmp:Label>"), "DOCTYPE"),
        (("<!DOCTYPE x>" + elements("").decode()).encode("utf-16"), "DOCTYPE"),
        (elements("<xmp:Label>&undeclared;</xmp:Label>"), "valid"),
        (elements("<xmp:Rating>5</xmp:Label>"), "valid"),
        (elements("<nobody:Rating>5</nobody:Rating>"), "valid"),
        (attributes('xmp:Rating="1" xmp:Rating="2"'), "valid"),
        (elements("<xmp:Label>\x08</xmp:Label>"), "valid"),
        (elements("<xmp:Label>") + b"\xff", "valid"),
        (LIGHTROOM[: len(LIGHTROOM) // 2], "valid"),
        (LIGHTROOM + LIGHTROOM, "valid"),
        (b"<x>" * 5000 + b"</x>" * 5000, "valid"),
        (b"", "valid"),
        (b"\0", "valid"),
        (b"\xff\xd8\xff\xe0", "valid"),
        (b"<html/>", "without XMP"),
        (b'<?xml version="1.0" encoding="no-such"?>' + elements(""), "valid"),
        (b" " * (xmp.MAX_BYTES + 1), "too much"),
    ],
)
def test_what_is_not_safe_or_not_xmp_is_refused_in_one_sentence(data: bytes, why: str) -> None:
    began = time.monotonic()
    with pytest.raises(Refused, match=why) as caught:
        parse(data, "IMG.xmp")
    sentence = str(caught.value)
    assert sentence.startswith("IMG.xmp ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert time.monotonic() - began < 5


def test_a_doctype_in_a_comment_is_only_a_comment() -> None:
    assert read_rating(elements("<!-- <!DOCTYPE x> --><xmp:Rating>5</xmp:Rating>")).stars == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom", "latin-1"])
def test_encodings(encoding: str) -> None:
    text = elements("<xmp:Rating>5</xmp:Rating><xmp:Label>Grün</xmp:Label>").decode()
    if encoding == "latin-1":
        data = ('<?xml version="1.0" encoding="iso-8859-1"?>\n' + text).encode("latin-1")
    elif encoding.endswith("-bom"):
        codec = encoding.removesuffix("-bom")
        data = ("\ufeff" + text + "\n").encode(codec)
    else:
        data = text.encode(encoding)
    assert read_rating(data) == Rating("keep", 5, "Grün", "person")
    again = parse(data, "x").to_bytes()
    assert read_rating(again) == Rating("keep", 5, "Grün", "person")
    assert parse(again, "x").to_bytes() == again


@pytest.mark.parametrize("data", [LIGHTROOM, DARKTABLE, DIGIKAM, DIGIKAM + b"\0", b"<?a b?><!-- c -->" + DIGIKAM])
def test_what_stands_around_the_root_is_kept_byte_by_byte(data: bytes) -> None:
    packet = parse(data, "x")
    assert packet.before + packet.after
    again = packet.to_bytes()
    assert again.startswith(packet.before)
    assert again.endswith(packet.after)
    assert data == packet.before + data[len(packet.before) : len(data) - len(packet.after)] + packet.after
    assert b"xmptk" not in packet.before + packet.after


def test_an_empty_root_ends_where_it_ends() -> None:
    data = b'<!-- a --><x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="a>b" /> <!-- b -->'
    packet = parse(data, "x")
    assert (packet.before, packet.after) == (b"<!-- a -->", b" <!-- b -->")
