//! An endpoint's life: it comes up or says why not, goes when told to, and returns after a stop.

use std::time::Duration;

use bytes::Bytes;
use hosting::{Fault, Limits, Refusal};
use resources::{Endpoint, EndpointStatus, Error, ErrorKind, Record, Timestamp};
use serde::{Deserialize, Serialize};

use crate::house::{House, call, text};

fn refusal(house: &House, endpoint: &str) -> Refusal {
    match house.call(endpoint) {
        Err(Fault::Refused(refusal)) => refusal,
        other => panic!("it is not refused: {other:?}"),
    }
}

#[test]
fn an_endpoint_comes_up() {
    let house = House::new();
    house.create("e", &[("answer", "1"), ("open-gate", "door")]);
    house.run(house.engines.gate("door").holds(1));
    let creating = house.get("e").expect("it is there");
    assert_eq!(creating.status, EndpointStatus::Creating);
    assert_eq!(creating.current, None);
    assert_eq!(refusal(&house, "e"), Refusal::UnknownEndpoint);
    house.engines.gate("door").open();
    let serving = house.reaches("e", EndpointStatus::InService);
    assert_eq!(house.says("e"), "1");
    let current = serving.current.expect("something serves");
    assert_eq!(current.config_name, "e");
    assert!(current.variants[0].artifact_id.is_some(), "the artifact is named");
    assert_eq!((serving.pending, serving.failure_reason), (None, None));
    assert_eq!(refusal(&house, "E"), Refusal::UnknownEndpoint);
}

#[test]
fn what_does_not_come_up_says_why() {
    let house = House::new();
    let check = |name: &str, cause: &str| {
        let failed = house.reaches(name, EndpointStatus::Failed);
        let reason = failed.failure_reason.expect("a reason");
        assert_eq!(
            reason,
            format!("The primary container for production variant only did not start: {cause}")
        );
        assert_eq!(refusal(&house, name), Refusal::UnknownEndpoint);
        house.delete(name).expect("it can be deleted");
        house.gone(name);
    };
    house.create("fails", &[("open-fails", "`m.json` ends in the middle of a number")]);
    check("fails", "`m.json` ends in the middle of a number");
    house.create("panics", &[("open-panics", "index 4")]);
    check("panics", "the engine panicked while it read the model: index 4");
    house.create("empty", &[("other", "1")]);
    check("empty", "`answer` is not in the artifact; put it there");
    house.model("nothing").expect("the model is made");
    house.config("nothing", &[("only", "nothing", 1.0)]).expect("the configuration is made");
    house.endpoint("nothing", "nothing").expect("the endpoint is made");
    check(
        "nothing",
        "there is no object at `s3://models/nothing`; upload the artifact, then create the \
         endpoint again",
    );
}

#[test]
fn what_takes_too_long_fails_and_is_given_up() {
    let limits = Limits { startup_timeout: Duration::from_millis(20), ..Limits::default() };
    let house = House::with(limits);
    house.create("e", &[("answer", "1"), ("open-gate", "never")]);
    let reason = house.reaches("e", EndpointStatus::Failed).failure_reason.expect("a reason");
    assert!(reason.contains(" did not start: it was not ready within 20ms; give it"), "{reason}");
    house.run(house.engines.gate("never").holds(0));
}

#[test]
fn one_variant_that_fails_fails_the_endpoint() {
    let house = House::new();
    house.train("good", &[("answer", "1")]);
    house.train("bad", &[("open-fails", "no")]);
    house.config("c", &[("a", "good", 1.0), ("b", "bad", 1.0)]).expect("a configuration");
    house.endpoint("e", "c").expect("an endpoint");
    let reason = house.reaches("e", EndpointStatus::Failed).failure_reason.expect("a reason");
    assert_eq!(reason, "The primary container for production variant b did not start: no");
    assert!(house.metrics.variants().is_empty(), "nothing is measured that does not serve");
}

#[test]
fn a_long_reason_is_cut() {
    let house = House::new();
    house.create("e", &[("open-fails", &"é".repeat(2000))]);
    let reason = house.reaches("e", EndpointStatus::Failed).failure_reason.expect("a reason");
    assert_eq!(reason.chars().count(), 1024);
}

#[test]
fn a_creating_endpoint_can_be_given_up() {
    let house = House::new();
    let door = house.engines.gate("door");
    house.create("e", &[("answer", "1"), ("open-gate", "door")]);
    house.run(door.holds(1));
    house.delete("e").expect("it is marked");
    house.gone("e");
    // Nobody waits for the gate any more: what brought it up was dropped.
    house.run(door.holds(0));
    assert_eq!(house.engines.opened(), 0);
    // The name is free.
    house.put("e", &[("answer", "2")]);
    house.endpoint("e", "e").expect("it is made again");
    house.reaches("e", EndpointStatus::InService);
    assert_eq!(house.says("e"), "2");
}

#[test]
fn an_endpoint_is_deleted_once() {
    let mut house = House::new();
    // Nothing drives the endpoints until the start below.
    house.leave();
    house.enter();
    house.create("e", &[("answer", "1")]);
    house.delete("e").expect("it is marked");
    let error = house.delete("e").expect_err("it is on its way out");
    assert_eq!(error.kind(), ErrorKind::InProgress);
    assert_eq!(
        error.message(),
        "Cannot update in-progress endpoint \
         \"arn:aws:sagemaker:us-east-1:000000000000:endpoint/e\""
    );
    house.hosting.start();
    house.gone("e");
}

#[test]
fn calls_in_flight_outlive_their_endpoint() {
    let house = House::new();
    let gate = house.engines.gate("slow");
    house.serve("e", &[("answer", "late"), ("invoke-gate", "slow")]);
    let started =
        |_| house.runtime.spawn(call(house.hosting.clone(), "e".to_owned(), Bytes::new()));
    let calls: Vec<_> = (0..5).map(started).collect();
    house.run(gate.holds(5));
    house.delete("e").expect("it is marked");
    house.gone("e");
    assert_eq!(refusal(&house, "e"), Refusal::UnknownEndpoint);
    gate.open();
    for call in calls {
        let invoked = house.run(call).expect("no panic").expect("it answers");
        assert_eq!(text(&invoked), "late");
    }
    assert!(house.metrics.variants().is_empty(), "what is gone is not measured");
}

#[test]
fn endpoints_return_after_a_stop() {
    let mut house = House::new();
    house.serve("e", &[("answer", "1")]);
    house.serve("f", &[("answer", "2")]);
    house.restart();
    house.run(house.hosting.settled());
    for name in ["e", "f"] {
        assert_eq!(house.get(name).expect("it is there").status, EndpointStatus::InService);
    }
    assert_eq!((house.says("e"), house.says("f")), ("1".to_owned(), "2".to_owned()));
}

#[test]
fn what_returns_is_settled_when_it_is_tried() {
    let mut house = House::new();
    house.engines.gate("door").open();
    house.serve("e", &[("answer", "1"), ("open-gate", "door")]);
    house.restart();
    let door = house.engines.gate("door");
    house.run(door.holds(1));
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::SystemUpdating);
    assert_eq!(refusal(&house, "e"), Refusal::Returning);
    let mut settled = std::pin::pin!(house.hosting.settled());
    let polled = house.run(std::future::poll_fn(|cx| {
        std::task::Poll::Ready(settled.as_mut().poll(cx).is_ready())
    }));
    assert!(!polled, "it has not been tried yet");
    door.open();
    house.run(settled);
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::InService);
    assert_eq!(house.says("e"), "1");
}

#[test]
fn what_can_not_return_has_failed_and_is_settled() {
    let mut house = House::new();
    house.engines.gate("door").open();
    house.serve("e", &[("answer", "1"), ("open-gate", "door")]);
    house.limits.startup_timeout = Duration::from_millis(20);
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::Failed);
    assert_eq!(refusal(&house, "e"), Refusal::UnknownEndpoint);
}

#[test]
fn a_returning_endpoint_can_be_deleted() {
    let mut house = House::new();
    house.engines.gate("door").open();
    house.serve("e", &[("answer", "1"), ("open-gate", "door")]);
    house.restart();
    house.run(house.engines.gate("door").holds(1));
    house.delete("e").expect("it is marked");
    house.run(house.hosting.settled());
    house.gone("e");
    house.run(house.engines.gate("door").holds(0));
}

#[test]
fn a_stop_in_the_middle_of_creating_loses_nothing() {
    let mut house = House::new();
    house.create("e", &[("answer", "1"), ("open-gate", "door")]);
    house.run(house.engines.gate("door").holds(1));
    house.restart();
    // It never served: nobody waits for it to return.
    house.run(house.hosting.settled());
    assert_eq!(refusal(&house, "e"), Refusal::UnknownEndpoint);
    house.engines.gate("door").open();
    house.reaches("e", EndpointStatus::InService);
    assert_eq!(house.says("e"), "1");
}

#[test]
fn a_stop_in_the_middle_of_deleting_deletes() {
    let mut house = House::new();
    house.serve("e", &[("answer", "1")]);
    house.restart();
    house.delete("e").expect("it is marked");
    house.restart();
    house.gone("e");
    assert_eq!(refusal(&house, "e"), Refusal::UnknownEndpoint);
}

#[test]
fn a_reset_forgets_at_once() {
    let house = House::new();
    house.serve("e", &[("answer", "1")]);
    house.create("slow", &[("answer", "1"), ("open-gate", "door")]);
    house.run(house.engines.gate("door").holds(1));
    house.run(house.store.reset()).expect("the store is emptied");
    house.hosting.reset();
    assert_eq!(refusal(&house, "e"), Refusal::UnknownEndpoint);
    house.run(house.engines.gate("door").holds(0));
    // A later endpoint of the name starts from nothing.
    house.run(house.store.objects().create_bucket("models")).expect("the bucket is made");
    house.serve("e", &[("answer", "2")]);
    assert_eq!(house.says("e"), "2");
    let [(_, _, metrics)] = &house.metrics.variants()[..] else { panic!("one variant") };
    assert_eq!(metrics.snapshot().invocations(), 1);
}

/// What a later version, or a damaged disk, may have left in place of an endpoint.
#[derive(Clone, Serialize, Deserialize)]
struct Foreign {
    name: String,
}

impl Record for Foreign {
    const KIND: &'static str = Endpoint::KIND;

    fn key(&self) -> &str {
        &self.name
    }

    fn created(&self) -> Timestamp {
        Timestamp::default()
    }
}

/// Damages an endpoint's record; the reconciler is not told.
fn damage(house: &House, endpoint: &str) {
    let foreign = Foreign { name: endpoint.to_owned() };
    let damage = house
        .store
        .write(move |tx| -> Result<(), Error> { Ok(tx.records::<Foreign>().put(&foreign)?) });
    house.run(damage).expect("it is written");
}

/// The record is damaged while what it asked for comes up, so that what became of it can't be
/// written down.
#[test]
fn a_record_damaged_while_its_endpoint_comes_up_stops_no_other_endpoint() {
    let mut house = House::new();
    for name in ["hit", "other"] {
        house.engines.gate(name).open();
        house.serve(name, &[("answer", name), ("open-gate", name)]);
    }
    house.restart();
    for name in ["hit", "other"] {
        house.run(house.engines.gate(name).holds(1));
    }
    let whole = house.get("hit").expect("it is there");
    damage(&house, "hit");
    house.engines.gate("hit").open();
    while house.call("hit").is_err() {
        std::thread::yield_now();
    }
    house.engines.gate("other").open();
    house.run(house.hosting.settled());
    let other = house.reaches("other", EndpointStatus::InService);
    assert_eq!(other.failure_reason, None);
    assert_eq!(["hit", "other"].map(|name| house.says(name)), ["hit", "other"]);
    // What is new about it is written down once it can be.
    let mend =
        house.store.write(move |tx| -> Result<(), Error> { Ok(tx.endpoints().put(&whole)?) });
    house.run(mend).expect("it is written");
    house.create("wakes", &[("answer", "1")]);
    house.reaches("hit", EndpointStatus::InService);
}

/// The record is damaged before the reconciler has looked at it for the first time.
#[test]
fn a_record_damaged_at_the_start_keeps_nobody_waiting() {
    let mut house = House::new();
    for name in ["hit", "other"] {
        house.serve(name, &[("answer", name)]);
    }
    for _ in 0..20 {
        house.leave();
        house.enter();
        let whole = house.get("hit").expect("it is there");
        house.hosting.start();
        damage(&house, "hit");
        house.run(house.hosting.settled());
        assert_eq!(house.says("other"), "other");
        let mend =
            house.store.write(move |tx| -> Result<(), Error> { Ok(tx.endpoints().put(&whole)?) });
        house.run(mend).expect("it is written");
    }
}

#[test]
fn a_record_that_can_not_be_read_stops_no_other_endpoint() {
    let mut house = House::new();
    house.serve("before", &[("answer", "before")]);
    house.serve("hit", &[("answer", "hit")]);
    house.restart();
    house.run(house.hosting.settled());
    let artifacts = house.artifacts();
    damage(&house, "hit");
    // What serves goes on, and so does the control plane of the others.
    house.serve("after", &[("answer", "after")]);
    assert_eq!(["before", "hit", "after"].map(|name| house.says(name)), ["before", "hit", "after"]);
    assert_eq!(house.artifacts(), artifacts + 1);
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!(["before", "after"].map(|name| house.says(name)), ["before", "after"]);
    assert_eq!(refusal(&house, "hit"), Refusal::UnknownEndpoint);
    // It can be got rid of, and then its artifact goes too.
    house.delete("hit").expect("it may be deleted");
    house.gone("hit");
    house.collected(artifacts);
}

#[test]
fn starts_wait_their_turn_and_the_wait_is_not_their_time() {
    let startup_timeout = Duration::from_millis(500);
    let limits = Limits { startup_timeout, starts_at_a_time: 2, ..Limits::default() };
    let house = House::with(limits);
    let door = house.engines.gate("door");
    for name in ["a", "b", "c", "d"] {
        house.create(name, &[("answer", "1"), ("open-gate", "door")]);
    }
    house.run(door.holds(2));
    house.create("last", &[("answer", "last")]);
    // Two stand at the door for as long as they may: the last has waited longer than a start may
    // take before one of them made room.
    house.reaches("last", EndpointStatus::InService);
    let statuses = ["a", "b", "c", "d"].map(|name| house.get(name).expect("it is there").status);
    assert!(statuses.contains(&EndpointStatus::Failed));
}
