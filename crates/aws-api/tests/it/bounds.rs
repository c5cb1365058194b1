//! What every answer carries, and how long a request may be.

use std::collections::HashSet;

use aws_api::Limits;
use serde_json::json;

use crate::face::{Face, Reply};

fn request_id(reply: &Reply) -> String {
    let id = reply.headers["x-amzn-requestid"].to_str().expect("it is text").to_owned();
    assert_eq!((id.len(), id.split('-').count()), (36, 5), "{id}");
    id
}

#[test]
fn every_answer_has_a_request_id_of_its_own() {
    let face = Face::new();
    face.model("m", &[("answer", "1")]);
    face.done("CreateEndpoint", &json!({"EndpointName": "m", "EndpointConfigName": "m"}));
    face.in_service("m");
    let replies = [
        face.call("ListModels", &json!({})),
        face.call("ListModels", &json!({})),
        face.call("DescribeModel", &json!({"ModelName": "x"})),
        face.call("DescribeModel", &json!({})),
        face.call("NoSuchOperation", &json!({})),
        face.call("CreateAutoMLJob", &json!({})),
        face.invoke("m", &[], b"1"),
        face.invoke("x", &[], b"1"),
    ];
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 400, 400, 400, 501, 200, 400]);
    let ids: HashSet<String> = replies.iter().map(request_id).collect();
    assert_eq!(ids.len(), replies.len());
}

#[test]
fn a_body_is_as_long_as_the_limit_at_most() {
    let face =
        Face::with(Limits { payload_bytes_max: 100, control_bytes_max: 200, ..Limits::default() });
    let unknown = "Endpoint e of account 000000000000 not found.";
    let too_long = "The body is longer than 100 bytes, the most that the server's \
                    `payload-bytes-max` allows.";
    for (bytes, text) in [(100, unknown), (101, too_long), (1_000_000, too_long)] {
        let error = face.invoke("e", &[], &vec![b'1'; bytes]).error();
        assert_eq!(error, (400, "ValidationError".to_owned(), text.to_owned()), "{bytes} bytes");
    }
    // `{"NameContains":""}` has 19 bytes; the name may have 63.
    let list = |bytes: usize| face.call("ListModels", &json!({"Padding": "x".repeat(bytes - 14)}));
    assert_eq!(list(200).status, 200);
    let (status, code, message) = list(201).error();
    assert_eq!((status, code.as_str()), (413, "RequestEntityTooLargeException"));
    assert_eq!(
        message,
        "The body is longer than 200 bytes, the most that the server's `control-bytes-max` allows."
    );
}
