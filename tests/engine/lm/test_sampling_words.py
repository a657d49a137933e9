"""Biases, bans and breakers: settings made of words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lm.draws import At, Fixed
from engine.lm.samplers.words import Breakers, Pieces
from engine.lm.sampling import Chain, History, unwanted_prompt
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import SamplerSettings

BYTES = ByteTokenizer()


class Syllables:
    """A tokenizer with pieces of several characters; the longest that fits is taken."""

    pieces = (
        " the",
        " el",
        " elf",
        "f",
        "ish",
        ".",
        "\n",
        '"',
        ' "',
        "el",
        "Elf",
        "s",
        "é"[:1],
        " ",
    )
    n_vocab = len(pieces)
    end_of_text: int | None = None
    exact = True

    def encode(self, text: str) -> list[int]:
        ids = []
        while text:
            piece = max((p for p in self.pieces if text.startswith(p)), key=len)
            ids.append(self.pieces.index(piece))
            text = text[len(piece) :]
        return ids

    def decode(self, ids) -> str:
        return "".join(self.pieces[i] for i in ids)

    def decode_bytes(self, ids) -> bytes:
        return self.decode(ids).encode()

    def count(self, text: str) -> int:
        return len(self.encode(text))

    def is_special(self, token: int) -> bool:
        return False


SYLLABLES = Syllables()


def logits(*likely: int, size: int = 14):
    z = np.zeros(size, np.float32)
    for n, token in enumerate(likely):
        z[token] = 20 - n
    return z


def write(chain: Chain, prompt: str, script: list[list[int]]) -> tuple[str, list[int]]:
    """Greedy text and what was taken back; ``script`` has the likeliest ids for each place."""
    history = History(SYLLABLES.encode(prompt))
    start = len(history)
    state = chain.state(start)
    taken = []
    for _ in range(100):
        place = len(history) - start
        if place == len(script):
            n = chain.take_back(history, state, ended=True)
            if not n:
                break
            taken.append(n)
            continue
        history.append(chain.sample(logits(*script[place]), history, At(0, 0, place), state))
        n = chain.take_back(history, state)
        if n:
            taken.append(n)
    return SYLLABLES.decode(history.ids[start:]), taken


def banning(*phrases: str) -> Chain:
    return Chain(SamplerSettings(temperature=0, banned=phrases), SYLLABLES)


THE, EL, ELF, F, ISH, STOP = range(6)


def test_a_banned_word_is_taken_back_and_something_else_written():
    text, taken = write(banning("elf"), "", [[THE], [ELF, ISH], [STOP]])
    assert (text, taken) == (" theish.", [2])


def test_a_banned_word_in_two_pieces_is_found_too():
    text, taken = write(banning("elf"), "", [[THE], [EL, ISH], [F], [STOP]])
    assert "elf" not in text
    assert taken == [3]


def test_a_longer_word_is_another_word():
    assert write(banning("elf"), "", [[THE], [ELF], [ISH], [STOP]]) == (" the elfish.", [])


def test_a_last_word_counts_once_the_text_has_ended():
    text, taken = write(banning("elf"), "", [[THE], [ELF, ISH]])
    assert (text, taken) == (" theish", [1])


def test_capitals_make_no_difference():
    text, taken = write(banning("eLF"), "", [[10, THE], [STOP]])
    assert (text, taken) == (" the.", [2])


def test_a_phrase_ends_at_once_if_it_ends_in_a_sign():
    text, taken = write(banning("elf."), "", [[ELF, THE], [STOP], [THE]])
    assert (text, taken) == (" the. the", [2])


def test_what_the_prompt_says_stays():
    text, taken = write(banning("the elf"), " the elf", [[STOP], [THE], [ELF, ISH], [STOP]])
    assert (text, taken) == (". el elf.", [3])  # its second time, and not its first


def test_a_phrase_that_began_in_the_prompt_is_broken_off():
    text, taken = write(banning("the elf"), " the", [[ELF, ISH], [STOP]])
    assert (text, taken) == ("ish.", [2])


def test_when_every_token_is_forbidden_the_phrase_passes():
    chain = Chain(SamplerSettings(temperature=0, banned=("a",)), BYTES)
    history, state = History(b"x"), chain.state(1)
    z = np.full(257, -np.inf, np.float32)
    z[ord("a")] = 0
    for _ in range(200):
        history.append(chain.sample(z, history, Fixed(0), state))
        if not chain.take_back(history, state, ended=True):
            break
    assert bytes(history.ids.tolist()) == b"xa"


@given(
    st.text("abé. \n", max_size=30), st.lists(st.text("abé.", min_size=1, max_size=3), max_size=3)
)
def test_no_banned_word_survives(wanted, phrases):
    """A model that insists on ``wanted`` writes none of the banned words as a word."""
    chain = Chain(SamplerSettings(temperature=0, banned=tuple(phrases)), BYTES)
    script = wanted.encode()
    history, state = History(b"~"), chain.state(1)
    for _ in range(3000):
        place = len(history) - 1
        if place < len(script):
            z = np.zeros(257, np.float32)
            z[ord("x")] = 1
            z[script[place]] = 2
            history.append(chain.sample(z, history, Fixed(0), state))
        if not chain.take_back(history, state, ended=place >= len(script)) and place >= len(script):
            break
    else:
        pytest.fail("did not end")
    text = bytes(history.ids.tolist()).decode("utf-8", "replace")
    assert chain.take_back(history, state, ended=True) == 0
    words = "".join(c if c.isalnum() else " " for c in text).split()
    assert not {p for p in phrases if p.isalpha()} & set(words)


def test_without_bans_nothing_is_taken_back():
    chain = Chain(SamplerSettings(), SYLLABLES)
    assert chain.take_back(History([2]), chain.state(0), ended=True) == 0


def test_what_was_forbidden_further_on_is_open_again():
    state = Chain(SamplerSettings()).state(0)
    state.forbid(5, 1)
    state.forbid(3, 2)
    assert state.forbidden == {3: [2]}


def test_a_word_is_lifted_with_and_without_a_space():
    chain = Chain(SamplerSettings(logit_bias=(("elf", 2.0),)), SYLLABLES)
    z = np.zeros(14, np.float32)
    probs = chain.distribution(z, ()).probs
    ratio = np.log(probs / probs[THE])
    assert ratio[ELF] == pytest.approx(2)  # " elf" is one piece
    assert ratio[SYLLABLES.encode("elf")[0]] == pytest.approx(2)  # "el" + "f": each in turn
    assert ratio[F] == pytest.approx(0)
    after = chain.distribution(z, SYLLABLES.encode("el")).probs
    assert np.log(after[F] / after[THE]) == pytest.approx(2)


def test_a_phrase_held_back_loses_its_last_piece_only():
    chain = Chain(SamplerSettings(logit_bias=(("elish", -3.0),)), SYLLABLES)
    z = np.zeros(14, np.float32)
    assert np.ptp(chain.distribution(z, ()).probs) == pytest.approx(0)
    after = chain.distribution(z, SYLLABLES.encode(" the el")).probs
    assert np.log(after[ISH] / after[THE]) == pytest.approx(-3)


def test_biases_of_one_token_add_up_and_strange_ids_are_passed_over():
    chain = Chain(SamplerSettings(logit_bias=(("a", 1.0), ("a", 0.5), ("~", 3.0))), BYTES)
    probs = chain.distribution(np.zeros(100, np.float32), ()).probs
    assert np.log(probs[97] / probs[0]) == pytest.approx(1.5)


def test_breakers():
    breakers = Breakers(("\n", "ab:"), Pieces(BYTES))
    assert breakers.breaks(ord("\n"))
    assert not breakers.breaks(ord(":"))
    for text, n in ((b"xyz", 3), (b"xyz\n", 0), (b"\nxyz", 3), (b"xab:yz", 4), (b"", 0)):
        assert breakers.unbroken(np.array(list(text), np.int64), 50) == n
    assert breakers.unbroken(np.array(list(b"z" * 80)), 50) == 50
    assert Breakers((), Pieces(BYTES)).unbroken(np.array(list(b"abc")), 2) == 2


def slow_dry(ids: list[int], allowed: int, breakers: set[int]) -> dict[int, int]:
    """Straight from the rule: the longest repeat that each token would continue."""
    longest: dict[int, int] = {}
    if not ids or ids[-1] in breakers:
        return longest
    for i in range(len(ids) - 1):
        if ids[i] != ids[-1] or ids[i + 1] in breakers:
            continue
        n = 0
        while n < 50 and n <= i and ids[i - n] == ids[-1 - n] and ids[i - n] not in breakers:
            n += 1
        longest[ids[i + 1]] = max(n, longest.get(ids[i + 1], 0))
    return {token: n for token, n in longest.items() if n >= allowed}


@given(st.lists(st.integers(97, 100), max_size=120), st.integers(1, 5), st.booleans())
def test_dry_follows_the_rule(ids, allowed, broken):
    settings = SamplerSettings(
        dry_multiplier=0.5,
        dry_base=1.1,
        dry_allowed=allowed,
        dry_breakers=("d",) if broken else (),
    )
    z = np.zeros(257)
    expected = np.zeros(257)
    for token, n in slow_dry(ids, allowed, {100} if broken else set()).items():
        expected[token] -= 0.5 * 1.1 ** (n - allowed)
    probs = Chain(settings, BYTES).distribution(z, ids).probs
    expected = np.exp(expected) / np.exp(expected).sum()
    assert probs == pytest.approx(expected, abs=1e-9)


def test_dry_looks_at_its_range_only():
    settings = SamplerSettings(dry_multiplier=1, dry_range=3)
    probs = Chain(settings).distribution(np.zeros(9), [1, 2, 3, 1, 2]).probs
    assert np.ptp(probs) == pytest.approx(0)


def test_xtc_holds_off_where_the_line_would_end():
    z = np.zeros(257, np.float32)
    z[[10, 65, 66]] = [9, 8.5, 8]
    xtc = SamplerSettings(xtc_probability=1, xtc_threshold=0.1)
    assert len(Chain(xtc, BYTES).distribution(z, ()).ids) == 257
    assert len(Chain(xtc).distribution(z, ()).ids) == 255


def test_xtc_strikes_as_often_as_asked():
    z = np.array([3, 2.5, 2, 0], np.float32)
    chain = Chain(SamplerSettings(xtc_probability=0.3, xtc_threshold=0.1))
    struck = [len(chain.distribution(z, (), At(5, 0, n)).ids) < 4 for n in range(2000)]
    assert np.mean(struck) == pytest.approx(0.3, abs=0.04)
    assert len(chain.distribution(z, ()).ids) < 4  # a preview shows what it would do


def test_the_second_prompt_of_guidance():
    guided = SamplerSettings(guidance=1.5)
    prompt = [256, *b"once"]
    assert unwanted_prompt(SamplerSettings(), BYTES, prompt, 9) is None
    assert unwanted_prompt(guided, BYTES, prompt, 9) == tuple(b"e")
    sad = guided.with_(negative_prompt="sad")
    assert unwanted_prompt(sad, BYTES, prompt, 9) == (256, *b"sad")
    assert unwanted_prompt(sad, BYTES, b"once", 9) == tuple(b"sad")
    assert unwanted_prompt(sad, BYTES, prompt, 3) == (256, *b"ad")
