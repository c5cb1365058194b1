//! Why an endpoint could not come up: what is said of the artifact, to the word. What engines say
//! of models is tested with them, and both through a client.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hosting::Limits;
use resources::EndpointStatus;
use store::{Change, Faults};

use crate::house::{House, archive};

/// Artifacts of at most 1000 bytes in 3 files.
fn narrow() -> House {
    House::of(Limits::default(), |options| {
        options.limits.unpacked_bytes_max = 3000;
        options.limits.entries_max = 3;
    })
}

#[test]
fn artifacts_that_can_not_be_kept_say_why_and_what_to_do() {
    let house = narrow();
    let whole = archive(&[("answer", "1")]);
    let cases: Vec<(&str, Option<Vec<u8>>, &str)> = vec![
        (
            "missing",
            None,
            "there is no object at `s3://models/missing`; upload the artifact, then create the \
             endpoint again",
        ),
        (
            "empty",
            Some(Vec::new()),
            "`empty` is not gzip: it is empty; pack it with `tar czf model.tar.gz -C DIR .`",
        ),
        (
            "text",
            Some(b"not an archive".to_vec()),
            "`text` is not gzip: it starts with `not an a`; pack it with `tar czf model.tar.gz -C \
             DIR .`",
        ),
        ("short", Some(whole[..whole.len() - 9].to_vec()), "`short` is cut short; upload it again"),
        (
            "big",
            Some(archive(&[("answer", &"1".repeat(4000))])),
            "`big` unpacks to more than 3000 bytes, the most that an artifact may have; leave out \
             what the model does not need",
        ),
        (
            "many",
            Some(archive(&[("a", ""), ("b", ""), ("c", ""), ("d", "")])),
            "`many` holds more than 3 entries, the most that an artifact may have; leave out what \
             the model does not need",
        ),
    ];
    for (name, bytes, reason) in cases {
        if let Some(bytes) = bytes {
            house.put_bytes(name, bytes);
        }
        house.model(name).expect("the model is made");
        house.config(name, &[("only", name, 1.0)]).expect("the configuration is made");
        house.endpoint(name, name).expect("the endpoint is made");
        let failed = house.reaches(name, EndpointStatus::Failed).failure_reason;
        let start = "The primary container for production variant only did not start: ";
        assert_eq!(failed, Some(format!("{start}{reason}")), "{name}");
        assert_eq!(house.artifacts(), 0, "{name}");
    }
}

/// A disk that is full once a test says so.
#[derive(Debug)]
struct Full;

static IS_FULL: AtomicBool = AtomicBool::new(false);

impl Faults for Full {
    /// What an artifact is built of has no place in the database or among objects.
    fn before(&self, change: Change, path: &Path) -> io::Result<()> {
        let of_artifact = path.iter().any(|part| part == "tmp") && path.ends_with("answer");
        if change == Change::Write && of_artifact && IS_FULL.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

#[test]
fn a_full_disk_is_named_as_such() {
    let house = House::of(Limits::default(), |options| options.faults = Some(Arc::new(Full)));
    house.train("e", &[("answer", "1")]);
    house.config("e", &[("only", "e", 1.0)]).expect("the configuration is made");
    IS_FULL.store(true, Ordering::SeqCst);
    house.endpoint("e", "e").expect("the endpoint is made");
    let failed = house.reaches("e", EndpointStatus::Failed).failure_reason;
    let reason = "The primary container for production variant only did not start: the server's \
                  disk is full, so that its artifact could not be kept; free space there, then \
                  create or update the endpoint again";
    assert_eq!(failed.as_deref(), Some(reason));
    IS_FULL.store(false, Ordering::SeqCst);
    house.endpoint("later", "e").expect("the endpoint is made");
    house.reaches("later", EndpointStatus::InService);
    assert_eq!(house.says("later"), "1");
}
