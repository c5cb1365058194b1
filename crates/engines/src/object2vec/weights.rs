//! `object2vec.safetensors`: the tensors of the network, all of type F32.
//!
//! Owns their names and the check that their shapes fit each other and the hyperparameters. Shapes
//! are those of PyTorch's `Embedding` and `Linear`: `[tokens, width]` and `[outputs, inputs]`.
//!
//! | tensor | |
//! |---|---|
//! | `enc0.embedding`, `enc1.embedding` | an embedding per token; without `enc1`'s, both sides share `enc0`'s if `enc1_network` is `enc0` |
//! | `enc0.projection.weight`, `….bias`, `enc1.…` | if the pooled embedding is projected |
//! | `mlp.0.weight`, `mlp.0.bias`, `mlp.1.weight`, … | hidden layers |
//! | `output.weight`, `output.bias` | one row per class, or one |
//!
//! A bias may be left out, and is then zero.

use std::sync::Arc;

use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{
    hyperparameters::{self, Hyperparameters},
    network::{Dense, Encoder, Head, Network},
};

/// Puts the network together; the error goes on from the file's name.
pub(super) fn network(wanted: &Hyperparameters, bytes: &[u8]) -> Result<Network, String> {
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|error| format!("is not in the safetensors format: {error}"))?;
    let tensors = Tensors(tensors);
    let encoders = encoders(&tensors, wanted)?;
    let width = encoders[0].width();
    let compared: usize = wanted.comparators.iter().map(|kind| kind.width(width)).sum();
    let layers = layers(&tensors, wanted, compared)?;
    let hidden = layers.last().map_or(compared, Dense::outputs);
    Ok(Network {
        encoders,
        comparators: wanted.comparators.clone(),
        layers,
        activation: wanted.activation,
        output: output(&tensors, wanted, hidden)?,
        head: wanted.head,
    })
}

fn encoders(tensors: &Tensors<'_>, wanted: &Hyperparameters) -> Result<[Arc<Encoder>; 2], String> {
    let left = Arc::new(encoder(tensors, 0, &wanted.encoders[0])?);
    let right = if wanted.shared {
        Arc::clone(&left)
    } else {
        Arc::new(encoder(tensors, 1, &wanted.encoders[1])?)
    };
    agree("the width of `enc0`'s encodings", left.width(), wanted.encoded_width)?;
    agree("the width of `enc1`'s encodings", right.width(), Some(left.width()))?;
    Ok([left, right])
}

fn encoder(
    tensors: &Tensors<'_>,
    side: usize,
    wanted: &hyperparameters::Encoder,
) -> Result<Encoder, String> {
    let name = format!("enc{side}.embedding");
    let embedding = tensors.matrix(&name)?;
    agree(&format!("the height of `{name}`"), embedding.nrows(), wanted.vocabulary)?;
    agree(&format!("the width of `{name}`"), embedding.ncols(), wanted.token_width)?;
    let projection = format!("enc{side}.projection");
    let projection = if tensors.has(&format!("{projection}.weight")) {
        Some(tensors.dense(&projection, embedding.ncols())?)
    } else {
        None
    };
    let tokens_max = wanted.tokens_max.unwrap_or(usize::MAX);
    Ok(Encoder { embedding, projection, tokens_max })
}

fn layers(
    tensors: &Tensors<'_>,
    wanted: &Hyperparameters,
    mut width: usize,
) -> Result<Vec<Dense>, String> {
    let mut layers = Vec::new();
    while tensors.has(&format!("mlp.{}.weight", layers.len())) {
        let name = format!("mlp.{}", layers.len());
        let layer = tensors.dense(&name, width)?;
        width = layer.outputs();
        agree(&format!("the height of `{name}.weight`"), width, wanted.layer_width)?;
        layers.push(layer);
    }
    agree("the number of layers `mlp.N`", layers.len(), wanted.layer_count)?;
    Ok(layers)
}

fn output(tensors: &Tensors<'_>, wanted: &Hyperparameters, width: usize) -> Result<Dense, String> {
    let output = tensors.dense("output", width)?;
    let expected = match wanted.head {
        Head::Softmax => wanted.class_count,
        Head::Regression => Some(1),
    };
    agree("the height of `output.weight`", output.outputs(), expected)?;
    Ok(output)
}

fn agree(what: &str, found: usize, expected: Option<usize>) -> Result<(), String> {
    match expected {
        Some(expected) if expected != found => {
            Err(format!("doesn't fit: {what} is {found}, expected {expected}"))
        }
        _ => Ok(()),
    }
}

/// The tensors of the file by name.
struct Tensors<'a>(SafeTensors<'a>);

impl Tensors<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    /// `NAME.weight` and `NAME.bias` of a layer that takes vectors of `width`.
    fn dense(&self, name: &str, width: usize) -> Result<Dense, String> {
        let weight_name = format!("{name}.weight");
        let weight = self.matrix(&weight_name)?;
        agree(&format!("the width of `{weight_name}`"), weight.ncols(), Some(width))?;
        let bias_name = format!("{name}.bias");
        let bias = if self.has(&bias_name) {
            self.values(&bias_name, |shape| <[usize; 1]>::try_from(shape).is_ok())?.1
        } else {
            vec![0.0; weight.nrows()]
        };
        agree(&format!("the length of `{bias_name}`"), bias.len(), Some(weight.nrows()))?;
        Ok(Dense::new(&weight, Array1::from_vec(bias)))
    }

    /// A tensor of two dimensions, neither of which is 0.
    fn matrix(&self, name: &str) -> Result<Array2<f32>, String> {
        let (shape, values) = self.values(name, |shape| shape.len() == 2 && !shape.contains(&0))?;
        Array2::from_shape_vec((shape[0], shape[1]), values)
            .map_err(|error| format!("has `{name}` in a shape that can't be: {error}"))
    }

    fn values(
        &self,
        name: &str,
        fits: impl Fn(&[usize]) -> bool,
    ) -> Result<(Vec<usize>, Vec<f32>), String> {
        let tensor =
            self.0.tensor(name).map_err(|_| format!("has no tensor `{name}`, which it needs"))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!(
                "has `{name}` as {:?}; save it as F32, the only type that is read",
                tensor.dtype()
            ));
        }
        if !fits(tensor.shape()) {
            return Err(format!("has `{name}` in shape {:?}, which doesn't fit", tensor.shape()));
        }
        let values = finite(&tensor)
            .ok_or_else(|| format!("has a number in `{name}` that is not finite; train it anew"))?;
        Ok((tensor.shape().to_vec(), values))
    }
}

/// The values, if all are finite numbers.
fn finite(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let (bytes, _) = tensor.data().as_chunks::<4>();
    let values: Vec<f32> = bytes.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    values.iter().all(|value| value.is_finite()).then_some(values)
}
