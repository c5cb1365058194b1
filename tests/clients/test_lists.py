"""ListModels, ListEndpointConfigs and ListEndpoints: every filter, every order, every page."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from artifacts import IMAGE, ROLE, leaf
from server import eventually

NAMES = ["b-one", "A-two", "a-three"]


@dataclass(frozen=True)
class Listing:
    """One list operation over three resources that were made one after the other."""

    call: object
    members: str
    name: str
    prefix: str
    created: dict

    def names(self, **query) -> list[str]:
        """The names on all pages of at most two, without what they have in common."""
        found, query = [], {"NameContains": self.prefix, "MaxResults": 2, **query}
        while True:
            page = self.call(**query)
            found += [item[self.name].removeprefix(self.prefix) for item in page[self.members]]
            if "NextToken" not in page:
                return found
            assert len(page[self.members]) == query["MaxResults"]
            query["NextToken"] = page["NextToken"]


@pytest.fixture(scope="module")
def listings(server):
    """The three lists over their resources, on a server that other tests use too."""
    sm, s3 = server.client("sagemaker"), server.client("s3")
    s3.create_bucket(Bucket="listed")
    s3.put_object(Bucket="listed", Key="m/xgboost-model", Body=leaf(1.0))
    place = {"S3Uri": "s3://listed/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"Image": IMAGE, "ModelDataSource": {"S3DataSource": place}}
    prefix = "listed-"
    created = {"model": {}, "config": {}, "endpoint": {}}
    for name in NAMES:
        full = prefix + name
        sm.create_model(ModelName=full, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        created["model"][name] = sm.describe_model(ModelName=full)["CreationTime"]
        variant = {
            "VariantName": "v",
            "ModelName": full,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        sm.create_endpoint_config(EndpointConfigName=full, ProductionVariants=[variant])
        described = sm.describe_endpoint_config(EndpointConfigName=full)
        created["config"][name] = described["CreationTime"]
        sm.create_endpoint(EndpointName=full, EndpointConfigName=full)
        created["endpoint"][name] = sm.describe_endpoint(EndpointName=full)["CreationTime"]
        sm.get_waiter("endpoint_in_service").wait(
            EndpointName=full, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
        )
    return {
        "model": Listing(sm.list_models, "Models", "ModelName", prefix, created["model"]),
        "config": Listing(
            sm.list_endpoint_configs,
            "EndpointConfigs",
            "EndpointConfigName",
            prefix,
            created["config"],
        ),
        "endpoint": Listing(
            sm.list_endpoints, "Endpoints", "EndpointName", prefix, created["endpoint"]
        ),
    }


KINDS = pytest.mark.parametrize("kind", ["model", "config", "endpoint"])


@KINDS
@pytest.mark.parametrize(
    ("query", "expect"),
    [
        ({}, NAMES[::-1]),
        ({"SortBy": "CreationTime"}, NAMES[::-1]),
        ({"SortOrder": "Ascending"}, NAMES),
        ({"SortBy": "CreationTime", "SortOrder": "Descending"}, NAMES[::-1]),
        ({"SortBy": "Name", "SortOrder": "Ascending"}, ["A-two", "a-three", "b-one"]),
        ({"SortBy": "Name"}, ["b-one", "a-three", "A-two"]),
        ({"MaxResults": 1}, NAMES[::-1]),
        ({"MaxResults": 3}, NAMES[::-1]),
        ({"MaxResults": 100}, NAMES[::-1]),
        ({"NameContains": "listed-a"}, ["a-three"]),
        ({"NameContains": "sted-A-t"}, ["A-two"]),
        ({"NameContains": "listed-none"}, []),
    ],
)
def test_names_orders_and_pages(listings, kind, query, expect):
    assert listings[kind].names(**query) == expect


@KINDS
def test_times_of_creation(listings, kind):
    listing = listings[kind]
    second = listing.created["A-two"]
    # A moment itself counts as after it, not as before it.
    for query, expect in [
        ({"CreationTimeAfter": second}, ["a-three", "A-two"]),
        ({"CreationTimeBefore": second}, ["b-one"]),
        ({"CreationTimeAfter": second + timedelta(milliseconds=1)}, ["a-three"]),
        (
            {"CreationTimeAfter": second, "CreationTimeBefore": second + timedelta(milliseconds=1)},
            ["A-two"],
        ),
        ({"CreationTimeAfter": datetime.now(timezone.utc) + timedelta(days=1)}, []),
        ({"CreationTimeBefore": datetime(2001, 1, 1, tzinfo=timezone.utc)}, []),
    ]:
        assert listing.names(**query) == expect, query


def test_times_of_change_and_states_of_endpoints(listings, server):
    listing, sm = listings["endpoint"], server.client("sagemaker")
    changed = {
        name: sm.describe_endpoint(EndpointName=listing.prefix + name)["LastModifiedTime"]
        for name in NAMES
    }
    assert all(changed[name] > listing.created[name] for name in NAMES)
    second = changed["A-two"]
    for query, expect in [
        ({"LastModifiedTimeAfter": second}, ["a-three", "A-two"]),
        ({"LastModifiedTimeBefore": second}, ["b-one"]),
        ({"LastModifiedTimeBefore": second + timedelta(milliseconds=1)}, ["A-two", "b-one"]),
        ({"StatusEquals": "InService"}, NAMES[::-1]),
        ({"StatusEquals": "Failed"}, []),
        ({"StatusEquals": "OutOfService"}, []),
        ({"SortBy": "Status", "SortOrder": "Ascending"}, ["A-two", "a-three", "b-one"]),
        ({"SortBy": "Status", "SortOrder": "Descending"}, ["b-one", "a-three", "A-two"]),
        ({"StatusEquals": "InService", "LastModifiedTimeAfter": second, "MaxResults": 1}, ["a-three", "A-two"]),
    ]:
        assert listing.names(**query) == expect, query


@KINDS
def test_what_makes_no_sense_is_refused(listings, refused, kind):
    listing = listings[kind]
    first = listing.call(NameContains=listing.prefix, MaxResults=1)
    for query, said in [
        ({"MaxResults": 101}, "less than or equal to 100"),
        ({"SortBy": "Size"}, "enum value set"),
        ({"SortOrder": "Upwards"}, "enum value set"),
        ({"NameContains": "no spaces"}, "regular expression pattern"),
        ({"NameContains": "n" * 64}, "less than or equal to 63"),
        ({"NextToken": "made-up"}, "was not given out by this list"),
        (
            {"NextToken": first["NextToken"], "SortBy": "Name"},
            "was not given out by this list",
        ),
    ]:
        error = refused(listing.call, **query)
        assert (error.status, error.code) == (400, "ValidationException"), query
        assert said in error.message, query


def test_states_that_are_none_are_refused(sm, refused):
    error = refused(sm.list_endpoints, StatusEquals="Sleeping")
    assert (error.status, error.code) == (400, "ValidationException")
    assert "enum value set" in error.message


def test_a_page_goes_on_although_its_last_resource_is_gone(listings, server):
    sm = server.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://listed/x.tar.gz"}
    names = [f"going-{number}" for number in range(4)]
    for name in names:
        sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    query = {"NameContains": "going-", "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = sm.list_models(**query)
    sm.delete_model(ModelName="going-1")
    rest = sm.list_models(**query, NextToken=first["NextToken"])
    assert [model["ModelName"] for model in rest["Models"]] == ["going-2", "going-3"]
    assert "NextToken" not in rest


def test_a_record_that_cannot_be_read_hides_no_other(start_server, deploy_to):
    server = start_server()
    deploy, sm = deploy_to(server), server.client("sagemaker")
    for name in ["before", "hit", "later"]:
        deploy(name, {"xgboost-model": leaf(1.0)})
    server.stop()
    damage(server.data_dir, "hit")
    server.start()
    sm = server.client("sagemaker")

    def serving():
        listed = sm.list_endpoints(SortBy="Name", SortOrder="Ascending", MaxResults=2)
        rest = sm.list_endpoints(
            SortBy="Name", SortOrder="Ascending", MaxResults=2, NextToken=listed["NextToken"]
        )
        found = listed["Endpoints"] + rest["Endpoints"]
        assert [one["EndpointName"] for one in found] == ["before", "later"]
        return all(one["EndpointStatus"] == "InService" for one in found)

    eventually(serving)
    # It is left to be deleted, which makes room for another of its name.
    sm.delete_endpoint(EndpointName="hit")
    deploy_to(server).endpoint("hit", "hit")


def damage(data_dir, endpoint: str) -> None:
    """Spoils the record of an endpoint as a damaged disk would; the server is down."""
    with sqlite3.connect(data_dir / "meta.sqlite") as database:
        statement = "UPDATE records SET body = '{' WHERE kind = 'endpoint' AND key = ?"
        assert database.execute(statement, [endpoint]).rowcount == 1
    database.close()
