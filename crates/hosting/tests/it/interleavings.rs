//! Whatever is created, updated, deleted and stopped in whatever order: in the end the store, the route
//! table and the artifacts tell the same.

use std::collections::{BTreeMap, BTreeSet};

use hosting::{Fault, Refusal};
use proptest::prelude::*;
use resources::EndpointStatus;

use crate::house::House;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Creates an endpoint of one of the models.
    Create(usize, usize),
    /// Updates an endpoint to one of the models.
    Update(usize, usize),
    Delete(usize),
    Restart,
    /// Lets everything become true before the next step.
    Settle,
}

const ENDPOINTS: [&str; 3] = ["x", "y", "z"];
/// The last one never comes up.
const MODELS: [&str; 3] = ["one", "two", "broken"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..ENDPOINTS.len(), 0..MODELS.len()).prop_map(|(e, m)| Step::Create(e, m)),
        4 => (0..ENDPOINTS.len(), 0..MODELS.len()).prop_map(|(e, m)| Step::Update(e, m)),
        3 => (0..ENDPOINTS.len()).prop_map(Step::Delete),
        1 => Just(Step::Restart),
        1 => Just(Step::Settle),
    ]
}

/// What should be there: the model of each endpoint.
type Expected = BTreeMap<&'static str, &'static str>;

fn take(house: &mut House, expected: &mut Expected, step: Step) {
    match step {
        Step::Create(endpoint, model) => {
            let (endpoint, model) = (ENDPOINTS[endpoint], MODELS[model]);
            // One that is on its way out still has its name: then the caller comes too early.
            if house.endpoint(endpoint, model).is_ok() {
                assert_eq!(expected.insert(endpoint, model), None, "{endpoint} was there");
            }
        }
        Step::Update(endpoint, model) => {
            let (endpoint, model) = (ENDPOINTS[endpoint], MODELS[model]);
            // What does not serve can't be updated; one that would not come up changes nothing.
            if house.update(endpoint, model).is_ok() && model != "broken" {
                expected.insert(endpoint, model);
            }
        }
        Step::Delete(endpoint) => {
            let there = expected.remove(ENDPOINTS[endpoint]).is_some();
            let deleted = house.delete(ENDPOINTS[endpoint]);
            assert_eq!(deleted.is_ok(), there, "{deleted:?}");
        }
        Step::Restart => house.restart(),
        Step::Settle => settle(house, expected),
    }
}

fn settle(house: &House, expected: &Expected) {
    // Right after a start the store still says what was true before the stop.
    house.run(house.hosting.settled());
    for endpoint in ENDPOINTS {
        match expected.get(endpoint) {
            None => house.gone(endpoint),
            Some(&"broken") => drop(house.reaches(endpoint, EndpointStatus::Failed)),
            Some(_) => drop(house.reaches(endpoint, EndpointStatus::InService)),
        }
    }
}

fn check(house: &House, expected: &Expected) {
    settle(house, expected);
    let serving = || expected.iter().filter(|(_, model)| **model != "broken");
    for endpoint in ENDPOINTS {
        if let Some((_, model)) = serving().find(|(name, _)| **name == endpoint) {
            assert_eq!(house.says(endpoint), *model);
        } else {
            let refused = house.call(endpoint);
            let unknown = matches!(refused, Err(Fault::Refused(Refusal::UnknownEndpoint)));
            assert!(unknown, "{endpoint}: {refused:?}");
        }
    }
    let measured: BTreeSet<_> = house.metrics.variants().into_iter().map(|(e, ..)| e).collect();
    assert_eq!(measured, serving().map(|(name, _)| (*name).to_owned()).collect());
    house.collected(serving().map(|(_, model)| model).collect::<BTreeSet<_>>().len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() })]

    #[test]
    fn store_routes_and_artifacts_agree(steps in prop::collection::vec(step(), 1..20)) {
        let mut house = House::new();
        for model in MODELS {
            let file = if model == "broken" { "open-fails" } else { "answer" };
            house.train(model, &[(file, model)]);
            house.config(model, &[("only", model, 1.0)]).expect("the configuration is made");
        }
        let mut expected = Expected::new();
        for step in steps {
            take(&mut house, &mut expected, step);
        }
        check(&house, &expected);
        house.restart();
        check(&house, &expected);
    }
}
