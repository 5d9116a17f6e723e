"""Photos with verdicts for the tests of exporters, and XMP as other programs write it."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from keepers.export import Item
from keepers.io.kinds import RAW_EXTENSIONS
from keepers.io.scan import scan
from keepers.types import Author, Opinion, PhotoFile, Report, Role, Source, VerdictName

LIGHTROOM = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000, 0000/00/00  ">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:CreatorTool="Adobe Photoshop Lightroom Classic 13.2"
   xmp:Rating="4"
   xmp:Label="Blau"
   photoshop:LabelColor="blue"
   crs:Exposure2012="+0.35"
   crs:HasSettings="True">
   <!-- a caption in German -->
   <dc:description>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">K\xc3\xbcste bei Ebbe &amp; Wind</rdf:li>
     <rdf:li xml:lang="de">K\xc3\xbcste</rdf:li>
    </rdf:Alt>
   </dc:description>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>sea</rdf:li>
     <rdf:li>family</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <xmpMM:History>
    <rdf:Seq>
     <rdf:li stEvt:action="saved" stEvt:instanceID="xmp.iid:1" stEvt:changed="/metadata"/>
    </rdf:Seq>
   </xmpMM:History>
   <crs:ToneCurvePV2012>
    <rdf:Seq>
     <rdf:li>0, 0</rdf:li>
     <rdf:li>255, 255</rdf:li>
    </rdf:Seq>
   </crs:ToneCurvePV2012>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:darktable="http://darktable.sf.net/"
   xmp:Rating="1"
   xmpMM:DerivedFrom="IMG_1.CR3"
   darktable:xmp_version="5"
   darktable:history_end="1">
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:num="0"
      darktable:operation="exposure"
      darktable:enabled="1"
      darktable:params="00000000000000000000003f"/>
    </rdf:Seq>
   </darktable:history>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DIGIKAM = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="" xmlns:xap="http://ns.adobe.com/xap/1.0/">
   <xap:Rating>3</xap:Rating>
  </r:Description>
  <r:Description r:about="" xmlns:dk="http://www.digikam.org/ns/1.0/" dk:ColorLabel="0">
   <dk:PickLabel>3</dk:PickLabel>
   <dk:TagsList><r:Seq><r:li>People/Anna</r:li></r:Seq></dk:TagsList>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""
DIGIKAM += 2 * (100 * b" " + b"\n") + b'<?xpacket end="w"?>'


def jpeg(**options: object) -> bytes:
    """A small JPEG; `options` go to Pillow."""
    target = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((64, 48)).save(target, "JPEG", **options)  # type: ignore[arg-type]
    return target.getvalue()


def item(path: Path, verdict: VerdictName = "keep", by: Author = "machine", *others: Path) -> Item:
    """A photo that is or is not there, with its other files."""
    files = tuple(_file(file) for file in (path, *others))
    return Item(Opinion(Report(Source(path, files)), None), verdict, by)


def items_in(
    folder: Path, verdict: VerdictName = "keep", by: Author = "machine", stars: int = 0, colour: str = ""
) -> list[Item]:
    """The photos of a folder as a scan sees them."""
    return [Item(Opinion(Report(source), None), verdict, by, stars, colour) for source in scan([folder])]


def _file(path: Path) -> PhotoFile:
    role: Role = "image"
    if path.suffix.lower() in RAW_EXTENSIONS:
        role = "raw"
    elif path.suffix.lower() == ".xmp":
        role = "sidecar"
    facts = path.stat() if path.exists() else None
    return PhotoFile(path, role, facts.st_size if facts else 0, facts.st_mtime_ns if facts else 0)
