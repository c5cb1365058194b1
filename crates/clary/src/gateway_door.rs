//! Which requests on a shared port are for deployed REST APIs. What they are answered is the
//! gateway's.

use http::{HeaderValue, Request, header};

/// Whether a request on a shared port is for a deployed REST API: by its host
/// `{api-id}.execute-api.…`, or by its path `/restapis/{api-id}/{stage}/_user_request_/…`.
pub(crate) fn is_for_gateway<B>(request: &Request<B>) -> bool {
    by_host(request) || by_path(request.uri().path())
}

fn by_host<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
    let labels = host.and_then(|host| std::str::from_utf8(host).ok());
    labels.and_then(|host| host.split('.').nth(1)).is_some_and(|label| label == "execute-api")
}

fn by_path(path: &str) -> bool {
    path.strip_prefix("/restapis/")
        .is_some_and(|rest| rest.split('/').nth(2).is_some_and(|part| part == "_user_request_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, path: &str) -> Request<()> {
        Request::builder().uri(path).header("host", host).body(()).expect("a request")
    }

    #[test]
    fn deployed_apis_are_known_by_host_and_by_path() {
        assert!(is_for_gateway(&request("a1b2c3.execute-api.localhost:8600", "/prod/x")));
        assert!(is_for_gateway(&request("localhost:8600", "/restapis/a1/prod/_user_request_/x")));
        assert!(is_for_gateway(&request("localhost", "/restapis/a1/prod/_user_request_")));
        for path in ["/restapis/a1/resources", "/restapis", "/endpoints/x/invocations", "/"] {
            assert!(!is_for_gateway(&request("localhost:8600", path)), "{path}");
        }
    }
}
