//! Updates that take over step by step: every share is kept, nothing fails on the way, and what
//! does not end in time or does not start leaves what served before.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use hosting::{
    Fault, Refusal, RolloutPolicy, Size, Steps,
    endpoints::{self, Desired, Update},
};
use resources::{Endpoint, EndpointStatus, ErrorKind, Rollout};

use crate::house::{House, Share, targeted, text, update};

const WAIT: u32 = 60;

fn policy(steps: Steps) -> RolloutPolicy {
    RolloutPolicy {
        steps,
        wait_seconds: WAIT,
        termination_wait_seconds: 0,
        timeout_seconds: None,
        rollback_batch: None,
    }
}

fn canary() -> RolloutPolicy {
    policy(Steps::Canary(Size::Percent(25)))
}

/// An endpoint `e` that serves the configuration `old`, and a configuration `new`; models answer
/// with their own names.
fn house(old: &[Share<'_>], new: &[Share<'_>]) -> House {
    let house = House::new();
    for (name, shares) in [("old", old), ("new", new)] {
        for (_, model, _) in shares {
            if house.model(model).is_ok() {
                house.put(model, &[("answer", model)]);
            }
        }
        house.config(name, shares).expect("the configuration is made");
    }
    house.endpoint("e", "old").expect("the endpoint is made");
    house.reaches("e", EndpointStatus::InService);
    house
}

/// The usual one: model `blue` behind variant `a`, then model `green`.
fn blue_and_green() -> House {
    house(&[("a", "blue", 1.0)], &[("a", "green", 1.0)])
}

fn roll_out(house: &House, policy: RolloutPolicy) {
    let update = Update { rollout: Some(policy), ..update("e", "new") };
    let updating = house.run(endpoints::update(&house.hosting, update)).expect("it may be updated");
    assert_eq!(updating.status, EndpointStatus::Updating);
}

fn pass(house: &House, seconds: u32) {
    house.clock.advance(Duration::from_secs(seconds.into()));
    house.hosting.clock_advanced();
}

/// The plan, once that step serves.
fn serves_step(house: &House, step: usize) -> Rollout {
    house.once("e", |endpoint| {
        let rollout = *endpoint?.pending?.rollout?;
        (rollout.step == step && rollout.step_began.is_some()).then_some(rollout)
    })
}

fn in_service(house: &House, config: &str) -> Endpoint {
    let endpoint = house.reaches("e", EndpointStatus::InService);
    let current = endpoint.current.as_ref().expect("it serves");
    assert_eq!((current.config_name.as_str(), &current.rollout), (config, &None));
    assert_eq!(endpoint.pending, None);
    endpoint
}

/// How often each answer came in so many calls.
fn answers(house: &House, calls: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for _ in 0..calls {
        *answers.entry(house.says("e")).or_default() += 1;
    }
    answers
}

/// That an answer has this share of the calls, but for six standard deviations of what chance does.
fn check_share(house: &House, answer: &str, share: f64) {
    const CALLS: f64 = 3000.0;
    let count = answers(house, CALLS as usize).get(answer).copied().unwrap_or_default() as f64;
    let deviation = (CALLS * share * (1.0 - share)).sqrt();
    let distance = (count - CALLS * share).abs();
    assert!(distance <= 6.0 * deviation, "{answer} answered {count} of {CALLS}, asked: {share}");
}

/// Lets the reconciler look at everything at least once more.
fn looked_at_again(house: &House) {
    house.serve("witness", &[("answer", "1")]);
    house.delete("witness").expect("it is marked");
    house.gone("witness");
}

#[test]
fn a_canary_gets_its_share_then_everything() {
    let house = blue_and_green();
    roll_out(&house, canary());
    serves_step(&house, 0);
    check_share(&house, "green", 0.25);
    pass(&house, WAIT - 1);
    looked_at_again(&house);
    serves_step(&house, 0);
    pass(&house, 1);
    serves_step(&house, 1);
    check_share(&house, "green", 1.0);
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::Updating);
    pass(&house, WAIT);
    assert_eq!(in_service(&house, "new").failure_reason, None);
    check_share(&house, "green", 1.0);
    house.collected(1);
}

#[test]
fn linear_and_rolling_steps_follow_one_another() {
    for steps in [Steps::Linear(Size::Percent(30)), Steps::Rolling(Size::Percent(30))] {
        let house = blue_and_green();
        roll_out(&house, policy(steps));
        for (step, share) in [0.3, 0.6, 0.9, 1.0].into_iter().enumerate() {
            assert!((serves_step(&house, step).share() - share).abs() < 1e-12);
            check_share(&house, "green", share);
            pass(&house, WAIT);
        }
        in_service(&house, "new");
    }
}

#[test]
fn without_waits_it_goes_through_every_step_by_itself() {
    let house = blue_and_green();
    roll_out(&house, RolloutPolicy { wait_seconds: 0, ..policy(Steps::Rolling(Size::Percent(5))) });
    in_service(&house, "new");
    assert_eq!(house.says("e"), "green");
}

#[test]
fn what_served_is_kept_for_the_termination_wait() {
    let house = blue_and_green();
    roll_out(&house, RolloutPolicy { termination_wait_seconds: 30, ..policy(Steps::AtOnce) });
    serves_step(&house, 0);
    check_share(&house, "green", 1.0);
    pass(&house, WAIT);
    assert!(serves_step(&house, 1).is_terminating());
    house.collected(2);
    check_share(&house, "green", 1.0);
    pass(&house, 30);
    in_service(&house, "new");
    house.collected(1);
}

#[test]
fn a_rollout_out_of_time_is_rolled_back() {
    let house = blue_and_green();
    roll_out(&house, RolloutPolicy { timeout_seconds: Some(600), ..canary() });
    serves_step(&house, 0);
    pass(&house, 600);
    let reason = in_service(&house, "old").failure_reason.expect("it says why");
    assert_eq!(
        reason,
        "The deployment of endpoint configuration new was rolled back: it took longer than its \
         MaximumExecutionTimeoutInSeconds of 600, when its variants had 25 % of the traffic. Give \
         it more time or shorter waits."
    );
    check_share(&house, "blue", 1.0);
    house.collected(1);
    // The next one that comes to its end clears the reason.
    roll_out(&house, RolloutPolicy { wait_seconds: 0, ..canary() });
    assert_eq!(in_service(&house, "new").failure_reason, None);
}

#[test]
fn what_is_not_up_in_time_is_given_up() {
    let house = blue_and_green();
    house.put("green", &[("answer", "green"), ("open-gate", "door")]);
    roll_out(&house, RolloutPolicy { timeout_seconds: Some(600), ..canary() });
    house.run(house.engines.gate("door").holds(1));
    pass(&house, 599);
    looked_at_again(&house);
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::Updating);
    pass(&house, 1);
    let reason = in_service(&house, "old").failure_reason.expect("it says why");
    assert!(reason.contains("when its variants were not up yet"), "{reason}");
    house.run(house.engines.gate("door").holds(0));
    assert_eq!(house.says("e"), "blue");
}

#[test]
fn what_does_not_start_never_gets_a_call() {
    let house = blue_and_green();
    house.put("green", &[("open-fails", "`m.json` is empty")]);
    roll_out(&house, canary());
    let endpoint = in_service(&house, "old");
    let reason = "The primary container for production variant a did not start: `m.json` is empty";
    assert_eq!(endpoint.failure_reason.as_deref(), Some(reason));
    check_share(&house, "blue", 1.0);
    house.collected(1);
}

#[test]
fn after_a_stop_the_step_that_was_reached_begins_again() {
    let mut house = blue_and_green();
    house.put("green", &[("answer", "green"), ("open-gate", "door")]);
    roll_out(&house, policy(Steps::Linear(Size::Percent(25))));
    house.engines.gate("door").open();
    serves_step(&house, 0);
    pass(&house, WAIT);
    serves_step(&house, 1);
    pass(&house, WAIT - 1);
    house.restart();
    house.run(house.hosting.settled());
    // Until the new fleet is up the old one serves all, and the step does not go on.
    house.run(house.engines.gate("door").holds(1));
    assert_eq!(house.get("e").expect("it is there").status, EndpointStatus::Updating);
    check_share(&house, "blue", 1.0);
    pass(&house, WAIT);
    looked_at_again(&house);
    house.engines.gate("door").open();
    assert_eq!(serves_step(&house, 1).share().to_bits(), 0.5_f64.to_bits());
    check_share(&house, "green", 0.5);
    for step in 2..4 {
        pass(&house, WAIT);
        serves_step(&house, step);
    }
    pass(&house, WAIT);
    in_service(&house, "new");
}

#[test]
fn nothing_else_changes_an_endpoint_meanwhile_but_its_deletion() {
    let house = blue_and_green();
    roll_out(&house, canary());
    serves_step(&house, 0);
    let busy = house.update("e", "old").expect_err("it is busy");
    assert_eq!(busy.kind(), ErrorKind::InProgress);
    let desired = Desired { variant: "a".to_owned(), weight: Some(2.0), instance_count: None };
    let rescale = endpoints::rescale(&house.hosting, "e".to_owned(), vec![desired]);
    assert_eq!(house.run(rescale).expect_err("it is busy").kind(), ErrorKind::InProgress);
    assert!(!endpoints::is_rescaling(&house.get("e").expect("it is there")));
    house.delete("e").expect("it is marked");
    house.gone("e");
    let refused = house.call("e");
    assert!(matches!(refused, Err(Fault::Refused(Refusal::UnknownEndpoint))), "{refused:?}");
    assert_eq!(house.metrics.variants_of("e").len(), 0);
    house.collected(0);
}

#[test]
fn a_variant_is_found_in_whichever_fleet_has_it() {
    let old = [("both", "blue", 1.0), ("gone", "blue", 1.0)];
    let house = house(&old, &[("both", "green", 1.0), ("fresh", "green", 1.0)]);
    roll_out(&house, canary());
    serves_step(&house, 0);
    let target = |name: &'static str| {
        let body = Bytes::new();
        let call = async { targeted(&house.hosting, "e", Some(name), &body).await };
        house.run(call)
    };
    let mut by_both = [0, 0];
    for _ in 0..1000 {
        assert_eq!(text(&target("gone").expect("it answers")), "blue");
        assert_eq!(text(&target("fresh").expect("it answers")), "green");
        let invoked = target("both").expect("it answers");
        assert_eq!(invoked.variant, "both");
        by_both[usize::from(text(&invoked) == "green")] += 1;
    }
    assert!((150..=350).contains(&by_both[1]), "{by_both:?}");
    let Err(Fault::Refused(Refusal::UnknownVariant { variants, .. })) = target("none") else {
        panic!("there is no such variant");
    };
    assert_eq!(variants, ["both", "fresh", "gone"]);
    // All of them are measured for as long as they serve.
    let measured = || -> Vec<String> {
        house.metrics.variants_of("e").into_iter().map(|(variant, _)| variant).collect()
    };
    assert_eq!(measured(), ["both", "fresh", "gone"]);
    pass(&house, WAIT);
    serves_step(&house, 1);
    pass(&house, WAIT);
    in_service(&house, "new");
    looked_at_again(&house);
    assert_eq!(measured(), ["both", "fresh"]);
}

#[test]
fn weights_hold_within_each_fleet() {
    let old = [("a", "blue-a", 1.0), ("b", "blue-b", 0.0)];
    let house = house(&old, &[("a", "green-a", 3.0), ("b", "green-b", 1.0)]);
    roll_out(&house, policy(Steps::Canary(Size::Percent(50))));
    serves_step(&house, 0);
    check_share(&house, "blue-a", 0.5);
    check_share(&house, "blue-b", 0.0);
    check_share(&house, "green-a", 0.375);
    check_share(&house, "green-b", 0.125);
}

#[test]
fn a_policy_that_does_not_suit_changes_nothing() {
    let house = blue_and_green();
    let before = in_service(&house, "old");
    let too_large = policy(Steps::Canary(Size::Instances(1)));
    let update = Update { rollout: Some(too_large), ..update("e", "new") };
    let error = house.run(endpoints::update(&house.hosting, update)).expect_err("it is refused");
    let text = "CanarySize of 1 instances must be 1 to 50 percent of the 1 that production variant \
                \"a\" has; give it as CAPACITY_PERCENT, or the variant more instances";
    assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, text));
    assert_eq!(in_service(&house, "old"), before);
}
