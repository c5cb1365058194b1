//! Endpoints whose records can't be read: set apart, so that the others go on, and reported once.
//!
//! Such an endpoint keeps what serves until its record can be read again or is deleted. What
//! becomes of the others is the reconciler's.

use std::collections::HashSet;

use resources::Endpoint;

/// The names of the endpoints whose records can't be read.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(HashSet<String>);

impl Unreadable {
    /// The records that can be read. Of the others the names are kept, and the log learns of each
    /// when it is seen first.
    pub(crate) fn set_apart(
        &mut self,
        records: Vec<Result<Endpoint, store::Error>>,
    ) -> Vec<Endpoint> {
        let mut names = HashSet::new();
        let mut readable = Vec::with_capacity(records.len());
        for record in records {
            match record {
                Ok(endpoint) => readable.push(endpoint),
                Err(error) => {
                    let name = name_of(&error);
                    if !self.0.contains(&name) {
                        report(&name, &error);
                    }
                    names.insert(name);
                }
            }
        }
        self.0 = names;
        readable
    }

    pub(crate) fn contains(&self, endpoint: &str) -> bool {
        self.0.contains(endpoint)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn name_of(error: &store::Error) -> String {
    match error {
        store::Error::Unreadable { key, .. } => key.clone(),
        other => other.to_string(),
    }
}

fn report(endpoint: &str, error: &store::Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(
        endpoint,
        cause,
        "the record of an endpoint can't be read: the endpoint stays as it is, the others go on; \
         delete it to be rid of it"
    );
}
