"""What comes of a request: candidates, stops, lengths, seeds, samplers, and leaving early."""

from __future__ import annotations

import math
import threading
import time

import pytest

from engine.errors import KnownError
from engine.lm.backend import Finish, Prefill, Request, Token
from engine.lm.knobs import KNOBS, SWITCHES, WORDS
from engine.lm.remote.sampler_names import DIALECTS, stages, translate, unavailable
from engine.lm.remote.servers import Kind
from engine.lm.settings import SamplerSettings
from tests.engine.lm.remote.asking import TEXT, ends, request, texts
from tests.engine.lm.remote.conftest import Connect
from tests.helpers.model_server import WORDS as REPLY
from tests.helpers.model_server import ModelServer

ALL = "".join(REPLY)
SPEAKERS = {
    "openai": Kind.OPENAI,
    "vllm": Kind.VLLM,
    "llamacpp": Kind.LLAMACPP,
    "kobold": Kind.KOBOLD,
}


@pytest.fixture(params=SPEAKERS)
def kind(request: pytest.FixtureRequest, server: ModelServer) -> Kind:
    server.behaviour.kobold = request.param == "kobold"
    server.behaviour.props = request.param == "llamacpp"
    return SPEAKERS[request.param]


def test_the_text_arrives_whole_and_the_prompt_is_sent_as_it_is(
    connect: Connect, server: ModelServer, kind: Kind
) -> None:
    backend = connect(kind)
    events = list(backend.generate(request(backend)))
    assert texts(events) == [ALL]
    assert ends(events) == {0: Finish.END}
    assert isinstance(events[0], Prefill)
    assert server.written[0].body["prompt"] == TEXT


def test_several_candidates_come_side_by_side_with_seeds_of_their_own(
    connect: Connect, server: ModelServer, kind: Kind
) -> None:
    server.behaviour.words = lambda body, row: (
        " seed",
        f" {body.get('seed') or body.get('sampler_seed')}",
        f" row {row}.",
    )
    backend = connect(kind)
    events = list(backend.generate(request(backend, n=3, seed=40)))
    told = texts(events, 3)
    assert len(set(told)) == 3
    assert set(ends(events)) == {0, 1, 2}
    if DIALECTS[kind].many:
        assert [r.body["n"] for r in server.written] == [3]
    else:
        assert sorted(r.body.get("seed") or r.body["sampler_seed"] for r in server.written) == [
            40,
            41,
            42,
        ]


def test_candidates_may_have_settings_of_their_own(
    connect: Connect, server: ModelServer, kind: Kind
) -> None:
    backend = connect(kind)
    each = (SamplerSettings(temperature=0.5), SamplerSettings(temperature=1.5))
    events = list(backend.generate(request(backend, n=2, each=each)))
    assert texts(events, 2) == [ALL] * 2
    assert sorted(told.body["temperature"] for told in server.written) == [0.5, 1.5]


def test_a_server_that_does_one_thing_at_a_time_is_not_disturbed(
    connect: Connect, server: ModelServer
) -> None:
    server.behaviour.pause = 0.005
    backend = connect(Kind.LLAMA_PYTHON)
    for n in range(20):
        backend.tokenizer.encode(f"text number {n}")
    events = list(backend.generate(request(backend, n=3)))
    assert texts(events, 3) == [ALL] * 3
    end = time.monotonic() + 10
    while not backend.tokenizer.knows("text number 19") and time.monotonic() < end:
        time.sleep(0.01)
    assert backend.tokenizer.knows("text number 19")
    assert server.busiest == 1


def test_a_server_that_ignores_n_is_asked_for_each(connect: Connect, server: ModelServer) -> None:
    server.behaviour.ignores_n = True
    backend = connect(Kind.OPENAI)
    events = list(backend.generate(request(backend, n=3)))
    assert texts(events, 3) == [ALL] * 3
    assert len(server.written) == 3


def test_a_server_that_refuses_n_is_asked_for_each(connect: Connect, server: ModelServer) -> None:
    no = b'{"error": {"message": "only one completion choice is allowed"}}'
    server.behaviour.answers = [(400, {"Content-Type": "application/json"}, no)]
    backend = connect(Kind.OPENAI)
    events = list(backend.generate(request(backend, n=2)))
    assert texts(events, 2) == [ALL] * 2


@pytest.mark.parametrize("ignores", [False, True])
def test_a_stop_string_is_never_shown_not_even_its_beginning(
    connect: Connect, server: ModelServer, kind: Kind, *, ignores: bool
) -> None:
    server.behaviour.ignores_stop = ignores
    server.behaviour.words = lambda _body, _row: (" Hello", ".", "\n", "\n>", " You", " run")
    backend = connect(kind)
    shown = ""
    events = []
    for event in backend.generate(request(backend, stop=("\n>",))):
        events.append(event)
        if isinstance(event, Token):
            shown += event.text
            assert "\n>" not in shown
    assert shown.rstrip("\n") == " Hello."
    assert ends(events)[0] in {Finish.STOP, Finish.END}
    sent = server.written[0].body
    assert (sent.get("stop") or sent.get("stop_sequence")) == ["\n>"]


def test_more_stop_strings_than_a_server_takes_are_watched_here(
    connect: Connect, server: ModelServer
) -> None:
    backend = connect(Kind.OPENAI)
    stops = ("aaa", "bbb", "ccc", "ddd", " empty")
    events = list(backend.generate(request(backend, stop=stops)))
    assert len(server.written[0].body["stop"]) == 4
    assert texts(events) == ["\n\nYou open the chest. It is"]
    assert ends(events) == {0: Finish.STOP}


def test_a_reply_goes_on_to_the_end_of_its_sentence(connect: Connect, server: ModelServer) -> None:
    backend = connect(Kind.OPENAI)
    events = list(backend.generate(request(backend, max_tokens=4, finish_sentence=10)))
    assert texts(events) == ["\n\nYou open the chest."]
    assert ends(events) == {0: Finish.SENTENCE}
    assert server.written[0].body["max_tokens"] == 14


def test_a_reply_ends_at_its_length(connect: Connect, kind: Kind) -> None:
    backend = connect(kind)
    events = list(backend.generate(request(backend, max_tokens=3)))
    assert texts(events) == ["\n\nYou open"]
    assert ends(events) == {0: Finish.LENGTH}


def test_a_reply_never_ends_before_its_first_word(connect: Connect, server: ModelServer) -> None:
    tries: list[int] = []

    def words(body: dict[str, object], _row: int) -> tuple[str, ...]:
        tries.append(int(str(body["seed"])))
        return ("\n", "\n>", " You") if len(tries) < 3 else (" At", " last", ".")

    server.behaviour.words = words
    backend = connect(Kind.OPENAI)
    events = list(backend.generate(request(backend, stop=("\n>",), nonempty=True)))
    assert texts(events) == [" At last."]
    assert len(set(tries)) == 3


def test_a_reply_without_a_word_is_given_up_at_last(connect: Connect, server: ModelServer) -> None:
    server.behaviour.words = lambda _body, _row: ("\n", "\n")
    backend = connect(Kind.OPENAI)
    events = list(backend.generate(request(backend, nonempty=True)))
    assert texts(events)[0].strip() == ""
    assert ends(events) == {0: Finish.END}
    assert len(server.written) == 3


@pytest.mark.parametrize("form", ["columns", "content"])
def test_log_probabilities_are_taken_over(connect: Connect, server: ModelServer, form: str) -> None:
    server.behaviour.logprobs = form
    backend = connect(Kind.VLLM)
    tokens = [
        e for e in backend.generate(request(backend, top=2)) if isinstance(e, Token) and e.text
    ]
    assert all(token.logprob == -0.5 for token in tokens)
    assert all(token.top[0].id == token.id and len(token.top) == 2 for token in tokens)
    assert server.written[0].body["logprobs"] == 2


def test_a_server_without_log_probabilities_is_asked_without(
    connect: Connect, server: ModelServer
) -> None:
    no = b'{"error": {"message": "logprobs is not supported"}}'
    server.behaviour.answers = [(400, {"Content-Type": "application/json"}, no)]
    backend = connect(Kind.OPENAI)
    for _ in range(2):
        assert texts(backend.generate(request(backend, top=3))) == [ALL]
    assert ["logprobs" in told.body for told in server.written] == [True, False, False]


def test_unknown_log_probabilities_are_not_made_up(connect: Connect, kind: Kind) -> None:
    backend = connect(kind)
    tokens = [e for e in backend.generate(request(backend)) if isinstance(e, Token)]
    assert tokens
    assert all(math.isnan(token.logprob) for token in tokens)


def test_equal_words_have_equal_ids_so_that_loops_are_noticed(connect: Connect) -> None:
    backend = connect(Kind.OPENAI)
    tokens = [e for e in backend.generate(request(backend)) if isinstance(e, Token)]
    by_text: dict[str, set[int]] = {}
    for token in tokens:
        by_text.setdefault(token.text, set()).add(token.id)
    assert all(len(ids) == 1 for ids in by_text.values())
    assert len({token.id for token in tokens}) == len(by_text)
    assert backend.tokenizer.decode(token.id for token in tokens) == ALL


def test_leaving_closes_the_connection_at_once(
    connect: Connect, server: ModelServer, kind: Kind
) -> None:
    server.behaviour.silent_after = 3
    backend = connect(kind)
    events = backend.generate(request(backend))
    for event in events:
        if isinstance(event, Token) and event.text == " open":
            break
    began = time.monotonic()
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert time.monotonic() - began < 5
    assert server.gone.wait(10)
    aborts = [r for r in server.requests if r.path == "/api/extra/abort"]
    if kind is Kind.KOBOLD:
        assert aborts[0].body["genkey"] == server.written[0].body["genkey"]


def test_silence_in_mid_answer_does_not_keep_anyone_from_leaving(
    connect: Connect, server: ModelServer
) -> None:
    server.behaviour.silent_after = 3
    backend = connect(Kind.OPENAI)
    events = backend.generate(request(backend))
    seen = [next(events) for _ in range(8)]
    began = time.monotonic()
    quiet = next(events)
    assert time.monotonic() - began < 5
    assert texts([*seen, quiet]) == ["\n\nYou open"]


def test_leaving_before_the_first_token_needs_no_patience(
    connect: Connect, server: ModelServer, kind: Kind
) -> None:
    server.behaviour.before = 30
    backend = connect(kind)
    events = backend.generate(request(backend))
    began = time.monotonic()
    for _, event in zip(range(3), events, strict=False):
        assert isinstance(event, Prefill)
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert time.monotonic() - began < 5


def test_new_work_ends_what_was_left_unfinished(connect: Connect, server: ModelServer) -> None:
    server.behaviour.silent_after = 2
    backend = connect(Kind.OPENAI)
    left = backend.generate(request(backend))
    while not isinstance(next(left), Token):
        pass
    server.behaviour.silent_after = -1
    assert texts(backend.generate(request(backend))) == [ALL]
    assert server.gone.wait(10)


def test_a_closed_backend_leaves_no_thread(connect: Connect) -> None:
    backend = connect(Kind.OPENAI)
    list(backend.generate(request(backend)))
    assert [t for t in threading.enumerate() if t.name == "server"]
    backend.close()
    backend.close()
    assert not [t for t in threading.enumerate() if t.name == "server"]
    assert backend.tokenizer.encode("after the end")


@pytest.mark.parametrize(
    "wrong", [{"text": "  "}, {"max_tokens": 0}, {"n": 0}, {"n": 1000}], ids=str
)
def test_requests_that_make_no_sense_are_refused_before_any_event(
    connect: Connect, wrong: dict[str, object]
) -> None:
    backend = connect(Kind.OPENAI)
    asked = request(backend)
    values = {"text": asked.text, "tokens": asked.tokens, **wrong}
    with pytest.raises(KnownError):
        backend.generate(Request(**values))  # pyright: ignore[reportArgumentType]


def test_samplers_arrive_under_the_servers_own_names(
    connect: Connect, server: ModelServer, kind: Kind
) -> None:
    settings = SamplerSettings(temperature=0.7, top_p=0.9, top_k=40, min_p=0.05, banned=("dragon",))
    backend = connect(kind)
    list(backend.generate(request(backend, sampling=settings, seed=11)))
    sent = server.written[0].body
    assert sent["temperature"] == 0.7
    assert sent["top_p"] == 0.9
    assert (sent.get("seed") or sent.get("sampler_seed")) == 11
    if kind is not Kind.OPENAI:
        assert (sent["top_k"], sent["min_p"]) == (40, 0.05)
    assert sent.get("bad_words", sent.get("banned_strings")) == (
        ["dragon"] if kind in {Kind.VLLM, Kind.KOBOLD} else None
    )


@pytest.mark.parametrize("kind", list(DIALECTS))
def test_every_setting_is_either_sent_or_greyed_out_with_a_reason(kind: Kind) -> None:
    fields = {item.field for item in (*KNOBS, *SWITCHES, *WORDS)}
    have, lack = set(DIALECTS[kind].names), unavailable(kind)
    assert have | set(lack) - {"order"} == fields
    assert not have & set(lack)
    assert all(reason.endswith(".") and reason[0].isupper() for reason in lack.values())
    assert stages(kind) <= frozenset(SamplerSettings().order)
    assert ("order" in lack) == (not DIALECTS[kind].reorders)


@pytest.mark.parametrize("kind", [Kind.LLAMACPP, Kind.KOBOLD])
def test_the_order_of_samplers_is_sent(kind: Kind) -> None:
    key = "samplers" if kind is Kind.LLAMACPP else "sampler_order"
    usual = translate(SamplerSettings(), kind, 1024)[key]
    stages_now = SamplerSettings().order
    turned = SamplerSettings(order=tuple(reversed(stages_now)))
    assert translate(turned, kind, 1024)[key] == list(reversed(usual))
    assert len(set(usual)) == len(usual)
