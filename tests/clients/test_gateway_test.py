"""`clary gateway test`, as somebody who writes mapping templates types it."""

import json
import subprocess

import pytest

from server import binary, environment

MOVIES = """{"instances": [
#set( $user_id = $input.params("user_id") )
#foreach( $item in $input.params("items").split(",") )
{"in0": [$user_id], "in1": [$item]}#if( $foreach.hasNext ),#end
$esc.newline
#end
]}"""


@pytest.fixture
def gateway_test(tmp_path):
    """Writes files and runs the command in their folder; answers stdout and stderr."""

    def run(template: str, *arguments: str, fails: int = 0, stdin: str = "", **files: str):
        (tmp_path / "t.vtl").write_text(template)
        for name, text in files.items():
            (tmp_path / f"{name}.json").write_text(text)
        done = subprocess.run(
            [binary(), "gateway", "test", "t.vtl", *arguments],
            cwd=tmp_path,
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == fails, done.stderr
        return done.stdout, done.stderr

    return run


def test_parameters_come_from_flags(gateway_test):
    out, notes = gateway_test(MOVIES, "--path", "user_id=321", "--query", "items=1,2")
    assert json.loads(out)["instances"] == [
        {"in0": [321], "in1": [1]},
        {"in0": [321], "in1": [2]},
    ]
    assert notes == ""


def test_bodies_come_from_files_text_and_stdin(gateway_test):
    template = "$input.path('$.a').b $context.stage $stageVariables.v $input.params('X-H')"
    flags = ["--stage-variable", "v=1", "--context", "stage=prod", "--header", "x-h: 2"]
    body = '{"a": {"b": "é"}}'
    for given in (body, "body.json", "-"):
        out, _ = gateway_test(template, "--body", given, *flags, stdin=body, body=body)
        assert out == "é prod 1 2"


def test_a_request_file_is_what_lambda_functions_get(gateway_test):
    request = {
        "body": {"n": 1},
        "headers": {"Accept": "text/csv"},
        "queryStringParameters": {"q": "from file", "r": "kept"},
        "pathParameters": {"id": "7"},
        "stageVariables": {"v": "x"},
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "192.0.2.1"}},
    }
    template = (
        "$input.json('$.n') $input.params('accept') $input.params('q') $input.params('r') "
        "$input.params('id') $stageVariables.v $context.stage $context.identity.sourceIp"
    )
    out, _ = gateway_test(
        template, "--request", "r.json", "--query", "q=from flag", r=json.dumps(request)
    )
    assert out == "1 text/csv from flag kept 7 x prod 192.0.2.1"


def test_errors_have_a_caret_and_a_place(gateway_test):
    _, error = gateway_test("one\n #if( $a ", fails=1)
    assert "t.vtl:2:10: " in error
    assert error.endswith("2 |  #if( $a \n  |          ^\n")
    _, error = gateway_test("$util.base64Decode('*')", fails=1)
    assert "t.vtl:1:7: `base64Decode` fails" in error
    _, error = gateway_test("$input.json('$')", "--body", "{nope", fails=1)
    assert "the body is not the JSON" in error
    _, error = gateway_test("", "--body", "nowhere", fails=1)
    assert "give JSON text, the name of a file, or `-` for stdin" in error
    _, error = gateway_test("", "--query", "novalue", fails=2)
    assert "write NAME=VALUE" in error


def test_traces_and_overrides_are_told_aside(gateway_test):
    template = "#set($context.responseOverride.status = 201)#if($x == 1)y#{else}{n#end"
    out, told = gateway_test(template, "--trace")
    assert out == "{n"
    assert told.splitlines() == [
        " 1:6  #set $context.responseOverride.status = 201",
        "1:45  #if = false",
        "overrides response status: 201",
        "note: the text begins like JSON and is none: no name of a member at byte 1, line 1, before `n`",
    ]
    out, _ = gateway_test(template, "--trace", "--json")
    answer = json.loads(out)
    assert answer["body"] == "{n"
    assert answer["responseOverride"]["status"] == "201"
    assert answer["trace"][1] == {"line": 1, "column": 45, "what": "#if", "value": "false"}


def test_watch_renders_again_when_a_file_changes(tmp_path):
    template = tmp_path / "t.vtl"
    template.write_text("first $input.params('q')\n")
    command = [binary(), "gateway", "test", str(template), "--query", "q=1", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as watch:
        try:
            assert watch.stdout.readline() == "first 1\n"
            template.write_text("then, #if( $broken")
            template.write_text("second, after a fault, $input.params('q')\n")
            assert watch.stdout.readline() == "second, after a fault, 1\n"
        finally:
            watch.terminate()
