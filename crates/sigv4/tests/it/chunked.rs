//! Chunked bodies: AWS's examples, any cut of the bytes, any changed bit.

use http::request::Parts;
use proptest::prelude::*;
use sigv4::{ChunkError, ChunkForm, Chunks, Content, Payload, Secret, Settings, Signer, Verifier};

use crate::{known, signer};

const SIGNED: ChunkForm = ChunkForm { signed: true, trailer: false };
const SIGNED_TRAILER: ChunkForm = ChunkForm { signed: true, trailer: true };
const UNSIGNED_TRAILER: ChunkForm = ChunkForm { signed: false, trailer: true };
const NOW: i64 = 1_704_067_800;

/// The examples of AWS's pages on chunked uploads: 65 KiB of `a` in two chunks.
#[test]
fn the_documented_bodies() {
    let cases: [(ChunkForm, &[&str]); 2] = [
        (
            SIGNED,
            &[
                "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ],
        ),
        (
            SIGNED_TRAILER,
            &[
                "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                "400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
                "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
            ],
        ),
    ];
    for (form, lines) in cases {
        let trailers = [("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())];
        let (parts, body) = documented(form, &trailers);
        let text = String::from_utf8_lossy(&body);
        for line in lines {
            assert!(text.contains(&format!("{line}\r\n")), "{line}");
        }
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let verified = Verifier::new(Settings::S3)
            .verify((&parts).into(), Payload::Unread, 1_369_353_600, |_| Ok(secret))
            .expect("it holds");
        let (data, found) = read(verified.chunks.expect("chunks"), &body, 1000).expect("it holds");
        assert_eq!(data, vec![b'a'; 66_560]);
        assert_eq!(found, if form.trailer { &trailers[..] } else { &[] });
    }
}

fn documented(form: ChunkForm, trailers: &[(String, String)]) -> (Parts, Vec<u8>) {
    let mut request = http::Request::put("/examplebucket/chunkObject.txt")
        .header("host", "s3.amazonaws.com")
        .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", "66560");
    request = if form.trailer {
        request.header("x-amz-trailer", "x-amz-checksum-crc32c")
    } else {
        request.header("content-length", "66824")
    };
    let mut parts = request.body(()).expect("a request").into_parts().0;
    let signer = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        region: "us-east-1",
        service: "s3",
        settings: &Settings::S3,
    };
    let mut writer = signer.sign_chunked(&mut parts, form, 1_369_353_600).expect("it is signed");
    let mut body = Vec::new();
    writer.chunk(&vec![b'a'; 65_536], &mut body);
    writer.chunk(&[b'a'; 1024], &mut body);
    writer.finish(trailers, &mut body);
    (parts, body)
}

type Read = Result<(Vec<u8>, Vec<(String, String)>), ChunkError>;

/// Reads a body that arrives in pieces of `piece` bytes.
fn read(mut chunks: Chunks, body: &[u8], piece: usize) -> Read {
    let mut data = Vec::new();
    for mut input in body.chunks(piece) {
        while let Some(run) = chunks.next(&mut input)? {
            data.extend_from_slice(run);
        }
    }
    Ok((data, chunks.finish()?))
}

/// A signed request, and `data` in chunks of 7 bytes.
fn upload(form: ChunkForm, data: &[u8]) -> (Parts, Vec<u8>) {
    let request = http::Request::put("/bucket/key").header("host", "localhost");
    let mut parts = request.body(()).expect("a request").into_parts().0;
    let signer = signer(&Settings::S3);
    let mut writer = signer.sign_chunked(&mut parts, form, NOW).expect("it is signed");
    let mut body = Vec::new();
    data.chunks(7).for_each(|chunk| writer.chunk(chunk, &mut body));
    writer.finish(&trailers(), &mut body);
    (parts, body)
}

fn trailers() -> Vec<(String, String)> {
    vec![("x-amz-checksum-crc32".to_owned(), "NSRBwg==".to_owned())]
}

fn chunks(parts: &Parts) -> Chunks {
    let verified = Verifier::new(Settings::S3)
        .verify(parts.into(), Payload::Unread, NOW, known)
        .expect("the request holds");
    assert!(matches!(verified.content, Content::Chunked(_)));
    verified.chunks.expect("chunks")
}

const DATA: &[u8] = b"some bytes in chunks";

#[test]
fn what_breaks_the_form_is_said() {
    let (parts, whole) = upload(UNSIGNED_TRAILER, DATA);
    let cases: [(&[u8], ChunkError); 9] = [
        (b"", ChunkError::Truncated),
        (b"7\r\nsome", ChunkError::Truncated),
        (&whole[..16], ChunkError::Truncated),
        (b"x\r\n", ChunkError::Malformed("a chunk has no size")),
        (b"+7\r\n", ChunkError::Malformed("a chunk has no size")),
        (b"1\r\nab\r\n0\r\n\r\n", ChunkError::Malformed("a chunk is longer than it says")),
        (b"0\r\nnothing\r\n", ChunkError::Malformed("what follows the last chunk is no header")),
        (b"0\r\n\r\nmore\r\n", ChunkError::Malformed("there are bytes after its end")),
        (&[b'0'; 2000], ChunkError::Malformed("a line is too long")),
    ];
    for (body, expect) in cases {
        let read = read(chunks(&parts), body, 5);
        assert_eq!(read, Err(expect), "{}", body.escape_ascii());
    }
    let unsigned = b"1\r\na\r\n0\r\n\r\n";
    let (parts, _) = upload(SIGNED, DATA);
    let read = read(chunks(&parts), unsigned, 5);
    let expect = ChunkError::Malformed("its chunks are not signed as was announced");
    assert_eq!(read, Err(expect));
}

#[test]
fn headers_that_follow_must_be_signed_where_chunks_are() {
    let (parts, body) = upload(SIGNED_TRAILER, DATA);
    let text = String::from_utf8(body).expect("text");
    let at = text.find("x-amz-trailer-signature").expect("a signature");
    let cut = format!("{}\r\n", &text[..at]);
    assert_eq!(read(chunks(&parts), cut.as_bytes(), 9), Err(ChunkError::Signature));
    let longer = text.replace("x-amz-trailer", "x-amz-more:1\r\nx-amz-trailer");
    assert_eq!(read(chunks(&parts), longer.as_bytes(), 9), Err(ChunkError::Signature));
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_reads_alike(
        data in proptest::collection::vec(any::<u8>(), 0..64),
        piece in 1..40_usize,
        form in proptest::sample::select(vec![SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]),
        last_line_end: bool,
    ) {
        let (parts, mut body) = upload(form, &data);
        if !last_line_end {
            body.truncate(body.len() - 2);
        }
        let expect = if form.trailer { trailers() } else { vec![] };
        prop_assert_eq!(read(chunks(&parts), &body, piece), Ok((data, expect)));
    }

    #[test]
    fn a_changed_bit_of_signed_chunks_is_refused(bit: usize, trailer: bool) {
        let form = if trailer { SIGNED_TRAILER } else { SIGNED };
        let (parts, mut body) = upload(form, DATA);
        let bit = bit % (body.len() * 8);
        let was = body[bit / 8];
        body[bit / 8] ^= 1 << (bit % 8);
        let Ok((data, found)) = read(chunks(&parts), &body, 11) else { return Ok(()) };
        // What is left are spellings: of white space at line ends, and of letters in a header's
        // name. They change nothing of what was signed.
        prop_assert!(was.is_ascii_whitespace() || was.is_ascii_alphabetic(), "{}", was);
        prop_assert_eq!(data, DATA);
        prop_assert_eq!(found, if trailer { trailers() } else { vec![] });
    }

    #[test]
    fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (parts, _) = upload(UNSIGNED_TRAILER, DATA);
        let _ = read(chunks(&parts), &body, 13);
    }
}
