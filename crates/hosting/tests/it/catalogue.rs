//! Models, configurations and endpoints as records: create, describe, list, delete, and each error.

use hosting::{endpoint_configs, endpoints, models};
use resources::{Error, ErrorKind};
use store::{ListQuery, SortBy};

use crate::house::{House, Share};

/// The kind and the text of an error.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (ErrorKind, String) {
    let error = result.expect_err("it is refused");
    (error.kind(), error.message().to_owned())
}

fn error(kind: ErrorKind, text: &str) -> (ErrorKind, String) {
    (kind, text.to_owned())
}

const ARN: &str = "arn:aws:sagemaker:us-east-1:000000000000";

#[test]
fn what_is_missing_is_named_by_its_arn() {
    let house = House::new();
    let name = || "Forest".to_owned();
    let missing = |what: &str, kind: &str| {
        error(ErrorKind::NotFound, &format!("Could not find {what} \"{ARN}:{kind}/forest\""))
    };
    let model = missing("model", "model");
    assert_eq!(refused(house.run(models::get(&house.hosting, name()))), model);
    assert_eq!(refused(house.run(models::delete(&house.hosting, name()))), model);
    let config = missing("endpoint configuration", "endpoint-config");
    assert_eq!(refused(house.run(endpoint_configs::get(&house.hosting, name()))), config);
    assert_eq!(refused(house.run(endpoint_configs::delete(&house.hosting, name()))), config);
    assert_eq!(refused(house.endpoint("e", "Forest")), config);
    let endpoint = missing("endpoint", "endpoint");
    assert_eq!(refused(house.get("Forest")), endpoint);
    assert_eq!(refused(house.delete("Forest")), endpoint);
    assert_eq!(refused(house.config("c", &[("a", "Forest", 1.0)])), model);
}

#[test]
fn a_name_is_taken_once() {
    let house = House::new();
    house.serve("Forest", &[("answer", "1")]);
    let taken = |what: &str, kind: &str| {
        let text = format!("Cannot create already existing {what} \"{ARN}:{kind}/forest\"");
        error(ErrorKind::AlreadyExists, &text)
    };
    assert_eq!(refused(house.model("Forest")), taken("model", "model"));
    let again = house.config("Forest", &[("a", "Forest", 1.0)]);
    assert_eq!(refused(again), taken("endpoint configuration", "endpoint-config"));
    assert_eq!(refused(house.endpoint("Forest", "Forest")), taken("endpoint", "endpoint"));
    // Endpoints' names differ by more than case.
    assert_eq!(refused(house.endpoint("FOREST", "Forest")), taken("endpoint", "endpoint"));
}

#[test]
fn an_endpoint_whose_model_is_gone_is_refused() {
    let house = House::new();
    house.train("m", &[("answer", "1")]);
    house.config("c", &[("a", "m", 1.0)]).expect("the configuration is made");
    house.run(models::delete(&house.hosting, "m".to_owned())).expect("the model goes");
    let text = format!("Could not find model \"{ARN}:model/m\"");
    assert_eq!(refused(house.endpoint("e", "c")), error(ErrorKind::NotFound, &text));
    house.get("e").expect_err("nothing is left of it");
}

#[test]
fn variants_keep_the_rules() {
    let house = House::new();
    house.train("m", &[("answer", "1")]);
    let check = |shares: &[Share<'_>], text: &str| {
        assert_eq!(
            refused(house.config("c", shares)),
            error(ErrorKind::Invalid, text),
            "{shares:?}"
        );
    };
    let no_traffic = "The weights of the production variants add up to 0; give at least one an \
                      InitialVariantWeight above 0";
    check(&[("a", "m", 0.0)], no_traffic);
    check(&[("a", "m", 0.0), ("b", "m", 0.0)], no_traffic);
    check(
        &[("a", "m", 1.0), ("a", "m", 1.0)],
        "Production variant names must be unique; \"a\" occurs twice",
    );
    for weight in [f32::INFINITY, f32::NAN, -1.0] {
        check(
            &[("a", "m", 1.0), ("b", "m", weight)],
            "The InitialVariantWeight of production variant \"b\" must be 0 or more and fit a \
             32-bit float",
        );
    }
    house.config("c", &[("a", "m", 0.0), ("b", "m", 0.1)]).expect("one weight is enough");
}

#[test]
fn lists_come_in_pages_by_name() {
    let house = House::new();
    for name in ["c", "a", "b"] {
        house.serve(name, &[("answer", "1")]);
    }
    let query = |after| ListQuery { sort_by: SortBy::Name, limit: 2, after, ..Default::default() };
    let first = house.run(endpoints::list(&house.hosting, query(None))).expect("a page");
    assert_eq!(first.items.iter().map(|e| &e.name).collect::<Vec<_>>(), ["a", "b"]);
    let last = house.run(endpoints::list(&house.hosting, query(first.next))).expect("a page");
    assert_eq!(last.items.iter().map(|e| &e.name).collect::<Vec<_>>(), ["c"]);
    assert_eq!(last.next, None);
    let models = house.run(models::list(&house.hosting, query(None))).expect("a page").items;
    assert_eq!(models.iter().map(|m| &m.name).collect::<Vec<_>>(), ["a", "b"]);
    let query = ListQuery { name_contains: Some("c".to_owned()), ..query(None) };
    let configs = house.run(endpoint_configs::list(&house.hosting, query)).expect("a page").items;
    assert_eq!(configs.iter().map(|c| &c.name).collect::<Vec<_>>(), ["c"]);
}
