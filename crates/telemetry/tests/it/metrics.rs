//! Recording from many threads, merging, and CloudWatch's names.

use std::{sync::Arc, thread, time::Duration};

use telemetry::{CallClass, Metrics, Sample, VariantMetrics};

fn sample(class: CallClass, model_us: u64, overhead_us: u64) -> Sample {
    Sample {
        model: Duration::from_micros(model_us),
        overhead: Duration::from_micros(overhead_us),
        class,
    }
}

#[test]
fn threads_lose_nothing() {
    let metrics = Arc::new(VariantMetrics::default());
    thread::scope(|scope| {
        for thread in 1..=8 {
            let metrics = &metrics;
            scope.spawn(move || {
                for _ in 0..1_000 {
                    metrics.record(sample(CallClass::Answered, thread * 10, 1));
                }
            });
        }
    });
    let totals = metrics.snapshot();
    assert_eq!(totals.invocations(), 8_000);
    assert_eq!(totals.model.count(), 8_000);
    assert_eq!(totals.model.sum(), Duration::from_millis(10 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8)));
    assert_eq!(totals.model.min(), Some(Duration::from_micros(10)));
    assert_eq!(totals.model.max(), Some(Duration::from_micros(80)));
    assert_eq!(totals.overhead.sum(), Duration::from_millis(8));
}

#[test]
fn a_thread_goes_on_where_one_before_it_ended() {
    let (metrics, threads, each) = (VariantMetrics::default(), 100, 3);
    for thread in 0..threads {
        let record = || (0..each).for_each(|_| metrics.record(sample(CallClass::Answered, 7, 2)));
        thread::scope(|scope| scope.spawn(record).join().expect("the thread ends"));
        let totals = metrics.snapshot();
        let count = (thread + 1) * each;
        assert_eq!((totals.invocations(), totals.overhead.count()), (count, count));
        assert_eq!(totals.model.sum(), Duration::from_micros(count * 7));
    }
}

#[test]
fn a_snapshot_is_never_behind_one_before_it() {
    let (metrics, threads, each) = (VariantMetrics::default(), 3, 5_000);
    thread::scope(|scope| {
        let record = || (0..each).for_each(|us| metrics.record(sample(CallClass::Answered, us, 1)));
        let mut writers: Vec<_> = (0..threads).map(|_| scope.spawn(record)).collect();
        let mut earlier = metrics.snapshot();
        while !writers.is_empty() {
            writers.retain(|writer| !writer.is_finished());
            let totals = metrics.snapshot();
            assert!(totals.invocations() >= earlier.invocations());
            assert!(totals.model.count() >= earlier.model.count());
            assert!(totals.model.sum() >= earlier.model.sum());
            earlier = totals;
        }
    });
    let totals = metrics.snapshot();
    assert_eq!((totals.invocations(), totals.model.count()), (threads * each, threads * each));
}

#[test]
fn classes_add_up_to_the_names_of_cloudwatch() {
    let metrics = VariantMetrics::default();
    for (class, times) in [
        (CallClass::Answered, 5),
        (CallClass::ClientError, 4),
        (CallClass::ServerError, 3),
        (CallClass::NoAnswer, 2),
    ] {
        (0..times).for_each(|_| metrics.record(sample(class, 1, 1)));
    }
    metrics.refused();
    let totals = metrics.snapshot();
    assert_eq!(totals.invocations(), 15);
    assert_eq!(totals.invocation_4xx_errors(), 4);
    assert_eq!(totals.invocation_5xx_errors(), 3);
    assert_eq!(totals.invocation_model_errors(), 9);
    assert_eq!(totals.no_capacity_failures(), 1);
    assert_eq!(totals.model.count(), 14);
}

#[test]
fn a_status_has_its_class() {
    for (status, class) in [
        (200, CallClass::Answered),
        (204, CallClass::Answered),
        (415, CallClass::ClientError),
        (503, CallClass::ServerError),
        (302, CallClass::NoAnswer),
        (0, CallClass::NoAnswer),
    ] {
        assert_eq!(CallClass::of_status(status), class, "{status}");
    }
}

#[test]
fn a_call_in_flight_may_end_on_another_thread() {
    let metrics = VariantMetrics::default();
    let first = metrics.enter();
    let _second = metrics.enter();
    assert_eq!(metrics.snapshot().in_flight, 2);
    thread::scope(|scope| scope.spawn(move || drop(first)).join().expect("the thread ends"));
    assert_eq!(metrics.snapshot().in_flight, 1);
}

#[test]
fn a_period_is_the_difference_of_two_snapshots() {
    let metrics = VariantMetrics::default();
    metrics.record(sample(CallClass::ServerError, 7, 7));
    let earlier = metrics.snapshot();
    metrics.record(sample(CallClass::Answered, 100, 3));
    let period = metrics.snapshot().since(&earlier);
    assert_eq!((period.invocations(), period.invocation_model_errors()), (1, 0));
    assert_eq!(period.model.sum(), Duration::from_micros(100));
}

#[test]
fn variants_are_made_once_and_removed_with_their_endpoint() {
    let metrics = Metrics::new();
    let first = metrics.variant("one", "AllTraffic");
    assert!(Arc::ptr_eq(&first, &metrics.variant("one", "AllTraffic")));
    metrics.variant("one", "Blue");
    metrics.variant("one-more", "AllTraffic");
    let names = |endpoint| -> Vec<String> {
        metrics.variants_of(endpoint).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names("one"), ["AllTraffic", "Blue"]);
    metrics.remove_endpoint("one");
    assert_eq!(names("one"), [""; 0]);
    assert_eq!(names("one-more"), ["AllTraffic"]);
}

/// There is as much for each variant on each thread that answers for it.
#[test]
fn a_variant_s_instruments_are_small() {
    let metrics = VariantMetrics::default();
    let taken = allocation_counter::measure(|| {
        for us in 5..300 {
            metrics.record(sample(CallClass::Answered, us, us / 4));
        }
    });
    assert!((1_000..4_000).contains(&taken.bytes_current), "{taken:?}");
}
