"""Reading, continuing and scoring with a small random network over bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.lm.backend import End, Finish, Identity, Prefill, Request, Retract, Scored, Token
from engine.lm.config import GPTConfig
from engine.lm.draws import At
from engine.lm.gpt import GPT
from engine.lm.local import LocalBackend
from engine.lm.sampling import Chain
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import SamplerSettings

CONFIG = GPTConfig(n_ctx=96, n_vocab=257, n_layer=3, n_head=2, n_embd=32)
LETTERS = SamplerSettings(logit_bias=tuple((c, 30.0) for c in "abcdefgh"))
HOT = SamplerSettings(temperature=1.0, top_k=40)


def make(seed: int = 1) -> LocalBackend:
    """A backend with a network lively enough that every context gives another distribution."""
    model = GPT(CONFIG)
    model.init_weights(torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6.0 if parameter.ndim > 1 else 1.0)
    model.eval().requires_grad_(requires_grad=False)
    return LocalBackend(model, ByteTokenizer(), Identity("tiny", "0"))


def ask(text: str, **changes: object) -> Request:
    """A request for 12 sampled bytes after ``text``."""
    values: dict[str, object] = {"max_tokens": 12, "sampling": HOT, "seed": 7, **changes}
    return Request(text=text, tokens=tuple(text.encode()), **values)  # type: ignore[arg-type]


def ids(backend: LocalBackend, request: Request, row: int = 0) -> list[int]:
    return [e.id for e in backend.generate(request) if isinstance(e, Token) and e.row == row]


def test_a_reply_is_the_same_whatever_was_read_before() -> None:
    backend = make()
    first = ids(backend, ask("You open the chest."))
    retry = ids(backend, ask("You open the chest."))
    longer = (
        "You open the chest." + bytes(first).decode("latin1").encode("ascii", "replace").decode()
    )
    turn = ids(backend, ask(longer + " Go on."))
    back = ids(backend, ask("You open the door."))
    assert retry == first
    assert turn == ids(make(), ask(longer + " Go on."))
    assert back == ids(make(), ask("You open the door."))


def test_only_what_changed_is_read_again() -> None:
    backend = make()
    request = ask("The lamp is lit and the door is open.")
    list(backend.generate(request))
    again = [e for e in backend.generate(request) if isinstance(e, Prefill)]
    assert again[0].done == len(request.tokens) - 1
    assert again[-1] == Prefill(len(request.tokens), len(request.tokens))


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text("ab c", min_size=1, max_size=60), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
)
def test_any_sequence_of_prompts_equals_fresh_runs(texts: list[str], seed: int) -> None:
    backend = make()
    for text in texts:
        request = ask(text, seed=seed, max_tokens=5)
        mine = [(e.id, e.logprob) for e in backend.generate(request) if isinstance(e, Token)]
        fresh = [(e.id, e.logprob) for e in make().generate(request) if isinstance(e, Token)]
        assert [i for i, _ in mine] == [i for i, _ in fresh]
        assert [p for _, p in mine] == pytest.approx([p for _, p in fresh], abs=1e-4)


def test_a_candidate_is_the_same_alone_and_among_others() -> None:
    alone = ids(make(), ask("Once"))
    among = make()
    rows: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for event in among.generate(ask("Once", n=3)):
        if isinstance(event, Token):
            rows[event.row].append(event.id)
    assert rows[0] == alone
    assert len({tuple(row) for row in rows.values()}) == 3


def test_candidates_may_have_settings_of_their_own() -> None:
    cold = SamplerSettings(temperature=0.2)
    mixed = ask("You look around.", n=2, each=(HOT, cold))
    assert ids(make(), mixed, 0) == ids(make(), ask("You look around.", n=2), 0)
    assert ids(make(), mixed, 1) == ids(make(), ask("You look around.", n=2, sampling=cold), 1)
    with pytest.raises(KnownError, match="settings of its own"):
        ids(make(), ask("You look around.", n=3, each=(HOT, cold)))


def test_the_chosen_candidate_need_not_be_read_again() -> None:
    backend = make()
    rows: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for event in backend.generate(ask("Once", n=3)):
        if isinstance(event, Token):
            rows[event.row].append(event.id)
    tokens = (*b"Once", *rows[2])
    assert backend.kept(tokens) == len(tokens) - 1
    request = Request(text="", tokens=tokens, max_tokens=6, sampling=HOT, seed=3)
    assert ids(backend, request) == ids(make(), request)


def test_stopping_in_mid_prompt_leaves_everything_usable() -> None:
    backend = make()
    long = "abcdefgh" * 9
    for events in range(1, 8):
        work = backend.generate(ask(long))
        for _ in range(events):
            next(work)
        work.close()  # type: ignore[attr-defined]
        assert ids(backend, ask("abcd", max_tokens=4)) == ids(make(), ask("abcd", max_tokens=4))


def test_stopping_in_mid_reply_keeps_what_was_read() -> None:
    backend = make()
    work = backend.generate(ask("abcd"))
    seen: list[int] = []
    while len(seen) < 3:
        event = next(work)
        if isinstance(event, Token):
            seen.append(event.id)
    work.close()  # type: ignore[attr-defined]
    assert ids(backend, ask("abcd"))[:3] == seen


def test_the_window_is_never_passed() -> None:
    backend = make()
    assert len(ids(backend, ask("x" * 84))) == 12
    with pytest.raises(KnownError, match="window holds 96"):
        backend.generate(ask("x" * 85))
    with pytest.raises(KnownError, match="nothing to continue"):
        backend.generate(ask(""))
    with pytest.raises(KnownError, match="does not have"):
        backend.generate(Request(text="", tokens=(999,)))


def test_finishing_the_sentence_stays_inside_the_window() -> None:
    events = list(make().generate(ask("x" * 80, max_tokens=10, finish_sentence=50)))
    assert sum(isinstance(e, Token) for e in events) <= 16
    assert isinstance(events[-1], End)


def scripted(model: GPT, text: bytes, after: int) -> Iterator[None]:
    """Make the network say ``text`` after ``after`` tokens, whatever its weights are."""
    original = model.lm_head.forward

    def forced(x: torch.Tensor) -> torch.Tensor:
        logits = original(x)
        position = forced.reader.cache.length - after  # type: ignore[attr-defined]
        if 0 <= position < len(text):
            logits = torch.full_like(logits, -50.0)
            logits[..., text[position]] = 50.0
        return logits

    model.lm_head.forward = forced  # type: ignore[method-assign]
    yield forced  # type: ignore[misc]
    model.lm_head.forward = original  # type: ignore[method-assign]


def say(text: str, **changes: object) -> Sequence[object]:
    """Events of a backend whose network wants to say ``text`` after 'Hi'."""
    backend = make()
    request = ask("Hi", **{"max_tokens": len(text.encode()), **changes})
    force = scripted(backend.model, text.encode(), 2)
    next(force).reader = backend._open()  # type: ignore[attr-defined]
    events = list(backend.generate(request))
    next(force, None)
    return events


def shown(events: Sequence[object]) -> str:
    return "".join(e.text for e in events if isinstance(e, Token))


def test_a_stop_string_across_tokens_is_never_shown() -> None:
    events = say("All is well.\n> You go", stop=("\n>",))
    assert shown(events) == "All is well."
    assert events[-1] == End(0, Finish.STOP)


def test_the_beginning_of_a_stop_string_that_does_not_come_is_shown() -> None:
    events = say("One\nTwo\n", stop=("\n>",))
    assert shown(events) == "One\nTwo\n"
    assert events[-1] == End(0, Finish.LENGTH)


def test_the_sentence_is_finished_and_nothing_after_it_shown() -> None:
    events = say("He ran home. She", max_tokens=6, finish_sentence=30)
    assert shown(events) == "He ran home."
    assert events[-1] == End(0, Finish.SENTENCE)


def test_half_a_character_is_never_shown() -> None:
    events = say("A\u00e9\U0001f409B")
    texts = [e.text for e in events if isinstance(e, Token)]
    assert texts == ["A", "", "\u00e9", "", "", "", "\U0001f409", "B"]


def test_end_of_text_ends_the_reply() -> None:
    backend = make()
    with torch.no_grad():
        backend.model.lm_head.weight[256] = 0.0
    greedy = SamplerSettings(temperature=0)
    original = backend.model.lm_head.forward
    backend.model.lm_head.forward = lambda x: original(x).index_fill(  # type: ignore[method-assign]
        -1, torch.tensor([256]), 99.0
    )
    events = [e for e in backend.generate(ask("Hi", sampling=greedy)) if not isinstance(e, Prefill)]
    assert events == [End(0, Finish.END)]


def test_a_reply_may_be_asked_to_say_something() -> None:
    silent = say("\n\n> You go on.", stop=("\n>",), max_tokens=10)
    assert shown(silent) == "\n"
    assert silent[-1] == End(0, Finish.STOP)
    spoken = say("\n\n> You go on.", stop=("\n>",), max_tokens=10, nonempty=True)
    assert shown(spoken).startswith("\n\n")
    assert shown(spoken).strip()
    assert "\n>" not in shown(spoken)


@pytest.mark.parametrize("n", [1, 3])
def test_a_banned_phrase_is_taken_back_and_never_stays(n: int) -> None:
    plain = dict.fromkeys(range(n), "")
    for event in make().generate(ask("Hi", n=n, max_tokens=40, sampling=LETTERS)):
        if isinstance(event, Token):
            plain[event.row] += event.text
    banned = plain[n - 1][10:13]
    settings = LETTERS.with_(banned=(banned,))
    backend = make()
    rows: dict[int, list[Token]] = {row: [] for row in range(n)}
    retracted = 0
    for event in backend.generate(ask("Hi", n=n, max_tokens=40, sampling=settings)):
        if isinstance(event, Token):
            rows[event.row].append(event)
        elif isinstance(event, Retract):
            retracted += 1
            del rows[event.row][-event.n :]
    assert retracted
    for row, tokens in rows.items():
        text = "".join(token.text for token in tokens)
        assert len(tokens) == 40
        assert banned not in text
        scores = [
            e for e in make().score((*b"Hi", *(t.id for t in tokens))) if isinstance(e, Scored)
        ]
        assert [s.logprob for s in scores[2:]] == pytest.approx(
            [t.logprob for t in tokens], abs=1e-3
        ), row


@pytest.mark.parametrize("n", [1, 3])
def test_guidance_leads_away_from_the_negative_prompt(n: int) -> None:
    settings = HOT.with_(guidance=1.8, negative_prompt="Bye and again")
    request = ask("Hello", n=n, sampling=settings)
    rows: dict[int, list[Token]] = {row: [] for row in range(n)}
    backend = make()
    for event in backend.generate(request):
        if isinstance(event, Token):
            rows[event.row].append(event)
    model = backend.model
    chain = Chain(settings)
    with torch.inference_mode():
        for row, tokens in rows.items():
            done: list[int] = []
            for token in tokens:
                plain = model(torch.tensor([[*b"Hello", *done]]))[0, -1].log_softmax(-1)
                other = model(torch.tensor([[*b"Bye and again", *done]]))[0, -1].log_softmax(-1)
                led = (other + 1.8 * (plain - other)).numpy()
                history = [*b"Hello", *done]
                assert chain.sample(led, history, At(7, row, len(done))) == token.id
                assert token.logprob == pytest.approx(float(plain[token.id]), abs=1e-3)
                done.append(token.id)


def test_a_banned_last_word_does_not_slip_through_at_the_end() -> None:
    events = say("so bad\n>", stop=("\n>",), sampling=HOT.with_(banned=("bad",)), max_tokens=9)
    kept: list[Token] = []
    for event in events:
        if isinstance(event, Token):
            kept.append(event)
        elif isinstance(event, Retract) and event.n:
            del kept[-event.n :]
    assert "bad" not in "".join(token.text for token in kept).split()
    assert any(isinstance(event, Retract) for event in events)


def test_alternatives_and_logprobs_are_the_models_own() -> None:
    backend = make()
    request = ask("Hello there", top=4, sampling=SamplerSettings(temperature=0.5, top_k=3))
    events = [e for e in backend.generate(request) if isinstance(e, Token)]
    with torch.inference_mode():
        whole = torch.tensor([[*request.tokens, *(e.id for e in events)]])
        logprobs = backend.model(whole)[0].log_softmax(-1)
    for n, event in enumerate(events):
        row = logprobs[len(request.tokens) - 1 + n]
        assert event.logprob == pytest.approx(float(row[event.id]), abs=1e-4)
        assert [a.id for a in event.top] == row.topk(4).indices.tolist()
        assert event.top[0].logprob == pytest.approx(float(row.max()), abs=1e-4)


@pytest.mark.parametrize("length", [1, 2, 50, 96, 97, 150, 240])
def test_score_sees_at_least_half_a_window(length: int) -> None:
    backend = make()
    tokens = tuple((7 * i * i + i) % 256 for i in range(length))
    scored = [e for e in backend.score(tokens) if isinstance(e, Scored)]
    assert [e.id for e in scored] == list(tokens)
    assert scored[0].logprob is None
    for n, event in enumerate(scored[1:], 1):
        start = 0 if n < 96 else 48 * ((n - 96) // 48 + 1)
        with torch.inference_mode():
            row = backend.model(torch.tensor([tokens[start:n]]))[0, -1].log_softmax(-1)
        assert event.logprob == pytest.approx(float(row[tokens[n]]), abs=1e-4)
        assert event.rank == int((row > row[tokens[n]]).sum())


def test_scoring_leaves_the_play_cache_alone() -> None:
    backend = make()
    list(backend.generate(ask("abcd")))
    before = backend.kept(tuple(b"abcd"))
    list(backend.score(tuple(b"something else")))
    assert backend.kept(tuple(b"abcd")) == before


def test_reading_ahead_makes_the_next_prompt_start_at_once() -> None:
    backend = make()
    tokens = tuple(b"It was a dark and stormy night")
    list(backend.warm(tokens))
    assert backend.kept(tokens) == len(tokens) - 1
    row = backend.next_logits()
    assert row is not None
    with torch.inference_mode():
        expected = backend.model(torch.tensor([tokens]))[0, -1].numpy()
    np.testing.assert_allclose(row, expected, atol=1e-4)
    assert list(backend.warm(())) == []


def test_new_work_ends_what_was_left_unfinished() -> None:
    backend = make()
    first = backend.generate(ask("abcd"))
    next(first)
    assert ids(backend, ask("efgh")) == ids(make(), ask("efgh"))
    assert list(first) == []


def test_a_tokenizer_of_another_model_is_refused() -> None:
    model = GPT(GPTConfig(n_ctx=8, n_vocab=100, n_layer=1, n_head=1, n_embd=8))
    with pytest.raises(KnownError, match="two different models"):
        LocalBackend(model, ByteTokenizer(), Identity("mixed", "0"))


def test_stopping_in_mid_prompt_leaves_no_old_logits() -> None:
    backend, fresh = make(), make()
    for _ in backend.warm(tuple(b"You open")):
        pass
    reader = backend._reader
    assert reader is not None
    reader._chunk = 16
    long = b"You open the chest, and the lid falls back, and it is dark in there."
    work = backend.warm(tuple(long))
    for event in work:
        if isinstance(event, Prefill) and event.done > 8:
            break
    work.close()  # type: ignore[attr-defined]
    read = tuple(reader.ids)
    assert 8 < len(read) < 68
    assert backend.next_logits() is None
    text = bytes(read).decode()
    assert ids(backend, ask(text)) == ids(fresh, ask(text))


def test_an_interrupt_between_two_tokens_does_not_shift_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = make()
    head, calls = backend.model.lm_head.forward, iter(range(100))

    def interrupted(x: torch.Tensor) -> torch.Tensor:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return head(x)

    with monkeypatch.context() as patch:
        patch.setattr(backend.model.lm_head, "forward", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ids(backend, ask("You open the chest."))
    text = "You open the chest."
    assert ids(backend, ask(text)) == ids(make(), ask(text))


def test_more_candidates_than_memory_can_hold_are_refused() -> None:
    with pytest.raises(KnownError, match="side by side"):
        make().generate(ask("Hello", n=1_000_000))
