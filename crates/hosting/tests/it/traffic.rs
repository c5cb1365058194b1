//! Calls: which variant gets them, how many there may be, and what breaks one call and no other.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use hosting::{Fault, Limits, NoAnswer, Refusal};
use resources::EndpointStatus;
use telemetry::{CallClass, FilterQuery, VariantSnapshot};

use crate::house::{House, Share, call, targeted, text};

/// An endpoint `e` whose variants answer with their own names.
fn serve_variants(house: &House, shares: &[(&str, f32)]) {
    for (name, _) in shares {
        house.train(name, &[("answer", name)]);
    }
    let shares: Vec<Share<'_>> =
        shares.iter().map(|(name, weight)| (*name, *name, *weight)).collect();
    house.config("e", &shares).expect("the configuration is made");
    house.endpoint("e", "e").expect("the endpoint is made");
    house.reaches("e", EndpointStatus::InService);
}

fn measured(house: &House, variant: &str) -> VariantSnapshot {
    let variants = house.metrics.variants_of("e");
    let (_, metrics) = variants.iter().find(|(name, _)| name == variant).expect("it is measured");
    metrics.snapshot()
}

/// The lines that the endpoint's instances logged.
fn logged(house: &House) -> Vec<String> {
    let page = house.logs.filter(&telemetry::endpoint_group("e"), FilterQuery::default());
    let events = page.expect("the group is there").events;
    events.into_iter().map(|event| event.event.message.to_string()).collect()
}

#[test]
fn weights_share_the_traffic() {
    const CALLS: u32 = 20_000;
    let house = House::new();
    serve_variants(&house, &[("a", 1.0), ("b", 3.0), ("none", 0.0), ("c", 0.5)]);
    let mut counts: HashMap<Bytes, u32> = HashMap::new();
    house.run(async {
        for _ in 0..CALLS {
            let invoked = targeted(&house.hosting, "e", None, &Bytes::new()).await;
            let invoked = invoked.expect("it answers");
            assert_eq!(invoked.variant, text(&invoked).as_bytes());
            *counts.entry(invoked.variant).or_default() += 1;
        }
    });
    assert_eq!(counts.get(&b"none"[..]), None);
    for (name, weight) in [("a", 1.0), ("b", 3.0), ("c", 0.5)] {
        let share: f64 = weight / 4.5;
        let expected = share * f64::from(CALLS);
        // Six standard deviations: one run in a billion is outside.
        let slack = 6.0 * (expected * (1.0 - share)).sqrt();
        let count = counts[name.as_bytes()];
        assert!((f64::from(count) - expected).abs() < slack, "{name}: {count}, not {expected}");
        assert_eq!(measured(&house, name).calls(CallClass::Answered), u64::from(count));
    }
}

#[test]
fn a_target_overrides_the_weights() {
    let house = House::new();
    serve_variants(&house, &[("a", 1.0), ("none", 0.0)]);
    for name in ["none", "a"] {
        let invoked = house.run(targeted(&house.hosting, "e", Some(name), &Bytes::new()));
        assert_eq!(text(&invoked.expect("it answers")), name);
    }
    let refused = house.run(targeted(&house.hosting, "e", Some("A"), &Bytes::new()));
    let Err(Fault::Refused(Refusal::UnknownVariant { target, variants })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((target.as_str(), variants), ("A", vec!["a".to_owned(), "none".to_owned()]));
}

#[test]
fn an_instance_works_on_so_many_calls() {
    let house = House::with(Limits { calls_per_instance: 3, ..Limits::default() });
    let gate = house.engines.gate("slow");
    house.serve("e", &[("answer", "1"), ("invoke-gate", "slow")]);
    let start = || house.runtime.spawn(call(house.hosting.clone(), "e".to_owned(), Bytes::new()));
    let calls = [start(), start(), start()];
    house.run(gate.holds(3));
    assert_eq!(measured(&house, "only").in_flight, 3);
    let full =
        Refusal::NoCapacity { variant: Bytes::from("only"), instances: 1, calls_per_instance: 3 };
    for _ in 0..2 {
        let refused = house.call("e");
        assert!(matches!(&refused, Err(Fault::Refused(r)) if *r == full), "{refused:?}");
    }
    let [given_up, answered @ ..] = calls;
    // A caller that goes away gives its place back.
    given_up.abort();
    house.run(gate.holds(2));
    house.run(given_up).expect_err("it was aborted");
    let next = start();
    house.run(gate.holds(3));
    gate.open();
    for call in answered.into_iter().chain([next]) {
        house.run(call).expect("no panic").expect("it answers");
    }
    assert_eq!(house.says("e"), "1");
    let totals = measured(&house, "only");
    assert_eq!((totals.in_flight, totals.no_capacity_failures()), (0, 2));
    assert_eq!(totals.calls(CallClass::Answered), 4);
}

#[test]
fn heavy_bodies_run_apart() {
    let house = House::new();
    house.serve("e", &[("answer", "{thread}"), ("inline-bytes", "4")]);
    let answer = |bytes: &'static [u8]| {
        let body = Bytes::from_static(bytes);
        text(&house.run(targeted(&house.hosting, "e", None, &body)).expect("it answers"))
    };
    let here = format!("{:?}", Some(std::thread::current().id()));
    assert_eq!(answer(b"four"), here);
    assert_ne!(answer(b"five!"), here);
}

#[test]
fn a_panic_breaks_one_call() {
    let house = House::new();
    let mut lines = 0;
    let mut check = |name: &str, files: &[(&str, &str)], body: &'static [u8]| {
        house.train(name, files);
        house.config(name, &[("only", name, 1.0)]).expect("the configuration is made");
        house.endpoint("e", name).expect("the endpoint is made");
        house.reaches("e", EndpointStatus::InService);
        for round in 1..=2 {
            let body = Bytes::from_static(body);
            let broken = house.run(targeted(&house.hosting, "e", None, &body));
            let Err(Fault::NoAnswer(NoAnswer { message })) = broken else {
                panic!("{name}: it answers: {broken:?}")
            };
            assert_eq!(message, "the model's engine panicked: row 7", "{name}");
            let totals = measured(&house, "only");
            assert_eq!((totals.in_flight, totals.calls(CallClass::NoAnswer)), (0, round), "{name}");
        }
        lines += 2;
        assert_eq!(logged(&house), vec!["the model's engine panicked: row 7"; lines], "{name}");
        house.delete("e").expect("it is marked");
        house.gone("e");
    };
    let breaks = [("answer", "1"), ("panics", "row 7")];
    check("inline", &breaks, b"");
    check("apart", &[&breaks[..], &[("inline-bytes", "0")]].concat(), b"1");
    house.engines.gate("open").open();
    check("pending", &[&breaks[..], &[("invoke-gate", "open")]].concat(), b"");
}

#[test]
fn an_error_of_the_model_is_the_models() {
    let house = House::new();
    house.serve("e", &[("answer", "row 3 has 2 columns"), ("status", "400")]);
    let Err(Fault::Model { reply }) = house.call("e") else { panic!("it answers") };
    assert_eq!((reply.status, &reply.body[..]), (400, &b"row 3 has 2 columns"[..]));
    assert_eq!(measured(&house, "only").invocation_4xx_errors(), 1);
}

const TIMED_OUT: &str = "Your invocation timed out while waiting for a response from container \
                         primary. Review the latency metrics for each container in Amazon \
                         CloudWatch, resolve the issue, and try again.";

#[test]
fn a_model_that_hangs_costs_one_call_each() {
    let limits = Limits { invocation_timeout: Duration::from_millis(300), ..Limits::default() };
    let house = House::with(limits);
    let gate = house.engines.gate("slow");
    house.serve("e", &[("answer", "1"), ("invoke-gate", "slow"), ("inline-bytes", "4")]);
    let body = Bytes::from_static(b"heavy");
    // More than there are cores, so that each would be taken if a call that nobody waits for any
    // more held on to one.
    let rounds = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    for body in std::iter::repeat_n(&body, rounds).chain([&Bytes::new()]) {
        let late = house.run(targeted(&house.hosting, "e", None, body));
        let Err(Fault::NoAnswer(NoAnswer { message })) = late else { panic!("it answers") };
        assert_eq!(message, TIMED_OUT);
        house.run(gate.holds(0));
    }
    gate.open();
    let answer = house.run(targeted(&house.hosting, "e", None, &body));
    assert_eq!(text(&answer.expect("it answers")), "1");
    let totals = measured(&house, "only");
    assert_eq!(totals.calls(CallClass::NoAnswer), rounds as u64 + 1);
    assert_eq!(totals.in_flight, 0);
    assert!(logged(&house).iter().all(|line| line == TIMED_OUT));
}
