//! The log store: bounds, and the queries of CloudWatch Logs.

use std::{sync::Arc, thread};

use resources::{ErrorKind, Timestamp};
use telemetry::{
    EventPage, FilterQuery, LogLimits, Logs, Pattern, ReadQuery, StreamOrder, StreamQuery,
    endpoint_group, instance_stream,
};

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_epoch_ms(ms)
}

fn messages(page: &EventPage) -> Vec<&str> {
    page.events.iter().map(|event| &*event.message).collect()
}

/// Stream `a` says a1 at 1, a2 at 2 and so on up to 5; stream `b` says b1 at 1 and b3 at 3.
fn two_streams() -> Logs {
    let logs = Logs::new(LogLimits::default());
    for ms in 1..=5 {
        logs.append("g", "a", at(ms), &format!("a{ms}"));
    }
    logs.append("g", "b", at(1), "b1");
    logs.append("g", "b", at(3), "b3");
    logs
}

#[test]
fn names_are_those_of_sagemaker() {
    assert_eq!(endpoint_group("covtype"), "/aws/sagemaker/Endpoints/covtype");
    assert_eq!(instance_stream("AllTraffic", "i-1"), "AllTraffic/i-1");
}

#[test]
fn groups_come_in_pages_by_prefix() {
    let logs = Logs::new(LogLimits::default());
    for group in ["/x/c", "/x/a", "/x/b", "/y"] {
        logs.append(group, "s", at(7), "line");
    }
    let first = logs.groups("/x", 2, None);
    let names = |items: &[telemetry::GroupSummary]| -> Vec<String> {
        items.iter().map(|group| group.name.clone()).collect()
    };
    assert_eq!(names(&first.items), ["/x/a", "/x/b"]);
    assert_eq!(first.items[0].created, at(7));
    assert!(first.items[0].stored_bytes >= 4);
    let second = logs.groups("/x", 2, first.next_token.as_deref());
    assert_eq!(names(&second.items), ["/x/c"]);
    assert_eq!(second.next_token, None);
}

#[test]
fn streams_come_in_any_order_page_by_page() {
    let logs = Logs::new(LogLimits::default());
    for (stream, ms) in [("v/1", 30), ("v/2", 10), ("v/3", 20), ("w/1", 5)] {
        logs.append("g", stream, at(ms), "line");
    }
    let check = |order, descending, prefix, expect: &[&str]| {
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let query =
                StreamQuery { prefix, order, descending, limit: 2, token: token.as_deref() };
            let page = logs.streams("g", query).expect("the group exists");
            assert!(page.items.len() <= 2);
            names.extend(page.items.into_iter().map(|stream| stream.name));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(names, expect);
    };
    check(StreamOrder::Name, false, None, &["v/1", "v/2", "v/3", "w/1"]);
    check(StreamOrder::Name, true, Some("v/"), &["v/3", "v/2", "v/1"]);
    check(StreamOrder::LastEvent, false, None, &["w/1", "v/2", "v/3", "v/1"]);
    check(StreamOrder::LastEvent, true, None, &["v/1", "v/3", "v/2", "w/1"]);
}

#[test]
fn lines_are_read_by_time() {
    let logs = two_streams();
    let check = |start: Option<i64>, end: Option<i64>, from_head, limit, expect: &[&str]| {
        let query =
            ReadQuery { start: start.map(at), end: end.map(at), from_head, limit, token: None };
        assert_eq!(messages(&logs.read("g", "a", query).expect("it exists")), expect);
    };
    check(None, None, true, 0, &["a1", "a2", "a3", "a4", "a5"]);
    check(None, None, true, 2, &["a1", "a2"]);
    check(None, None, false, 2, &["a4", "a5"]);
    check(Some(2), Some(4), true, 0, &["a2", "a3"]);
    check(Some(4), Some(2), true, 0, &[]);
    check(Some(9), None, false, 0, &[]);
}

#[test]
fn tokens_walk_both_ways_and_stop_at_the_ends() {
    let logs = two_streams();
    let read = |token: Option<&str>| {
        let query = ReadQuery { from_head: true, limit: 2, token, ..ReadQuery::default() };
        logs.read("g", "a", query).expect("it exists")
    };
    let first = read(None);
    let second = read(Some(&first.forward_token));
    assert_eq!(messages(&second), ["a3", "a4"]);
    assert_eq!(messages(&read(Some(&second.backward_token))), ["a1", "a2"]);
    let last = read(Some(&second.forward_token));
    assert_eq!(messages(&last), ["a5"]);
    let end = read(Some(&last.forward_token));
    assert_eq!((messages(&end), &end.forward_token), (vec![], &last.forward_token));
    logs.append("g", "a", at(6), "a6");
    assert_eq!(messages(&read(Some(&end.forward_token))), ["a6"]);
}

#[test]
fn a_tail_that_began_on_nothing_sees_what_comes() {
    let logs = Arc::new(Logs::new(LogLimits::default()));
    let writer = logs.writer("g", "a", at(0));
    let empty = logs.read("g", "a", ReadQuery::default()).expect("it exists");
    writer.append(at(4), "first");
    let query = ReadQuery { token: Some(&empty.forward_token), ..ReadQuery::default() };
    assert_eq!(messages(&logs.read("g", "a", query).expect("it exists")), ["first"]);
}

#[test]
fn what_is_not_there_is_named_in_the_words_of_aws() {
    let logs = two_streams();
    let none = logs.read("none", "a", ReadQuery::default()).expect_err("no group");
    assert_eq!(none.message(), "The specified log group does not exist.");
    let none = logs.read("g", "none", ReadQuery::default()).expect_err("no stream");
    assert_eq!(none.message(), "The specified log stream does not exist.");
    assert_eq!(none.kind(), ErrorKind::NotFound);
    for token in ["", "f", "f/1", "x/1/2", "f/1/y"] {
        let query = ReadQuery { token: Some(token), ..ReadQuery::default() };
        let error = logs.read("g", "a", query).expect_err(token);
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}

fn found(logs: &Logs, query: FilterQuery<'_>) -> Vec<String> {
    let page = logs.filter("g", query).expect("the group exists");
    page.events.iter().map(|found| format!("{}:{}", found.stream, found.event.message)).collect()
}

#[test]
fn a_search_interleaves_streams_by_time() {
    let logs = two_streams();
    let check = |query, expect: &[&str]| assert_eq!(found(&logs, query), expect);
    let all = FilterQuery::default();
    check(all, &["a:a1", "b:b1", "a:a2", "a:a3", "b:b3", "a:a4", "a:a5"]);
    check(FilterQuery { end: Some(at(1)), ..all }, &["a:a1", "b:b1"]);
    check(FilterQuery { start: Some(at(4)), ..all }, &["a:a4", "a:a5"]);
    let only_b = ["b".to_owned()];
    check(FilterQuery { streams: &only_b, ..all }, &["b:b1", "b:b3"]);
    check(FilterQuery { stream_prefix: Some("b"), ..all }, &["b:b1", "b:b3"]);
    let three = Pattern::new("3 -b").expect("a pattern");
    check(FilterQuery { pattern: Some(&three), ..all }, &["a:a3"]);
}

#[test]
fn a_search_goes_on_where_its_page_ended() {
    let logs = two_streams();
    let mut seen = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let query = FilterQuery { limit: 2, token: token.as_deref(), ..FilterQuery::default() };
        let page = logs.filter("g", query).expect("the group exists");
        seen.push(page.events.len());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, [2, 2, 2, 1]);
}

#[test]
fn a_page_of_long_lines_ends_at_a_megabyte() {
    let logs = Logs::new(LogLimits::default());
    let long = "x".repeat(200_000);
    (0..8).for_each(|ms| logs.append("g", "a", at(ms), &long));
    let query = ReadQuery { from_head: true, ..ReadQuery::default() };
    assert_eq!(logs.read("g", "a", query).expect("it exists").events.len(), 5);
    let page = logs.filter("g", FilterQuery::default()).expect("it exists");
    assert_eq!((page.events.len(), page.next_token.is_some()), (5, true));
}

#[test]
fn late_lines_take_their_place_in_time() {
    let logs = Logs::new(LogLimits::default());
    for (ms, line) in [(5, "third"), (1, "first"), (5, "fourth"), (3, "second")] {
        logs.append("g", "a", at(ms), line);
    }
    let query = ReadQuery { from_head: true, ..ReadQuery::default() };
    let page = logs.read("g", "a", query).expect("it exists");
    assert_eq!(messages(&page), ["first", "second", "third", "fourth"]);
    let ids: std::collections::BTreeSet<String> =
        page.events.iter().map(telemetry::Event::id).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| id.len() == 56));
}

#[test]
fn a_full_stream_loses_its_oldest_lines_and_says_so() {
    let limits = LogLimits { stream_bytes_max: 1_000, ..LogLimits::default() };
    let logs = Logs::new(limits);
    (0..100).for_each(|ms| logs.append("g", "a", at(ms), &format!("line {ms}")));
    let page = logs.streams("g", StreamQuery { limit: 1, ..StreamQuery::default() });
    let stream = &page.expect("the group exists").items[0];
    assert!(stream.stored_bytes <= 1_000, "{}", stream.stored_bytes);
    assert_eq!(stream.last_event, Some(at(99)));
    assert_eq!(stream.first_event, Some(at(stream.dropped as i64)));
    assert_eq!(logs.totals().dropped, stream.dropped);
    assert!(stream.dropped > 0);
}

#[test]
fn a_full_store_loses_the_oldest_lines_of_all_streams() {
    let limits = LogLimits { bytes_max: 20_000, ..LogLimits::default() };
    let logs = Arc::new(Logs::new(limits));
    logs.append("g", "old", at(0), "gone");
    logs.append("gone", "old", at(0), "gone");
    let held = logs.writer("g", "held", at(0));
    (1..1_000).for_each(|ms| logs.append("g", "new", at(ms), "a line of the new stream"));
    assert!(logs.totals().bytes <= 20_000);
    assert_eq!(logs.totals().appended, 1_001);
    let all = StreamQuery { limit: 10, ..StreamQuery::default() };
    let names: Vec<String> =
        logs.streams("g", all).expect("it exists").items.into_iter().map(|s| s.name).collect();
    assert_eq!(names, ["held", "new"]);
    assert_eq!(logs.streams("gone", all).expect_err("it is empty").kind(), ErrorKind::NotFound);
    held.append(at(2_000), "still heard");
    let page = logs.read("g", "held", ReadQuery::default()).expect("it exists");
    assert_eq!(messages(&page), ["still heard"]);
}

#[test]
fn a_deleted_group_gives_all_its_memory_back() {
    let logs = Arc::new(two_streams());
    let writer = logs.writer("g", "a", at(9));
    assert!(logs.delete_group("g"));
    assert!(!logs.delete_group("g"));
    writer.append(at(10), "into nothing");
    assert_eq!((logs.totals().bytes, logs.totals().dropped), (0, 0));
}

#[test]
fn a_cleared_store_is_empty_and_goes_on() {
    let logs = two_streams();
    logs.append("h", "a", at(1), "line");
    logs.clear();
    assert_eq!((logs.groups("", 9, None).items.len(), logs.totals().bytes), (0, 0));
    logs.append("g", "a", at(9), "again");
    assert_eq!(found(&logs, FilterQuery::default()), ["a:again"]);
}

#[test]
fn threads_that_append_at_once_lose_nothing() {
    let logs = Logs::new(LogLimits::default());
    thread::scope(|scope| {
        for stream in ["a", "b", "c", "a"] {
            let logs = &logs;
            scope.spawn(move || (0..500).for_each(|ms| logs.append("g", stream, at(ms), "line")));
        }
    });
    let page = logs.filter("g", FilterQuery::default()).expect("the group exists");
    assert_eq!(page.events.len(), 2_000);
    assert!(page.events.is_sorted_by_key(|found| found.event.timestamp));
}

/// Endpoints that come and go leave a group each, with a stream or two and a line or two.
#[test]
fn a_store_full_of_small_groups_forgets_the_oldest() {
    let limits = LogLimits { bytes_max: 200_000, ..LogLimits::default() };
    let logs = Arc::new(Logs::new(limits));
    let held = logs.writer("group-held", "s", at(0));
    held.append(at(0), "the first line of all");
    (1..2_000).for_each(|ms| logs.append(&format!("group-{ms:04}"), "s", at(ms), "loaded"));
    let totals = logs.totals();
    assert!(totals.bytes <= 200_000 && totals.bytes > 150_000, "{totals:?}");
    let left = logs.groups("group-", 2_000, None).items;
    let names: Vec<&str> = left.iter().map(|group| &*group.name).collect();
    // What is left has its line, and is the newest; but who still writes is never forgotten.
    let oldest = 2_000 - (left.len() - 1);
    assert_eq!(names[0], format!("group-{oldest:04}"));
    assert_eq!(names[left.len() - 1], "group-held");
    assert_eq!(totals.dropped as usize, oldest);
}

/// The bound is one of memory, whatever the store is full of.
#[test]
fn the_store_knows_what_memory_it_takes() {
    type Shape = fn(&Logs);
    let shapes: [(&str, Shape); 3] = [
        ("small groups", |logs| {
            for number in 0..2_000 {
                let group = endpoint_group(&format!("endpoint-{number}"));
                logs.append(&group, "AllTraffic/i-0123456789abcdef0", at(number), "loaded: 1 tree");
            }
        }),
        ("many streams", |logs| {
            for number in 0..2_000 {
                logs.append("g", &format!("AllTraffic/i-{number:017}"), at(number), "a\nb");
            }
        }),
        ("many lines", |logs| {
            let line = "x".repeat(100);
            (0..10_000).for_each(|ms| logs.append("g", "s", at(ms), &line));
        }),
    ];
    for (name, fill) in shapes {
        let logs = Logs::new(LogLimits::default());
        let taken = allocation_counter::measure(|| fill(&logs)).bytes_current as f64;
        let told = logs.totals().bytes as f64;
        assert!((0.75..1.33).contains(&(told / taken)), "{name}: {told} for {taken}");
    }
}
