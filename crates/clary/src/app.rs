//! Which part of the server answers a request: the AWS face, the gateway or the admin paths.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aws_api::{Aws, Body, Peer, RequestId};
use gateway::{Gateway, aws::AwsCall};
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;

use crate::{admin::Admin, listen::network};

/// What a connection was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The AWS APIs.
    Api,
    /// Deployed REST APIs.
    Gateway,
    /// Both on one port.
    Both,
}

impl Door {
    fn is_for_gateway<B>(self, request: &Request<B>) -> bool {
        match self {
            Self::Api => false,
            Self::Gateway => true,
            Self::Both => Gateway::is_addressed(request),
        }
    }
}

/// What answers requests.
#[derive(Debug)]
pub(crate) struct App {
    aws: Aws,
    gateway: Gateway,
    /// What integrations call. The gateway itself does not keep it alive.
    _integrations: Arc<dyn AwsCall>,
    admin: Admin,
}

impl App {
    pub(crate) fn new(aws: Aws, gateway: Gateway, admin: Admin) -> Self {
        let integrations: Arc<dyn AwsCall> = Arc::new(aws.clone());
        gateway.connect(Arc::downgrade(&integrations));
        Self { aws, gateway, _integrations: integrations, admin }
    }

    /// Starts what makes intent true; see [`Aws::start`].
    pub(crate) async fn start(&self, settle_timeout: Duration) {
        self.aws.start(settle_timeout).await;
    }

    /// Answers one request that came in through `door`.
    ///
    /// What is not an invocation is boxed, so that the future of one stays small: it is moved with
    /// every request.
    pub(crate) async fn answer(
        &self,
        door: Door,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let for_gateway = door.is_for_gateway(&request);
        if for_gateway {
            return Box::pin(self.call_rest_api(peer, request)).await;
        }
        if Aws::is_invocation(&request) {
            return self.aws.invoke(request).await;
        }
        Box::pin(self.answer_apart(peer, request)).await
    }

    async fn call_rest_api(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let id = RequestId::fresh();
        let answer = self.gateway.answer(request, peer.ip(), id.as_str()).await;
        answer.map(aws_api::full)
    }

    async fn answer_apart(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        if request.uri().path().starts_with("/_clary/") {
            return self.admin.answer(peer, request).await.map(aws_api::full);
        }
        let mut request = request;
        request.extensions_mut().insert(Peer(network(peer.ip())));
        self.aws.answer(request).await
    }

    /// Answers a request of a client that has no call left for so long.
    pub(crate) async fn throttled(
        &self,
        door: Door,
        peer: SocketAddr,
        request: Request<Incoming>,
        wait: Duration,
    ) -> Response<Body> {
        // Whoever looks after the server must see it when it is busiest.
        if !door.is_for_gateway(&request) && request.uri().path().starts_with("/_clary/") {
            return self.answer(door, peer, request).await;
        }
        self.aws.count_throttled();
        if door.is_for_gateway(&request) {
            let mut response = self.gateway.throttled(&request, RequestId::fresh().as_str());
            aws_api::retry_after(response.headers_mut(), wait);
            return response.map(aws_api::full);
        }
        self.aws.throttled(request, wait).await
    }

    /// Answers a request that is not to be understood in one way only, and ends its connection.
    pub(crate) fn objected(
        &self,
        door: Door,
        request: &Request<Incoming>,
        text: &'static str,
    ) -> Response<Body> {
        if !door.is_for_gateway(request) {
            return self.aws.objected(request, text);
        }
        let mut response = self.gateway.objected(request, RequestId::fresh().as_str(), text);
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response.map(aws_api::full)
    }
}
