//! The last requests: found by their id, bounded, and the bad ones not washed away by good ones.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use telemetry::{Answered, Blame, Failure, Fleet, Names, Phase, Requests, RestCall, Trail};

fn names(resource: &str) -> Names<'_> {
    Names { caller: "AKID", resource, variant: "blue", model: "forest", fleet: Some(Fleet::New) }
}

fn keep(requests: &Requests, id: &str, failed: bool) {
    let mut trail = Trail::begin(Instant::now(), Phase::Body);
    trail.enter(Phase::Model);
    let failure = failed.then(|| Failure {
        code: "ModelError",
        message: "it broke",
        blame: Blame::Model,
        phase: trail.fail(),
    });
    requests.keep(&Answered {
        id,
        service: "sagemaker-runtime",
        operation: "InvokeEndpoint",
        status: if failed { 424 } else { 200 },
        names: names("e"),
        trail: &trail,
        failure,
        rest: None,
    });
}

#[test]
fn what_was_cleared_is_gone_and_the_places_are_used_again() {
    let requests = Requests::default();
    keep(&requests, "good", false);
    keep(&requests, "bad", true);
    requests.clear();
    assert_eq!(requests.latest(10, false).len(), 0);
    assert!(requests.find("good").is_none() && requests.find("bad").is_none());
    keep(&requests, "next", true);
    assert_eq!(requests.latest(10, false).len(), 1);
}

#[test]
fn a_request_is_found_with_its_way() {
    let requests = Requests::default();
    keep(&requests, "good", false);
    keep(&requests, "bad", true);
    assert!(requests.find("never").is_none());
    let good = requests.find("good").expect("it is kept");
    assert_eq!(
        (good.service(), good.operation(), good.status()),
        ("sagemaker-runtime", "InvokeEndpoint", 200)
    );
    let named = [good.caller(), good.resource(), good.variant(), good.model()];
    assert_eq!(good.fleet(), Some(Fleet::New));
    assert_eq!(named, ["AKID", "e", "blue", "forest"]);
    let phases = |id: &str| -> Vec<Phase> {
        let record = requests.find(id).expect("it is kept");
        record.phases().map(|(phase, _)| phase).collect()
    };
    assert_eq!((good.failure(), phases("good")), (None, vec![Phase::Body]));
    let bad = requests.find("bad").expect("it is kept");
    let failure = bad.failure().expect("it failed");
    assert_eq!((failure.code, failure.message), ("ModelError", "it broke"));
    assert_eq!((failure.phase, failure.blame), (Phase::Model, Blame::Model));
    assert_eq!(phases("bad"), [Phase::Body, Phase::Model]);
    assert!(bad.took() <= bad.age());
}

#[test]
fn the_newest_take_the_place_of_the_oldest_of_their_kind() {
    let requests = Requests::default();
    keep(&requests, "bad", true);
    for number in 0..3 * Requests::KEPT_PER_THREAD {
        keep(&requests, &number.to_string(), false);
    }
    assert!(requests.find("bad").is_some(), "good ones wash no bad one away");
    let all = requests.latest(usize::MAX, false);
    assert_eq!(all.len(), Requests::KEPT_PER_THREAD + 1);
    let last = 3 * Requests::KEPT_PER_THREAD - 1;
    let latest: Vec<String> =
        requests.latest(2, false).iter().map(|record| record.id().to_owned()).collect();
    assert_eq!(latest, [last.to_string(), (last - 1).to_string()]);
    let failed = requests.latest(10, true);
    assert_eq!(failed.iter().map(telemetry::RequestRecord::id).collect::<Vec<_>>(), ["bad"]);
}

#[test]
fn long_texts_are_cut() {
    let requests = Requests::default();
    let trail = Trail::begin(Instant::now(), Phase::Signature);
    let long = "é".repeat(1000);
    requests.keep(&Answered {
        id: "long",
        service: "s3",
        operation: "PUT",
        status: 403,
        names: Names { resource: &long, ..Names::default() },
        trail: &trail,
        failure: Some(Failure {
            code: &long,
            message: &long,
            blame: Blame::Caller,
            phase: Phase::Signature,
        }),
        rest: Some(RestCall { target: &long, ..RestCall::default() }),
    });
    let record = requests.find("long").expect("it is kept");
    let failure = record.failure().expect("it failed");
    let rest = record.rest().expect("it is a REST API's");
    for kept in [record.resource(), failure.code, failure.message, rest.target] {
        assert!(!kept.is_empty() && long.starts_with(kept) && kept.len() < long.len());
    }
    assert_eq!((record.caller(), record.variant()), ("", ""));
}

#[test]
fn readers_hold_up_no_writer_and_see_whole_records() {
    let requests = Requests::default();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..3 {
            let (requests, stop) = (&requests, &stop);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    keep(requests, &format!("{thread}-{number}"), number % 3 == 0);
                    number += 1;
                }
            });
        }
        for _ in 0..20 {
            for record in requests.latest(usize::MAX, false) {
                let number: usize =
                    record.id().rsplit('-').next().expect("a number").parse().expect("a number");
                assert_eq!(record.failure().is_some(), number.is_multiple_of(3), "{record:?}");
                assert_eq!(record.status(), if number.is_multiple_of(3) { 424 } else { 200 });
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_call_of_a_rest_api_is_found_by_both_its_ids_until_its_place_is_taken() {
    let requests = Requests::default();
    let rest = RestCall {
        extended_id: "abc=",
        api: "a1",
        stage: "dev",
        integration: "AWS",
        inner_id: "inner",
        answered: Some(200),
        request_template: "application/json",
        response_template: "text/csv",
        resource: "/pets/{id}",
        target: "s3:path/b/k",
    };
    let mut trail = Trail::begin(Instant::now(), Phase::Match);
    trail.enter(Phase::Reply);
    requests.keep(&Answered {
        id: "first",
        service: "execute-api",
        operation: "GET",
        status: 200,
        names: names("/pets/7"),
        trail: &trail,
        failure: None,
        rest: Some(rest),
    });
    for id in ["first", "abc="] {
        let record = requests.find(id).expect("it is kept");
        assert_eq!((record.id(), record.rest()), ("first", Some(rest)));
    }
    for number in 0..Requests::KEPT_PER_THREAD {
        keep(&requests, &number.to_string(), false);
    }
    assert!(requests.find("abc=").is_none(), "another request has the place");
    assert_eq!(requests.find("0").expect("it is kept").rest(), None);
}
