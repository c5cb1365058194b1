//! `clary logs`: what an endpoint's model servers said, through the CloudWatch Logs API.

use std::{collections::BTreeSet, thread, time::Duration};

use anyhow::anyhow;
use resources::Clock;
use serde_json::{Value, json};
use telemetry::endpoint_group;

use super::{connect::ConnectOptions, invoke::endpoint_name, output};
use crate::client::{CallError, Client, LOGS};

/// How long `--follow` waits before it asks again.
const FOLLOW_PERIOD: Duration = Duration::from_millis(500);
/// How far back `--follow` looks each time, so that a line that was stored late is not missed.
const OVERLAP_MS: i64 = 5_000;

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// The endpoint
    #[arg(value_name = "NAME", value_parser = endpoint_name)]
    endpoint: String,
    /// Go on and print what comes
    #[arg(long, short)]
    follow: bool,
    /// Only what was said within this time, such as 30s, 10m, 2h or 1d [default: all]
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<Duration>,
    /// Print a JSON object for each line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: ConnectOptions,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = args.connect.client()?;
    let mut tail = Tail::new(&args.endpoint, start_ms(args.since));
    loop {
        let found = fetch(&client, &mut tail, &mut |event| print(event, args.json));
        match found {
            // A follower may come before the first line.
            Err(Failure::Call(error)) if error.is_not_found() && args.follow => {}
            Err(failure) => return Err(failure.explain(&args.endpoint)),
            Ok(()) => {}
        }
        if !args.follow {
            return Ok(());
        }
        thread::sleep(FOLLOW_PERIOD);
    }
}

fn start_ms(since: Option<Duration>) -> i64 {
    since.map_or(0, |since| {
        let since_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Clock::new().now().epoch_ms().saturating_sub(since_ms).max(0)
    })
}

/// A number and its unit: `s`, `m`, `h` or `d`.
fn parse_since(text: &str) -> Result<Duration, String> {
    let wrong = || "give a number and a unit, such as 30s, 10m, 2h or 1d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// Why the lines could not be shown.
enum Failure {
    Call(CallError),
    Print(anyhow::Error),
}

impl Failure {
    fn explain(self, endpoint: &str) -> anyhow::Error {
        match self {
            Self::Call(error) if error.is_not_found() => {
                anyhow!("nothing was logged for `{endpoint}`; `clary status` lists what runs")
            }
            Self::Call(error) => error.into(),
            Self::Print(error) => error,
        }
    }
}

/// What was printed already.
struct Tail {
    group: String,
    start_ms: i64,
    /// Ids of the events since `start_ms`, which are asked for once more.
    seen: BTreeSet<(i64, String)>,
}

impl Tail {
    fn new(endpoint: &str, start_ms: i64) -> Self {
        Self { group: endpoint_group(endpoint), start_ms, seen: BTreeSet::new() }
    }

    /// Whether the event is new; remembers it.
    fn admit(&mut self, event: &Value) -> bool {
        let time = event["timestamp"].as_i64().unwrap_or_default();
        let id = event["eventId"].as_str().unwrap_or_default();
        self.seen.insert((time, id.to_owned()))
    }

    /// Moves the start on, and forgets what will not be asked for again.
    fn advance(&mut self) {
        let Some(&(latest_ms, _)) = self.seen.last() else { return };
        self.start_ms = self.start_ms.max(latest_ms - OVERLAP_MS);
        self.seen = self.seen.split_off(&(self.start_ms, String::new()));
    }
}

/// Asks for all pages since the tail's start and gives each event that is new.
fn fetch(
    client: &Client,
    tail: &mut Tail,
    each: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
) -> Result<(), Failure> {
    let mut input = json!({ "logGroupName": tail.group, "startTime": tail.start_ms });
    loop {
        let page = client.json(LOGS, "FilterLogEvents", &input).map_err(Failure::Call)?;
        for event in page["events"].as_array().into_iter().flatten() {
            if tail.admit(event) {
                each(event).map_err(Failure::Print)?;
            }
        }
        match page["nextToken"].as_str() {
            Some(token) => input["nextToken"] = token.into(),
            None => break,
        }
    }
    tail.advance();
    Ok(())
}

fn print(event: &Value, as_json: bool) -> anyhow::Result<()> {
    output::line(&if as_json { event.to_string() } else { shown(event) })
}

fn shown(event: &Value) -> String {
    let text = |member: &str| event[member].as_str().unwrap_or_default();
    let time = output::moment(event["timestamp"].as_i64().unwrap_or_default());
    format!("{time} {}  {}", text("logStreamName"), text("message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::scripted::{Answer, Asked, Scripted};

    #[test]
    fn times_have_a_unit() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(parse_since(text), Ok(Duration::from_secs(seconds)));
        }
        for text in
            ["", "10", "m", "-1m", "1.5h", "10ä", "99999999999999999999d", "300000000000000d"]
        {
            assert!(parse_since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_follower_prints_each_event_once() {
        let event = |time: i64, id: &str| json!({ "timestamp": time, "eventId": id });
        let mut tail = Tail::new("x", 0);
        assert!(tail.admit(&event(10_000, "a")));
        assert!(tail.admit(&event(20_000, "b")));
        tail.advance();
        assert_eq!((tail.start_ms, tail.seen.len()), (15_000, 1));
        assert!(!tail.admit(&event(20_000, "b")));
        assert!(tail.admit(&event(19_000, "late")));
    }

    #[test]
    fn lines_show_time_stream_and_text() {
        let event = json!({
            "timestamp": 1_440_938_160_007_i64,
            "logStreamName": "AllTraffic/i-1",
            "message": "loaded",
        });
        assert_eq!(shown(&event), "2015-08-30T12:36:00.007Z AllTraffic/i-1  loaded");
    }

    #[test]
    fn all_pages_are_asked_for_and_no_event_comes_twice() {
        let page = |id: &str, token: Option<&str>| {
            Answer::json(&json!({
                "events": [{ "timestamp": 9_000, "eventId": id, "message": id }],
                "nextToken": token,
            }))
        };
        let (server, client) =
            Scripted::start(vec![page("a", Some("t")), page("b", None), page("b", None)]);
        let (mut tail, mut printed) = (Tail::new("covtype", 0), Vec::new());
        for _ in 0..2 {
            let each = &mut |event: &Value| {
                printed.push(event["message"].clone());
                Ok(())
            };
            assert!(fetch(&client, &mut tail, each).is_ok());
        }
        assert_eq!(printed, ["a", "b"]);
        let asked: Vec<Value> = server.asked().iter().map(Asked::json).collect();
        assert_eq!(asked[0]["logGroupName"], "/aws/sagemaker/Endpoints/covtype");
        assert_eq!((&asked[1]["nextToken"], &asked[2]["startTime"]), (&json!("t"), &json!(4_000)));
    }
}
