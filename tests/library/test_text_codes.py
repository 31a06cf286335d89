"""Text as bytes, in addresses and HTML, hashes and UUIDs, against Python itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import urllib.parse
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import text
from nodeflow.library.text_codes import ENCODINGS, HASHES
from nodeflow.testing import try_node

any_text = st.text(max_size=30)
any_bytes = st.binary(max_size=30)


@given(any_text)
def test_there_and_back(value: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert text.decode(text.encode(value, encoding), encoding) == value
    assert text.decode_url(text.encode_url(value)) == value
    assert text.decode_url(text.encode_url(value, spaces="+"), spaces="+") == value
    assert text.unescape_html(text.escape_html(value)) == value
    assert text.decode(text.decode_base64(text.encode_base64(value))) == value
    assert text.decode(text.decode_hex(text.encode_hex(value))) == value


@given(any_bytes)
def test_of_bytes(value: bytes) -> None:
    assert text.encode_base64(value) == base64.b64encode(value).decode()
    assert text.encode_base64(value, url_safe=True) == base64.urlsafe_b64encode(value).decode()
    assert text.decode_base64(text.encode_base64(value, url_safe=True).rstrip("=")) == value
    assert text.encode_hex(value) == value.hex()
    for algorithm in HASHES:
        assert text.hash(value, algorithm) == hashlib.new(algorithm, value).hexdigest()
    assert text.hmac(value, b"k", "sha512") == hmac.new(b"k", value, "sha512").hexdigest()


@given(any_text)
def test_as_python_does(value: str) -> None:
    assert text.encode_url(value) == urllib.parse.quote(value, safe="")
    assert text.escape_html(value) == html.escape(value)
    assert text.hash(value) == hashlib.sha256(value.encode()).hexdigest()
    assert text.uuid(value, "dns") == str(uuid.uuid5(uuid.NAMESPACE_DNS, value))
    assert text.uuid(value, "6ba7b811-9dad-11d1-80b4-00c04fd430c8") == text.uuid(value, "url") == text.uuid(value)


def test_every_hash_and_encoding_is_there() -> None:
    assert set(HASHES) <= hashlib.algorithms_guaranteed
    assert [text.decode(text.encode("a", encoding), encoding) for encoding in ENCODINGS] == ["a"] * len(ENCODINGS)


def test_in_a_run_texts_and_bytes_are_hashed() -> None:
    assert try_node(text.hash, value="abc").result == try_node(text.hash, value=b"abc").result
    assert try_node(text.hash, value=12).result == text.hash("12")
    with pytest.raises(nf.WiringError):
        try_node(text.hash, value=["a"])


def test_white_space_and_padding_in_base64_do_not_matter() -> None:
    assert text.decode_base64(" bsOp\nPw== ") == text.decode_base64("bsOpPw") == "né?".encode()
    assert text.decode_base64("") == b""


@pytest.mark.parametrize("value", ["a", "a===", "n!oOpPw", "é", "bsOp=Pw"])
def test_what_is_not_base64_fails(value: str) -> None:
    with pytest.raises(ValueError, match="is not base64"):
        text.decode_base64(value)


@pytest.mark.parametrize("value", ["a", "0g", "0 0", "é"])
def test_what_is_not_hexadecimal_fails(value: str) -> None:
    with pytest.raises(ValueError, match="is not pairs of hexadecimal digits"):
        text.decode_hex(value)


def test_what_has_no_such_bytes_or_characters_fails() -> None:
    with pytest.raises(UnicodeEncodeError):
        text.encode("é", "ascii")
    with pytest.raises(UnicodeEncodeError):
        text.encode("\ud800")
    with pytest.raises(UnicodeDecodeError):
        text.decode(b"\xff")
    assert text.decode(b"\xff", replace=True) == "\ufffd"
    with pytest.raises(UnicodeDecodeError):
        text.decode_url("%FF")
    assert text.decode_url("100%") == "100%"


def test_options_and_keys_that_make_no_sense_fail() -> None:
    for codec in ("zlib_codec", "idna", "utf7", ""):
        with pytest.raises(ValueError, match="option `encoding`"):
            text.encode("a", codec)
        with pytest.raises(ValueError, match="option `encoding`"):
            text.decode(b"a", codec)
    with pytest.raises(ValueError, match="option `algorithm`"):
        text.hash("a", "shake_128")
    with pytest.raises(ValueError, match="`key` must not be empty"):
        text.hmac("a")
    with pytest.raises(ValueError, match="`namespace` must be dns"):
        text.uuid("a", "none")
    with pytest.raises(ValueError, match="option `spaces`"):
        text.encode_url("a", spaces="_")
    with pytest.raises(ValueError, match="option `keep`"):
        text.encode_url("a", keep="é")


def test_a_percent_sign_is_always_encoded() -> None:
    assert text.encode_url("100% /", keep="% /") == "100%25%20/"
    assert text.encode_url("1+1 2", spaces="+") == "1%2B1+2"
