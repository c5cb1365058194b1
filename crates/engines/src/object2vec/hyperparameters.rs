//! `object2vec.json`: what kind of network the weights are for.
//!
//! Owns the names, which are those of SageMaker's Object2Vec hyperparameters, their defaults and
//! ranges. As hyperparameters are strings on AWS, numbers may stand in quotes. What only training needs
//! is passed over.
//!
//! | name | default |
//! |---|---|
//! | `enc0_network`, `enc1_network` | `pooled_embedding`, the only one that is served; `enc1_network` may be `enc0` |
//! | `enc0_max_seq_len`, `enc1_max_seq_len` | how many tokens of a list count; all |
//! | `comparator_list` | `hadamard, concat, abs_diff` |
//! | `mlp_activation` | `linear`; or `tanh`, `relu` |
//! | `output_layer` | `softmax`; or `mean_squared_error` |
//!
//! Sizes are read from the tensors themselves. Where the file names one (`enc0_vocab_size`,
//! `enc_dim`, `mlp_layers`, `num_classes` and their like), the tensors must agree.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde_json::Value;

use super::network::{Activation, Comparator, Head};

/// What the file says; sizes are `None` where it says nothing.
#[derive(Clone, Debug)]
pub(super) struct Hyperparameters {
    pub(super) encoders: [Encoder; 2],
    /// Whether both sides use the first encoder.
    pub(super) shared: bool,
    pub(super) encoded_width: Option<usize>,
    pub(super) comparators: Vec<Comparator>,
    pub(super) layer_count: Option<usize>,
    pub(super) layer_width: Option<usize>,
    pub(super) activation: Activation,
    pub(super) head: Head,
    pub(super) class_count: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) vocabulary: Option<usize>,
    pub(super) token_width: Option<usize>,
    pub(super) tokens_max: Option<usize>,
}

/// Reads the file; the error goes on from the file's name.
pub(super) fn parse(text: &[u8]) -> Result<Hyperparameters, String> {
    let values: BTreeMap<String, Value> =
        serde_json::from_slice(text).map_err(|error| format!("is not a JSON object: {error}"))?;
    let named = Named(values);
    let shared = named.text("enc1_network")?.as_deref() == Some("enc0");
    for name in ["enc0_network", "enc1_network"] {
        named.pooled(name, shared)?;
    }
    let head = named.one_of("output_layer", &HEADS)?.unwrap_or(Head::Softmax);
    Ok(Hyperparameters {
        encoders: [named.encoder(0)?, named.encoder(1)?],
        shared,
        encoded_width: named.size("enc_dim")?,
        comparators: comparators(named.text("comparator_list")?)?,
        layer_count: named.number("mlp_layers")?,
        layer_width: named.size("mlp_dim")?,
        activation: named.one_of("mlp_activation", &ACTIVATIONS)?.unwrap_or(Activation::Linear),
        head,
        class_count: named.size("num_classes")?.filter(|_| head == Head::Softmax),
    })
}

const HEADS: [(&str, Head); 2] =
    [("softmax", Head::Softmax), ("mean_squared_error", Head::Regression)];
const ACTIVATIONS: [(&str, Activation); 3] =
    [("linear", Activation::Linear), ("tanh", Activation::Tanh), ("relu", Activation::Relu)];
const COMPARATORS: [(&str, Comparator); 3] = [
    ("hadamard", Comparator::Hadamard),
    ("concat", Comparator::Concat),
    ("abs_diff", Comparator::AbsDiff),
];

fn comparators(list: Option<String>) -> Result<Vec<Comparator>, String> {
    let Some(list) = list else {
        return Ok(COMPARATORS.map(|(_, comparator)| comparator).to_vec());
    };
    list.split(',').map(|name| chosen("comparator_list", name.trim(), &COMPARATORS)).collect()
}

fn chosen<T: Copy>(name: &str, value: &str, known: &[(&str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        format!("has `{name}` as `{value}`; it can be {}", words.join(", "))
    })
}

/// The members of the file by name.
struct Named(BTreeMap<String, Value>);

impl Named {
    fn encoder(&self, side: usize) -> Result<Encoder, String> {
        Ok(Encoder {
            vocabulary: self.size(&format!("enc{side}_vocab_size"))?,
            token_width: self.size(&format!("enc{side}_token_embedding_dim"))?,
            tokens_max: self.size(&format!("enc{side}_max_seq_len"))?,
        })
    }

    fn pooled(&self, name: &str, shared: bool) -> Result<(), String> {
        match self.text(name)?.as_deref() {
            None | Some("pooled_embedding") => Ok(()),
            Some("enc0") if shared && name == "enc1_network" => Ok(()),
            Some(other) => Err(format!(
                "has `{name}` as `{other}`; only `pooled_embedding` encoders are served"
            )),
        }
    }

    fn one_of<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<Option<T>, String> {
        self.text(name)?.map(|value| chosen(name, &value, known)).transpose()
    }

    fn size(&self, name: &str) -> Result<Option<usize>, String> {
        match self.number(name)? {
            Some(0) => Err(format!("has `{name}` as 0; it is 1 at least")),
            size => Ok(size),
        }
    }

    fn number<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, String> {
        let parse = |text: String| {
            text.parse().map_err(|error| format!("has `{name}` as `{text}`, no count: {error}"))
        };
        self.text(name)?.map(parse).transpose()
    }

    /// A string, or the text of a number.
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(format!("has `{name}` as neither a string nor a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_in_the_algorithm() {
        let read = parse(b"{}").expect("everything has a default");
        assert_eq!(
            read.comparators,
            [Comparator::Hadamard, Comparator::Concat, Comparator::AbsDiff]
        );
        assert_eq!((read.activation, read.head), (Activation::Linear, Head::Softmax));
        assert_eq!(read.encoders[0].tokens_max, None);
    }

    #[test]
    fn numbers_may_stand_in_quotes() {
        let read = parse(br#"{"enc_dim": "16", "enc0_max_seq_len": 3, "epochs": "9"}"#);
        let read = read.expect("both are numbers");
        assert_eq!((read.encoded_width, read.encoders[0].tokens_max), (Some(16), Some(3)));
    }

    #[test]
    fn what_cannot_be_served_is_refused_by_name() {
        for (text, part) in [
            ("[]", "is not a JSON object"),
            (r#"{"enc0_network": "hcnn"}"#, "`enc0_network` as `hcnn`"),
            (r#"{"enc1_network": "bilstm"}"#, "`enc1_network` as `bilstm`"),
            (r#"{"enc0_network": "enc0"}"#, "`enc0_network` as `enc0`"),
            (r#"{"comparator_list": "hadamard, dot"}"#, "`comparator_list` as `dot`"),
            (r#"{"mlp_activation": "gelu"}"#, "it can be linear, tanh, relu"),
            (r#"{"output_layer": "hinge"}"#, "`output_layer`"),
            (r#"{"enc_dim": 0}"#, "`enc_dim` as 0"),
            (r#"{"enc_dim": -3}"#, "`enc_dim` as `-3`"),
            (r#"{"enc_dim": [3]}"#, "neither a string nor a number"),
        ] {
            let why = parse(text.as_bytes()).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
