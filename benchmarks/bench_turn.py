"""How long a turn takes with the built-in model: from the action to its first words and its end.

python -m benchmarks.bench_turn [MODEL]
"""

from __future__ import annotations

import json
import sys
import time

from engine.lm.backend import Prefill
from engine.lm.library import find_model
from engine.lm.local import LocalBackend
from engine.playing import sampling_of
from engine.story.begin import begin
from engine.story.context import ContextBuilder
from engine.story.node import Kind
from engine.story.profile import load_profile
from engine.story.scenario import find_scenario, load_folder
from engine.story.tree import Story
from engine.turn import Play, prepare

ACTIONS = ("look around", "take the shield", "go north", "call for help", "go east")


def main() -> None:
    """Play five turns of one scenario and print milliseconds."""
    folder = find_model(sys.argv[1] if len(sys.argv) > 1 else "ember")
    clock = time.perf_counter()
    backend, profile = LocalBackend.load(folder), load_profile(folder)
    load = time.perf_counter() - clock
    story = Story()
    begin(story, find_scenario("castle-gray", load_folder()[0]).fill({}))
    builder = ContextBuilder(backend.tokenizer, profile)
    play = Play(sampling_of(story, profile))
    first, whole, pace = [], [], []
    for seed, action in enumerate(ACTIONS):
        clock = time.perf_counter()
        story.append(Kind.DO, action)
        turn = prepare(story, backend, builder, play, seed)
        words = 0.0
        for event in turn.run(backend):
            if not isinstance(event, Prefill) and event.text.strip() and not words:
                words = time.perf_counter() - clock
        turn.commit(story, backend.identity)
        total = time.perf_counter() - clock
        first.append(round(1000 * words))
        whole.append(round(1000 * total))
        pace.append(round(len(turn.rows[0].tokens) / max(total - words, 1e-6)))
    print(
        json.dumps(
            {
                "load_seconds": round(load, 2),
                "first_words_ms": first,
                "turn_ms": whole,
                "tokens_per_second": pace,
            }
        )
    )


if __name__ == "__main__":
    main()
