//! The arithmetic of the network: pooled embeddings, comparators, dense layers, head.
//!
//! Owns the order of computation and the memory for it. Everything is computed for a block of pairs
//! at a time, so that a layer is one product of matrices.

use std::{fmt, ops::Range, sync::Arc};

use fearless_simd::{Level, Simd, dispatch};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

/// How many pairs go through the network together.
const BLOCK_ROWS: usize = 256;
/// Up to so many rows are multiplied one by one: to lay a layer out for a product of matrices costs
/// more than what that saves.
const FEW_ROWS: usize = 8;
/// Outputs whose sums stay in registers together, and how many of the rest still make vectors.
const TILE: usize = 32;
const SMALL_TILE: usize = 4;

/// How two encodings become one vector. Several stand one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    /// The products, element by element.
    Hadamard,
    /// One after the other.
    Concat,
    /// The distances, element by element.
    AbsDiff,
}

/// What stands behind each layer but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Linear,
    Tanh,
    Relu,
}

/// What the last layer's numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Probabilities of classes.
    Softmax,
    /// The value itself.
    Regression,
}

/// input × `weight` + `bias`; `weight` has a row per input, so that what one input adds to all
/// outputs lies together.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    weight: Array2<f32>,
    bias: Array1<f32>,
    /// What vectors this processor has.
    level: Level,
}

/// A list of tokens to a vector: the mean of the tokens' embeddings, projected if there is a layer
/// for it.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) embedding: Array2<f32>,
    pub(super) projection: Option<Dense>,
    /// Of a longer list, this many tokens count, unless a call says otherwise.
    pub(super) tokens_max: usize,
}

/// The whole network.
pub(crate) struct Network {
    pub(super) encoders: [Arc<Encoder>; 2],
    pub(super) comparators: Vec<Comparator>,
    pub(super) layers: Vec<Dense>,
    pub(super) activation: Activation,
    pub(super) output: Dense,
    pub(super) head: Head,
}

/// Lists of tokens, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    pub(super) tokens: Vec<u32>,
    /// Where each list ends in `tokens`.
    pub(super) ends: Vec<usize>,
}

/// The working memory of a thread.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pooled: Vec<f32>,
    encoded: [Vec<f32>; 2],
    current: Vec<f32>,
    next: Vec<f32>,
}

impl Network {
    /// How many numbers a pair is answered with.
    pub(super) fn score_count(&self) -> usize {
        self.output.outputs()
    }

    /// Appends the scores of the pairs of `left` and `right`. Tokens are within the vocabularies.
    pub(super) fn score(
        &self,
        [left, right]: [&Lists; 2],
        memory: &mut Workspace,
        scores: &mut Vec<f32>,
    ) {
        for rows in blocks(left.len()) {
            let [a, b] = &mut memory.encoded;
            self.encoders[0].encode(left, rows.clone(), (&mut memory.pooled, a));
            self.encoders[1].encode(right, rows.clone(), (&mut memory.pooled, b));
            self.compare(a, b, &mut memory.current);
            for layer in &self.layers {
                layer.apply(&memory.current, rows.len(), &mut memory.next);
                self.activation.apply(&mut memory.next);
                std::mem::swap(&mut memory.current, &mut memory.next);
            }
            self.output.apply(&memory.current, rows.len(), &mut memory.next);
            self.head.apply(&mut memory.next, self.score_count());
            scores.extend_from_slice(&memory.next);
        }
    }

    /// Appends the encodings of lists by the encoder of one side.
    pub(super) fn embed(
        &self,
        side: usize,
        lists: &Lists,
        memory: &mut Workspace,
        embeddings: &mut Vec<f32>,
    ) {
        for rows in blocks(lists.len()) {
            let encoded = &mut memory.encoded[0];
            self.encoders[side].encode(lists, rows, (&mut memory.pooled, encoded));
            embeddings.extend_from_slice(encoded);
        }
    }

    fn compare(&self, a: &[f32], b: &[f32], compared: &mut Vec<f32>) {
        compared.clear();
        let width = self.encoders[0].width();
        for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
            for comparator in &self.comparators {
                comparator.apply(a, b, compared);
            }
        }
    }

    /// About how many multiplications a pair of single tokens costs.
    pub(super) fn pair_cost(&self) -> usize {
        let encoders = self.encoders.iter().filter_map(|encoder| encoder.projection.as_ref());
        let dense = encoders.chain(&self.layers).chain([&self.output]);
        dense.map(|layer| layer.weight.len()).sum()
    }

    /// About how many additions a token costs.
    pub(super) fn token_cost(&self) -> usize {
        self.encoders.iter().map(|encoder| encoder.embedding.ncols()).max().unwrap_or_default()
    }
}

fn blocks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(BLOCK_ROWS).map(move |start| start..rows.min(start + BLOCK_ROWS))
}

impl Lists {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.ends.clear();
    }

    fn get(&self, row: usize) -> &[u32] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.tokens[start..self.ends[row]]
    }
}

impl Encoder {
    /// Length of an encoding.
    pub(super) fn width(&self) -> usize {
        self.projection.as_ref().map_or(self.embedding.ncols(), Dense::outputs)
    }

    fn encode(
        &self,
        lists: &Lists,
        rows: Range<usize>,
        (pooled, encoded): (&mut Vec<f32>, &mut Vec<f32>),
    ) {
        match &self.projection {
            None => self.pool(lists, rows, encoded),
            Some(layer) => {
                let count = rows.len();
                self.pool(lists, rows, pooled);
                layer.apply(pooled, count, encoded);
            }
        }
    }

    fn pool(&self, lists: &Lists, rows: Range<usize>, pooled: &mut Vec<f32>) {
        let width = self.embedding.ncols();
        let embeddings = self.embedding.as_slice().expect(SHAPES_AGREE);
        let embedding = |token: u32| &embeddings[token as usize * width..][..width];
        pooled.clear();
        for row in rows {
            let (&first, others) = lists.get(row).split_first().expect(NO_LIST_IS_EMPTY);
            let start = pooled.len();
            pooled.extend_from_slice(embedding(first));
            if others.is_empty() {
                continue;
            }
            let sum = &mut pooled[start..];
            for &token in others {
                add(embedding(token), sum);
            }
            scale(sum, 1.0 / (1 + others.len()) as f32);
        }
    }
}

fn scale(values: &mut [f32], factor: f32) {
    for value in values {
        *value *= factor;
    }
}

fn add(values: &[f32], sum: &mut [f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

impl Comparator {
    fn apply(self, a: &[f32], b: &[f32], compared: &mut Vec<f32>) {
        let pairs = a.iter().zip(b);
        match self {
            Self::Hadamard => compared.extend(pairs.map(|(a, b)| a * b)),
            Self::AbsDiff => compared.extend(pairs.map(|(a, b)| (a - b).abs())),
            Self::Concat => {
                compared.extend_from_slice(a);
                compared.extend_from_slice(b);
            }
        }
    }

    /// Length of the vector made of two encodings of `width`.
    pub(super) fn width(self, width: usize) -> usize {
        if self == Self::Concat { 2 * width } else { width }
    }
}

impl Dense {
    /// A layer whose weights have a row per output, as files have them.
    pub(super) fn new(by_output: &Array2<f32>, bias: Array1<f32>) -> Self {
        let weight = by_output.t().as_standard_layout().into_owned();
        Self { weight, bias, level: Level::new() }
    }

    pub(super) fn outputs(&self) -> usize {
        self.weight.ncols()
    }

    fn apply(&self, input: &[f32], rows: usize, output: &mut Vec<f32>) {
        let (inputs, outputs) = self.weight.dim();
        let bias = self.bias.as_slice().expect(SHAPES_AGREE);
        output.clear();
        for _ in 0..rows {
            output.extend_from_slice(bias);
        }
        if rows <= FEW_ROWS {
            return dispatch!(self.level, simd => self.apply_rows(simd, input, output));
        }
        let input = ArrayView2::from_shape((rows, inputs), input);
        let output = ArrayViewMut2::from_shape((rows, outputs), output);
        let (input, mut output) = (input.expect(SHAPES_AGREE), output.expect(SHAPES_AGREE));
        general_mat_mul(1.0, &input, &self.weight, 1.0, &mut output);
    }

    /// Adds the products to `output`, which holds the bias, row by row. It is compiled once for each
    /// kind of processor, with the vectors that one has; the sums are the same in all of them.
    #[expect(clippy::inline_always, reason = "what is not inlined has only the oldest vectors")]
    #[inline(always)]
    fn apply_rows<S: Simd>(&self, _: S, input: &[f32], output: &mut [f32]) {
        let (inputs, outputs) = self.weight.dim();
        let rows = input.chunks_exact(inputs.max(1)).zip(output.chunks_exact_mut(outputs.max(1)));
        for (input, output) in rows {
            self.apply_row(input, output);
        }
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn apply_row(&self, input: &[f32], output: &mut [f32]) {
        let (tiles, rest) = output.as_chunks_mut::<TILE>();
        let start = self.add_products(input, 0, tiles);
        let (tiles, rest) = rest.as_chunks_mut::<SMALL_TILE>();
        let start = self.add_products(input, start, tiles);
        self.add_products::<1>(input, start, rest.as_chunks_mut().0);
    }

    /// Adds the products to the outputs from `start` on, tile by tile; returns where they end.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn add_products<const N: usize>(
        &self,
        input: &[f32],
        mut start: usize,
        tiles: &mut [[f32; N]],
    ) -> usize {
        let weight = self.weight.as_slice().expect(SHAPES_AGREE);
        for tile in tiles {
            let mut sums = [0.0; N];
            for (input, row) in input.iter().zip(weight.chunks_exact(self.outputs())) {
                let row: &[f32; N] = row[start..].first_chunk().expect(SHAPES_AGREE);
                sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += input * weight);
            }
            tile.iter_mut().zip(sums).for_each(|(output, sum)| *output += sum);
            start += N;
        }
        start
    }
}

const SHAPES_AGREE: &str = "the shapes were checked as the network was opened: this is a bug";

const NO_LIST_IS_EMPTY: &str = "an empty list was refused as it was read: this is a bug";

impl Activation {
    fn apply(self, values: &mut [f32]) {
        match self {
            Self::Linear => {}
            Self::Tanh => values.iter_mut().for_each(|value| *value = value.tanh()),
            Self::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
        }
    }
}

impl Head {
    fn apply(self, values: &mut [f32], classes: usize) {
        if self == Self::Softmax {
            values.chunks_exact_mut(classes).for_each(softmax);
        }
    }
}

fn softmax(values: &mut [f32]) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for value in values.iter_mut() {
        *value = (*value - most).exp();
    }
    let share = 1.0 / values.iter().sum::<f32>();
    scale(values, share);
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [left, right] = &self.encoders;
        write!(
            f,
            "vocabularies of {} and {}, encodings of {}, {} hidden layers, {} scores",
            left.embedding.nrows(),
            right.embedding.nrows(),
            left.width(),
            self.layers.len(),
            self.score_count()
        )
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}, {:?}, {:?}, {:?}", self.comparators, self.activation, self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands alone in a block is multiplied by hand, what stands in a large one is not.
    #[test]
    fn few_rows_and_many_give_the_same() {
        let number = |at: usize| ((at * 37 + 11) % 101) as f32 / 50.0 - 1.0;
        for (inputs, outputs) in [(1, 1), (5, 3), (64, 32), (7, 50), (33, 16)] {
            let weight = Array2::from_shape_fn((outputs, inputs), |(row, at)| number(row * 7 + at));
            let layer = Dense::new(&weight, Array1::from_shape_fn(outputs, number));
            let rows = 2 * FEW_ROWS;
            let input: Vec<f32> = (0..rows * inputs).map(number).collect();
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            layer.apply(&input, rows, &mut together);
            for (row, expect) in input.chunks(inputs).zip(together.chunks(outputs)) {
                layer.apply(row, 1, &mut alone);
                let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * (1.0 + a.abs());
                assert!(alone.iter().zip(expect).all(close), "{alone:?} {expect:?}");
                assert_eq!(alone.len(), outputs);
            }
        }
    }
}
