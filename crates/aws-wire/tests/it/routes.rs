//! Targets and paths find their operation, or the reason why there is none.

use aws_wire::{Fault, NoRoute, Route, SERVICES, route_path, route_target, service_for_target};
use http::{Method, Uri};

fn described(route: Result<Route, NoRoute>) -> String {
    match route {
        Ok(route) => format!("{} {}", route.service.name, route.operation.name),
        Err(none) => none.to_string(),
    }
}

#[test]
fn targets_find_operations() {
    for (target, expected) in [
        ("SageMaker.CreateModel", "sagemaker CreateModel"),
        ("Logs_20140328.GetLogEvents", "logs GetLogEvents"),
        (
            "SageMaker.CreateTrainingJob",
            "`CreateTrainingJob` is an operation of `sagemaker` that is not served here",
        ),
        ("SageMaker.MakeCoffee", "`sagemaker` has no operation `MakeCoffee`"),
        ("DynamoDB_20120810.GetItem", "no service is served for `DynamoDB_20120810.GetItem`"),
        ("", "no service is served for ``"),
    ] {
        assert_eq!(described(route_target(target)), expected);
    }
    assert_eq!(
        service_for_target("SageMaker.X").map(|(s, o)| (s.name, o)),
        Some(("sagemaker", "X"))
    );
}

#[test]
fn paths_find_operations() {
    for (method, path, expected) in [
        (Method::POST, "/endpoints/iris/invocations", "sagemaker-runtime InvokeEndpoint"),
        (Method::POST, "/endpoints/a%2Fb/invocations", "sagemaker-runtime InvokeEndpoint"),
        (
            Method::POST,
            "/endpoints/iris/async-invocations",
            "`InvokeEndpointAsync` is an operation of `sagemaker-runtime` that is not served here",
        ),
        (
            Method::GET,
            "/endpoints/iris/invocations",
            "`sagemaker-runtime` has no operation `GET /endpoints/iris/invocations`",
        ),
        (
            Method::POST,
            "/endpoints//invocations",
            "`sagemaker-runtime` has no operation `POST /endpoints//invocations`",
        ),
        (
            Method::POST,
            "/endpoints/a/b/invocations",
            "`sagemaker-runtime` has no operation `POST /endpoints/a/b/invocations`",
        ),
    ] {
        assert_eq!(described(route_path("sagemaker", &method, &Uri::from_static(path))), expected);
    }
    let none = route_path("dynamodb", &Method::POST, &Uri::from_static("/"));
    assert_eq!(described(none), "no service is served for `dynamodb`");
}

#[test]
fn a_query_tells_operations_of_one_path_apart() {
    let imported = "`ImportRestApi` is an operation of `apigateway` that is not served here";
    for (uri, expected) in [
        ("/restapis", "apigateway CreateRestApi"),
        ("/restapis?mode=importer", "apigateway CreateRestApi"),
        ("/restapis?mode=import", imported),
        ("/restapis?failonwarnings=true&mode=import", imported),
    ] {
        let route = route_path("apigateway", &Method::POST, &Uri::from_static(uri));
        assert_eq!(described(route), expected, "{uri}");
    }
}

#[test]
fn what_has_no_route_is_answered_in_its_protocol() {
    let none = route_target("SageMaker.CreateTrainingJob").expect_err("it is not served");
    let service = none.service().expect("the service is known");
    let response = Fault::from(&none).response(service, "id");
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
}

#[test]
fn tables_are_sorted_and_served_operations_are_known() {
    assert!(SERVICES.is_sorted_by_key(|service| service.name));
    for service in SERVICES {
        assert!(service.known.is_sorted_by_key(|known| known.name), "{}", service.name);
        assert!(service.operations.is_sorted_by_key(|o| o.name), "{}", service.name);
        for operation in service.operations {
            assert!(service.knows(operation.name), "{}", operation.name);
        }
    }
}
