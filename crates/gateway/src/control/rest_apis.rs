//! REST APIs themselves: create, get, list, update, delete.

use resources::{
    Error,
    rest_apis::{
        ApiDeployment, ApiModel, ApiResource, ApiSnapshot, ApiStage, EndpointConfiguration,
        GatewayResponse, Kept, RequestValidator, RestApi,
    },
};

use super::{
    access::Api,
    identifiers, models,
    paging::{Page, PageQuery, page},
    patch::{Manner, PatchOperation, Rule, patched},
    refusals::invalid,
};
use crate::Gateway;

const COMPRESSION: &str = "Invalid minimum compression size, must be between 0 and 10485760";
const COMPRESSION_MAX: i64 = 10_485_760;

const RULES: &[Rule] = &[
    Rule::text("/name"),
    Rule::text("/description"),
    Rule::text("/version"),
    Rule::text("/policy"),
    Rule::text("/apiKeySource"),
    Rule::flag("/disableExecuteApiEndpoint"),
    Rule::whole("/minimumCompressionSize", COMPRESSION),
    Rule::element("/binaryMediaTypes/*"),
    Rule::element("/endpointConfiguration/types/*"),
    Rule::element("/endpointConfiguration/vpcEndpointIds/*"),
    Rule::text("/endpointConfiguration/ipAddressType"),
];

/// Keeps a new API with its root resource and the models that every API has.
pub async fn create(gateway: &Gateway, api: RestApi) -> Result<Kept<RestApi>, Error> {
    let id = identifiers::long();
    gateway
        .write(id.clone(), move |parts| {
            let mut definition = RestApi { root_resource_id: identifiers::long(), ..api };
            complete(&mut definition);
            checked(&definition)?;
            let root_id = definition.root_resource_id.clone();
            let kept = Kept::new(id, parts.now, definition);
            parts.tx.api_parts().put(&kept)?;
            add_root(parts, &root_id)?;
            models::add_built_in(parts)?;
            Ok(kept)
        })
        .await
}

fn add_root(parts: &Api<'_>, id: &str) -> Result<(), Error> {
    let root = ApiResource { id: id.to_owned(), path: "/".to_owned(), ..ApiResource::default() };
    parts.add(id, root).map(drop)
}

/// The API of that id.
pub async fn get(gateway: &Gateway, id: String) -> Result<Kept<RestApi>, Error> {
    gateway.read(id, itself).await
}

fn itself(api: &Api<'_>) -> Result<Kept<RestApi>, Error> {
    api.itself()
}

/// One page of the APIs, oldest first.
pub async fn list(gateway: &Gateway, query: PageQuery) -> Result<Page<Kept<RestApi>>, Error> {
    let all = gateway.on().store.read(|tx| Ok::<_, Error>(tx.api_parts::<RestApi>().all()?));
    page(all.await?, &query, |api| format!("{:020}{}", api.created.epoch_ms(), api.key))
}

/// Changes an API.
pub async fn update(
    gateway: &Gateway,
    id: String,
    operations: Vec<PatchOperation>,
) -> Result<Kept<RestApi>, Error> {
    gateway
        .write(id, move |parts| {
            let mut api = parts.itself()?;
            let mut definition = patched(&api.definition, &operations, RULES, Manner::Names)?;
            complete(&mut definition);
            checked(&definition)?;
            api.definition = definition;
            api.modified = parts.now;
            parts.tx.api_parts().put(&api)?;
            Ok(api)
        })
        .await
}

/// Removes an API and all that it has.
pub async fn delete(gateway: &Gateway, id: String) -> Result<(), Error> {
    let gone = gateway.write(id.clone(), |api| {
        api.must_exist()?;
        api.tx.api_parts::<RestApi>().delete(api.id)?;
        api.tx.api_parts::<ApiResource>().delete_of_api(api.id)?;
        api.tx.api_parts::<ApiModel>().delete_of_api(api.id)?;
        api.tx.api_parts::<RequestValidator>().delete_of_api(api.id)?;
        api.tx.api_parts::<GatewayResponse>().delete_of_api(api.id)?;
        api.tx.api_parts::<ApiStage>().delete_of_api(api.id)?;
        api.tx.api_parts::<ApiDeployment>().delete_of_api(api.id)?;
        api.tx.api_parts::<ApiSnapshot>().delete_of_api(api.id)?;
        Ok(())
    });
    gone.await?;
    gateway.publish(&id).await
}

/// Fills in what API Gateway decides.
fn complete(api: &mut RestApi) {
    let EndpointConfiguration { types, ip_address_type, .. } = &mut api.endpoint_configuration;
    if types.is_empty() {
        types.push("EDGE".to_owned());
    }
    let private = types.iter().any(|kind| kind == "PRIVATE");
    let default = if private { "dualstack" } else { "ipv4" };
    ip_address_type.get_or_insert_with(|| default.to_owned());
    // A text that is emptied is one that is taken away.
    api.description = api.description.take().filter(|text| !text.is_empty());
}

fn checked(api: &RestApi) -> Result<(), Error> {
    if api.name.trim().is_empty() {
        return Err(invalid("Name cannot be empty"));
    }
    if api.minimum_compression_size.is_some_and(|size| !(0..=COMPRESSION_MAX).contains(&size)) {
        return Err(invalid(COMPRESSION));
    }
    check_endpoint(&api.endpoint_configuration)
}

fn check_endpoint(endpoint: &EndpointConfiguration) -> Result<(), Error> {
    let known = |kind: &String| ["EDGE", "REGIONAL", "PRIVATE"].contains(&kind.as_str());
    if endpoint.types.len() != 1 || !endpoint.types.iter().all(known) {
        let text = "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE";
        return Err(invalid(text));
    }
    match endpoint.ip_address_type.as_deref() {
        Some("ipv4") if endpoint.types[0] == "PRIVATE" => {
            Err(invalid("Only dualstack ipAddressType is supported for Private APIs."))
        }
        Some("ipv4" | "dualstack") => Ok(()),
        _ => Err(invalid("ipAddressType must be either ipv4 or dualstack.")),
    }
}
