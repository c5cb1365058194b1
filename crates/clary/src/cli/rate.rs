//! Measures how often a server answers one and the same request, on one connection that stays
//! open. Bare sockets: a client library would measure itself.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use http::Request;

const READ_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Sends the request again and again for about `duration`; answers per second.
pub(super) fn measure(request: &Request<Vec<u8>>, duration: Duration) -> anyhow::Result<f64> {
    let authority = request.uri().authority().context("the request names no server")?;
    let mut connection = TcpStream::connect(authority.as_str())
        .with_context(|| format!("`{authority}` can't be reached"))?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(READ_TIMEOUT))?;
    let bytes = bytes_of(request);
    let mut buffer = Vec::with_capacity(HEAD_BYTES_MAX);
    let (started, mut answers) = (Instant::now(), 0_u32);
    while started.elapsed() < duration {
        connection.write_all(&bytes)?;
        read_answer(&mut connection, &mut buffer)?;
        answers += 1;
    }
    Ok(f64::from(answers) / started.elapsed().as_secs_f64())
}

/// The request as HTTP/1.1 has it.
fn bytes_of(request: &Request<Vec<u8>>) -> Vec<u8> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut bytes = format!("{} {path} HTTP/1.1\r\n", request.method()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let length = format!("content-length: {}\r\n\r\n", request.body().len());
    bytes.extend_from_slice(length.as_bytes());
    bytes.extend_from_slice(request.body());
    bytes
}

/// Reads one whole answer, which must be a good one of known length.
fn read_answer(connection: &mut impl Read, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        ensure!(buffer.len() < HEAD_BYTES_MAX, "the answer's head has no end");
        read_some(connection, buffer)?;
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    ensure!(
        text.starts_with("http/1.1 200 "),
        "the server answered `{}` while it was measured",
        text.lines().next().unwrap_or_default()
    );
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .context("the answer does not say how long it is")?;
    while buffer.len() < head + length {
        read_some(connection, buffer)?;
    }
    Ok(())
}

fn read_some(connection: &mut impl Read, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut chunk = [0; 16 << 10];
    let read = connection.read(&mut chunk)?;
    ensure!(read > 0, "the server closed the connection while it was measured");
    buffer.extend_from_slice(&chunk[..read]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_http() {
        let request = Request::post("http://127.0.0.1:1/a?b=c")
            .header("x-one", "1")
            .body(b"body".to_vec())
            .expect("a request");
        let expect = "POST /a?b=c HTTP/1.1\r\nx-one: 1\r\ncontent-length: 4\r\n\r\nbody";
        assert_eq!(bytes_of(&request), expect.as_bytes());
    }

    /// Gives its bytes one at a time, as a slow network may.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            (&mut self.0).take(1).read(into)
        }
    }

    #[test]
    fn answers_are_read_to_their_end() {
        let check = |answer: &str, words: Option<&str>| {
            let mut slow = Slow(answer.as_bytes());
            let error = read_answer(&mut slow, &mut Vec::new()).err().map(|e| e.to_string());
            match (error, words) {
                (None, None) => assert_eq!(slow.0, b""),
                (Some(error), Some(words)) => assert!(error.contains(words), "{error}"),
                (error, _) => panic!("{answer:?}: {error:?}"),
            }
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", None);
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", Some("closed the connection"));
        check("HTTP/1.1 200 OK\r\n\r\n", Some("how long it is"));
        check("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", Some("503 busy"));
    }
}
