"""What a container says of its files where no signature covers it, against what was signed.

`META-INF/manifest.xml` names files and media types and is itself signed by nobody. Other software shows what it says;
so it may say nothing else than the signatures do. Source: asic.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from schemas import xmldoc
from schemas.problem import Refused, Stage
from signing.asic.container import DIRECTORY, MANIFEST, MANIFEST_NAMESPACE, MEDIA_TYPE, Container
from signing.xades.names import xades
from signing.xades.verify import Lasting

_WRAPPER = "{http://uri.etsi.org/02918/v1.2.1#}XAdESSignatures"


def surplus_of(lasting: Lasting) -> str:
    """What stands in a signature's file beside the signature; "" = nothing."""
    root = lasting.verified.signature.element.getparent()
    if root is None or root.tag != _WRAPPER:
        return "no XAdESSignatures"
    texts = ((root.text or "") + (child.tail or "") for child in root)
    return "beside the Signature" if len(root) != 1 or root.attrib or any(text.strip() for text in texts) else ""


def kinds_of(lasting: Lasting) -> Mapping[str, frozenset[str]]:
    """File name → the media types a signature says it is of; more than one contradict each other."""
    names = {f"#{each.name}": unquote(each.uri or "") for each in lasting.verified.signature.references if each.name}
    found: dict[str, frozenset[str]] = {}
    for part in lasting.verified.parts:
        for one in part.element.findall(f"{xades('SignedDataObjectProperties')}/{xades('DataObjectFormat')}"):
            name, kind = names.get(one.get("ObjectReference", "")), one.findtext(xades("MimeType"))
            if name is not None and kind:
                found[name] = found.get(name, frozenset()) | {kind.strip()}
    return found


def fault_of(container: Container, signatures: Mapping[str, Lasting], *, stage: Stage) -> str:
    """Where the list and the signatures, or two signatures, contradict each other; "" = nowhere."""
    listed = _listed(container, stage)
    if isinstance(listed, str):
        return listed
    if listed is not None and set(listed) != set(container.files):
        return f"manifest.xml: {ascii(sorted(set(listed) ^ set(container.files))[0])[:80]}"
    for name in container.files:
        said = {kind for one in signatures.values() for kind in kinds_of(one).get(name, ())}
        if len(said) > 1:
            return f"{ascii(name)[:80]}: {ascii(' | '.join(sorted(said)))[:80]}"
        if listed is not None and said and said != {listed[name]}:
            return f"manifest.xml: {ascii(name)[:80]}: {ascii(listed[name])[:80]}"
    return ""


def _listed(container: Container, stage: Stage) -> dict[str, str] | str | None:
    """File name → media type; a text: what is wrong with the list; None = there is none."""
    document = container.other.get(DIRECTORY + MANIFEST)
    if document is None:
        return None
    try:
        root = xmldoc.parse(document, stage=stage)
    except Refused as refused:
        return f"manifest.xml: {refused.problems[0].code}"
    entry, found = f"{{{MANIFEST_NAMESPACE}}}file-entry", {}
    if root.tag != f"{{{MANIFEST_NAMESPACE}}}manifest" or any(child.tag != entry for child in root.iterchildren("*")):
        return "manifest.xml: another kind of document"
    for child in root.iterchildren(entry):
        path = child.get(f"{{{MANIFEST_NAMESPACE}}}full-path", "")
        kind = child.get(f"{{{MANIFEST_NAMESPACE}}}media-type", "").strip()
        if path == "/" and kind != MEDIA_TYPE:
            return f"manifest.xml: / {ascii(kind)[:80]}"
        if path.endswith("/"):
            continue  # a folder: nothing of that name can be in it
        name = path if path in container.files else unquote(path)
        if name in found:
            return f"manifest.xml: {ascii(name)[:80]} × 2"
        found[name] = kind
    return found
