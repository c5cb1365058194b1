//! A whole face on a store of its own, and calls of it as a client makes them.

use std::{io::Write as _, sync::Arc, time::Duration};

use aws_api::{Aws, Limits, Parts};
use flate2::{Compression, write::GzEncoder};
use gateway::{Gateway, HostRules, HttpBackends};
use hosting::{Foundations, Hosting};
use http::{HeaderMap, Request, StatusCode};
use hyper::{server::conn::http1, service::service_fn};
use identity::{AccessKey, KeyRecord, Keys};
use resources::{Account, Clock};
use serde_json::{Value, json};
use sigv4::{Secret, Settings, Signer};
use store::{Headers, Options, Precondition, Store, Target};
use telemetry::{LogLimits, Logs, Metrics};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
};

use crate::echo::Factory;

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Nothing here takes long; what takes this long hangs.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Face {
    pub(crate) engines: Arc<Factory>,
    aws: Aws,
    store: Store,
    runtime: Runtime,
    _dir: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status, code and message of an error.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let code = self.headers["x-amzn-errortype"].to_str().expect("it is text").to_owned();
        let body = self.json();
        let message = body.get("Message").or_else(|| body.get("message"));
        let message = message.and_then(Value::as_str).unwrap_or_default();
        (self.status.as_u16(), code, message.to_owned())
    }
}

impl Face {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let dir = TempDir::new().expect("a temporary directory");
        let account = Account::new("000000000000", "us-east-1").expect("it is one");
        let store = Store::open(Options::ephemeral(dir.path())).expect("the store opens");
        let (clock, metrics) = (Arc::new(Clock::new()), Arc::new(Metrics::new()));
        let logs = Arc::new(Logs::new(LogLimits::default()));
        let engines = Arc::new(Factory::default());
        let hosting = Hosting::new(Foundations {
            account: account.clone(),
            clock: Arc::clone(&clock),
            store: store.clone(),
            engines: Arc::<Factory>::clone(&engines),
            metrics: Arc::clone(&metrics),
            logs: Arc::clone(&logs),
            background: runtime.handle().clone(),
            limits: hosting::Limits::default(),
        });
        let key = AccessKey::new(KEY_ID, SECRET).expect("it is one");
        let keys = Arc::new(Keys::new([KeyRecord::root(&account, key)]));
        let gateway = Gateway::new(gateway::Foundations {
            account: account.clone(),
            clock: Arc::clone(&clock),
            store: store.clone(),
            keys: Arc::clone(&keys),
            http: HttpBackends::new(HostRules::default()),
            metrics: Arc::clone(&metrics),
            logs: Arc::clone(&logs),
            limits: gateway::Limits {
                bodies_in_flight_bytes_max: limits.bodies_in_flight_bytes_max,
                body_timeout: limits.body_timeout,
            },
        });
        let aws = Aws::new(Parts {
            keys,
            gateway,
            account,
            clock,
            store: store.clone(),
            hosting,
            metrics,
            logs,
            background: runtime.handle().clone(),
            limits,
        });
        runtime.block_on(aws.start(PATIENCE));
        runtime.block_on(store.objects().create_bucket("models")).expect("the bucket is made");
        Self { engines, aws, store, runtime, _dir: dir }
    }

    /// Moves the server's clock on.
    pub(crate) fn advance(&self, seconds: u64) {
        self.aws.advance_clock(Duration::from_secs(seconds));
    }

    /// Signs and sends a request to the service of that signing name.
    pub(crate) fn send(&self, request: Request<Vec<u8>>, service: &str) -> Reply {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert("host", "localhost".parse().expect("it is a value"));
        let settings = Settings::SERVICE;
        let signer = Signer {
            access_key_id: KEY_ID,
            secret: Secret::new(SECRET),
            session_token: None,
            region: "us-east-1",
            service,
            settings: &settings,
        };
        let now = Clock::system().epoch_seconds();
        signer.sign(&mut parts, &body, now).expect("it can be signed");
        let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri.path()).into_bytes();
        for (name, value) in &parts.headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        let end = format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        let bytes = [head, end.into_bytes(), body].concat();
        let answered = async { tokio::time::timeout(PATIENCE, self.exchange(bytes)).await };
        self.runtime.block_on(answered).expect("it does not hang")
    }

    async fn exchange(&self, request: Vec<u8>) -> Reply {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let aws = self.aws.clone();
        let service = service_fn(move |request| {
            let aws = aws.clone();
            async move {
                Ok::<_, std::convert::Infallible>(if Aws::is_invocation(&request) {
                    aws.invoke(request).await
                } else {
                    aws.answer(request).await
                })
            }
        });
        let io = hyper_util::rt::TokioIo::new(server);
        let serving = tokio::spawn(http1::Builder::new().serve_connection(io, service));
        let (mut reading, mut writing) = tokio::io::split(client);
        let sending = tokio::spawn(async move { writing.write_all(&request).await });
        let mut bytes = Vec::new();
        reading.read_to_end(&mut bytes).await.expect("it answers");
        sending.await.expect("no panic").expect("the request is taken");
        serving.await.expect("no panic").expect("the connection ends well");
        parsed(&bytes)
    }

    /// Calls a `SageMaker` operation.
    pub(crate) fn call(&self, operation: &str, members: &Value) -> Reply {
        let request = Request::post("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("SageMaker.{operation}"))
            .body(members.to_string().into_bytes())
            .expect("a request");
        self.send(request, "sagemaker")
    }

    /// Calls a `SageMaker` operation that does what it is asked.
    pub(crate) fn done(&self, operation: &str, members: &Value) -> Value {
        let reply = self.call(operation, members);
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        if reply.body.is_empty() { Value::Null } else { reply.json() }
    }

    /// A model of that name, whose artifact has these files, and a configuration of it alone.
    pub(crate) fn model(&self, name: &str, files: &[(&str, &str)]) {
        let put = async {
            let mut writer = self.store.objects().writer();
            writer.write(archive(files).into()).await.expect("bytes are written");
            let stored = writer.finish().await.expect("bytes are stored");
            let target = Target::new("models", name);
            self.store.objects().put(target, Headers::default(), stored, Precondition::None).await
        };
        self.runtime.block_on(put).expect("the object is put");
        let container = json!({"Image": "any", "ModelDataUrl": format!("s3://models/{name}")});
        self.done("CreateModel", &json!({"ModelName": name, "PrimaryContainer": container}));
        self.config(name, &[json!({"VariantName": "only", "ModelName": name})]);
    }

    /// A configuration of these variants, each of one instance unless it says otherwise.
    pub(crate) fn config(&self, name: &str, variants: &[Value]) {
        let mut variants = variants.to_vec();
        for variant in variants.iter_mut().filter_map(Value::as_object_mut) {
            variant.entry("InitialInstanceCount").or_insert(json!(1));
            variant.entry("InstanceType").or_insert(json!("ml.m5.large"));
        }
        let members = json!({"EndpointConfigName": name, "ProductionVariants": variants});
        self.done("CreateEndpointConfig", &members);
    }

    pub(crate) fn describe(&self, endpoint: &str) -> Value {
        self.done("DescribeEndpoint", &json!({"EndpointName": endpoint}))
    }

    /// The endpoint as it is described once it is `InService`.
    pub(crate) fn in_service(&self, endpoint: &str) -> Value {
        loop {
            let described = self.describe(endpoint);
            match described["EndpointStatus"].as_str() {
                Some("InService") => return described,
                Some("Creating" | "Updating") => {}
                other => panic!("{endpoint} will not serve, it is {other:?}"),
            }
        }
    }

    /// Invokes an endpoint with these headers.
    pub(crate) fn invoke(&self, endpoint: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = Request::post(format!("/endpoints/{endpoint}/invocations"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.to_vec()).expect("a request"), "sagemaker")
    }
}

fn parsed(bytes: &[u8]) -> Reply {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&bytes[..end]).expect("the head is text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| {
        let name = http::HeaderName::try_from(name).expect("a header's name");
        (name, value.parse().expect("a header's value"))
    });
    Reply {
        status: status.parse().expect("a status"),
        headers: headers.collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_bytes()).expect("it is added");
    }
    let tar = builder.into_inner().expect("it is whole");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).expect("it compresses");
    gzip.finish().expect("it compresses")
}
