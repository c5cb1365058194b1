//! The templates and data that renderers are measured with: the movie ratings API.
//! `bench/peers` has the same for the peers.

use std::fmt::Write as _;

use gateway::mapping::{Body, Message, Parameters};

/// From query string and path to what the model takes.
pub(crate) const REQUEST: &str = include_str!("../../../../bench/templates/request.vtl");
/// From what the model answers to what the client is told.
pub(crate) const RESPONSE: &str = include_str!("../../../../bench/templates/response.vtl");

/// The ids of the items, and the model's answer.
pub(crate) struct Data {
    items: String,
    body: String,
}

impl Data {
    /// A request for the ratings of `count` items, and its answer.
    pub(crate) fn new(count: u32) -> Self {
        let items: Vec<String> = (100..100 + count).map(|item| item.to_string()).collect();
        let mut body = String::from("{\"predictions\": [");
        for item in 0..count {
            let comma = if item > 0 { "," } else { "" };
            write!(body, "{comma}{{\"scores\": [{:?}]}}", 3.0 + f64::from(item) * 0.0137)
                .expect("a string takes all");
        }
        body.push_str("]}");
        Self { items: items.join(","), body }
    }

    /// Hands the message to `run`; its body has not been read yet.
    pub(crate) fn with_message<T>(&self, run: impl FnOnce(&Message<'_>) -> T) -> T {
        run(&Message {
            body: Body::new(&self.body),
            parameters: Parameters {
                path: &[("user_id", "321")],
                query: &[("items", &self.items)],
                ..Parameters::default()
            },
            ..Message::default()
        })
    }
}
