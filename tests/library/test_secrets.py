"""Secrets show themselves nowhere; of the environment, nodes see what is granted."""

import copy
import json
import logging
import pickle

import pytest

import nodeflow as nf
from nodeflow.library import convert, flow, secrets, text
from nodeflow.services import Clock, Environment, Files, NotGranted, Secret, Secrets, granted
from nodeflow.testing import try_node
from nodeflow.values import copy_value, short, size_of, to_json, to_text

TOKEN = "s3cr3t-t0ken"
PART = "s3cr3t"


# --- the value ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "show",
    [
        str, repr, ascii, "{}".format, "{0!r:>40}".format, "{:s}".format, "%s".__mod__, short, to_text, to_json,
        lambda s: to_text([s, {"a": s}]), lambda s: to_json({"a": [s]}), lambda s: short({"a": [s]}),
        lambda s: json.dumps(to_json(s)), lambda s: f"{s}", lambda s: f"{s=}", lambda s: dir(s),
        lambda s: repr(Secrets({"token": s})), lambda s: str(ValueError(s)), lambda s: repr(ValueError(s)),
    ],
)  # fmt: skip
def test_a_secret_is_not_shown(show):
    assert PART not in str(show(Secret(TOKEN)))


def test_a_secret_is_revealed_by_name_only():
    secret = Secret(TOKEN)
    assert secret.reveal() == TOKEN
    with pytest.raises(TypeError):
        vars(secret)
    for act in (pickle.dumps, iter, len, bytes, int):
        with pytest.raises(TypeError) as caught:
            act(secret)
        assert PART not in str(caught.value)
    with pytest.raises(AttributeError, match="cannot be changed"):
        secret._text = "x"


def test_secrets_are_equal_to_secrets_only():
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret(TOKEN) != Secret("")
    assert Secret(TOKEN) != TOKEN
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("\ud800") == Secret("\ud800")


def test_a_secret_is_copied_as_itself():
    secret = Secret(TOKEN)
    assert copy.copy(secret) is copy.deepcopy([secret])[0] is copy_value({"a": [secret]})["a"][0] is secret
    assert size_of(secret, 1000) < len(TOKEN)


@pytest.mark.parametrize("value", [None, 3, b"bytes", ["x"]])
def test_a_secret_is_a_text(value):
    with pytest.raises(TypeError, match="a secret is a text, not of type"):
        Secret(value)


# --- the nodes ----------------------------------------------------------------------------------------


def test_secrets_by_name():
    grant = Secrets({"token": TOKEN, "other": Secret("o")})
    assert try_node(secrets.get, name="token", services=[grant]).result.reveal() == TOKEN
    with pytest.raises(NotGranted, match="granted no secret 'nope'; it granted token, other"):
        try_node(secrets.get, name="nope", services=[grant])
    with pytest.raises(NotGranted, match=r"needs Secrets.*--secret NAME=@FILE"):
        try_node(secrets.get, name="token")


def test_a_secret_with_text_around_it_is_a_secret():
    joined = secrets.join("Bearer ", Secret(TOKEN), "!")
    assert (repr(joined), joined.reveal()) == ("Secret(***)", f"Bearer {TOKEN}!")
    for value in (TOKEN, None, 3):
        with pytest.raises(TypeError, match="is no secret"):
            secrets.join("a", value)


def test_the_environment_as_far_as_it_is_granted(monkeypatch):
    monkeypatch.setenv("NODEFLOW_SHOWN", "shown")
    monkeypatch.setenv("NODEFLOW_HIDDEN", PART)
    grant = Environment(["NODEFLOW_SHOWN", "NODEFLOW_NOT_SET"])
    assert PART not in repr(grant)

    def get(**given):
        return try_node(secrets.environment, services=[grant], **given).result

    assert get(name="NODEFLOW_SHOWN") == "shown"
    assert get(name="NODEFLOW_NOT_SET", default="") == ""
    with pytest.raises(LookupError, match="'NODEFLOW_NOT_SET' is not set, and there is no default"):
        get(name="NODEFLOW_NOT_SET")
    for name in ("NODEFLOW_HIDDEN", "", "nodeflow_shown", "a\0"):
        with pytest.raises(NotGranted, match="did not grant the environment variable"):
            get(name=name, default="x")


def test_the_environment_is_that_of_the_grant(monkeypatch):
    monkeypatch.setenv("NODEFLOW_SHOWN", "before")
    grant = Environment(["NODEFLOW_SHOWN"])
    monkeypatch.setenv("NODEFLOW_SHOWN", "after")
    assert grant.get("NODEFLOW_SHOWN") == "before"


def test_a_service_that_no_option_grants_is_asked_for_too():
    class Context:
        def service(self, kind):
            raise LookupError("none")

    with pytest.raises(
        NotGranted, match=r"^this needs Clock, which the host did not grant: .*services=\[Clock\(\.\.\.\)\]\)$"
    ):
        granted(Context(), Clock)
    with pytest.raises(NotGranted, match="--allow-files DIR"):
        granted(Context(), Files)


# --- a run that does all that it can to show one ------------------------------------------------------


@nf.exec_node("test.fail_with")
def fail_with(value: object) -> None:
    raise ValueError("it was", value)


def document(failing):
    """A workflow that takes a secret everywhere that a value can go."""
    wf = nf.Workflow("main", outputs={"out": "any"}, variables={"kept": nf.model.Variable("any", None, "shared")})
    get, join = wf.add(secrets.get, name="token"), wf.add(secrets.join, before="Bearer ")
    show, shown = wf.add(flow.print), wf.add(flow.print)
    keep = wf.add(nf.library.variables.set_, name="kept")
    as_text, log, done = wf.add(convert.to_text), wf.add(flow.log), wf.add(flow.set_output)
    listed = wf.add(text.format, template="{one} {two}")
    get.result >> join.secret
    wf.add(flow.start) >> show >> shown >> keep >> log >> done
    join.result >> show.value
    get.result >> keep.value
    get.result >> as_text.value
    as_text.result >> log.message
    get.result >> listed["one"]
    join.result >> listed["two"]
    listed.result >> shown.value
    join.result >> done["out"]
    if failing:
        fail = wf.add(fail_with)
        done >> fail
        get.result >> fail.value
    return wf


@pytest.mark.parametrize("failing", [False, True])
def test_a_secret_never_comes_out_of_a_run(failing, caplog):
    caplog.set_level(logging.DEBUG)
    events, errors = [], []
    try:
        result = nf.run_sync(
            document(failing), services=[Secrets({"token": TOKEN})], observers=[events.append, nf.observers.log()]
        )
    except nf.RunFailed as failure:
        result = failure.result
        errors = [failure, failure.__cause__, failure.__cause__.__cause__]
    assert result.status == ("failed" if failing else "completed")
    assert result.printed[0] == "Secret(***)"
    shown = [
        *map(str, errors),
        *map(repr, errors),
        repr(events),
        repr(result),
        *result.printed,
        caplog.text,
        repr(result.outputs),
        repr(result.variables),
    ]
    shown += [json.dumps(to_json(each)) for each in (result.outputs, result.variables, result.counters)]
    assert len(events) > 10
    assert all(PART not in each for each in shown)
    assert result.outputs.get("out") == (None if failing else Secret(f"Bearer {TOKEN}"))
