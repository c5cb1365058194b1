//! Which variants are being measured. `hosting` gets an instrument when it deploys a variant and
//! removes the endpoint's when the endpoint is gone; between the two nobody looks anything up.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, PoisonError, RwLock},
};

use super::variant::VariantMetrics;

/// Endpoint name and variant name.
type Key = (String, String);

/// The instruments by endpoint and variant.
#[derive(Debug, Default)]
pub(super) struct VariantRegistry {
    variants: RwLock<BTreeMap<Key, Arc<VariantMetrics>>>,
}

impl VariantRegistry {
    /// The instrument of a variant, made if there is none. Keep it: the look-up takes a lock.
    pub(super) fn get_or_create(&self, endpoint: &str, variant: &str) -> Arc<VariantMetrics> {
        let key = (endpoint.to_owned(), variant.to_owned());
        let mut variants = self.variants.write().unwrap_or_else(PoisonError::into_inner);
        variants.entry(key).or_default().clone()
    }

    /// Forgets all variants of an endpoint. Holders of an instrument may go on recording into
    /// it; nobody will see that.
    pub(super) fn remove_endpoint(&self, endpoint: &str) {
        let mut variants = self.variants.write().unwrap_or_else(PoisonError::into_inner);
        variants.retain(|(name, _), _| name != endpoint);
    }

    /// Forgets the variants of an endpoint that `keep` says no to.
    pub(super) fn retain_variants(&self, endpoint: &str, keep: impl Fn(&str) -> bool) {
        let mut variants = self.variants.write().unwrap_or_else(PoisonError::into_inner);
        variants.retain(|(name, variant), _| name != endpoint || keep(variant));
    }

    /// The instruments of one endpoint, by variant name.
    pub(super) fn of_endpoint(&self, endpoint: &str) -> Vec<(String, Arc<VariantMetrics>)> {
        let first = (endpoint.to_owned(), String::new());
        let variants = self.variants.read().unwrap_or_else(PoisonError::into_inner);
        variants
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(|((name, _), _)| name == endpoint)
            .map(|((_, variant), metrics)| (variant.clone(), Arc::clone(metrics)))
            .collect()
    }

    /// All instruments with their endpoint and variant names, in that order.
    pub(super) fn all(&self) -> Vec<(String, String, Arc<VariantMetrics>)> {
        let variants = self.variants.read().unwrap_or_else(PoisonError::into_inner);
        variants
            .iter()
            .map(|((endpoint, variant), metrics)| {
                (endpoint.clone(), variant.clone(), Arc::clone(metrics))
            })
            .collect()
    }
}
