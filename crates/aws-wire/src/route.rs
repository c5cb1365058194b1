//! Which operation a call is for. Who may make it, and what it does, is for others.

use http::{Method, Uri, request::Parts};

use crate::{Fault, Operation, Protocol, SERVICES, Service, bindings, form, table::Known};

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
        let code = match none.service().map(|service| service.protocol) {
            Some(Protocol::Query { .. }) => "InvalidAction",
            _ => "UnknownOperationException",
        };
        Self::new(code, none.to_string())
    }
}

/// The service and operation name of an `X-Amz-Target` such as `SageMaker.CreateModel`.
pub fn service_for_target(target: &str) -> Option<(&'static Service, &str)> {
    let (prefix, operation) = target.rsplit_once('.')?;
    let service = SERVICES.into_iter().find(|service| match service.protocol {
        Protocol::Json { target_prefix, .. } => target_prefix == prefix,
        Protocol::RestJson | Protocol::Query { .. } => false,
    })?;
    Some((service, operation))
}

/// The operation that `X-Amz-Target` names.
pub fn route_target(target: &str) -> Result<Route, NoRoute> {
    let (service, name) =
        service_for_target(target).ok_or_else(|| NoRoute::UnknownService(target.to_owned()))?;
    served(service, name)
}

/// The operation of a REST service that method and URI name. Several services can share a
/// signing name, as `sagemaker` and `sagemaker-runtime` do; `signing_name` is the one in the
/// credential's scope. Where a query tells two operations of one path apart, as `?mode=import`
/// does, the one that asks for it comes first.
pub fn route_path(signing_name: &str, method: &Method, uri: &Uri) -> Result<Route, NoRoute> {
    let services = SERVICES
        .into_iter()
        .filter(|s| s.signing_name == signing_name && s.protocol == Protocol::RestJson);
    let mut first = None;
    for service in services {
        let fits = |known: &&Known| known.method == method && bindings::fits(known.uri, uri);
        let known = service.known.iter().filter(fits);
        if let Some(known) = known.min_by_key(|known| !known.uri.contains('?')) {
            return served(service, known.name);
        }
        first = first.or(Some(service));
    }
    Err(match first {
        None => NoRoute::UnknownService(signing_name.to_owned()),
        Some(service) => NoRoute::UnknownOperation {
            service: service.name,
            operation: format!("{method} {}", uri.path()),
        },
    })
}

/// The service in the query protocol that has `signing_name` in a credential's scope.
pub fn service_for_form(signing_name: &str) -> Option<&'static Service> {
    let speaks = |service: &Service| matches!(service.protocol, Protocol::Query { .. });
    SERVICES.into_iter().find(|service| service.signing_name == signing_name && speaks(service))
}

/// The `Action` that a form names, in the version of the API that `service` has.
pub fn form_action(service: &'static Service, parts: &Parts, body: &[u8]) -> Result<String, Fault> {
    let fields = form::fields(parts, body)?;
    let field = |name| fields.iter().find(|(field, _)| field == name).map(|(_, text)| &**text);
    let action = field("Action").filter(|action| !action.is_empty());
    let action = action.ok_or_else(|| Fault::new("MissingAction", "The form has no `Action`."))?;
    let asked = field("Version").unwrap_or("NO_VERSION_SPECIFIED");
    match service.protocol {
        Protocol::Query { version, .. } if version != asked => {
            let text = format!("Could not find operation {action} for version {asked}");
            Err(Fault::new("InvalidAction", text))
        }
        _ => Ok(action.to_owned()),
    }
}

/// The operation of `service` that a form's `Action` names.
pub fn route_action(service: &'static Service, action: &str) -> Result<Route, NoRoute> {
    served(service, action)
}

fn served(service: &'static Service, name: &str) -> Result<Route, NoRoute> {
    let operation = name.to_owned();
    match service.operation(name) {
        Some(operation) => Ok(Route { service, operation }),
        None if service.knows(name) => Err(NoRoute::NotServed { service: service.name, operation }),
        None => Err(NoRoute::UnknownOperation { service: service.name, operation }),
    }
}
