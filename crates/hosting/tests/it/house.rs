//! A server's hosting, whole and small: a store in a directory of its own, fake engines, a runtime
//! that ends when the house is left, so that it can be entered again as after a restart.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hosting::{
    Fault, Foundations, Hosting, Invocation, Invoked, Limits, ModelRequest, endpoint_configs,
    endpoints,
    endpoints::{NewEndpoint, Update},
    models,
};
use resources::{
    Account, Clock, Container, Endpoint, EndpointConfig, EndpointStatus, Error, Model,
    ProductionVariant, Routing, Tags,
};
use store::{Headers, Options, Precondition, Store, Target};
use telemetry::{LogLimits, Logs, Metrics};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::fake::Factory;

/// Nothing here takes long; what takes this long hangs.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct House {
    /// None only between leaving and entering.
    inside: Option<Inside>,
    dir: TempDir,
    pub(crate) limits: Limits,
    store_options: fn(&mut Options),
}

/// Everything that a stop ends.
pub(crate) struct Inside {
    pub(crate) hosting: Hosting,
    pub(crate) store: Store,
    pub(crate) engines: Arc<Factory>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) runtime: Runtime,
}

impl std::ops::Deref for House {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        self.inside.as_ref().expect("somebody is in")
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::of(limits, |_| {})
    }

    /// With a store that is opened otherwise than by default.
    pub(crate) fn of(limits: Limits, store_options: fn(&mut Options)) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let mut house = Self { inside: None, dir, limits, store_options };
        house.enter();
        house.hosting.start();
        house.run(house.store.objects().create_bucket("models")).expect("the bucket is made");
        house
    }

    /// Stops as a crash does, and starts again on the same directory.
    pub(crate) fn restart(&mut self) {
        self.leave();
        self.enter();
        self.hosting.start();
    }

    /// Stops as a crash does: whatever is under way is dropped where it waits.
    pub(crate) fn leave(&mut self) {
        let Inside { runtime, .. } = self.inside.take().expect("somebody is in");
        runtime.shutdown_timeout(PATIENCE);
    }

    /// Opens everything; nothing drives the endpoints yet.
    pub(crate) fn enter(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut options = Options::ephemeral(self.dir.path());
        (self.store_options)(&mut options);
        let store = Store::open(options).expect("the store opens");
        let (clock, metrics) = (Arc::new(Clock::new()), Arc::new(Metrics::new()));
        let logs = Arc::new(Logs::new(LogLimits::default()));
        let engines = Arc::new(Factory::default());
        let hosting = Hosting::new(Foundations {
            account: account(),
            clock: Arc::clone(&clock),
            store: store.clone(),
            engines: Arc::<Factory>::clone(&engines),
            metrics: Arc::clone(&metrics),
            logs: Arc::clone(&logs),
            background: runtime.handle().clone(),
            limits: self.limits,
        });
        let inside = Inside { hosting, store, engines, metrics, logs, clock, runtime };
        self.inside = Some(inside);
    }

    /// Waits until so many artifacts are left; they go after their endpoints.
    pub(crate) fn collected(&self, count: usize) {
        self.run(async {
            while self.artifacts() != count {
                tokio::task::yield_now().await;
            }
        });
    }

    /// How many artifacts are unpacked.
    pub(crate) fn artifacts(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("artifacts")).expect("it is there").count()
    }
}

/// A variant of a configuration: its name, its model and its weight.
pub(crate) type Share<'a> = (&'a str, &'a str, f32);

impl Inside {
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let work = async { tokio::time::timeout(PATIENCE, work).await };
        self.runtime.block_on(work).expect("it does not hang")
    }

    /// Puts an object at `s3://models/{key}`.
    pub(crate) fn put_bytes(&self, key: &str, bytes: Vec<u8>) {
        let put = async {
            let mut writer = self.store.objects().writer();
            writer.write(bytes.into()).await?;
            writer.finish().await
        };
        let stored = self.run(put).expect("the bytes are stored");
        let target = Target::new("models", key);
        let put = self.store.objects().put(target, Headers::default(), stored, Precondition::None);
        self.run(put).expect("the object is put");
    }

    /// Puts an artifact with these files at `s3://models/{key}`.
    pub(crate) fn put(&self, key: &str, files: &[(&str, &str)]) {
        self.put_bytes(key, archive(files));
    }

    /// A model of the artifact at `s3://models/{name}`.
    pub(crate) fn model(&self, name: &str) -> Result<Model, Error> {
        let model = Model {
            arn: account().sagemaker_arn("model", name),
            name: name.to_owned(),
            execution_role_arn: None,
            container: Container {
                image: "fake".to_owned(),
                model_data_url: Some(format!("s3://models/{name}")),
                ..Container::default()
            },
            container_list: false,
            enable_network_isolation: false,
            vpc_config: None,
            tags: Tags::new(),
            created: self.clock.now(),
        };
        self.run(models::create(&self.hosting, model))
    }

    pub(crate) fn config(&self, name: &str, shares: &[Share<'_>]) -> Result<EndpointConfig, Error> {
        let variant = |(name, model, weight): &Share<'_>| ProductionVariant {
            name: (*name).to_owned(),
            model_name: (*model).to_owned(),
            initial_instance_count: 1,
            initial_weight: *weight,
            routing: Routing::default(),
            shown: serde_json::Map::new(),
        };
        let config = EndpointConfig {
            name: name.to_owned(),
            arn: account().sagemaker_arn("endpoint-config", name),
            variants: shares.iter().map(variant).collect(),
            explainer: None,
            shown: serde_json::Map::new(),
            tags: Tags::new(),
            created: self.clock.now(),
        };
        self.run(endpoint_configs::create(&self.hosting, config))
    }

    pub(crate) fn endpoint(&self, name: &str, config: &str) -> Result<Endpoint, Error> {
        let new = NewEndpoint {
            name: name.to_owned(),
            config_name: config.to_owned(),
            deployment_config: None,
            tags: Tags::new(),
        };
        self.run(endpoints::create(&self.hosting, new))
    }

    /// An artifact with these files and a model of it, both of that name.
    pub(crate) fn train(&self, name: &str, files: &[(&str, &str)]) {
        self.put(name, files);
        self.model(name).expect("the model is made");
    }

    /// An endpoint of that name, its configuration, model and artifact; it is `Creating`.
    pub(crate) fn create(&self, name: &str, files: &[(&str, &str)]) {
        self.train(name, files);
        self.config(name, &[("only", name, 1.0)]).expect("the configuration is made");
        self.endpoint(name, name).expect("the endpoint is made");
    }

    /// As [`Inside::create`]; it is `InService`.
    pub(crate) fn serve(&self, name: &str, files: &[(&str, &str)]) {
        self.create(name, files);
        self.reaches(name, EndpointStatus::InService);
    }

    pub(crate) fn delete(&self, name: &str) -> Result<(), Error> {
        self.run(endpoints::delete(&self.hosting, name.to_owned()))
    }

    pub(crate) fn update(&self, name: &str, config: &str) -> Result<Endpoint, Error> {
        self.run(endpoints::update(&self.hosting, update(name, config)))
    }

    pub(crate) fn get(&self, name: &str) -> Result<Endpoint, Error> {
        self.run(endpoints::get(&self.hosting, name.to_owned()))
    }

    /// The endpoint, once it is in that state. It is asked for again and again: what a client does.
    pub(crate) fn reaches(&self, name: &str, status: EndpointStatus) -> Endpoint {
        self.once(name, |endpoint| endpoint.filter(|endpoint| endpoint.status == status))
    }

    /// Waits until there is no such endpoint.
    pub(crate) fn gone(&self, name: &str) {
        self.once(name, |endpoint| endpoint.is_none().then_some(()));
    }

    pub(crate) fn once<T>(
        &self,
        name: &str,
        mut seen: impl FnMut(Option<Endpoint>) -> Option<T>,
    ) -> T {
        self.run(async {
            loop {
                let endpoint = endpoints::get(&self.hosting, name.to_owned()).await;
                if let Some(found) = seen(endpoint.ok()) {
                    return found;
                }
            }
        })
    }

    pub(crate) fn call(&self, endpoint: &str) -> Result<Invoked, Fault> {
        self.run(call(self.hosting.clone(), endpoint.to_owned(), Bytes::new()))
    }

    /// What the endpoint answers.
    pub(crate) fn says(&self, endpoint: &str) -> String {
        text(&self.call(endpoint).expect("it answers"))
    }
}

/// An update that retains nothing.
pub(crate) fn update(name: &str, config: &str) -> Update {
    Update {
        name: name.to_owned(),
        config_name: config.to_owned(),
        retain_weights: false,
        retain_instance_counts: false,
        deployment_config: None,
        rollout: None,
    }
}

/// One call, as a task can make it.
pub(crate) async fn call(
    hosting: Hosting,
    endpoint: String,
    body: Bytes,
) -> Result<Invoked, Fault> {
    targeted(&hosting, &endpoint, None, &body).await
}

/// One call of a variant.
pub(crate) async fn targeted(
    hosting: &Hosting,
    endpoint: &str,
    target_variant: Option<&str>,
    body: &Bytes,
) -> Result<Invoked, Fault> {
    let request = ModelRequest {
        body,
        content_type: None,
        accept: None,
        custom_attributes: None,
        enable_explanations: None,
    };
    let call = Invocation { endpoint, target_variant, request, arrived: Instant::now() };
    hosting.invoke(call).await
}

pub(crate) fn text(invoked: &Invoked) -> String {
    String::from_utf8_lossy(&invoked.reply.body).into_owned()
}

pub(crate) fn account() -> Account {
    Account::new("000000000000", "us-east-1").expect("it is one")
}

pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
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
