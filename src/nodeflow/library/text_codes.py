"""Text in other forms: as bytes, in addresses and in HTML; hashes and names by rule.

What only some of these need is imported when they run: hashes bring a large library with them.
"""

from __future__ import annotations

import base64
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.library.text_limits import MAX_LENGTH
from nodeflow.node import Option, data_node
from nodeflow.values import short

ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "ascii", "latin-1", "cp1252")
"""How texts are written as bytes here: no others, as some of Python's unpack what is small into what is large."""

HASHES: Final = (
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
    "blake2b", "blake2s",
)  # fmt: skip
"""Hashes that every Python has; `md5` and `sha1` are for what has them already, not for secrets."""


def _bytes_of(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


# --- bytes --------------------------------------------------------------------------------------------


@data_node("text.encode")
def encode(value: str = "", encoding: Option[str] = "utf-8") -> bytes:
    r"""The text as bytes. Fails with `UnicodeEncodeError` for a character that the encoding does not have.

    Args:
        encoding: `utf-8`, `utf-8-sig`, `utf-16`, `utf-32`, `ascii`, `latin-1` or `cp1252`.

    >>> encode("né"), encode("né", encoding="latin-1")
    (b'n\xc3\xa9', b'n\xe9')
    """
    check_choice("encoding", encoding, *ENCODINGS)
    return value.encode(encoding)


@data_node("text.decode")
def decode(value: bytes = b"", encoding: Option[str] = "utf-8", replace: Option[bool] = False) -> str:
    r"""The text that bytes mean. Fails with `UnicodeDecodeError` if they mean none.

    Args:
        encoding: `utf-8`, `utf-8-sig`, `utf-16`, `utf-32`, `ascii`, `latin-1` or `cp1252`.
        replace: Put `U+FFFD` in the place of bytes that mean nothing, instead of failing.

    >>> decode(b"n\xc3\xa9"), decode(b"n\xe9", replace=True)
    ('né', 'n�')
    """
    check_choice("encoding", encoding, *ENCODINGS)
    return value.decode(encoding, "replace" if replace else "strict")


@data_node("text.encode_base64")
def encode_base64(value: str | bytes = "", url_safe: Option[bool] = False) -> str:
    r"""Bytes, or a text as UTF-8, in base64.

    Args:
        url_safe: Use `-` and `_` in place of `+` and `/`.

    >>> encode_base64("né?"), encode_base64(b"\xfb\xff"), encode_base64(b"\xfb\xff", url_safe=True)
    ('bsOpPw==', '+/8=', '-_8=')
    """
    data = _bytes_of(value)
    return (base64.urlsafe_b64encode(data) if url_safe else base64.b64encode(data)).decode()


@data_node("text.decode_base64")
def decode_base64(value: str = "") -> bytes:
    r"""The bytes that stand in a text in base64, of either alphabet; `text.decode` makes a text of them.

    White space is left out, and `=` at the end may be missing. Fails with `ValueError` if it is not base64.

    >>> decode_base64("bsOpPw=="), decode_base64("-_8")
    (b'n\xc3\xa9?', b'\xfb\xff')
    """
    plain = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise ValueError(f"{short(value)} is not base64") from None


@data_node("text.encode_hex")
def encode_hex(value: str | bytes = "") -> str:
    """Bytes, or a text as UTF-8, as two hexadecimal digits for each byte.

    >>> encode_hex("né")
    '6ec3a9'
    """
    return _bytes_of(value).hex()


@data_node("text.decode_hex")
def decode_hex(value: str = "") -> bytes:
    r"""The bytes that stand in a text as hexadecimal digits; white space between bytes is left out.

    Fails with `ValueError` if it is something else.

    >>> decode_hex("6e c3 A9")
    b'n\xc3\xa9'
    """
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"{short(value)} is not pairs of hexadecimal digits") from None


# --- addresses and HTML -------------------------------------------------------------------------------


@data_node("text.encode_url")
def encode_url(value: str = "", spaces: Option[str] = "%20", keep: Option[str] = "") -> str:
    """The text as part of an address: what has a meaning there becomes `%` and two digits.

    Args:
        spaces: What a space becomes: `%20`, or `+` as in forms.
        keep: Characters that stay as they are, such as `/`.

    >>> encode_url("a b/ü&c"), encode_url("a b", spaces="+"), encode_url("a/b c", keep="/")
    ('a%20b%2F%C3%BC%26c', 'a+b', 'a/b%20c')
    """
    from urllib.parse import quote

    check_choice("spaces", spaces, "%20", "+")
    if not keep.isascii():
        raise ValueError(f"option `keep` must have ASCII characters only, not {short(keep)}")
    quoted = quote(value, safe=keep.replace("%", "").replace(" ", ""))
    return quoted.replace("%20", "+") if spaces == "+" else quoted


@data_node("text.decode_url")
def decode_url(value: str = "", spaces: Option[str] = "%20") -> str:
    """The text that a part of an address means. Fails with `ValueError` if it is not UTF-8.

    Args:
        spaces: What a space is: `%20` only, or `+` too, as in forms.

    >>> decode_url("a%20b%2F%C3%BC"), decode_url("a+b"), decode_url("a+b", spaces="+")
    ('a b/ü', 'a+b', 'a b')
    """
    from urllib.parse import unquote

    check_choice("spaces", spaces, "%20", "+")
    return unquote(value.replace("+", " ") if spaces == "+" else value, errors="strict")


@data_node("text.escape_html")
def escape_html(value: str = "") -> str:
    """The text for a place in HTML, also within quotes: `&`, `<`, `>`, `"` and `'` are written so that they show.

    >>> escape_html("<a href='x'>R&D</a>")
    '&lt;a href=&#x27;x&#x27;&gt;R&amp;D&lt;/a&gt;'
    """
    from html import escape

    return escape(value)


@data_node("text.unescape_html")
def unescape_html(value: str = "") -> str:
    """The text that HTML shows: `&lt;`, `&eacute;`, `&#233;` and all others become the characters they stand for.

    >>> unescape_html("R&amp;D &lt;&eacute;&#233;&#x1F44D;&gt;")
    'R&D <éé👍>'
    """
    from html import unescape

    return unescape(value)


# --- hashes and names ---------------------------------------------------------------------------------


@data_node("text.hash")
def hash(value: str | bytes = "", algorithm: Option[str] = "sha256") -> str:
    """The hash of bytes, or of a text as UTF-8, in hexadecimal digits: the same for the same content, for ever.

    Args:
        algorithm: `md5`, `sha1`, `sha224`, `sha256`, `sha384`, `sha512`, `sha3_224`, `sha3_256`, `sha3_384`,
            `sha3_512`, `blake2b` or `blake2s`. Of these `md5` and `sha1` protect against nobody.

    >>> hash("abc")
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    >>> hash(b"abc", algorithm="md5")
    '900150983cd24fb0d6963f7d28e17f72'
    """
    import hashlib

    check_choice("algorithm", algorithm, *HASHES)
    return hashlib.new(algorithm, _bytes_of(value), usedforsecurity=False).hexdigest()


@data_node("text.hmac")
def hmac(value: str | bytes = "", key: str | bytes = "", algorithm: Option[str] = "sha256") -> str:
    """The hash of a message with a key that only its sender and receiver know, in hexadecimal digits.

    Fails with `ValueError` if there is no key.

    Args:
        algorithm: As for `text.hash`.

    >>> hmac("message", "key")
    '6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a'
    """
    from hmac import new

    check_choice("algorithm", algorithm, *HASHES)
    if not key:
        raise ValueError("`key` must not be empty: without a key everybody can make such a hash")
    return new(_bytes_of(key), _bytes_of(value), algorithm).hexdigest()


@data_node("text.uuid")
def uuid(name: str = "", namespace: str = "url") -> str:
    """The UUID (version 5) of a name: the same for the same name and namespace, for ever.

    Fails with `ValueError` for a namespace that is none.

    Args:
        namespace: What kind of name it is: `dns`, `url`, `oid`, `x500`, or a UUID of your own.

    >>> uuid("python.org", "dns")
    '886313e1-3b8a-5372-9b90-0c9aee199e5d'
    """
    from uuid import NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL, NAMESPACE_X500, UUID, uuid5

    known = {"dns": NAMESPACE_DNS, "url": NAMESPACE_URL, "oid": NAMESPACE_OID, "x500": NAMESPACE_X500}
    if len(name) > MAX_LENGTH:
        raise ValueError(f"a name of {len(name)} characters is too long; at most {MAX_LENGTH}")
    try:
        space = known.get(namespace) or UUID(namespace)
    except ValueError:
        raise ValueError(f"`namespace` must be dns, url, oid, x500 or a UUID, not {short(namespace)}") from None
    return str(uuid5(space, name))
