//! Tree-ensemble inference: reads the models that XGBoost, LightGBM, CatBoost and scikit-learn make and
//! computes what they predict, without them; of XGBoost's predictions, to the last bit. Explains the
//! answers, too.
//!
//! # A first prediction
//!
//! A [`Model`] comes from bytes. The format is found out from them. Here is a model of one split: 1 if feature `b` is less than 0.5 or
//! missing, else 2, on top of a base score of 10.
//!
//! ```
//! # fn main() -> Result<(), trees::Error> {
//! let json = br#"{"learner": {
//!     "feature_names": ["a", "b"],
//!     "gradient_booster": {"name": "gbtree", "model": {
//!         "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
//!         "tree_info": [0],
//!         "trees": [{
//!             "left_children": [1, -1, -1],
//!             "right_children": [2, -1, -1],
//!             "split_indices": [1, 0, 0],
//!             "split_conditions": [0.5, 1.0, 2.0],
//!             "default_left": [1, 0, 0]
//!         }]
//!     }},
//!     "learner_model_param": {"base_score": "1E1", "num_class": "0", "num_feature": "2"},
//!     "objective": {"name": "reg:squarederror"}
//! }}"#;
//!
//! use trees::{Model, Rows};
//!
//! let model = Model::from_bytes(json)?;
//! assert_eq!(model.feature_names(), ["a", "b"]);
//!
//! // Three rows of two features; NaN is a missing value.
//! let values = [7.0, 0.4, 7.0, 0.5, 7.0, f32::NAN];
//! let mut predictions = [0.0; 3];
//! model.predict(Rows::new(&values, 2), &mut predictions);
//! assert_eq!(predictions, [11.0, 12.0, 11.0]);
//! # Ok(())
//! # }
//! ```
//!
//! # Shapes
//!
//! Rows are dense, one after the other, and `f32` as in XGBoost. [`Model::margins`] gives the raw sums,
//! [`Model::group_count`] per row: one per class or target. [`Model::predict`] gives what they mean
//! under the model's [`Objective`], [`Model::prediction_width`] per row: probabilities for
//! `binary:logistic` and `multi:softprob`, one label for `multi:softmax`, an expected count for
//! `count:poisson`. A caller that brings its own `out` allocates nothing per call, and a `Model` can
//! be shared between threads:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use trees::{Model, Rows};
//! let model = Model::from_bytes(&std::fs::read("xgboost-model")?)?;
//! let row = vec![0.5; model.feature_count()];
//! let mut scores = vec![0.0; model.prediction_width()];
//! model.predict(Rows::new(&row, row.len()), &mut scores);
//! # Ok(())
//! # }
//! ```
//!
//! # What is read
//!
//! XGBoost's models in every form they have had, and those of others:
//!
//! | Form | Written by |
//! |---|---|
//! | LightGBM's text | LightGBM's `Booster.save_model` |
//! | JSON, UBJSON | `Booster.save_model` of 1.0 to 3.x |
//! | binary | `Booster.save_model` and `save_raw` before 2.2 |
//! | Python pickle, protocols 2 to 5 | `pickle.dump` of XGBoost's or LightGBM's `Booster`, or of one of their scikit-learn classes, any version |
//! | CatBoost's JSON | `save_model(…, format="json")`: oblivious and other trees, numbers and one-hot categories |
//! | JSON of scikit-learn's models | `python/export_sklearn.py` beside this crate, which documents it |
//!
//! A pickle's opcodes are parsed and nothing is executed: no class is looked up, no function called.
//!
//! The boosters are `gbtree`, `dart` and `gblinear`, with any number of parallel trees, classes or
//! targets, splits by category (one or a set), leaves with several values
//! (`multi_strategy="multi_output_tree"`), feature names, and a `base_score` in either form
//! (`"5E-1"`, and from 3.1 on `"[5E-1]"`). The objectives are `reg:*` (`squarederror`,
//! `squaredlogerror`, `logistic`, `pseudohubererror`, `absoluteerror`, `quantileerror`, `gamma`,
//! `tweedie`), `count:poisson`, `binary:logistic`, `binary:logitraw`, `binary:hinge`,
//! `multi:softmax`, `multi:softprob`, `rank:*`, `survival:cox` and `survival:aft`. Others are refused
//! by name ([`ErrorKind::Unsupported`]); no model is ever answered for approximately.
//!
//! Of LightGBM the boosters `gbdt`, `dart` and `rf` (averaging) are served, with all its objectives,
//! missing types, splits by category and linear models in the leaves. It computes in `f64`, and so do
//! [`Model::predict_f64`] and [`Model::margins_f64`]: the answers to rows of `f64` are within `1e-12`
//! of LightGBM's. [`Model::predict`] takes the same models with rows of `f32`, of which some may fall
//! on the other side of a threshold than the `f64` they were rounded from.
//!
//! All trees are used, as by `Booster.predict`. The attribute `best_iteration`, which early stopping
//! leaves in a model, changes nothing there, and so changes nothing here; XGBoost's scikit-learn
//! classes do stop at that iteration. To have the same here, ask for
//! [`Model::best_iteration`] and read the model with [`Model::from_bytes_iterations`].
//! [`Model::leaves`] gives the leaves that rows reach instead of what these add up to.
//!
//! Any bytes are safe to read. Sizes are checked against what is there before memory is spent,
//! nesting is bounded, children must form a tree, and errors carry the offset:
//!
//! ```
//! let error = trees::Model::from_bytes(br#"{"learner": [1, 2]}"#).unwrap_err();
//! assert_eq!(error.to_string(), "`{` expected, at byte 12");
//! ```
//!
//! # Classes, explanations, layouts
//!
//! Of classifiers, [`Model::probabilities`] and [`Model::classify`] answer as `predict_proba` and
//! `predict` do, and [`Model::classes`] has the labels, where the file keeps them. An [`Explainer`]
//! tells what each feature contributed to a margin (exact `TreeSHAP`), beside the training rows as the
//! trees have counted them or against a background of the caller's ([`Explainer::against`]), how
//! features acted on it together ([`Explainer::interactions`]), and [`importance`] what the splits on each came to in training. Rows may be dense in either precision ([`Rows`]), sparse
//! ([`Csr`]) or columns as Arrow has them ([`Columns`]); all methods take any of them.
//!
//! ```
//! # fn main() -> Result<(), trees::Error> {
//! use trees::{Explainer, Rows};
//!
//! let json = br#"{"format": "clary-trees", "version": 1, "estimator": "DecisionTreeRegressor",
//!     "feature_count": 2, "rows": "f64", "transform": "identity", "base": [0.0],
//!     "values_per_leaf": 1, "trees": [{
//!         "left": [1, -1, -1], "right": [2, -1, -1], "feature": [1, 0, 0],
//!         "threshold": [0.5, 0.0, 0.0], "missing_left": [0, 0, 0],
//!         "cover": [4.0, 3.0, 1.0], "value": [1.0, 5.0]
//!     }]}"#;
//! let explainer = Explainer::from_bytes(json)?;
//! let mut contributions = [0.0; 3];
//! explainer.contributions(Rows::new(&[9.0, 0.7], 2), &mut contributions);
//! // Feature 1 raised the answer from 2, what the training rows have on average, to 5.
//! for (computed, expected) in contributions.iter().zip([0.0, 3.0, 2.0]) {
//!     assert!((computed - expected as f64).abs() < 1e-12);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Exactness
//!
//! Thresholds and leaves keep their `f32` values. Leaves are added in the order of the trees to a
//! sum that starts at the base margin, the order in which XGBoost's CPU predictor adds them, and
//! one row alone or many together take the same additions. Sigmoid, exponential and softmax are
//! computed in XGBoost's order and precision, with the platform's `expf`. The tests compare margins
//! and predictions with XGBoost 1.6.2, 2.1.4 and 3.2.0 bit by bit; with another C library than
//! XGBoost's, `exp` may differ in the last place. Versions before 1.6 added the base margin last,
//! which may differ in the last place from what later versions compute.
//!
//! What is compared, beside goldens of single cases: all objectives of a version, crossed with
//!
//! | XGBoost | gbtree | dart | gblinear | several targets |
//! |---|---|---|---|---|
//! | 0.90, 1.3.3, 1.5.2, 1.7.6 | missing | missing | missing | |
//! | 2.1.4, 3.2.0 | missing; sets of categories | single categories, missing | missing | a tree each; one tree of many values |
//!
//! with three classes for `multi:softmax` and four for `multi:softprob`. From 1.7.6 on all bits are
//! equal.
//!
//! Of LightGBM 4.7.0 all objectives are crossed with `gbdt`, `rf`, `dart` and `goss`, and these with
//! what is missing (`NaN`, zero, nothing) and categories (one by one, in sets); of 3.3.5 and 2.3.1 each
//! pair has one of these kinds of values. All answers are within `1e-12`, those of linear trees too.
//!
//! # How it is fast
//!
//! - A row becomes integer *keys* in the order of its floats, with missing values at whichever end
//!   is their default direction. A split is then one integer comparison, with no case for missing
//!   values and no branch.
//! - Shallow trees are filled up to a common depth and numbered like a heap: 8 bytes a split, no
//!   child pointers, a fixed number of steps. Deep or lopsided trees keep pointers, in 16 bytes a
//!   node.
//! - Many walks are under way at once, of many trees when there is one row and of many rows when
//!   there are many, so that their loads overlap. Many rows go in blocks that stay in the first-level
//!   cache together with the tree.
//! - With AVX-512, if the processor has it, a block's walks go sixteen in a register. Gathers are
//!   slow, so a tree's upper levels stay in registers and are looked up by permutation. For one row
//!   gathers lose to the portable walk on every model measured.
//! - What wins there is to decide all splits of a tree at once and to find the way in the bits. With
//!   permutations of bytes (AVX-512 VBMI), thresholds become *ranks*: a value's rank is the number of
//!   its column's thresholds that it reaches. Where a column has at most 255 thresholds, as the
//!   histograms of training make usual, a rank is a byte and no decision changes. Then one
//!   permutation fetches what 64 splits look at, from the row's ranks in one register, and one
//!   comparison decides them: two trees of depth 5, or one of depth 6.
//! - LightGBM's trees of up to 64 leaves are lopsided, 15 levels deep and more, and are decided in
//!   ranks too, for one row and for many. Their splits are numbered along heavy paths: from each split
//!   on to the child with more leaves. A bit says where a row turns off, so that the next turn is
//!   found by counting leading zeros, and as each turn halves the leaves at least, six steps do.
//! - AVX2, and AVX-512 without permutations of bytes, look sixteen bytes up at once. That is enough to
//!   decide the same trees: a row's ranks are looked up in pieces of sixteen, what is in another piece
//!   comes out as zero, and the pieces are put together.
//! - Other trees in `f64` are walked in keys of eight bytes, a fork of 16 bytes per split, without a
//!   branch: those of more than 64 leaves, and all of them in portable code.
//! - A batch is cut where the kernels' blocks end ([`Model::parts`]), and threads share nothing but the
//!   model: each has working memory of its own.
//!
//! # Loading and memory
//!
//! A model never exists as a generic value. The arrays of numbers in JSON, which nearly all of its
//! bytes are, are read in a loop that knows digits and commas only, into memory that serves tree after
//! tree; whatever else stands there is left to a reader that takes all of JSON. Arrays that nobody
//! wants are passed over word by word. Trees are checked and renumbered level by level as they come, and
//! the layout is built once all are there, for only then is it known what columns there are. What a
//! split's column is numbered is found by counting bits.
//!
//! Of trees filled up, a split takes 8 bytes and a leaf 8, of which 4 are the number it has in its file
//! and serve [`Model::leaves`] only. Where a single row is answered from registers, its splits are
//! there once more, in 2 bytes each. Trees in `f64` are held as rows are answered, once, and from the
//! same layout [`Model::leaves`] finds its way: those of up to 64 leaves in 1.4 KiB each where their
//! splits are decided at once, larger ones in 16 bytes a node, and those with categories or linear
//! models as they were read. LightGBM's 500 trees of 63 leaves take 2.8 MiB of a process, 3.9 in
//! LightGBM. Explanations need what training saw; [`Reading`] reads a file once for both.
//!
//! # What was tried and left
//!
//! - *A mask per split of the leaves it rules out*, and-ed over all splits (`QuickScorer`): the masks
//!   of a tree are 500 bytes that have to come from the second-level cache for every row, where the
//!   numbering along heavy paths needs 64. Not built, by that count.
//! - *Walking LightGBM's trees without registers* split by split, with a case for each kind of missing
//!   value: 0.04 M rows/s, a third of what forks give and a tenth of what AVX2 does.
//! - *Walking eight trees or rows in a register of AVX2*, with gathers of keys and of splits: half as
//!   much processor time again as the portable walk for filled trees of depth 5 and of depth 8, three
//!   quarters again for trees with pointers. It was built, and taken out.
//! - *Gathers for one row*, of keys or of nodes: slower than the portable walk on every model.
//! - *Looking for the ways of a group of trees right after their decisions*: the decisions are
//!   stored eight bytes at a time and loaded 64 at a time, for which the load has to wait until the
//!   stores have left the pipeline. Deciding 16 groups first took a row of 350 trees from 1.5 to
//!   0.8 µs.
//!
//! # How fast it is
//!
//! One core of a shared Xeon (Sapphire Rapids), predictions, best of several rounds, with others at
//! work on the machine:
//!
//! | Model | One row | Many rows |
//! |---|---|---|
//! | 350 trees of depth 5, 54 features, 7 classes | 0.8 µs | 3.1 M rows/s |
//! | 1000 trees of depth 8, 30 features | 17 µs | 0.22 M rows/s |
//! | LightGBM, 500 trees of 63 leaves, 30 features | 3.7 µs | 1.2 M rows/s |
//!
//! Portable code takes 1.7 µs for a row of the first and gives 0.62 M rows/s. Of the last, AVX2 alone
//! gives 0.47 M rows/s and portable code 0.13 M, by the processor time that 20,000 rows take.
//! All of that is decided when the model is loaded. `examples/throughput.rs` measures a model, and
//! `cargo xtask bench trees` measures all of this in turns with other libraries; `bench/RESULTS.md` has
//! what it found.
//!
//! 115 MB of JSON, 6000 trees, take 0.44 s of processor time to load; XGBoost 3.2 takes nine times as
//! much. At most 217 MB are in use meanwhile, 115 of them the file, and 90 are left with glibc's
//! allocator, of which the model is 24; XGBoost ends at 1.3 GB.

mod classes;
mod ensemble;
mod error;
mod explain;
mod importance;
mod input;
mod kernel;
mod label;
mod model;
mod objective;
mod parts;
mod precision;
mod read;
mod reading;
mod rows;
mod shape;
mod wide_ensemble;

pub use error::{Error, ErrorKind};
pub use explain::Explainer;
pub use importance::{Importance, importance};
pub use input::{Column, Columns, Csr, Input, Validity, Values};
pub use kernel::Isa;
pub use label::Label;
pub use model::Model;
pub use objective::Objective;
pub use parts::Part;
pub use reading::Reading;
pub use rows::Rows;
pub use shape::{Format, Shape, shape};
