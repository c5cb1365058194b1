//! The route table: every endpoint by name. Immutable once published.
//!
//! Who looks a name up finds all of one endpoint in one place: its name, where its calls go, and
//! where the memory lies that a call will read. With many endpoints none of it is near, and a place
//! that says where the next one is would be waited for twice.

use std::collections::HashMap;

use footprint::Footprint;

use crate::routes::{Name, Route};

/// As many endpoints of small models fit a core's caches: calls of 32 in turn took no longer than
/// calls of one, those of 128 did.
const ENDPOINTS_NEAR: usize = 32;

/// Whoever calls can ask for any name and put none in, so that the hash need not stand names that are
/// made to collide, and may be quick.
#[derive(Debug, Default)]
pub(crate) struct RouteTable {
    places: HashMap<Name, Place, foldhash::fast::RandomState>,
}

/// What is known of an endpoint's name.
#[derive(Debug)]
struct Place {
    route: Route,
    footprint: Footprint,
}

impl RouteTable {
    /// Where the calls of an endpoint go.
    pub(crate) fn route(&self, endpoint: &str) -> Option<&Route> {
        self.places.get(endpoint.as_bytes()).map(|place| &place.route)
    }

    /// Fetches what a call of an endpoint will read. Few endpoints stay near by themselves.
    pub(crate) fn fetch(&self, endpoint: &str) {
        if self.places.len() < ENDPOINTS_NEAR {
            return;
        }
        if let Some(place) = self.places.get(endpoint.as_bytes()) {
            place.footprint.fetch();
        }
    }

    /// Fetches what a call of an endpoint is recorded in. Where that lies is near once the rest was
    /// fetched and something else was done.
    pub(crate) fn fetch_instruments(&self, endpoint: &str) {
        if self.places.len() < ENDPOINTS_NEAR {
            return;
        }
        if let Some(Route::Serving(serving)) = self.route(endpoint) {
            serving.fetch_instruments();
        }
    }

    /// Endpoints in the table.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }
}

impl From<Route> for Place {
    fn from(route: Route) -> Self {
        let footprint = match &route {
            Route::Serving(serving) => serving.footprint(),
            // For the minutes that they last it is not worth while.
            Route::Shifting(_) | Route::Returning => Footprint::default(),
        };
        Self { route, footprint }
    }
}

impl<'n> FromIterator<(&'n str, Route)> for RouteTable {
    fn from_iter<I: IntoIterator<Item = (&'n str, Route)>>(routes: I) -> Self {
        let place = |(name, route): (&str, Route)| (name.as_bytes().into(), route.into());
        Self { places: routes.into_iter().map(place).collect() }
    }
}
