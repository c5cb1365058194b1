//! What a model was trained for: how its base score becomes a margin and its margins a
//! prediction. One table of names; the arithmetic is XGBoost's, in `f32`, in its order.

use std::fmt;

use crate::Error;

/// The training objective, by which margins become predictions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    name: String,
    link: Link,
    transform: Transform,
}

/// From base score to margin: the inverse of the prediction transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Identity,
    Logit,
    Log,
}

/// From the margins of one row to its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transform {
    Identity,
    Sigmoid,
    Exp,
    /// 1 above zero, else 0.
    Step,
    Softmax,
    /// The index of the greatest margin, the first of equals.
    Argmax,
}

/// Source: `xgboost/src/objective` (`ProbToMargin`, `PredTransform`) of 2.1.4 and 3.2.0.
const OBJECTIVES: &[(&str, Link, Transform)] = &[
    ("binary:hinge", Link::Identity, Transform::Step),
    ("binary:logistic", Link::Logit, Transform::Sigmoid),
    ("binary:logitraw", Link::Identity, Transform::Identity),
    ("count:poisson", Link::Log, Transform::Exp),
    ("multi:softmax", Link::Identity, Transform::Argmax),
    ("multi:softprob", Link::Identity, Transform::Softmax),
    ("rank:map", Link::Identity, Transform::Identity),
    ("rank:ndcg", Link::Identity, Transform::Identity),
    ("rank:pairwise", Link::Identity, Transform::Identity),
    ("reg:absoluteerror", Link::Identity, Transform::Identity),
    ("reg:gamma", Link::Log, Transform::Exp),
    // The name of `reg:squarederror` before 0.90, still found in models that later versions saved.
    ("reg:linear", Link::Identity, Transform::Identity),
    ("reg:logistic", Link::Logit, Transform::Sigmoid),
    ("reg:pseudohubererror", Link::Identity, Transform::Identity),
    ("reg:quantileerror", Link::Identity, Transform::Identity),
    ("reg:squarederror", Link::Identity, Transform::Identity),
    ("reg:squaredlogerror", Link::Identity, Transform::Identity),
    ("reg:tweedie", Link::Log, Transform::Exp),
    ("survival:aft", Link::Log, Transform::Exp),
    ("survival:cox", Link::Log, Transform::Exp),
];

impl Objective {
    pub(crate) fn from_name(name: &str) -> Result<Self, Error> {
        let found = OBJECTIVES.iter().find(|(known, ..)| *known == name);
        let &(_, link, transform) = found.ok_or_else(|| {
            Error::unsupported(format!("the objective `{name}` is not supported"))
        })?;
        Ok(Self { name: name.to_owned(), link, transform })
    }

    /// An objective of another library's than XGBoost, whose trees transform their sums themselves.
    pub(crate) fn foreign(name: String) -> Self {
        Self { name, link: Link::Identity, transform: Transform::Identity }
    }

    /// XGBoost's or LightGBM's name, such as `binary:logistic` or `binary`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The margin to which a base score belongs.
    pub(crate) fn margin(&self, base_score: f32) -> f32 {
        match self.link {
            Link::Identity => base_score,
            Link::Logit => -(1.0 / base_score - 1.0).ln(),
            Link::Log => base_score.ln(),
        }
    }

    /// How many classes XGBoost's objectives tell apart.
    pub(crate) fn class_count(&self, group_count: usize) -> usize {
        match self.name.split_once(':') {
            Some(("binary", _)) if group_count == 1 => 2,
            Some(("multi", _)) => group_count,
            _ => 0,
        }
    }

    /// Whether many margins become a single value.
    pub(crate) fn is_argmax(&self) -> bool {
        self.transform == Transform::Argmax
    }

    /// Turns margins, `group_count` per row, into predictions of the same shape.
    pub(crate) fn transform(&self, margins: &mut [f32], group_count: usize) {
        match self.transform {
            Transform::Identity | Transform::Argmax => {}
            Transform::Sigmoid => margins.iter_mut().for_each(|x| *x = sigmoid(*x)),
            Transform::Exp => margins.iter_mut().for_each(|x| *x = x.exp()),
            Transform::Step => margins.iter_mut().for_each(|x| *x = f32::from(u8::from(*x > 0.0))),
            Transform::Softmax => margins.chunks_exact_mut(group_count).for_each(softmax),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The clamp keeps `exp` finite; XGBoost's `1e-16` in the denominator vanishes in `f32`.
fn sigmoid(margin: f32) -> f32 {
    1.0 / ((-margin).min(88.7).exp() + 1.0)
}

/// The sum is taken in `f64` and rounded once, as XGBoost does.
fn softmax(margins: &mut [f32]) {
    let greatest = margins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0_f64;
    for margin in &mut *margins {
        *margin = (*margin - greatest).exp();
        sum += f64::from(*margin);
    }
    for margin in margins {
        *margin /= sum as f32;
    }
}

/// The index of the greatest margin as a class label; the first of equals.
pub(crate) fn argmax(margins: &[f32]) -> f32 {
    let mut best = 0;
    for (class, margin) in margins.iter().enumerate() {
        if *margin > margins[best] {
            best = class;
        }
    }
    best as f32
}
