//! Records: keys, order, pages, transactions that share a commit.

use std::collections::BTreeSet;

use futures::FutureExt;
use resources::{Endpoint, EndpointStatus, ErrorKind, Model, Timestamp};
use store::{Error, ListQuery, Options, Page, SortBy, Store};

use crate::{Scratch, run};

fn endpoint(name: &str, created: i64, modified: i64, status: EndpointStatus) -> Endpoint {
    Endpoint {
        name: name.to_owned(),
        arn: format!("arn:{name}"),
        status,
        failure_reason: None,
        current: None,
        pending: None,
        last_deployment_config: None,
        tags: [("k".to_owned(), "ü".to_owned())].into(),
        created: Timestamp::from_epoch_ms(created),
        modified: Timestamp::from_epoch_ms(modified),
    }
}

fn creating(name: &str) -> Endpoint {
    endpoint(name, 1, 1, EndpointStatus::Creating)
}

async fn put(store: &Store, records: Vec<Endpoint>) {
    let write =
        store.write(move |tx| records.iter().try_for_each(|record| tx.endpoints().put(record)));
    write.await.expect("the records are put");
}

#[test]
fn a_record_comes_back_as_it_went() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        let record = endpoint("One", 5, 7, EndpointStatus::InService);
        let written = record.clone();
        let steps = store.write(move |tx| {
            let endpoints = tx.endpoints();
            let mut louder = written.clone();
            louder.failure_reason = Some("other".to_owned());
            Ok::<_, Error>((
                endpoints.insert(&written)?,
                endpoints.insert(&louder)?,
                endpoints.get("One")?,
                endpoints.find_ignoring_case("oNE")?.map(|found| found.name),
                endpoints.get("oNE")?,
            ))
        });
        let (first, second, found, found_by_case, exact) = steps.await.expect("it is written");
        assert!(first && !second);
        assert_eq!(found, Some(record.clone()));
        assert_eq!(found_by_case.as_deref(), Some("One"));
        assert_eq!(exact, None);

        let models = store.read(|tx| tx.records::<Model>().get("One")).await;
        assert_eq!(models.expect("kinds are read"), None, "kinds share no keys");

        let deletions = store.write(|tx| {
            Ok::<_, Error>((tx.endpoints().delete("One")?, tx.endpoints().delete("One")?))
        });
        assert_eq!(deletions.await.expect("it is deleted"), (true, false));
        let all = store.read(|tx| tx.endpoints().all()).await.expect("all are read");
        assert_eq!(all, []);
    });
}

/// Five records: names, created, modified, status.
fn five() -> Vec<Endpoint> {
    use EndpointStatus::{Creating, Failed, InService};
    vec![
        endpoint("b-two", 10, 50, InService),
        endpoint("a-one", 20, 40, InService),
        endpoint("c-two", 20, 30, Failed),
        endpoint("B-one", 30, 30, Creating),
        endpoint("d_100%", 40, 45, InService),
    ]
}

async fn names(store: &Store, query: ListQuery) -> Vec<String> {
    let page = list(store, query).await.expect("the list is read");
    page.items.into_iter().map(|endpoint| endpoint.name).collect()
}

async fn list(store: &Store, query: ListQuery) -> Result<Page<Endpoint>, Error> {
    store.read(move |tx| tx.endpoints().list(&query)).await
}

#[test]
fn lists_filter_and_sort() {
    let at = |ms| Some(Timestamp::from_epoch_ms(ms));
    let base = || ListQuery { limit: 100, ..ListQuery::default() };
    let name = |text: &str| ListQuery { name_contains: Some(text.to_owned()), ..base() };
    let sorted = |sort_by, descending| ListQuery { sort_by, descending, ..base() };
    let cases = [
        (base(), "b-two a-one c-two B-one d_100%"),
        (sorted(SortBy::Created, true), "d_100% B-one c-two a-one b-two"),
        (sorted(SortBy::Name, false), "B-one a-one b-two c-two d_100%"),
        (sorted(SortBy::Name, true), "d_100% c-two b-two a-one B-one"),
        (sorted(SortBy::Modified, false), "B-one c-two a-one d_100% b-two"),
        (sorted(SortBy::Status, false), "B-one c-two a-one b-two d_100%"),
        (name("one"), "a-one B-one"),
        (name("_100%"), "d_100%"),
        (name("%"), "d_100%"),
        (
            ListQuery { created_after: at(20), created_before: at(40), ..base() },
            "a-one c-two B-one",
        ),
        (ListQuery { modified_after: at(45), ..base() }, "b-two d_100%"),
        (ListQuery { modified_before: at(40), ..base() }, "c-two B-one"),
        (ListQuery { status: Some("InService".to_owned()), ..base() }, "b-two a-one d_100%"),
        (ListQuery { limit: 0, ..base() }, ""),
    ];
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        put(&store, five()).await;
        for (query, expect) in cases {
            assert_eq!(names(&store, query.clone()).await.join(" "), expect, "{query:?}");
        }
    });
}

#[test]
fn pages_join_up_in_every_order() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        put(&store, five()).await;
        for sort_by in [SortBy::Name, SortBy::Created, SortBy::Modified, SortBy::Status] {
            for (descending, limit) in [(false, 1), (true, 1), (false, 2), (true, 3), (false, 5)] {
                let query = ListQuery { sort_by, descending, limit, ..ListQuery::default() };
                let whole = ListQuery { limit: 100, ..query.clone() };
                assert_eq!(walk(&store, query).await, names(&store, whole).await);
            }
        }
    });
}

async fn walk(store: &Store, mut query: ListQuery) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let page = list(store, query.clone()).await.expect("the page is read");
        assert!(page.items.len() <= query.limit);
        seen.extend(page.items.into_iter().map(|endpoint| endpoint.name));
        query.after = page.next;
        if query.after.is_none() {
            return seen;
        }
    }
}

#[test]
fn a_page_starts_where_the_last_ended_whatever_changed() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        put(&store, five()).await;
        let query = ListQuery { sort_by: SortBy::Name, limit: 2, ..ListQuery::default() };
        let first = list(&store, query.clone()).await.expect("the first page");
        assert_eq!(first.items[1].name, "a-one");
        let change = store.write(|tx| {
            tx.endpoints().delete("a-one")?;
            tx.endpoints().put(&creating("a-zero"))?;
            tx.endpoints().put(&creating("A-before"))
        });
        change.await.expect("the change");
        let rest = ListQuery { after: first.next.clone(), limit: 9, ..query.clone() };
        assert_eq!(names(&store, rest).await.join(" "), "a-zero b-two c-two d_100%");

        let foreign = ["", "zz", "00", "7b7d"].map(str::to_owned);
        for token in foreign.into_iter().map(Some) {
            let page = list(&store, ListQuery { after: token, ..query.clone() }).await;
            assert!(matches!(page, Err(Error::Cursor)));
        }
        let turned = ListQuery { after: first.next, descending: true, ..query };
        let error = list(&store, turned).await.expect_err("the order differs");
        assert_eq!(resources::Error::from(error).kind(), ErrorKind::Invalid);
    });
}

/// What a later version, or a damaged disk, may have left in place of an endpoint.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Foreign(String);

impl resources::Record for Foreign {
    const KIND: &'static str = <Endpoint as resources::Record>::KIND;

    fn key(&self) -> &str {
        &self.0
    }

    fn created(&self) -> Timestamp {
        Timestamp::from_epoch_ms(25)
    }
}

/// A record that can't be read is left out wherever it stands, at the end of a page too.
#[test]
fn what_can_not_be_read_hides_nothing() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        put(&store, five()).await;
        for name in ["a-bad", "b-bad", "z-bad"].map(str::to_owned) {
            let put = store.write(move |tx| tx.records::<Foreign>().put(&Foreign(name)));
            put.await.expect("it is written");
        }
        for sort_by in [SortBy::Name, SortBy::Created, SortBy::Modified, SortBy::Status] {
            for (descending, limit) in [(false, 1), (true, 1), (false, 2), (true, 3), (false, 99)] {
                let query = ListQuery { sort_by, descending, limit, ..ListQuery::default() };
                let walked = walk(&store, query).await;
                let found: BTreeSet<&str> = walked.iter().map(String::as_str).collect();
                let expect = ["B-one", "a-one", "b-two", "c-two", "d_100%"];
                assert_eq!(found, BTreeSet::from(expect), "{sort_by:?} {descending} {limit}");
                assert_eq!(walked.len(), 5, "{sort_by:?} {descending} {limit}");
            }
        }
    });
}

#[test]
fn a_job_that_fails_takes_back_its_own_writes_only() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        let jobs = (0..300).map(|number| {
            store.write(move |tx| {
                tx.endpoints().put(&creating(&format!("e{number:03}")))?;
                match number % 3 {
                    0 => Ok(number),
                    1 => Err(Error::Cursor),
                    _ => panic!("a job that panics on purpose"),
                }
            })
        });
        let outcomes = futures::future::join_all(jobs).await;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            match number % 3 {
                0 => assert_eq!(outcome.expect("kept"), number),
                1 => assert!(matches!(outcome, Err(Error::Cursor))),
                _ => assert!(matches!(outcome, Err(Error::Panicked))),
            }
        }
        let all = store.read(|tx| tx.endpoints().all()).await.expect("all are read");
        let names: BTreeSet<_> = all.into_iter().map(|endpoint| endpoint.name).collect();
        let kept = (0..300).step_by(3).map(|number| format!("e{number:03}")).collect();
        assert_eq!(names, kept);
    });
}

#[test]
fn concurrent_increments_lose_nothing() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        put(&store, vec![creating("counter")]).await;
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..50 {
                        store.write(increment).await.expect("the increment");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
        let counter = store.read(|tx| tx.endpoints().get("counter")).await.expect("it is read");
        assert_eq!(counter.map(|counter| counter.modified.epoch_ms()), Some(401));
    });
}

fn increment(tx: &store::Tx<'_>) -> Result<(), Error> {
    let mut counter = tx.endpoints().get("counter")?.expect("the counter is there");
    counter.modified = Timestamp::from_epoch_ms(counter.modified.epoch_ms() + 1);
    tx.endpoints().put(&counter)
}

#[test]
fn readers_cannot_write_and_survive_panics() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        let wrote = store.read(|tx| tx.endpoints().insert(&creating("e"))).await;
        assert!(matches!(wrote, Err(Error::Database(_))));
        // More often than there are readers, so that none is lost.
        for _ in 0..10 {
            let read = store.read(|_| -> Result<(), Error> { panic!("on purpose") }).await;
            assert!(matches!(read, Err(Error::Panicked)));
        }
        assert_eq!(store.read(|tx| tx.endpoints().all()).await.expect("still reads"), []);
    });
}

#[test]
fn a_write_stands_although_its_caller_went_away() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        // Polled once, which hands the job over, and dropped.
        let write = store.write(|tx| tx.endpoints().put(&creating("e")));
        let _ = write.now_or_never();
        // Jobs run in order, so the first is done when the second is.
        store.write(|_| Ok::<_, Error>(())).await.expect("a later write");
        let found = store.read(|tx| tx.endpoints().get("e")).await.expect("it is read");
        assert!(found.is_some());
    });
}

#[test]
fn a_directory_belongs_to_one_store() {
    run(async {
        let Scratch { store, dir } = Scratch::new();
        put(&store, vec![creating("e")]).await;
        let second = Store::open(Options::ephemeral(dir.path()));
        assert!(matches!(second, Err(Error::InUse { .. })));
        drop(store);
        let again = Store::open(Options::ephemeral(dir.path())).expect("it is free again");
        let found = again.read(|tx| tx.endpoints().get("e")).await.expect("it is read");
        assert!(found.is_some());
    });
}
