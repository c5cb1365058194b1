//! The parts of one API within a transaction: found, or the error that says what is not there.

use resources::{
    Account, Error, Timestamp,
    rest_apis::{ApiModel, ApiResource, Definition, Integration, Kept, Method, RestApi},
};
use store::Tx;

use super::refusals::{invalid, missing, no_integration, no_method, no_resource};
use crate::Gateway;

/// One API within a transaction.
#[derive(Debug)]
pub(crate) struct Api<'a> {
    pub(crate) tx: &'a Tx<'a>,
    pub(crate) id: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) account: &'a Account,
}

impl Gateway {
    /// Changes one API, all or nothing.
    pub(crate) async fn write<R: Send + 'static>(
        &self,
        id: String,
        work: impl FnOnce(&Api<'_>) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let (now, account) = (self.on().clock.now(), self.on().account.clone());
        let store = &self.on().store;
        store.write(move |tx| work(&Api { tx, id: &id, now, account: &account })).await
    }

    /// Reads one API as it is at one moment.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        id: String,
        work: impl FnOnce(&Api<'_>) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let (now, account) = (self.on().clock.now(), self.on().account.clone());
        let store = &self.on().store;
        store.read(move |tx| work(&Api { tx, id: &id, now, account: &account })).await
    }

    /// Changes one resource.
    pub(crate) async fn edit<R: Send + 'static>(
        &self,
        place: MethodPlace,
        work: impl FnOnce(&Api<'_>, &MethodPlace, &mut ApiResource) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        self.write(place.rest_api_id.clone(), move |api| {
            let mut resource = api.resource(&place.resource_id)?;
            let answer = work(api, &place, &mut resource.definition)?;
            api.put(resource)?;
            Ok(answer)
        })
        .await
    }

    /// Reads one resource.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        place: MethodPlace,
        work: impl FnOnce(&MethodPlace, &mut ApiResource) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        self.read(place.rest_api_id.clone(), move |api| {
            work(&place, &mut api.resource(&place.resource_id)?.definition)
        })
        .await
    }
}

/// The error for an API that does not exist.
pub(crate) fn no_api(account: &Account, id: &str) -> Error {
    missing(format!("Invalid API identifier specified {}:{id}", account.id()))
}

impl Api<'_> {
    /// The API itself.
    pub(crate) fn itself(&self) -> Result<Kept<RestApi>, Error> {
        let found = self.tx.api_parts::<RestApi>().get(self.id)?;
        found.ok_or_else(|| no_api(self.account, self.id))
    }

    /// Says that the API does not exist, if so. One whose record is damaged exists: its parts can
    /// be seen, and it can be deleted.
    pub(crate) fn must_exist(&self) -> Result<(), Error> {
        let exists = self.tx.api_parts::<RestApi>().contains(self.id)?;
        if exists { Ok(()) } else { Err(no_api(self.account, self.id)) }
    }

    /// Says which of these models does not exist, if one does not.
    pub(crate) fn must_have_models<'n>(
        &self,
        names: impl Iterator<Item = &'n String>,
    ) -> Result<(), Error> {
        for name in names {
            if self.find::<ApiModel>(name)?.is_none() {
                return Err(invalid(format!("Invalid model identifier specified: {name}")));
            }
        }
        Ok(())
    }

    pub(crate) fn key(&self, id: &str) -> String {
        format!("{}/{id}", self.id)
    }

    pub(crate) fn find<D: Definition>(&self, id: &str) -> Result<Option<Kept<D>>, Error> {
        Ok(self.tx.api_parts::<D>().get(&self.key(id))?)
    }

    /// Whether the API has the part, be it a damaged one.
    pub(crate) fn has<D: Definition>(&self, id: &str) -> Result<bool, Error> {
        Ok(self.tx.api_parts::<D>().contains(&self.key(id))?)
    }

    pub(crate) fn all<D: Definition>(&self) -> Result<Vec<Kept<D>>, Error> {
        Ok(self.tx.api_parts::<D>().of_api(self.id)?)
    }

    /// The parts that are not damaged.
    pub(crate) fn readable<D: Definition>(&self) -> Result<Vec<Kept<D>>, Error> {
        let all = self.tx.api_parts::<D>().each_of_api(self.id)?;
        Ok(all.into_iter().filter_map(Result::ok).collect())
    }

    /// Keeps a new part.
    pub(crate) fn add<D: Definition>(&self, id: &str, definition: D) -> Result<Kept<D>, Error> {
        let part = Kept::new(self.key(id), self.now, definition);
        self.tx.api_parts::<D>().put(&part)?;
        Ok(part)
    }

    /// Keeps a part that changed.
    pub(crate) fn put<D: Definition>(&self, mut part: Kept<D>) -> Result<Kept<D>, Error> {
        part.modified = self.now;
        self.tx.api_parts::<D>().put(&part)?;
        Ok(part)
    }

    /// Removes a part; false if there was none.
    pub(crate) fn remove<D: Definition>(&self, id: &str) -> Result<bool, Error> {
        Ok(self.tx.api_parts::<D>().delete(&self.key(id))?)
    }

    pub(crate) fn resource(&self, id: &str) -> Result<Kept<ApiResource>, Error> {
        self.find(id)?.ok_or_else(no_resource)
    }
}

/// Where a method is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodPlace {
    /// The API's id.
    pub rest_api_id: String,
    /// The resource's id.
    pub resource_id: String,
    /// The HTTP method, or `ANY`.
    pub http_method: String,
}

impl MethodPlace {
    /// The method, as it is in its resource.
    pub(crate) fn method<'r>(
        &self,
        resource: &'r mut ApiResource,
    ) -> Result<&'r mut Method, Error> {
        resource.resource_methods.get_mut(&self.http_method).ok_or_else(no_method)
    }

    /// The method's integration.
    pub(crate) fn integration<'r>(
        &self,
        resource: &'r mut ApiResource,
    ) -> Result<&'r mut Integration, Error> {
        self.method(resource)?.method_integration.as_mut().ok_or_else(no_integration)
    }
}
