//! The services that are served: one generated file each. Their form is `table`'s.

use crate::Service;

pub(crate) mod apigateway;
pub(crate) mod iam;
pub(crate) mod logs;
pub(crate) mod sagemaker;
pub(crate) mod sagemaker_runtime;
pub(crate) mod sts;

/// Every service, sorted by name.
pub static SERVICES: [&Service; 6] = [
    &apigateway::SERVICE,
    &iam::SERVICE,
    &logs::SERVICE,
    &sagemaker::SERVICE,
    &sagemaker_runtime::SERVICE,
    &sts::SERVICE,
];
