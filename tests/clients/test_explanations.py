"""Answers that say why: ExplainerConfig, EnableExplanations, and Clarify's shape of answers."""

import json
import math

import pytest
from botocore.exceptions import WaiterError

from artifacts import leaf
from conftest import EXAMPLES

COVTYPE = EXAMPLES / "covtype"
ROWS = (COVTYPE / "payload.csv").read_text().splitlines()[:6]
RECORDS = json.loads((COVTYPE / "payload.json").read_text())[:6]
NAMES = list(RECORDS[0])
LABELS = [f"cover {number}" for number in range(7)]


def clarify(baseline: str | None = ROWS[0], **config) -> dict:
    """`ExplainerConfig` against one row."""
    rows = {"ShapBaseline": baseline, "MimeType": "text/csv"} if baseline else {}
    shap = {"ShapBaselineConfig": rows}
    return {"ClarifyExplainerConfig": {"ShapConfig": shap, **config}}


@pytest.fixture(scope="module")
def covtype(deploy):
    """The covtype model, once for all."""
    return deploy.model("explained-covtype", COVTYPE / "model")


@pytest.fixture
def configure(sm, fresh):
    """Creates an endpoint configuration of a model with an explainer."""

    def make(model: str, explainer: dict) -> str:
        name = fresh("explained")
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        sm.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], ExplainerConfig=explainer
        )
        return name

    return make


@pytest.fixture
def explained(deploy, configure, covtype):
    """Puts the covtype model into service with an explainer."""

    def make(explainer: dict) -> str:
        config = configure(covtype, explainer)
        return deploy.endpoint(config, config)

    return make


def ask(runtime, name: str, body="\n".join(ROWS), content_type="text/csv", **members) -> dict:
    """An explained answer."""
    members = {"Accept": "text/csv", **members}
    answer = runtime.invoke_endpoint(
        EndpointName=name, ContentType=content_type, Body=body, **members
    )
    assert answer["ContentType"] == "application/json"
    return json.loads(answer["Body"].read())


def sums(record: list) -> list[float]:
    """The contributions of all features, added up for each class."""
    values = [feature["attributions"][0]["attribution"] for feature in record]
    return [sum(of_class) for of_class in zip(*values)]


def test_contributions_tell_one_row_from_another(runtime, explained):
    name = explained(clarify(InferenceConfig={"FeatureHeaders": NAMES, "LabelHeaders": LABELS}))
    answer = ask(runtime, name)
    assert answer["version"] == "1.0"
    assert answer["label_headers"] == LABELS
    assert answer["predictions"]["content_type"].startswith("text/csv")
    scores = [
        [float(score) for score in line.split(",")]
        for line in answer["predictions"]["data"].splitlines()
    ]
    explanations = answer["explanations"]["kernel_shap"]
    assert len(explanations) == len(scores) == len(ROWS)
    for record, probabilities in zip(explanations, scores):
        assert [feature["feature_header"] for feature in record] == NAMES
        # The classes' margins add up to what the probabilities say of them, against the first row.
        margins, first = sums(record), scores[0]
        for margin, probability, of_first in zip(margins, probabilities, first):
            expected = math.log(probability / probabilities[0]) - math.log(of_first / first[0])
            assert margin - margins[0] == pytest.approx(expected, abs=2e-4)
    assert sums(explanations[0]) == pytest.approx([0.0] * 7, abs=1e-9)


def test_every_type_of_body_is_explained_alike(runtime, explained):
    name = explained(clarify())
    expected = ask(runtime, name)["explanations"]
    # Records are found by their names, whatever their order.
    lines = "\n".join(
        json.dumps(dict(sorted(record.items(), reverse=True))) for record in RECORDS
    )
    for content_type, body in [
        ("application/jsonlines", lines),
        ("application/json", json.dumps(RECORDS)),
        ("text/csv", "\n".join([",".join(NAMES), *ROWS])),
    ]:
        for accept in ["text/csv", "application/jsonlines"]:
            answer = ask(runtime, name, body, content_type, Accept=accept)
            assert answer["explanations"] == expected, content_type


def test_what_the_trees_counted_explains_without_a_baseline(runtime, explained):
    answer = ask(runtime, explained(clarify(None)), ROWS[0])
    (record,) = answer["explanations"]["kernel_shap"]
    assert any(abs(total) > 0.1 for total in sums(record))


def test_an_expression_chooses_what_is_explained(runtime, explained, refused):
    # The first class is likelier than not.
    name = explained(clarify(EnableExplanations="[0] > `0.5`"))

    def chosen(**members) -> list[bool]:
        answer = ask(runtime, name, **members)
        if answer["explanations"] == {}:
            return []
        return [record is not None for record in answer["explanations"]["kernel_shap"]]

    answer = ask(runtime, name)
    lines = answer["predictions"]["data"].splitlines()
    likely = [float(line.split(",")[0]) > 0.5 for line in lines]
    assert chosen() == (likely if any(likely) else [])
    assert chosen(EnableExplanations="`true`") == [True] * len(ROWS)
    assert chosen(EnableExplanations="`false`") == []
    assert chosen(EnableExplanations="max(@) < `0`") == []
    by_score = chosen(EnableExplanations="score[0] > `0.5`", Accept="application/jsonlines")
    assert by_score == (likely if any(likely) else [])
    for expression, said in [
        ("[0", "is no JMESPath expression"),
        ("[0]", "neither true nor false"),
        ("nope(@)", "there is no function `nope`"),
        ("abs(@)", "can't be evaluated"),
    ]:
        error = refused(ask, runtime, name, EnableExplanations=expression)
        assert (error.status, error.code) == (424, "ModelError")
        assert error.body["OriginalStatusCode"] == 400
        assert said in error.body["OriginalMessage"]


def test_the_explainer_is_shown_and_kept(start_server, deploy_to):
    server = start_server()
    deploy, sm = deploy_to(server), server.client("sagemaker")
    explainer = clarify(
        "0",
        EnableExplanations="`true`",
        InferenceConfig={"MaxRecordCount": 10, "FeatureTypes": ["numerical"]},
    )
    explainer["ClarifyExplainerConfig"]["ShapConfig"].update(
        NumberOfSamples=100, Seed=7, UseLogit=True
    )
    variant = {
        "VariantName": "v",
        "ModelName": deploy.model("m", {"xgboost-model": leaf(1.5)}),
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sm.create_endpoint_config(
        EndpointConfigName="c", ProductionVariants=[variant], ExplainerConfig=explainer
    )
    assert sm.describe_endpoint_config(EndpointConfigName="c")["ExplainerConfig"] == explainer
    deploy.endpoint("e", "c")
    server.restart()
    sm = server.client("sagemaker")
    deploy_to(server).wait_in_service("e")
    assert sm.describe_endpoint(EndpointName="e")["ExplainerConfig"] == explainer
    answer = ask(server.client("sagemaker-runtime"), "e", "1\n")
    assert answer["predictions"]["data"] == "1.5\n"
    attributions = [{"attribution": [0.0]}]
    feature = {"feature_header": "x", "feature_type": "numerical", "attributions": attributions}
    assert answer["explanations"] == {"kernel_shap": [[feature]]}


def test_an_endpoint_without_an_explainer_refuses_an_expression(runtime, deploy, fresh, refused):
    name = deploy(fresh("plain"), {"xgboost-model": leaf(1.0)})
    error = refused(
        runtime.invoke_endpoint,
        EndpointName=name,
        ContentType="text/csv",
        Body=b"1\n",
        EnableExplanations="`true`",
    )
    assert (error.status, error.code) == (400, "ValidationError")
    assert "has no explainer" in error.message


@pytest.mark.parametrize(
    ("explainer", "reason"),
    [
        (clarify("1,2,3"), "`ShapBaseline` can't be read as `text/csv`"),
        (clarify(EnableExplanations="[0"), "is no JMESPath expression"),
        (
            clarify(InferenceConfig={"FeatureHeaders": ["one"]}),
            "`FeatureHeaders` has 1 members and the model 54 features",
        ),
    ],
)
def test_an_explainer_that_does_not_go_with_the_model_says_why(
    sm, deploy, configure, covtype, explainer, reason
):
    config = configure(covtype, explainer)
    deploy.endpoint(config, config, wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service(config)
    assert reason in sm.describe_endpoint(EndpointName=config)["FailureReason"]


@pytest.mark.parametrize(
    ("explainer", "status", "said"),
    [
        ({}, 400, "needs a `ClarifyExplainerConfig`"),
        (
            {"ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {"ShapBaselineUri": "s3://b/k"}}}},
            501,
            "`ShapBaselineUri`",
        ),
        (clarify(InferenceConfig={"FeatureTypes": ["text"]}), 501, "`text` among"),
        (clarify(EnableExplanations="x" * 65), 400, "less than or equal to 64"),
    ],
)
def test_explainers_that_are_not_served_are_refused(
    configure, covtype, refused, explainer, status, said
):
    error = refused(configure, covtype, explainer)
    assert error.status == status
    assert said in error.message
