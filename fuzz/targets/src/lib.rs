//! What must hold for any bytes, one function per reader of foreign bytes.
//!
//! A target takes bytes and panics if something does not hold: at least that nothing panics, hangs
//! or takes memory out of proportion, and more wherever more can be said. libFuzzer looks for such
//! bytes (`cargo xtask fuzz`); the tests here replay those of the seeds and of every finding so far.
//!
//! To add a target `x_y`:
//! 1. write its function in the module of its crate, and a line for it in [`TARGETS`];
//! 2. copy an entry in `fuzz/fuzz_targets` to `x_y.rs` and name it in `fuzz/Cargo.toml`;
//! 3. put inputs that a client would send in `fuzz/seeds/x_y`.
//!
//! What a run finds goes to `fuzz/regressions/x_y`, under a name that says what was wrong, in the
//! commit that mends it.

pub mod aws_wire;
pub mod jsonpath;
pub mod records;
mod request;
pub mod sigv4;
pub mod trees;
pub mod vtl;

/// A name, as on the command line and in `fuzz/`, and what it runs.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The entry `fuzz_targets/{name}.rs` and the folders `seeds/{name}`, `regressions/{name}`.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub run: fn(&[u8]),
}

/// Every target, in the order of their names.
pub static TARGETS: &[Target] = &[
    Target { name: "aws_wire_json", run: aws_wire::json },
    Target { name: "aws_wire_query", run: aws_wire::query },
    Target { name: "aws_wire_rest", run: aws_wire::rest },
    Target { name: "aws_wire_xml", run: aws_wire::xml },
    Target { name: "jsonpath_find", run: jsonpath::find },
    Target { name: "records_csv", run: records::csv },
    Target { name: "records_json", run: records::json },
    Target { name: "records_jsonlines", run: records::jsonlines },
    Target { name: "records_libsvm", run: records::libsvm },
    Target { name: "records_npy", run: records::npy },
    Target { name: "records_recordio", run: records::recordio },
    Target { name: "sigv4_chunks", run: sigv4::chunks },
    Target { name: "sigv4_round_trip", run: sigv4::round_trip },
    Target { name: "sigv4_verify", run: sigv4::verify },
    Target { name: "trees_catboost_json", run: trees::catboost_json },
    Target { name: "trees_exported_json", run: trees::exported_json },
    Target { name: "trees_lightgbm_pickle", run: trees::lightgbm_pickle },
    Target { name: "trees_lightgbm_text", run: trees::lightgbm_text },
    Target { name: "trees_pickle", run: trees::pickle },
    Target { name: "trees_xgboost_binary", run: trees::xgboost_binary },
    Target { name: "trees_xgboost_json", run: trees::xgboost_json },
    Target { name: "trees_xgboost_ubjson", run: trees::xgboost_ubjson },
    Target { name: "vtl_json", run: vtl::json },
    Target { name: "vtl_pattern", run: vtl::pattern },
    Target { name: "vtl_render", run: vtl::render },
];
