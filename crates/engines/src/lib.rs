//! Implementations of the engine contract.
//!
//! [`Factory`] looks at a container's image and environment and opens its model with the engine
//! that answers as that image would: `native` computes XGBoost models in this process, with SageMaker's
//! XGBoost container in algorithm mode as its example, `object2vec` networks of that algorithm's kind.
//!
//! Everything here is synchronous; threads, timeouts and endpoints are `hosting`'s business.

mod factory;
mod image;
mod media_type;
mod native;
mod object2vec;
mod shared;

pub use factory::Factory;
