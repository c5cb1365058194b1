//! `AddTags`, `ListTags` and `DeleteTags` on the wire.

use serde_json::json;

use crate::face::Face;

#[test]
fn tags_come_and_go() {
    let face = Face::new();
    face.model("M", &[("answer", "1")]);
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:model/m";
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let add = |tags| face.done("AddTags", &json!({"ResourceArn": arn, "Tags": tags}));
    let list = || face.done("ListTags", &json!({"ResourceArn": arn, "MaxResults": 50}));
    assert_eq!(list(), json!({"Tags": []}));
    let both = json!({"Tags": [tag("a", ""), tag("b", "2")]});
    assert_eq!(add(json!([tag("b", "2"), tag("a", "")])), both);
    assert_eq!(list(), both);
    let keys = json!({"ResourceArn": arn, "TagKeys": ["a"]});
    face.done("DeleteTags", &keys);
    assert_eq!(list(), json!({"Tags": [tag("b", "2")]}));
}

#[test]
fn what_is_wrong_is_said() {
    let face = Face::new();
    let check = |members, text: &str| {
        let (status, code, message) = face.call("ListTags", &members).error();
        assert_eq!((status, code.as_str(), message.as_str()), (400, "ValidationException", text));
    };
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:model/m";
    check(json!({"ResourceArn": arn}), &format!("Could not find model \"{arn}\""));
    check(
        json!({"ResourceArn": arn, "NextToken": "a"}),
        "The NextToken was not given out by this list; start again without it",
    );
    let project = arn.replace("model", "project");
    check(
        json!({"ResourceArn": project}),
        &format!(
            "\"{project}\" names no model, endpoint configuration or endpoint of this account"
        ),
    );
}
