//! Gauss–Legendre quadrature on the interval from 0 to 1: with `n` points exact for polynomials of
//! a degree up to `2n - 1`.

/// Steps of Newton's method; from the usual first guess five reach the last bit.
const NEWTON_STEPS: usize = 8;

/// Points and weights.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The points, each strictly between 0 and 1.
    pub(super) points: Vec<f64>,
    /// The weights, which sum to 1.
    pub(super) weights: Vec<f64>,
}

impl Rule {
    pub(super) fn new(point_count: usize) -> Self {
        let (points, weights) = (0..point_count).map(|index| node(index, point_count)).unzip();
        Self { points, weights }
    }
}

/// The root of the Legendre polynomial nearest to its asymptotic place, and its weight, moved from
/// the interval from -1 to 1.
fn node(index: usize, count: usize) -> (f64, f64) {
    let place = (index as f64 + 0.75) / (count as f64 + 0.5);
    let mut x = (std::f64::consts::PI * place).cos();
    for _ in 0..NEWTON_STEPS {
        let (value, slope) = legendre(count, x);
        x -= value / slope;
    }
    let (_, slope) = legendre(count, x);
    (f64::midpoint(1.0, x), 1.0 / ((1.0 - x * x) * slope * slope))
}

/// The Legendre polynomial and its derivative, by the recurrence of three terms.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (0.0, 1.0);
    for n in 0..degree {
        let n = n as f64;
        let next = ((2.0 * n + 1.0) * x * value - n * before) / (n + 1.0);
        (before, value) = (value, next);
    }
    (value, degree as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_exactly() {
        for count in [1, 2, 3, 7, 16, 64, 128] {
            let rule = Rule::new(count);
            for power in 0..2 * count as i32 {
                let terms = rule.points.iter().zip(&rule.weights);
                let sum: f64 = terms.map(|(x, weight)| weight * x.powi(power)).sum();
                let exact = 1.0 / f64::from(power + 1);
                assert!((sum - exact).abs() < 1e-14, "{count} points, power {power}: {sum}");
            }
        }
    }
}
