//! Resources: the tree of an API's paths.

use resources::{
    Error,
    rest_apis::{ApiResource, Kept},
};

use super::{
    access::Api,
    identifiers,
    paging::{Page, PageQuery, page},
    patch::{Manner, PatchOperation, Rule, patched},
    path_parts,
    refusals::{invalid, limit, no_resource},
};
use crate::Gateway;

/// Resources of an API at most.
const RESOURCES_MAX: usize = 300;

const RULES: &[Rule] = &[Rule::text("/parentId"), Rule::text("/pathPart")];

/// Adds a resource below another.
pub async fn create(
    gateway: &Gateway,
    api: String,
    parent_id: String,
    path_part: String,
) -> Result<Kept<ApiResource>, Error> {
    gateway
        .write(api, move |api| {
            let all = api.all::<ApiResource>()?;
            if all.len() >= RESOURCES_MAX {
                return Err(limit(format!(
                    "An API has {RESOURCES_MAX} resources at most; delete some, or make another API"
                )));
            }
            let parent = find(&all, &parent_id)?;
            path_parts::check(&path_part)?;
            path_parts::check_place(parent, &children(&all, &parent_id, None), &path_part)?;
            let id = identifiers::short();
            let resource = ApiResource {
                id: id.clone(),
                path: joined(&parent.path, &path_part),
                parent_id: Some(parent_id),
                path_part: Some(path_part),
                ..ApiResource::default()
            };
            api.add(&id, resource)
        })
        .await
}

/// One resource.
pub async fn get(gateway: &Gateway, api: String, id: String) -> Result<Kept<ApiResource>, Error> {
    gateway.read(api, move |api| api.resource(&id)).await
}

/// One page of an API's resources, by path.
pub async fn list(
    gateway: &Gateway,
    api: String,
    query: PageQuery,
) -> Result<Page<Kept<ApiResource>>, Error> {
    let all = gateway.read(api, |api| {
        api.must_exist()?;
        api.all::<ApiResource>()
    });
    page(all.await?, &query, |resource| resource.definition.path.clone())
}

/// Renames or moves a resource, and with it all that is below.
pub async fn update(
    gateway: &Gateway,
    api: String,
    id: String,
    operations: Vec<PatchOperation>,
) -> Result<Kept<ApiResource>, Error> {
    gateway
        .write(api, move |api| {
            let mut all = api.all::<ApiResource>()?;
            let before = find(&all, &id)?.clone();
            let after = patched(&before, &operations, RULES, Manner::Lists)?;
            if before.parent_id.is_none() {
                return Err(root_stays(&operations));
            }
            check_move(&all, &after)?;
            move_to(api, &mut all, after)?;
            api.resource(&id)
        })
        .await
}

fn root_stays(operations: &[PatchOperation]) -> Error {
    let member = operations.iter().find_map(|operation| operation.path.as_deref());
    let member = member.unwrap_or_default().trim_start_matches('/');
    invalid(format!("Root resource cannot update its {member}."))
}

fn check_move(all: &[Kept<ApiResource>], after: &ApiResource) -> Result<(), Error> {
    let parent_id = after.parent_id.as_deref().unwrap_or_default();
    let parent = find(all, parent_id)?;
    let mut above = Some(parent);
    while let Some(resource) = above {
        if resource.id == after.id {
            return Err(invalid("Resources cannot be cyclical."));
        }
        above = resource.parent_id.as_deref().and_then(|id| find(all, id).ok());
    }
    let part = after.path_part.as_deref().unwrap_or_default();
    path_parts::check(part)?;
    path_parts::check_place(parent, &children(all, parent_id, Some(&after.id)), part)
}

/// Keeps the resource, and those below it under their new paths.
fn move_to(
    api: &Api<'_>,
    all: &mut [Kept<ApiResource>],
    mut after: ApiResource,
) -> Result<(), Error> {
    let part = after.path_part.clone().unwrap_or_default();
    let above = find(all, after.parent_id.as_deref().unwrap_or_default())?.path.clone();
    after.path = joined(&above, &part);
    let mut open = vec![after];
    while let Some(resource) = open.pop() {
        for child in all.iter().filter(|c| c.definition.parent_id.as_ref() == Some(&resource.id)) {
            let part = child.definition.path_part.as_deref().unwrap_or_default();
            let path = joined(&resource.path, part);
            open.push(ApiResource { path, ..child.definition.clone() });
        }
        let mut kept = api.resource(&resource.id)?;
        kept.definition = resource;
        api.put(kept)?;
    }
    Ok(())
}

/// Removes a resource and all that is below it.
pub async fn delete(gateway: &Gateway, api: String, id: String) -> Result<(), Error> {
    gateway
        .write(api, move |api| {
            // A damaged one is deleted with what is known to be below it; else it would stay for good.
            let all = api.readable::<ApiResource>()?;
            match find(&all, &id) {
                Ok(resource) if resource.parent_id.is_none() => {
                    return Err(invalid("Root resource cannot be deleted."));
                }
                Err(missing) if !api.has::<ApiResource>(&id)? => return Err(missing),
                _ => {}
            }
            let mut open = vec![id];
            while let Some(id) = open.pop() {
                open.extend(children(&all, &id, None).into_iter().map(|child| child.id.clone()));
                api.remove::<ApiResource>(&id)?;
            }
            Ok(())
        })
        .await
}

fn find<'r>(all: &'r [Kept<ApiResource>], id: &str) -> Result<&'r ApiResource, Error> {
    let found = all.iter().map(|kept| &kept.definition).find(|resource| resource.id == id);
    found.ok_or_else(no_resource)
}

fn children<'r>(
    all: &'r [Kept<ApiResource>],
    parent_id: &str,
    except: Option<&str>,
) -> Vec<&'r ApiResource> {
    let resources = all.iter().map(|kept| &kept.definition);
    resources
        .filter(|r| r.parent_id.as_deref() == Some(parent_id) && Some(&*r.id) != except)
        .collect()
}

fn joined(parent: &str, part: &str) -> String {
    format!("{}/{part}", parent.trim_end_matches('/'))
}
