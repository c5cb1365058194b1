//! What serves behind one endpoint's name: one fleet, and while a deployment takes over step by
//! step the new one beside it. When a step is due is `rollouts`'s; which fleet a call goes to is
//! [`routes`](crate::routes)'s.

use std::sync::Arc;

use resources::Endpoint;

use crate::routes::{Route, Serving, Shift};

/// The fleets of one endpoint, named as deployments do: green takes over from blue.
#[derive(Debug)]
pub(crate) struct Fleets {
    blue: Arc<Serving>,
    green: Option<Green>,
}

#[derive(Debug)]
struct Green {
    serving: Arc<Serving>,
    share: f64,
}

impl Fleets {
    /// One that serves alone.
    pub(crate) fn of(serving: Serving) -> Self {
        Self { blue: Arc::new(serving), green: None }
    }

    /// Puts one that takes over beside the one that serves.
    pub(crate) fn add_green(&mut self, serving: Serving, share: f64) {
        self.green = Some(Green { serving: Arc::new(serving), share });
    }

    /// Gives the new one, if there is one, this share of the calls.
    pub(crate) fn give_green(&mut self, share: f64) {
        if let Some(green) = &mut self.green {
            green.share = share;
        }
    }

    /// The one that serves, or served until a new one began to take over.
    pub(crate) fn blue(&self) -> &Arc<Serving> {
        &self.blue
    }

    /// Whether a new one takes over.
    pub(crate) fn has_green(&self) -> bool {
        self.green.is_some()
    }

    /// Whether the deployment of that id is up.
    pub(crate) fn is_up(&self, deployment_id: &str) -> bool {
        self.all().any(|serving| serving.deployment.id == deployment_id)
    }

    /// Whether a variant of that name is up.
    pub(crate) fn has_variant(&self, name: &str) -> bool {
        self.all().any(|serving| serving.variant(name).is_some())
    }

    /// Where calls go.
    pub(crate) fn route(&self) -> Route {
        let blue = Arc::clone(&self.blue);
        match &self.green {
            None => Route::Serving(blue),
            Some(Green { serving, share }) => {
                let green = Arc::clone(serving);
                Route::Shifting(Arc::new(Shift { blue, green, share: *share }))
            }
        }
    }

    /// Does as the endpoint's record says: the new fleet gets the share of its step, or has taken
    /// over, or goes. Whether a fleet went.
    pub(crate) fn follow(&mut self, endpoint: &Endpoint) -> bool {
        let Some(green) = &mut self.green else { return false };
        let id = &green.serving.deployment.id;
        if let Some(pending) = endpoint.pending.as_ref().filter(|pending| pending.id == *id) {
            green.share = pending.rollout.as_ref().map_or(1.0, |rollout| rollout.share());
            return false;
        }
        if endpoint.current.as_ref().is_some_and(|current| current.id == *id) {
            self.blue = Arc::clone(&green.serving);
        }
        self.green = None;
        true
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Serving>> {
        std::iter::once(&self.blue).chain(self.green.as_ref().map(|green| &green.serving))
    }
}
