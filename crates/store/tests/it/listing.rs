//! Listing, against a model: names in a sorted map, grouped as S3's documentation describes.

use std::collections::BTreeSet;

use proptest::prelude::*;
use store::{ListObjects, Listing, ObjectError, Store};

use crate::{Scratch, put, run};

/// What a listing must show: entries, common prefixes and keys alike, in the order of their names.
fn model(keys: &BTreeSet<String>, query: &ListObjects) -> (Vec<String>, bool) {
    let name = |key: &String| {
        let rest = key.strip_prefix(&query.prefix)?;
        let group = query
            .delimiter
            .as_deref()
            .filter(|delimiter| !delimiter.is_empty())
            .and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        Some(group.map_or(key.clone(), |length| key[..query.prefix.len() + length].to_owned()))
    };
    let names: BTreeSet<String> = keys.iter().filter_map(name).collect();
    let after = query.after.as_ref();
    let mut names: Vec<_> =
        names.into_iter().filter(|name| after.is_none_or(|after| name > after)).collect();
    let more = query.max_keys > 0 && names.len() > query.max_keys;
    names.truncate(query.max_keys);
    (names, more)
}

fn shown(listing: &Listing) -> Vec<String> {
    let keys = listing.objects.iter().map(|object| object.key.clone());
    let mut names: Vec<_> = keys.chain(listing.common_prefixes.iter().cloned()).collect();
    names.sort();
    names
}

async fn list(store: &Store, query: &ListObjects) -> Listing {
    store.objects().list(query.clone()).await.expect("the listing")
}

fn query() -> ListObjects {
    ListObjects { bucket: "bucket".to_owned(), max_keys: 1000, ..ListObjects::default() }
}

/// Few letters, so that prefixes, groups and neighbours are common.
fn text(length: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![Just('a'), Just('b'), Just('/'), Just('é'), Just('\u{10ffff}')];
    proptest::collection::vec(letter, 0..=length).prop_map(String::from_iter)
}

fn queries() -> impl Strategy<Value = ListObjects> {
    let delimiter = proptest::option::of(prop_oneof![
        3 => Just("/".to_owned()),
        1 => Just("a/".to_owned()),
        1 => Just("é".to_owned()),
        1 => Just(String::new()),
    ]);
    (text(2), delimiter, proptest::option::of(text(4)), 0_usize..8).prop_map(
        |(prefix, delimiter, after, max_keys)| ListObjects {
            prefix,
            delimiter,
            after,
            max_keys,
            ..query()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn listings_match_the_model(
        keys in proptest::collection::btree_set(text(6).prop_filter("not empty", |key| !key.is_empty()), 0..80),
        queries in proptest::collection::vec(queries(), 24),
    ) {
        run(async {
            let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
            for key in &keys {
                put(&store, key, b"").await;
            }
            for query in queries {
                let listing = list(&store, &query).await;
                let (names, more) = model(&keys, &query);
                prop_assert_eq!(shown(&listing), names.clone(), "{:?}", query);
                prop_assert_eq!(listing.next.is_some(), more, "{:?}", query);
                if more {
                    prop_assert_eq!(listing.next.as_ref(), names.last());
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn pages_join_up_beyond_what_one_seek_fetches() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::with_bucket().await;
        let keys: BTreeSet<String> = (0..3)
            .flat_map(|group| (0..150).map(move |key| format!("g{group}/{key:03}")))
            .chain((0..150).map(|key| format!("plain{key:03}")))
            .collect();
        for key in &keys {
            put(&store, key, b"").await;
        }
        for delimiter in [None, Some("/".to_owned())] {
            let whole = ListObjects { delimiter, ..query() };
            let expect = model(&keys, &whole).0;
            for max_keys in [1, 63, 64, 65, 1000] {
                let pages = walk(&store, ListObjects { max_keys, ..whole.clone() }).await;
                assert_eq!(pages, expect);
            }
        }
    });
}

async fn walk(store: &Store, mut query: ListObjects) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = list(store, &query).await;
        names.extend(shown(&page));
        query.after = page.next;
        if query.after.is_none() {
            return names;
        }
    }
}

#[test]
fn a_missing_bucket_is_named() {
    run(async {
        let Scratch { store, dir: _dir } = Scratch::new();
        let listing = store.objects().list(query()).await;
        assert!(matches!(listing, Err(ObjectError::NoSuchBucket(name)) if name == "bucket"));
    });
}
