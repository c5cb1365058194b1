//! Requests at a set rate over a few connections, and how long each waited for its answer.
//!
//! An open loop: a request is due whether or not the one before was answered, and where that one
//! came late, the time counts from when the next was due.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use cargo_metadata::camino::Utf8Path;

/// What to send, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace<'a> {
    /// `host:port` of the server.
    pub(crate) authority: &'a str,
    /// Whole requests, each behind its length, as `requests` writes them.
    pub(crate) requests: &'a [Vec<u8>],
    /// Connections, which take turns.
    pub(crate) connections: u32,
    /// Requests a second, of all connections.
    pub(crate) requests_per_s: u32,
    /// For how long.
    pub(crate) time: Duration,
}

/// How long answers took, the quickest first, in µs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    /// The latency that this share of all stays below; not a number if there are none.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

/// The requests in a file of them.
pub(crate) fn read_requests(path: &Utf8Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut rest = &fs::read(path).with_context(|| format!("can't read {path}"))?[..];
    let mut requests = Vec::new();
    while let Some((length, tail)) = rest.split_at_checked(9) {
        let length = std::str::from_utf8(length)?.trim().parse()?;
        let (request, tail) = tail.split_at_checked(length).context("a request is cut off")?;
        requests.push(request.to_vec());
        rest = tail;
    }
    Ok(requests)
}

/// Sends at the set rate; an answer that is not 200 is an error.
pub(crate) fn measure(pace: Pace<'_>) -> anyhow::Result<Latencies> {
    let start = Instant::now();
    let all = thread::scope(|scope| {
        let send = |number| scope.spawn(move || send(pace, number, start));
        let threads: Vec<_> = (0..pace.connections).map(send).collect();
        let joined = threads.into_iter().map(|thread| thread.join().expect("it does not panic"));
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let mut latencies = all.concat();
    latencies.sort_by(f64::total_cmp);
    Ok(Latencies(latencies))
}

/// The part of one connection.
fn send(pace: Pace<'_>, number: u32, start: Instant) -> anyhow::Result<Vec<f64>> {
    let mut connection = TcpStream::connect(pace.authority)?;
    connection.set_nodelay(true)?;
    let mut answers = BufReader::new(connection.try_clone()?);
    let step = Duration::from_secs(1) / pace.requests_per_s;
    let mut latencies = Vec::new();
    let turns = (number..).step_by(pace.connections as usize);
    for (turn, request) in turns.zip(pace.requests.iter().cycle().skip(number as usize)) {
        let due = start + step * turn;
        if due >= start + pace.time {
            break;
        }
        let began = wait_until(due);
        connection.write_all(request)?;
        check_answer(&mut answers)?;
        latencies.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(latencies)
}

/// When the request counts as sent: now, or when it was due if that has passed.
fn wait_until(due: Instant) -> Instant {
    let Some(left) = due.checked_duration_since(Instant::now()) else { return due };
    thread::sleep(left);
    Instant::now()
}

fn check_answer(answers: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
    let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
    answers.read_line(&mut status)?;
    while answers.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body)?;
    let text = String::from_utf8_lossy(&body);
    anyhow::ensure!(status.starts_with("HTTP/1.1 200"), "a request failed: {status}{text}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_sorted_latencies() {
        let latencies = Latencies((0..=100).map(f64::from).collect());
        let at = |share| latencies.at(share) as u32;
        assert_eq!((at(0.0), at(0.5), at(0.99), at(1.0)), (0, 50, 99, 100));
        assert!(Latencies::default().at(0.5).is_nan());
    }
}
