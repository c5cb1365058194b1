//! Which operation a call is for. Who may make it, and what it does, is for others.

use http::Method;

use crate::{Fault, Operation, Protocol, SERVICES, Service, bindings};

/// A call that can be served.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The service.
    pub service: &'static Service,
    /// One of its served operations.
    pub operation: &'static Operation,
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// No service here is meant.
    #[error("no service is served for `{0}`")]
    UnknownService(String),
    /// The service has no such operation.
    #[error("`{service}` has no operation `{operation}`")]
    UnknownOperation {
        /// The service's name.
        service: &'static str,
        /// What was asked for.
        operation: String,
    },
    /// AWS has the operation, this server does not.
    #[error("`{operation}` is an operation of `{service}` that is not served here")]
    NotServed {
        /// The service's name.
        service: &'static str,
        /// The operation's name.
        operation: String,
    },
}

impl NoRoute {
    /// The service that was meant, whose protocol the answer speaks.
    pub fn service(&self) -> Option<&'static Service> {
        match self {
            Self::UnknownService(_) => None,
            Self::UnknownOperation { service, .. } | Self::NotServed { service, .. } => {
                SERVICES.into_iter().find(|known| known.name == *service)
            }
        }
    }
}

impl From<&NoRoute> for Fault {
    fn from(none: &NoRoute) -> Self {
        Self::new("UnknownOperationException", none.to_string())
    }
}

/// The service and operation name of an `X-Amz-Target` such as `SageMaker.CreateModel`.
pub fn service_for_target(target: &str) -> Option<(&'static Service, &str)> {
    let (prefix, operation) = target.rsplit_once('.')?;
    let service = SERVICES.into_iter().find(|service| match service.protocol {
        Protocol::Json { target_prefix, .. } => target_prefix == prefix,
        Protocol::RestJson => false,
    })?;
    Some((service, operation))
}

/// The operation that `X-Amz-Target` names.
pub fn route_target(target: &str) -> Result<Route, NoRoute> {
    let (service, name) =
        service_for_target(target).ok_or_else(|| NoRoute::UnknownService(target.to_owned()))?;
    served(service, name)
}

/// The operation of a REST service that method and path name. Several services can share a
/// signing name, as `sagemaker` and `sagemaker-runtime` do; `signing_name` is the one in the
/// credential's scope.
pub fn route_path(signing_name: &str, method: &Method, path: &str) -> Result<Route, NoRoute> {
    let services = SERVICES
        .into_iter()
        .filter(|s| s.signing_name == signing_name && s.protocol == Protocol::RestJson);
    let mut first = None;
    for service in services {
        let fits = |uri| bindings::labels(uri, path).is_some();
        let known = service.known.iter().find(|known| known.method == method && fits(known.uri));
        if let Some(known) = known {
            return served(service, known.name);
        }
        first = first.or(Some(service));
    }
    Err(match first {
        None => NoRoute::UnknownService(signing_name.to_owned()),
        Some(service) => NoRoute::UnknownOperation {
            service: service.name,
            operation: format!("{method} {path}"),
        },
    })
}

fn served(service: &'static Service, name: &str) -> Result<Route, NoRoute> {
    let operation = name.to_owned();
    match service.operation(name) {
        Some(operation) => Ok(Route { service, operation }),
        None if service.knows(name) => Err(NoRoute::NotServed { service: service.name, operation }),
        None => Err(NoRoute::UnknownOperation { service: service.name, operation }),
    }
}
