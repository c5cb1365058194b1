"""Calls out of the shape tables: for each served operation one that fits, and many that do not.

The operations are those of `crates/aws-wire/src/tables`, their shapes those of botocore's models,
which the tables are made from. What the server should say to a call is `test_malformed`'s business.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import botocore.loaders
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

TABLES = Path(__file__).resolve().parents[2] / "crates" / "aws-wire" / "src" / "tables"
SERVICE = re.compile(r'name: "([a-z-]+)",\s*signing_name')
VALIDATION_CODE = re.compile(r'validation_code: "(\w+)"')
OPERATION = re.compile(r'Operation \{\s*name: "(\w+)"')

# Texts that patterns ask for, the plainest first.
TEXTS = [
    "a",
    "aaaaaaaaaaaaaaaaaaaa",
    "1",
    "s3://bucket/key",
    "arn:aws:iam::000000000000:role/model",
    "arn:aws:sagemaker:us-east-1:000000000000:endpoint/a",
    "arn:aws:sns:us-east-1:000000000000:topic",
    "https://sqs.us-east-1.amazonaws.com/0",
    "AKIDEXAMPLE000000000",
    "2026-01-01T00:00:00Z",
    "sg-0",
    "subnet-0",
    "text/csv",
    "application/json",
    "ml.m5.large",
    "000000000000",
    "P1D",
    "200",
    "/metrics",
    "mig-1g.5gb",
]
# Texts that patterns are against, one of them for nearly every pattern.
STRANGE_TEXTS = ["-", "\u0000", "\u00e9"]
JAVA_CLASSES = {
    r"\p{L}": "a-z",
    r"\p{Z}": " ",
    r"\p{N}": "0-9",
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{Print}": " -~",
    r"\z": r"\Z",
}
NUMBERS = ("integer", "long", "float", "double")
# Members of members are changed as far as this down.
DEPTH_MAX = 4


@dataclass(frozen=True)
class Malformed:
    """A call that breaks one thing."""

    what: str
    """What is broken, and where."""
    kind: str
    """`type` if the value is not of its shape, `constraint` if it is but may not be."""
    members: dict
    """All members of the call."""
    path: tuple
    """Where it is wrong: names of members, and indexes."""

    @property
    def member(self) -> str:
        """The member that is wrong, as an error names it."""
        return [part for part in self.path if isinstance(part, str)][-1]

    @property
    def top(self) -> str:
        """The member of the call that it is or lies in."""
        return self.path[0]


def served() -> list[tuple[OperationModel, str]]:
    """Every operation that the tables serve: its model, and the code of a broken constraint."""
    loader = botocore.loaders.Loader()
    operations = []
    for table in sorted(TABLES.glob("*.rs")):
        text = table.read_text()
        if name := SERVICE.search(text):
            model = ServiceModel(loader.load_service_model(name[1], "service-2"), name[1])
            code = VALIDATION_CODE.search(text)[1]
            operations += [(model.operation_model(it), code) for it in OPERATION.findall(text)]
    return operations


def fitting(shape: Shape):
    """A value within the constraints of the shape, with the required members only."""
    if isinstance(shape, StructureShape):
        return {name: fitting(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [fitting(shape.member) for _ in range(shape.metadata.get("min", 0))]
    if isinstance(shape, MapShape):
        return {}
    if shape.type_name in NUMBERS:
        return max(1, shape.metadata.get("min", 1)) if shape.metadata.get("max", 1) >= 1 else 0
    return {"boolean": True, "timestamp": 1_700_000_000, "blob": "YQ=="}.get(shape.type_name) or text(shape)


def text(shape: Shape) -> str:
    """A text within the constraints of the shape."""
    if getattr(shape, "enum", None):
        return shape.enum[0]
    pattern = compiled(shape)
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 20)
    fits = (it for it in TEXTS if low <= len(it) <= high and pattern.fullmatch(it))
    found = next(fits, None)
    assert found is not None, f"no text for {shape.name}: {shape.metadata}; add one to `TEXTS`"
    return found


def compiled(shape: Shape) -> re.Pattern:
    """The shape's pattern, with Java's classes as far as the texts here need them."""
    pattern = shape.metadata.get("pattern", r"[\s\S]*")
    for java, python in JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def malformed(operation: OperationModel) -> Iterator[Malformed]:
    """Every way to break one member of a fitting call that the shapes tell."""
    if operation.input_shape is not None:
        yield from _structure(operation.input_shape, fitting(operation.input_shape), (), DEPTH_MAX)


def _structure(shape: StructureShape, whole: dict, path: tuple, depth: int) -> Iterator[Malformed]:
    for name, member in shape.members.items():
        here = (*path, name)
        if name in shape.required_members:
            yield Malformed(f"{dotted(here)} is missing", "constraint", without(whole, here), here)
        yield from _values(member, whole, here)
        if depth > 1:
            yield from _below(member, whole, here, depth)


def _below(shape: Shape, whole: dict, path: tuple, depth: int) -> Iterator[Malformed]:
    """The members of a structure, or of a list's first structure."""
    if isinstance(shape, StructureShape):
        yield from _structure(shape, put(whole, path, fitting(shape)), path, depth - 1)
    elif isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        whole = put(whole, path, [fitting(shape.member)] * max(1, shape.metadata.get("min", 1)))
        yield from _structure(shape.member, whole, (*path, 0), depth - 1)


def _values(shape: Shape, whole: dict, path: tuple) -> Iterator[Malformed]:
    for what, value in wrong_types(shape):
        yield Malformed(f"{dotted(path)} is {what}", "type", put(whole, path, value), path)
    for what, value in broken_constraints(shape):
        yield Malformed(f"{dotted(path)} is {what}", "constraint", put(whole, path, value), path)


def wrong_types(shape: Shape) -> Iterator[tuple[str, object]]:
    """A value of another JSON type; texts that spell numbers are left to the server."""
    if shape.type_name == "string":
        yield "a number", 7
        yield "a list", ["a"]
    elif shape.type_name == "structure":
        yield "a text", "a"
        yield "a list", []
    elif shape.type_name == "list":
        yield "a structure", {"a": "b"}
    elif shape.type_name == "map":
        yield "a list", ["a"]
    elif shape.type_name in NUMBERS:
        yield "a structure", {}
        yield "a word", "seven"
    elif shape.type_name == "boolean":
        yield "a word", "yes"
    elif shape.type_name == "timestamp":
        yield "a word", "yesterday"


def broken_constraints(shape: Shape) -> Iterator[tuple[str, object]]:
    """Values of the right type that the shape's constraints do not allow."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string":
        if getattr(shape, "enum", None):
            yield "no value of the enum", "NoSuchValue"
        if high is not None and high < 100_000:
            yield "too long", "a" * (high + 1)
        if low:
            yield "too short", "a" * (low - 1)
        against = (it for it in STRANGE_TEXTS if not compiled(shape).fullmatch(it))
        if (strange := next(against, None)) and len(strange) >= (low or 0):
            yield "against its pattern", strange
    elif shape.type_name in NUMBERS:
        if low is not None:
            yield "below its least", low - 1
        if high is not None and high < 1 << 31:
            yield "above its greatest", high + 1
    elif shape.type_name == "list":
        if low:
            yield "too short", []
        if high is not None and high <= 1000:
            yield "too long", [fitting(shape.member)] * (high + 1)


def put(whole: dict, path: tuple, value) -> dict:
    """A copy in which `value` stands at `path`."""
    changed = deepcopy(whole)
    place = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return changed


def without(whole: dict, path: tuple) -> dict:
    """A copy in which nothing stands at `path`."""
    changed = deepcopy(whole)
    place = changed
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    return changed


def dotted(path: tuple) -> str:
    """A path as people write it."""
    return ".".join(map(str, path))
