//! Bodies in the `aws-chunked` form: chunks that each carry a signature over the one before, or
//! none at all, and headers after the last.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>, and for what follows
//! the chunks <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    keys::SigningKey,
    payload::{from_hex, to_hex},
};

/// Bytes of a line: a chunk's size and signature, or one header after the last chunk.
const LINE_BYTES_MAX: usize = 1024;
/// Headers after the last chunk.
const TRAILERS_MAX: usize = 16;
/// The header that signs the others after the last chunk.
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// What is wrong with a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// A chunk, or what follows the last one, is not what was signed.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Signature,
    /// The bytes are not in the form that the request announced.
    #[error("The body is not in the aws-chunked form: {0}.")]
    Malformed(&'static str),
    /// The body ended before its last chunk.
    #[error("The request body terminated unexpectedly")]
    Truncated,
}

/// Which of the chunked forms a body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkForm {
    /// Each chunk carries a signature.
    pub signed: bool,
    /// Headers follow the last chunk.
    pub trailer: bool,
}

impl ChunkForm {
    const FORMS: [(Self, &'static str); 3] = [
        (Self { signed: true, trailer: false }, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        (Self { signed: true, trailer: true }, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        (Self { signed: false, trailer: true }, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    ];

    /// The form that `x-amz-content-sha256` names, if it names one.
    pub(crate) fn named(text: &[u8]) -> Option<Self> {
        Self::FORMS.into_iter().find(|(_, name)| name.as_bytes() == text).map(|(form, _)| form)
    }

    /// Its name in `x-amz-content-sha256`. Unsigned chunks without headers after them have none.
    pub(crate) fn name(self) -> Option<&'static str> {
        Self::FORMS.into_iter().find(|(form, _)| *form == self).map(|(_, name)| name)
    }
}

/// Signs chunk after chunk, each with the signature before it.
#[derive(Clone)]
pub(crate) struct Chain {
    key: SigningKey,
    /// `date \n YYYYMMDD/region/service/aws4_request \n`.
    scope: String,
    previous: [u8; 32],
}

impl Chain {
    /// Starts with the signature of the request.
    pub(crate) fn new(key: SigningKey, date: &str, scope_text: &str, seed: [u8; 32]) -> Self {
        let scope = format!("{date}\n{scope_text}/{}\n", crate::keys::TERMINATOR);
        Self { key, scope, previous: seed }
    }

    /// The signature of the next chunk, by the hash of its data.
    pub(crate) fn chunk(&mut self, data: Sha256) -> [u8; 32] {
        let nothing = to_hex(&Sha256::digest(b"").into());
        self.next("AWS4-HMAC-SHA256-PAYLOAD\n", &[&nothing, b"\n"], data)
    }

    /// The signature of the headers after the last chunk.
    pub(crate) fn trailer(&mut self, headers: Sha256) -> [u8; 32] {
        self.next("AWS4-HMAC-SHA256-TRAILER\n", &[], headers)
    }

    fn next(&mut self, algorithm: &str, between: &[&[u8]], hash: Sha256) -> [u8; 32] {
        let previous = to_hex(&self.previous);
        let hash = to_hex(&hash.finalize().into());
        let head = [algorithm.as_bytes(), self.scope.as_bytes(), &previous, b"\n"];
        self.previous = self.key.sign(&[&head[..], between, &[&hash[..]]].concat());
        self.previous
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chain")
    }
}

/// Takes a chunked body apart as it arrives, and verifies it.
///
/// A chunk's signature stands before its data but is known to hold only after it, and data is
/// given out as it comes. Whoever takes it must do nothing final before [`Chunks::finish`].
#[derive(Debug)]
pub struct Chunks {
    /// None where chunks are not signed.
    chain: Option<Chain>,
    form: ChunkForm,
    state: State,
    /// The line being read.
    line: Vec<u8>,
    data: Sha256,
    trailers: Vec<(String, String)>,
}

#[derive(Debug)]
enum State {
    /// In the line that starts a chunk.
    Head,
    /// In a chunk's data.
    Data { left: u64, signature: Option<[u8; 32]> },
    /// In the line end after a chunk's data.
    DataEnd,
    /// After the last chunk.
    Trailer { signed: bool },
    /// After the empty line that ends it all.
    Done,
}

impl Chunks {
    pub(crate) fn new(form: ChunkForm, chain: Option<Chain>) -> Self {
        Self {
            chain,
            form,
            state: State::Head,
            line: Vec::new(),
            data: Sha256::new(),
            trailers: Vec::new(),
        }
    }

    /// The next run of data in `input`, which is cut to what comes after it; none once `input` is
    /// used up.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<&'i [u8]>, ChunkError> {
        while !input.is_empty() {
            if let State::Data { left, signature } = self.state {
                let run = (*input).len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let (data, rest) = input.split_at(run);
                *input = rest;
                self.take_data(data, left, signature)?;
                return Ok(Some(data));
            }
            self.take_line_part(input)?;
        }
        Ok(None)
    }

    /// What followed the last chunk: names in lower case and values. The error if the body ended
    /// too early.
    pub fn finish(mut self) -> Result<Vec<(String, String)>, ChunkError> {
        if matches!(self.state, State::Trailer { .. }) {
            // The last line end is missing from some clients' bodies.
            if !self.line.is_empty() {
                self.take_line()?;
            }
            self.end_trailers()?;
        }
        match self.state {
            State::Done => Ok(self.trailers),
            _ => Err(ChunkError::Truncated),
        }
    }

    fn take_data(
        &mut self,
        data: &[u8],
        left: u64,
        signature: Option<[u8; 32]>,
    ) -> Result<(), ChunkError> {
        if self.chain.is_some() {
            self.data.update(data);
        }
        let left = left - data.len() as u64;
        if left > 0 {
            self.state = State::Data { left, signature };
            return Ok(());
        }
        self.check_chunk(signature)?;
        self.state = State::DataEnd;
        Ok(())
    }

    fn check_chunk(&mut self, signature: Option<[u8; 32]>) -> Result<(), ChunkError> {
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let expected = chain.chunk(std::mem::take(&mut self.data));
        check(signature, &expected)
    }

    /// Reads up to the end of a line, and deals with the line if its end is there.
    fn take_line_part(&mut self, input: &mut &[u8]) -> Result<(), ChunkError> {
        let end = memchr::memchr(b'\n', input);
        let (part, rest) = input.split_at(end.map_or((*input).len(), |at| at + 1));
        *input = rest;
        if self.line.len() + part.len() > LINE_BYTES_MAX {
            return Err(ChunkError::Malformed("a line is too long"));
        }
        self.line.extend_from_slice(part);
        if end.is_some() { self.take_line() } else { Ok(()) }
    }

    fn take_line(&mut self) -> Result<(), ChunkError> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.state {
            State::Head => self.start_chunk(line),
            State::DataEnd if line.is_empty() => {
                self.state = State::Head;
                Ok(())
            }
            State::Trailer { .. } if line.is_empty() => self.end_trailers(),
            State::Trailer { signed: false } => self.take_trailer(line),
            State::Trailer { signed: true } => {
                Err(ChunkError::Malformed("a header follows the signature of the headers"))
            }
            State::DataEnd | State::Data { .. } => {
                Err(ChunkError::Malformed("a chunk is longer than it says"))
            }
            State::Done => Err(ChunkError::Malformed("there are bytes after its end")),
        }
    }

    fn start_chunk(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let line = std::str::from_utf8(line).unwrap_or_default();
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let left = chunk_size(size).ok_or(ChunkError::Malformed("a chunk has no size"))?;
        let signature = extension.strip_prefix("chunk-signature=");
        if self.chain.is_some() != signature.is_some() {
            return Err(ChunkError::Malformed("its chunks are not signed as was announced"));
        }
        let signature = signature.and_then(|text| from_hex(text.as_bytes()));
        if left > 0 {
            self.state = State::Data { left, signature };
            return Ok(());
        }
        self.check_chunk(signature)?;
        self.state = State::Trailer { signed: false };
        Ok(())
    }

    fn take_trailer(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let line = std::str::from_utf8(line).ok().filter(|_| self.form.trailer);
        let (name, value) = line
            .and_then(|line| line.split_once(':'))
            .ok_or(ChunkError::Malformed("what follows the last chunk is no header"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == TRAILER_SIGNATURE {
            return self.check_trailers(from_hex(value.as_bytes()));
        }
        if self.trailers.len() == TRAILERS_MAX {
            return Err(ChunkError::Malformed("too many headers follow the last chunk"));
        }
        self.trailers.push((name, value.to_owned()));
        Ok(())
    }

    fn check_trailers(&mut self, signature: Option<[u8; 32]>) -> Result<(), ChunkError> {
        let Some(chain) = &mut self.chain else {
            return Err(ChunkError::Malformed("its chunks are not signed as was announced"));
        };
        let expected = chain.trailer(hash_of_trailers(&self.trailers));
        check(signature, &expected)?;
        self.state = State::Trailer { signed: true };
        Ok(())
    }

    fn end_trailers(&mut self) -> Result<(), ChunkError> {
        let must_be_signed = self.chain.is_some() && self.form.trailer;
        if must_be_signed && !matches!(self.state, State::Trailer { signed: true }) {
            return Err(ChunkError::Signature);
        }
        self.state = State::Done;
        Ok(())
    }
}

fn check(given: Option<[u8; 32]>, expected: &[u8; 32]) -> Result<(), ChunkError> {
    match given {
        Some(given) if given.ct_eq(expected).into() => Ok(()),
        _ => Err(ChunkError::Signature),
    }
}

/// A number in hex, without sign and without more digits than a size has.
fn chunk_size(text: &str) -> Option<u64> {
    let hex = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

fn hash_of_trailers(trailers: &[(String, String)]) -> Sha256 {
    trailers.iter().fold(Sha256::new(), |hash, (name, value)| {
        hash.chain_update(name).chain_update(":").chain_update(value).chain_update("\n")
    })
}

/// Puts a body into the chunked form, for clients. Made by [`crate::Signer::sign_chunked`].
#[derive(Debug)]
pub struct ChunkWriter {
    chain: Option<Chain>,
    form: ChunkForm,
}

impl ChunkWriter {
    pub(crate) fn new(form: ChunkForm, chain: Option<Chain>) -> Self {
        Self { chain, form }
    }

    /// Appends a chunk to `body`; no data would end it, and appends nothing. S3 wants 8 KiB at
    /// least in every chunk but the last.
    pub fn chunk(&mut self, data: &[u8], body: &mut Vec<u8>) {
        if !data.is_empty() {
            self.head(data, body);
            body.extend_from_slice(data);
            body.extend_from_slice(b"\r\n");
        }
    }

    /// Appends the end. `trailers` are names in lower case and values, and go unsaid in a form
    /// that has none.
    pub fn finish(mut self, trailers: &[(String, String)], body: &mut Vec<u8>) {
        self.head(b"", body);
        if self.form.trailer {
            for (name, value) in trailers {
                body.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
            }
            if let Some(chain) = &mut self.chain {
                let signature = to_hex(&chain.trailer(hash_of_trailers(trailers)));
                body.extend_from_slice(TRAILER_SIGNATURE.as_bytes());
                body.extend_from_slice(b":");
                body.extend_from_slice(&signature);
                body.extend_from_slice(b"\r\n");
            }
        }
        body.extend_from_slice(b"\r\n");
    }

    fn head(&mut self, data: &[u8], body: &mut Vec<u8>) {
        body.extend_from_slice(format!("{:x}", data.len()).as_bytes());
        if let Some(chain) = &mut self.chain {
            body.extend_from_slice(b";chunk-signature=");
            body.extend_from_slice(&to_hex(&chain.chunk(Sha256::new_with_prefix(data))));
        }
        body.extend_from_slice(b"\r\n");
    }
}
