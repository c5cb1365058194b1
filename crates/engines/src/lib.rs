//! Implementations of the engine contract.
//!
//! [`Factory`] looks at a container's image and environment and opens its model with the engine
//! that answers as that image would. There is one engine so far: `native` computes XGBoost models
//! in this process, with SageMaker's XGBoost container in algorithm mode as its example.
//!
//! Everything here is synchronous; threads, timeouts and endpoints are `hosting`'s business.

mod factory;
mod image;
mod native;

pub use factory::Factory;
