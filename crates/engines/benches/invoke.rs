//! Time per call of the engines with the example models: parsing, predicting and printing, all
//! that happens between a request's body and its reply's. Prints; judges nothing.

use std::{
    collections::BTreeMap,
    hint::black_box,
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use bytes::Bytes;
use engine_api::{Answer, Engine, EngineFactory, LogSink, ModelSource, Request};
use engines::Factory;

#[derive(Debug)]
struct Silence;

impl LogSink for Silence {
    fn line(&self, _text: &str) {}
}

fn main() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    forest_cover(&examples.join("covtype"));
    movie_ratings(&examples.join("movie-ratings"));
}

fn forest_cover(example: &Path) {
    let engine = open(&example.join("model"), "registry/sagemaker-xgboost:1.7-1");
    let csv = std::fs::read_to_string(example.join("payload.csv")).expect("fixture");
    let rows: Vec<Bytes> = csv.lines().map(|row| Bytes::from(format!("{row}\n"))).collect();
    time(&*engine, "csv, 1 row", "text/csv", &rows);
    let hundred: Vec<u8> = rows[..100].concat();
    time(&*engine, "csv, 100 rows", "text/csv", &[hundred.into()]);
    let json = std::fs::read(example.join("payload.json")).expect("fixture");
    time(&*engine, "json records, 200 rows", "application/json", &[json.into()]);
}

fn movie_ratings(example: &Path) {
    let engine = open(&example.join("model"), "registry/object2vec:1");
    for count in [1, 3, 100] {
        let pairs: Vec<String> = (0..count)
            .map(|movie| format!("{{\"in0\": [321], \"in1\": [{}]}}", 101 + movie))
            .collect();
        let body = format!("{{\"instances\": [{}]}}", pairs.join(", "));
        time(&*engine, &format!("object2vec, {count} pairs"), "application/json", &[body.into()]);
    }
}

fn open(directory: &Path, image: &str) -> Arc<dyn Engine> {
    let log: Arc<dyn LogSink> = Arc::new(Silence);
    let environment = BTreeMap::new();
    let factory = Factory::new();
    let opening = factory.open(ModelSource {
        image,
        directory,
        environment: &environment,
        log: &log,
        explaining: None,
    });
    match pin!(opening).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(engine) => engine.expect("the example opens"),
        Poll::Pending => panic!("opening a native model waits for nothing"),
    }
}

/// Prints the best of many runs, so that other work on the machine counts little.
fn time(engine: &dyn Engine, name: &str, content_type: &str, bodies: &[Bytes]) {
    let mut best = f64::INFINITY;
    for _ in 0..300 {
        let start = Instant::now();
        for body in bodies {
            call(engine, content_type, body);
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name}: {:.2} µs per call", best * 1e6 / bodies.len() as f64);
}

fn call(engine: &dyn Engine, content_type: &str, body: &Bytes) {
    let request = Request {
        body,
        content_type: Some(content_type),
        accept: None,
        custom_attributes: None,
        enable_explanations: None,
    };
    match engine.invoke(request) {
        Answer::Ready(Ok(reply)) if reply.status == 200 => drop(black_box(reply)),
        answer => panic!("{answer:?}"),
    }
}
