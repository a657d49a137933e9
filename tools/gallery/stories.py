"""What the window is photographed with: stories that Ember plays, with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.story.scenario import Scenario
    from engine.story.tree import Story
    from engine.story.trim import Mode

PLAYED = {
    "castle-gray": ("look around", "take the shield", "go north", "light another torch"),
    "last-tram": ("look out of the window", "talk to the driver"),
    "baby-dinosaur": ("pick up the little dinosaur", "push the lever"),
}
LONG = "fog-bell"  # until the window is full
LONG_ACTIONS = (
    "look at the bell", "take a pan from the wall", "ask the captain who took the tongue",
    "look for Bruno", "wake Bruno up", "ask Bruno about the bell", "climb the mast",
    "look into the fog", "beat the pan with the spoon", "listen", "go down to the onions",
    "open the biggest sack", "light the lamp", "follow the footprints", "open the little door",
    "talk to the cat", "tie the string to the bell", "hang the spoon in the bell",
    "pull the string", "wave to the other ship", "go back to the kitchen",
)  # fmt: skip
LONG_LORE = (
    {"name": "the tongue", "keys": ["tongue"], "text": "the piece of iron that strikes the bell"},
    {"name": "the cat", "keys": ["cat"], "text": "the ship's cat, who steals all that shines"},
    {"name": "the harbor", "keys": ["harbor", "pier"], "text": "two days away, with one lamp"},
)
FORKED = "clock-under-lake"  # with branches, names and bookmarks
PROSE = (
    "# The Ferry\n\nThe last boat had gone, and the lamps along the quay were being put out one by "
    "one. Nobody had told Ana that there would be no other until *Thursday*."
)
POEM = "# Rain at Night\n\nThe rain is walking on the roof,\nit knows the way, it does not knock,"

Reply = Callable[["Story", "Mode", int], None]


def make_stories() -> None:
    """Play a few scenarios with Ember, fork one, fill a window, write a page and a poem."""
    from app.models import load_local
    from engine.lm.presets import find
    from engine.paths import stories
    from engine.story.context import ContextBuilder
    from engine.story.scenario import Scenario, load_folder
    from engine.story.trim import Mode
    from engine.turn import Play, prepare

    model = load_local("ember")
    builder = ContextBuilder(model.backend.tokenizer, model.profile)
    sampling = find(model.profile.preset or "balanced").settings
    stories().mkdir(parents=True, exist_ok=True)
    # The same windows on every machine: how much is evicted at once follows the measured speed.
    steady: Any = SimpleNamespace(n_ctx=model.backend.n_ctx)

    def reply(story: Story, mode: Mode, seed: int) -> None:
        play = Play(sampling, max_tokens=70, mode=mode)
        turn = prepare(story, steady, builder, play, seed)
        for _ in turn.run(model.backend):
            pass
        turn.commit(story, model.backend.identity)

    scenarios = {item.name: item for item in load_folder()[0]}
    for name, actions in PLAYED.items():
        _played(scenarios[name].fill(), actions, reply)
    _long(scenarios[LONG].fill(), reply)
    _forked(scenarios[FORKED].fill(), reply)
    _written(Scenario("The Ferry", kind=Mode.STORY), PROSE, reply)
    _written(Scenario("Rain at Night", kind=Mode.POEM), POEM, reply)


def _played(scenario: Scenario, actions: Sequence[str], reply: Reply) -> None:
    with _begun(scenario) as store:
        _turns(store.story, actions, reply)
        for seed in (7, 8):
            store.story.retry()
            _answer(store.story, reply, seed)


def _long(scenario: Scenario, reply: Reply) -> None:
    with _begun(scenario) as store:
        story = store.story
        for key, entry in story.lore.items():  # the ship stays, people come when they are named
            story.put_lore(entry | {"constant": entry["name"] == "the Grey Goose"}, key)
        for entry in LONG_LORE:
            story.put_lore(entry)
        _turns(story, LONG_ACTIONS, reply)


def _forked(scenario: Scenario, reply: Reply) -> None:
    with _begun(scenario) as store:
        story = store.story
        _turns(story, ("swim to the blue house", "knock at the window"), reply)
        door, first = story.head, story.branch()[2].id
        story.go_to(first)
        _turns(story, ("look at the clock", "swim into the tower"), reply, seed=20)
        story.name_branch("The tower", story.head)
        story.go_to(door)
        _turns(story, ("turn off the lamp",), reply, seed=30)
        story.go_to(door)
        _turns(story, ("open the door with the key", "go up the stairs"), reply, seed=40)
        story.bookmark("At the door", door)
        story.retry()
        _answer(story, reply, 50)
        _turns(story, ("look for Grandma's chair",), reply, seed=60)
        story.name_branch("Home", story.head)


def _written(scenario: Scenario, text: str, reply: Reply) -> None:
    from engine.story.node import Kind

    with _begun(scenario) as store:
        story = store.story
        story.append(Kind.STORY, text)
        for seed in (1, 2):
            reply(story, scenario.kind, seed)
        end = story.length
        story.replace(end - 1, end, " at last.", near=story.head)


def _begun(scenario: Scenario):
    from engine.paths import stories
    from engine.story.begin import begin
    from engine.story.store import Store

    store = Store.create(stories() / f"{scenario.title}.story")
    begin(store.story, scenario)
    return store


def _turns(story: Story, actions: Sequence[str], reply: Reply, seed: int = 0) -> None:
    from engine.story.node import Kind

    for number, action in enumerate(actions):
        story.append(Kind.DO, action)
        _answer(story, reply, seed + number)


def _answer(story: Story, reply: Reply, seed: int) -> None:
    from engine.story.trim import Mode

    reply(story, Mode.ADVENTURE, seed)
