//! The closed table of operations served in the JSON and query protocols, alphabetical within
//! their service.

use std::{future::Future, pin::Pin};

use resources::{Error, ErrorKind};
use serde_json::Value;

use crate::{Context, apigateway, authenticate::Caller, error, iam, logs, sagemaker, sts};

/// One operation of one service.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The SDKs' name of the service.
    pub(crate) service: &'static str,
    /// The operation's name.
    pub(crate) name: &'static str,
    /// The codes of the service's errors.
    pub(crate) code_of: fn(ErrorKind) -> &'static str,
    /// Does it: parameters by the shape tables in, reply by the shape tables out.
    pub(crate) call: for<'a> fn(&'a Context, &'a Caller, Value) -> Reply<'a>,
}

/// A reply to come.
type Reply<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send + 'a>>;

macro_rules! operations {
    ($($service:literal, $module:ident {
        $($name:ident => $operation:ident $(for $caller:ident)?,)*
    })*) => {
        /// Every operation.
        pub(crate) static OPERATIONS: &[Operation] = &[
            $($(Operation {
                service: $service,
                name: stringify!($name),
                code_of: error::$module,
                call: |cx, who, params| Box::pin(async move {
                    // Most operations do not ask who calls.
                    let _: &Caller = who;
                    $(let $caller = who;)?
                    let input = serde_json::from_value(params).map_err(Error::internal)?;
                    let output = $module::$operation::call(cx, $($caller,)? input).await?;
                    serde_json::to_value(output).map_err(Error::internal)
                }),
            },)*)*
        ];
    };
}

operations! {
    "apigateway", apigateway {
        CreateDeployment => create_deployment,
        CreateModel => create_model,
        CreateRequestValidator => create_request_validator,
        CreateResource => create_resource,
        CreateRestApi => create_rest_api,
        CreateStage => create_stage,
        DeleteDeployment => delete_deployment,
        DeleteGatewayResponse => delete_gateway_response,
        DeleteIntegration => delete_integration,
        DeleteIntegrationResponse => delete_integration_response,
        DeleteMethod => delete_method,
        DeleteMethodResponse => delete_method_response,
        DeleteModel => delete_model,
        DeleteRequestValidator => delete_request_validator,
        DeleteResource => delete_resource,
        DeleteRestApi => delete_rest_api,
        DeleteStage => delete_stage,
        GetDeployment => get_deployment,
        GetDeployments => get_deployments,
        GetGatewayResponse => get_gateway_response,
        GetGatewayResponses => get_gateway_responses,
        GetIntegration => get_integration,
        GetIntegrationResponse => get_integration_response,
        GetMethod => get_method,
        GetMethodResponse => get_method_response,
        GetModel => get_model,
        GetModelTemplate => get_model_template,
        GetModels => get_models,
        GetRequestValidator => get_request_validator,
        GetRequestValidators => get_request_validators,
        GetResource => get_resource,
        GetResources => get_resources,
        GetRestApi => get_rest_api,
        GetRestApis => get_rest_apis,
        GetStage => get_stage,
        GetStages => get_stages,
        GetTags => get_tags,
        PutGatewayResponse => put_gateway_response,
        PutIntegration => put_integration,
        PutIntegrationResponse => put_integration_response,
        PutMethod => put_method,
        PutMethodResponse => put_method_response,
        TagResource => tag_resource,
        TestInvokeMethod => test_invoke_method,
        UntagResource => untag_resource,
        UpdateDeployment => update_deployment,
        UpdateGatewayResponse => update_gateway_response,
        UpdateIntegration => update_integration,
        UpdateIntegrationResponse => update_integration_response,
        UpdateMethod => update_method,
        UpdateMethodResponse => update_method_response,
        UpdateModel => update_model,
        UpdateRequestValidator => update_request_validator,
        UpdateResource => update_resource,
        UpdateRestApi => update_rest_api,
        UpdateStage => update_stage,
    }
    "iam", iam {
        GetRole => get_role,
    }
    "logs", logs {
        DescribeLogGroups => describe_log_groups,
        DescribeLogStreams => describe_log_streams,
        FilterLogEvents => filter_log_events,
        GetLogEvents => get_log_events,
    }
    "sagemaker", sagemaker {
        AddTags => add_tags,
        CreateEndpoint => create_endpoint,
        CreateEndpointConfig => create_endpoint_config,
        CreateModel => create_model,
        DeleteEndpoint => delete_endpoint,
        DeleteEndpointConfig => delete_endpoint_config,
        DeleteModel => delete_model,
        DeleteTags => delete_tags,
        DescribeEndpoint => describe_endpoint,
        DescribeEndpointConfig => describe_endpoint_config,
        DescribeModel => describe_model,
        ListEndpointConfigs => list_endpoint_configs,
        ListEndpoints => list_endpoints,
        ListModels => list_models,
        ListTags => list_tags,
        UpdateEndpoint => update_endpoint,
        UpdateEndpointWeightsAndCapacities => update_endpoint_weights_and_capacities,
    }
    "sts", sts {
        GetCallerIdentity => get_caller_identity for caller,
    }
}

/// The operation of that name.
pub(crate) fn find(service: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.service == service && operation.name == name)
}

#[cfg(test)]
mod tests {
    use super::OPERATIONS;

    #[test]
    fn the_table_is_sorted_and_equals_the_shape_tables() {
        let ours: Vec<_> = OPERATIONS.iter().map(|o| (o.service, o.name)).collect();
        assert!(ours.is_sorted(), "{ours:?}");
        let shapes: Vec<_> = aws_wire::SERVICES
            .iter()
            // The data plane is decoded by hand; see `sagemaker_runtime`.
            .filter(|service| service.name != "sagemaker-runtime")
            .flat_map(|service| service.operations.iter().map(|o| (service.name, o.name)))
            .collect();
        assert_eq!(ours, shapes);
    }
}
