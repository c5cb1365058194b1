//! What an endpoint keeps: its own copy of configuration, model and artifact, for as long as it
//! is there and no longer.

use hosting::{endpoint_configs, models};
use resources::EndpointStatus;

use crate::house::House;

#[test]
fn an_endpoint_serves_what_it_was_made_of() {
    let mut house = House::new();
    house.serve("e", &[("answer", "old")]);
    house.run(endpoint_configs::delete(&house.hosting, "e".to_owned())).expect("it goes");
    house.run(models::delete(&house.hosting, "e".to_owned())).expect("it goes");
    house.put("e", &[("answer", "new")]);
    assert_eq!(house.says("e"), "old");
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!(house.says("e"), "old");
    let delete = house.store.objects().delete("models", vec!["e".to_owned()]);
    house.run(delete).expect("the object goes");
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!(house.says("e"), "old");
    assert_eq!(house.get("e").expect("it is there").current.expect("it serves").config_name, "e");
}

#[test]
fn a_new_endpoint_serves_the_new_artifact() {
    let house = House::new();
    house.serve("old", &[("answer", "old")]);
    house.put("old", &[("answer", "new")]);
    house.endpoint("new", "old").expect("the endpoint is made");
    house.reaches("new", EndpointStatus::InService);
    assert_eq!((house.says("old"), house.says("new")), ("old".to_owned(), "new".to_owned()));
    assert_eq!(house.artifacts(), 2);
}

#[test]
fn artifacts_go_with_the_last_endpoint_that_uses_them() {
    let mut house = House::new();
    house.serve("a", &[("answer", "1")]);
    house.endpoint("b", "a").expect("the endpoint is made");
    house.reaches("b", EndpointStatus::InService);
    house.serve("c", &[("answer", "3")]);
    assert_eq!(house.artifacts(), 2, "one object is unpacked once");
    house.delete("a").expect("it is marked");
    house.gone("a");
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!((house.says("b"), house.artifacts()), ("1".to_owned(), 2));
    house.delete("b").expect("it is marked");
    house.collected(1);
    house.restart();
    house.run(house.hosting.settled());
    assert_eq!((house.says("c"), house.artifacts()), ("3".to_owned(), 1));
}

#[test]
fn a_failed_start_leaves_no_artifact() {
    let house = House::new();
    house.train("good", &[("answer", "1")]);
    house.train("bad", &[("open-fails", "no")]);
    house.config("c", &[("a", "good", 1.0), ("b", "bad", 1.0)]).expect("a configuration");
    house.endpoint("e", "c").expect("an endpoint");
    house.reaches("e", EndpointStatus::Failed);
    house.collected(0);
}
