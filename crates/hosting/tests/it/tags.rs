//! Tags of models, configurations and endpoints, by ARN.

use hosting::tags;
use resources::{Error, ErrorKind, Tags};

use crate::house::House;

fn labels(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (ErrorKind, String) {
    let error = result.expect_err("it is refused");
    (error.kind(), error.message().to_owned())
}

#[test]
fn tags_come_and_go() {
    let house = House::new();
    house.serve("Forest", &[("answer", "1")]);
    for kind in ["model", "endpoint-config", "endpoint"] {
        let arn = || format!("arn:aws:sagemaker:us-east-1:000000000000:{kind}/forest");
        let get = || house.run(tags::get(&house.hosting, arn())).expect("it is there");
        let add = |pairs| house.run(tags::add(&house.hosting, arn(), labels(pairs)));
        assert_eq!(get(), labels(&[]));
        assert_eq!(add(&[("a", "1"), ("b", "2")]).expect("there is room").len(), 2);
        let all = labels(&[("a", "1"), ("b", "3"), ("c", "4")]);
        assert_eq!(add(&[("b", "3"), ("c", "4")]).expect("there is room"), all);
        assert_eq!(get(), all);
        let keys = vec!["a".to_owned(), "missing".to_owned()];
        house.run(tags::delete(&house.hosting, arn(), keys)).expect("it is there");
        assert_eq!(get(), labels(&[("b", "3"), ("c", "4")]));
        let many: Vec<String> = (0..49).map(|number| format!("n{number}")).collect();
        let many: Vec<_> = many.iter().map(|key| (key.as_str(), "")).collect();
        assert_eq!(
            refused(add(&many)),
            (
                ErrorKind::LimitExceeded,
                "The resource would have more than 50 tags; delete some first".to_owned()
            )
        );
        assert_eq!(get().len(), 2, "nothing was added");
        assert_eq!(add(&many[..48]).expect("there is room").len(), 50);
    }
    assert_eq!(house.says("Forest"), "1");
}

#[test]
fn a_resource_without_tags_to_be_had_is_named() {
    let house = House::new();
    let check = |resource: &str, kind, text: &str| {
        let arn = format!("arn:aws:sagemaker:{resource}");
        let text = text.replace("ARN", &arn);
        let get = house.run(tags::get(&house.hosting, arn.clone()));
        assert_eq!(refused(get), (kind, text.clone()));
        let add = house.run(tags::add(&house.hosting, arn.clone(), labels(&[("a", "b")])));
        assert_eq!(refused(add), (kind, text.clone()));
        let delete = house.run(tags::delete(&house.hosting, arn, vec!["a".to_owned()]));
        assert_eq!(refused(delete), (kind, text));
    };
    let missing = ErrorKind::NotFound;
    check("us-east-1:000000000000:model/m", missing, "Could not find model \"ARN\"");
    check("us-east-1:000000000000:endpoint/m", missing, "Could not find endpoint \"ARN\"");
    let config = "Could not find endpoint configuration \"ARN\"";
    check("us-east-1:000000000000:endpoint-config/m", missing, config);
    let other = "\"ARN\" names no model, endpoint configuration or endpoint of this account";
    for resource in
        ["us-east-1:000000000000:project/m", "us-east-1:000000000001:model/m", "eu:1:model"]
    {
        check(resource, ErrorKind::Invalid, other);
    }
}
