//! Updates: the new deployment takes over without a failed call, or the old one stays and says
//! why; weights and instances change without a model being opened again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hosting::{
    Fault, Hosting, Limits, Refusal,
    endpoints::{self, Desired, Update},
};
use resources::{Deployment, EndpointStatus, Error, ErrorKind};

use crate::house::{House, Share, call, targeted, text, update};

const ARN: &str = "arn:aws:sagemaker:us-east-1:000000000000";

/// A configuration whose models answer with their own names.
fn config(house: &House, name: &str, shares: &[Share<'_>]) {
    for (_, model, _) in shares {
        if house.model(model).is_ok() {
            house.put(model, &[("answer", model)]);
        }
    }
    house.config(name, shares).expect("the configuration is made");
}

fn updated(house: &House, config: &str) -> Deployment {
    house.update("e", config).expect("it may be updated");
    in_service(house)
}

fn in_service(house: &House) -> Deployment {
    let endpoint = house.reaches("e", EndpointStatus::InService);
    assert_eq!((endpoint.pending, endpoint.failure_reason), (None, None));
    endpoint.current.expect("it serves")
}

fn desired(variant: &str, weight: Option<f32>, instance_count: Option<u32>) -> Desired {
    Desired { variant: variant.to_owned(), weight, instance_count }
}

fn rescale(house: &House, desired: Vec<Desired>) -> Result<(), Error> {
    house.run(endpoints::rescale(&house.hosting, "e".to_owned(), desired)).map(drop)
}

/// Weight and instances by variant.
fn scale(deployment: &Deployment) -> Vec<(&str, f32, u32)> {
    let variants = deployment.variants.iter();
    variants.map(|v| (v.name.as_str(), v.weight, v.instance_count)).collect()
}

/// Calls until told to stop; gives back how often each answer came.
async fn keep_calling(hosting: Hosting, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut answers = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let invoked = targeted(&hosting, "e", None, &Bytes::new()).await;
        let answer = text(&invoked.expect("no call fails while an endpoint is updated"));
        if answers.last() != Some(&answer) {
            answers.push(answer);
        }
        tokio::task::yield_now().await;
    }
    answers
}

#[test]
fn no_call_fails_while_deployments_change() {
    let house = House::new();
    let models = ["zero", "one", "two", "three"];
    for model in models {
        config(&house, model, &[("only", model, 1.0)]);
    }
    house.endpoint("e", "zero").expect("the endpoint is made");
    in_service(&house);
    let stop = Arc::new(AtomicBool::new(false));
    let callers = [(); 4]
        .map(|()| house.runtime.spawn(keep_calling(house.hosting.clone(), Arc::clone(&stop))));
    for model in &models[1..] {
        updated(&house, model);
        assert_eq!(house.says("e"), *model, "it serves by the time that it says so");
        rescale(&house, vec![desired("only", Some(2.0), Some(3))]).expect("it may be rescaled");
        in_service(&house);
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        let answers = house.run(caller).expect("no call failed");
        // What was replaced does not answer again.
        let mut in_order = models.iter().filter(|model| answers.iter().any(|a| a == *model));
        assert!(
            answers.iter().all(|answer| in_order.next() == Some(&answer.as_str())),
            "{answers:?}"
        );
    }
    house.collected(1);
}

#[test]
fn what_serves_goes_on_until_the_update_is_up() {
    let house = House::new();
    config(&house, "old", &[("a", "old", 1.0)]);
    house.endpoint("e", "old").expect("the endpoint is made");
    in_service(&house);
    house.train("new", &[("answer", "new"), ("open-gate", "door")]);
    house.config("new", &[("b", "new", 1.0)]).expect("the configuration is made");
    let returned = house.update("e", "new").expect("it may be updated");
    assert_eq!(returned.status, EndpointStatus::Updating);
    house.run(house.engines.gate("door").holds(1));
    let updating = house.get("e").expect("it is there");
    assert_eq!(updating.status, EndpointStatus::Updating);
    assert_eq!(updating.current.as_ref().expect("it serves").config_name, "old");
    assert_eq!(updating.pending.as_ref().expect("it is under way").config_name, "new");
    assert!(!endpoints::is_rescaling(&updating));
    assert_eq!(house.says("e"), "old");
    let busy = house.update("e", "old").expect_err("it is busy");
    assert_eq!(busy.kind(), ErrorKind::InProgress);
    assert_eq!(busy.message(), format!("Cannot update in-progress endpoint \"{ARN}:endpoint/e\""));
    rescale(&house, vec![desired("a", Some(2.0), None)]).expect_err("it is busy");
    house.engines.gate("door").open();
    assert_eq!(in_service(&house).config_name, "new");
    assert_eq!(house.says("e"), "new");
    house.collected(1);
}

#[test]
fn a_failed_update_leaves_the_old_variants_and_the_reason() {
    let mut house = House::new();
    config(&house, "old", &[("a", "old", 1.0)]);
    house.endpoint("e", "old").expect("the endpoint is made");
    in_service(&house);
    house.train("bad", &[("open-fails", "`m.json` is empty")]);
    config(&house, "bad", &[("a", "old", 1.0), ("b", "bad", 1.0)]);
    let reason = "The primary container for production variant b did not start: `m.json` is empty";
    let check = |house: &House| {
        let endpoint = house.reaches("e", EndpointStatus::InService);
        assert_eq!(endpoint.failure_reason.as_deref(), Some(reason));
        assert_eq!(endpoint.pending, None);
        assert_eq!(endpoint.current.expect("it serves").config_name, "old");
        assert_eq!(house.says("e"), "old");
        house.collected(1);
    };
    house.update("e", "bad").expect("it may be updated");
    check(&house);
    house.restart();
    house.run(house.hosting.settled());
    check(&house);
    // The next good update clears the reason.
    assert_eq!(updated(&house, "old").config_name, "old");
}

#[test]
fn an_update_takes_artifacts_as_they_are_now() {
    let house = House::new();
    config(&house, "c", &[("a", "m", 1.0)]);
    house.endpoint("e", "c").expect("the endpoint is made");
    in_service(&house);
    house.put("m", &[("answer", "newer")]);
    rescale(&house, vec![desired("a", Some(5.0), None)]).expect("it may be rescaled");
    in_service(&house);
    assert_eq!(house.says("e"), "m", "shares change, models do not");
    updated(&house, "c");
    assert_eq!(house.says("e"), "newer");
}

#[test]
fn a_stop_in_the_middle_of_an_update_loses_neither_deployment() {
    let mut house = House::new();
    config(&house, "old", &[("a", "old", 1.0)]);
    house.endpoint("e", "old").expect("the endpoint is made");
    in_service(&house);
    house.train("new", &[("answer", "new"), ("open-gate", "door")]);
    house.config("new", &[("b", "new", 1.0)]).expect("the configuration is made");
    house.update("e", "new").expect("it may be updated");
    house.run(house.engines.gate("door").holds(1));
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!(house.says("e"), "old");
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::Updating);
    house.engines.gate("door").open();
    assert_eq!(in_service(&house).config_name, "new");
    assert_eq!(house.says("e"), "new");
}

#[test]
fn an_updating_endpoint_can_be_deleted() {
    let house = House::new();
    house.serve("e", &[("answer", "old")]);
    house.train("new", &[("answer", "new"), ("open-gate", "door")]);
    house.config("new", &[("b", "new", 1.0)]).expect("the configuration is made");
    house.update("e", "new").expect("it may be updated");
    house.run(house.engines.gate("door").holds(1));
    house.delete("e").expect("it is marked");
    house.gone("e");
    house.run(house.engines.gate("door").holds(0));
    let refused = house.call("e");
    assert!(matches!(refused, Err(Fault::Refused(Refusal::UnknownEndpoint))), "{refused:?}");
    house.collected(0);
}

#[test]
fn live_weights_and_instances_are_retained_when_asked() {
    let house = House::new();
    config(&house, "one", &[("a", "m", 1.0), ("b", "m", 1.0)]);
    config(&house, "two", &[("b", "m", 3.0), ("c", "m", 4.0)]);
    let check = |retain_weights, retain_instance_counts, expected: &[(&str, f32, u32)]| {
        house.endpoint("e", "one").expect("the endpoint is made");
        in_service(&house);
        rescale(&house, vec![desired("b", Some(9.0), Some(7))]).expect("it may be rescaled");
        assert_eq!(scale(&in_service(&house)), [("a", 1.0, 1), ("b", 9.0, 7)]);
        let update = Update { retain_weights, retain_instance_counts, ..update("e", "two") };
        house.run(endpoints::update(&house.hosting, update)).expect("it may be updated");
        assert_eq!(scale(&in_service(&house)), expected);
        house.delete("e").expect("it is marked");
        house.gone("e");
    };
    check(false, false, &[("b", 3.0, 1), ("c", 4.0, 1)]);
    check(true, false, &[("b", 9.0, 1), ("c", 4.0, 1)]);
    check(false, true, &[("b", 3.0, 7), ("c", 4.0, 1)]);
    check(true, true, &[("b", 9.0, 7), ("c", 4.0, 1)]);
}

#[test]
fn rescaling_moves_traffic_and_opens_nothing() {
    let house = House::new();
    config(&house, "c", &[("a", "one", 1.0), ("b", "two", 0.0)]);
    house.endpoint("e", "c").expect("the endpoint is made");
    in_service(&house);
    let opened = house.engines.opened();
    rescale(&house, vec![desired("a", Some(0.0), None), desired("b", Some(0.5), Some(4))])
        .expect("it may be rescaled");
    assert_eq!(scale(&in_service(&house)), [("a", 0.0, 1), ("b", 0.5, 4)]);
    assert_eq!(house.engines.opened(), opened);
    for _ in 0..20 {
        assert_eq!(house.says("e"), "two");
    }
    let totals = house.metrics.variants_of("e").remove(1).1.snapshot();
    assert_eq!(totals.invocations(), 20);
}

#[test]
fn what_can_not_be_done_is_refused_and_changes_nothing() {
    let house = House::new();
    config(&house, "c", &[("a", "m", 1.0), ("b", "m", 1.0)]);
    config(&house, "d", &[("a", "m", 1.0), ("z", "m", 0.0)]);
    house.endpoint("e", "c").expect("the endpoint is made");
    let before = in_service(&house);
    let check = |result: Result<(), Error>, kind, text: &str| {
        let error = result.expect_err("it is refused");
        assert_eq!((error.kind(), error.message()), (kind, text));
        assert_eq!(in_service(&house), before);
    };
    let invalid = ErrorKind::Invalid;
    let missing = format!("Could not find endpoint configuration \"{ARN}:endpoint-config/x\"");
    check(house.update("e", "x").map(drop), ErrorKind::NotFound, &missing);
    let missing = format!("Could not find endpoint \"{ARN}:endpoint/x\"");
    check(house.update("x", "c").map(drop), ErrorKind::NotFound, &missing);
    let all = |desired| rescale(&house, desired);
    let unknown = "The endpoint has no production variant \"B\"";
    check(all(vec![desired("B", None, None)]), invalid, unknown);
    let twice = "Production variant \"a\" occurs twice; name each variant once";
    check(all(vec![desired("a", None, None), desired("a", None, None)]), invalid, twice);
    let weight = "Production variant \"a\" must have a DesiredWeight of 0 or more that fits a \
                  32-bit float";
    for bad in [-1.0, f32::INFINITY, f32::NAN] {
        check(all(vec![desired("a", Some(bad), None)]), invalid, weight);
    }
    let count = "Production variant \"a\" must have a DesiredInstanceCount of at least 1";
    check(all(vec![desired("a", None, Some(0))]), invalid, count);
    let none = "The weights of the production variants would add up to 0; give at least one a \
                weight above 0";
    let zero = |name| desired(name, Some(0.0), None);
    check(all(vec![zero("a"), zero("b")]), invalid, none);
    // Weights that are retained can add up to nothing, too.
    rescale(&house, vec![zero("a")]).expect("it may be rescaled");
    let before = in_service(&house);
    let retained = Update { retain_weights: true, ..update("e", "d") };
    let error = house.run(endpoints::update(&house.hosting, retained));
    assert_eq!(error.expect_err("it is refused").message(), none);
    assert_eq!(in_service(&house), before);
}

#[test]
fn a_failed_endpoint_can_only_be_deleted() {
    let house = House::new();
    house.create("e", &[("open-fails", "no")]);
    house.reaches("e", EndpointStatus::Failed);
    let error = house.update("e", "e").expect_err("it is refused");
    let text = format!(
        "Cannot update endpoint \"{ARN}:endpoint/e\": it is Failed; delete it and create it again"
    );
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, text.as_str()));
    house.delete("e").expect("it is marked");
    house.gone("e");
}

#[test]
fn calls_in_flight_count_across_a_change_of_weights() {
    let house = House::with(Limits { calls_per_instance: 1, ..Limits::default() });
    house.train("m", &[("answer", "1"), ("invoke-gate", "slow")]);
    house.config("m", &[("only", "m", 1.0)]).expect("the configuration is made");
    house.endpoint("e", "m").expect("the endpoint is made");
    in_service(&house);
    let slow = house.engines.gate("slow");
    let first = house.runtime.spawn(call(house.hosting.clone(), "e".to_owned(), Bytes::new()));
    house.run(slow.holds(1));
    rescale(&house, vec![desired("only", Some(3.0), None)]).expect("it may be rescaled");
    in_service(&house);
    let refused = house.call("e");
    let full = matches!(refused, Err(Fault::Refused(Refusal::NoCapacity { .. })));
    assert!(full, "its one instance works on a call already: {refused:?}");
    slow.open();
    house.run(first).expect("no panic").expect("it answers");
    assert_eq!(house.says("e"), "1");
}

#[test]
fn an_image_is_settled_on_once_and_variants_that_go_are_measured_no_more() {
    let house = House::new();
    config(&house, "old", &[("a", "m1", 1.0), ("b", "m2", 1.0)]);
    house.endpoint("e", "old").expect("the endpoint is made");
    let resolved = |deployment: Deployment| deployment.variants[0].resolved;
    let at_first = resolved(in_service(&house));
    house.clock.advance(Duration::from_mins(1));
    rescale(&house, vec![desired("a", Some(3.0), None)]).expect("it may be rescaled");
    assert_eq!(resolved(in_service(&house)), at_first);
    let measured = || -> Vec<String> {
        house.metrics.variants().into_iter().map(|(_, variant, _)| variant).collect()
    };
    assert_eq!(measured(), ["a", "b"]);
    config(&house, "new", &[("b", "m3", 1.0), ("c", "m4", 1.0)]);
    assert!(resolved(updated(&house, "new")) > at_first);
    assert_eq!(measured(), ["b", "c"]);
}
