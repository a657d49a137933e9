"""What players type and the line that it becomes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.story.actions import act, interpret
from engine.story.node import Kind
from engine.story.person import second_person

DO = [
    # the same action, typed five ways
    ("I open the door", "You open the door."),
    ("open the door", "You open the door."),
    ("You open the door", "You open the door."),
    ("> open the door", "You open the door."),
    (">> I open the door.", "You open the door."),
    ("i go north!", "You go north!"),
    ("OPEN THE DOOR", "You open the door."),
    ("*opens the door*", "You open the door."),
    ("opens the door and goes in", "You open the door and go in."),
    ("please open the door", "You open the door."),
    ("let's go north", "You go north."),
    ("then I run away", "You run away."),
    ("can I open the chest?", "You try to open the chest."),
    ("opening the door", "You are opening the door."),
    ("open the door,", "You open the door."),
    ("I open the door...", "You open the door..."),
    ("  open \n the\tdoor  ", "You open the door."),
    # classic commands
    ("n", "You go north."),
    ("sw", "You go southwest."),
    ("go e", "You go east."),
    ("up", "You go up."),
    ("in", "You go in."),
    ("home", "You go home."),
    ("look", "You look around."),
    ("l", "You look around."),
    ("i", "You check what you are carrying."),
    ("inv", "You check what you are carrying."),
    ("z", "You wait."),
    ("g", "You do it again."),
    ("x lamp", "You examine the lamp."),
    ("x me", "You look at yourself."),
    ("get lamp", "You get the lamp."),
    ("get all", "You take everything."),
    ("take brass lamp", "You take the brass lamp."),
    ("put key in box", "You put the key in the box."),
    ("pick up lamp", "You pick up the lamp."),
    ("pick lamp up", "You pick the lamp up."),
    ("turn on lamp", "You turn on the lamp."),
    ("look box", "You look at the box."),
    ("look under bed", "You look under the bed."),
    ("look north", "You look north."),
    ("go to bed", "You go to bed."),
    ("go to castle", "You go to the castle."),
    ("climb tree", "You climb the tree."),
    ("attack goblin with sword", "You attack the goblin with the sword."),
    ("give bread to old man", "You give the bread to the old man."),
    ("throw rope to Mina", "You throw the rope to Mina."),
    ("talk to guard", "You talk to the guard."),
    ("talk to Bob", "You talk to Bob."),
    ("ask guard about key", "You ask the guard about the key."),
    ("eat breakfast", "You eat breakfast."),
    ("get up", "You get up."),
    ("open door. n. get lamp", "You open the door. You go north. You get the lamp."),
    # persons
    ("I'm tired", "You're tired."),
    ("I’m tired", "You’re tired."),
    ("I've lost my hat", "You've lost your hat."),
    ("i dont know", "You don't know."),
    ("I was here", "You were here."),
    ("I never was here", "You never were here."),
    ("I see the man who was here", "You see the man who was here."),
    ("I open the door and am hit by a rock at 10 am", None),
    ("tell Bob I'm fine", "You tell Bob you're fine."),
    ("I hit myself", "You hit yourself."),
    ("look at me", "You look at yourself."),
    ("MY sword breaks", "YOUR sword breaks."),
    ("The guard attacks me", "The guard attacks you."),
    ("Bob attacks me", "Bob attacks you."),
    ("Mark and I go north", "Mark and you go north."),
    ("mark the tree", "You mark the tree."),
    ("We go north", "We go north."),
    ("After dinner I go to bed", "After dinner you go to bed."),
    ("with the sword, attack the troll", "With the sword, you attack the troll."),
    ("slowly open the door", "You slowly open the door."),
    ("I read about World War I", "You read about World War I."),
    ("I read about World War I in my book", "You read about World War I in your book."),
    ("I bow to King Henry I and leave", "You bow to King Henry I and leave."),
    ("I read Chapter I of my book", "You read Chapter I of your book."),
    ("I think, therefore I am.", "You think, therefore you are."),
    ("enter the mine", "You enter the mine."),
    ("mine for gold", "You mine for gold."),
    ("I say the gold is mine", "You say the gold is yours."),
    ("I take his hand in mine", "You take his hand in yours."),
    ("be quiet", "You are quiet."),
    ("don't move", "You don't move."),
    ("into the cave", "You go into the cave."),
    ("the door", "You look at the door."),
    ('read "Moby Dick"', 'You read "Moby Dick".'),
    ("I tell him the rule: no hats", "You tell him the rule: no hats."),
    ("tell Gran to stop sneezing", "You tell Gran to stop sneezing."),
    ("look for footprints", "You look for footprints."),
    ("look for key", "You look for the key."),
    ("ask who is there", "You ask who is there."),
    ("back into the hut", "You back into the hut."),
    ("I think about B.T. and wait", "You think about B.T. and wait."),
    ('You say to the bear "Back, quick."', 'You say to the bear "Back, quick."'),
    ('say quietly "gran?"', 'You say quietly "Gran?"'),
    ("I call Mr. Voss. I wait", "You call Mr. Voss. You wait."),
    ("I walk 3.5 miles", "You walk 3.5 miles."),
    # speech typed as an action
    ("hello", 'You say "Hello."'),
    ("yes, please", 'You say "Yes, please."'),
    ('say "hello"', 'You say "Hello."'),
    ("say “hello”", 'You say "Hello."'),
    ('"Stop!" I shout at the guard', 'You shout "Stop!" at the guard.'),
    ('shout "Help me!" to Mr. Voss.', 'You shout "Help me!" to Mr. Voss.'),
    ('I ask "where am I?"', 'You ask "Where am I?"'),
    ('I whisper to Nan "i love you"', 'You whisper to Nan "I love you."'),
    ('You say "Sorry" and open my parcels.', 'You say "Sorry" and open your parcels.'),
    ("ask the guard: where is my key?", 'You ask the guard "Where is my key?"'),
    ("ask the guard where my key is", "You ask the guard where your key is."),
    ("give me the sword", 'You say "Give me the sword."'),
    ("do you know me?", 'You say "Do you know me?"'),
    ("where am I?", 'You wonder "Where am I?"'),
    ('I write "I was here" on my wall', 'You write "I was here" on your wall.'),
    ("I shout 'I am here' at my cat", "You shout 'I am here' at your cat."),
    ("who am i", 'You wonder "Who am I?"'),
    ("how much is the fish", 'You wonder "How much is the fish?"'),
    ("will you marry me", 'You say "Will you marry me?"'),
    ("hello there, my friend", 'You say "Hello there, my friend."'),
    ("thank you", 'You say "Thank you."'),
    ("Bob, run!", 'You say "Bob, run!"'),
    ("wait for me", 'You say "Wait for me."'),
    ("say 'hello there'", 'You say "Hello there."'),
    ("RUN!", "You run!"),
    ("open it?", "You open it."),
    ("do it again", "You do it again."),
    ("n then e", "You go north, then east."),
    ("open chest and take gold", "You open the chest and take the gold."),
    ("fill bucket with water", "You fill the bucket with water."),
    ("at noon, leave the house", "At noon, you leave the house."),
    ("dancing, I sing", "Dancing, you sing."),
    ("quietly", "You go on quietly."),
    # nothing
    ("", ""),
    ("   ", ""),
    ("> ", ""),
    ("...", ""),
]

SAY = [
    ("hello", 'You say "Hello."'),
    ('"Hello"', 'You say "Hello."'),
    ("“Hello.”", 'You say "Hello."'),
    ('"unfinished', 'You say "Unfinished."'),
    ("don't go!", 'You say "Don\'t go!"'),
    ("where is the key", 'You say "Where is the key?"'),
    ("what a day", 'You say "What a day."'),
    ("i'm sure i can", 'You say "I\'m sure I can."'),
    ('He said "no" to me', "You say \"He said 'no' to me.\""),
    ("no...", 'You say "No..."'),
    ("...", 'You say "..."'),
    ("You say hello", 'You say "Hello."'),
    ('You say "Hello."', 'You say "Hello."'),
    ('I say "hi"', 'You say "Hi."'),
    ("say hello", 'You say "Hello."'),
    ("Say what you mean", 'You say "Say what you mean."'),
    ("say hello to the guard", 'You say "Hello" to the guard.'),
    ("I want to go to the castle", 'You say "I want to go to the castle."'),
    ('"come here" to the dog', 'You say "Come here" to the dog.'),
    ("to the guard: let me in", 'You say "Let me in" to the guard.'),
    ("ask the guard: where is the king?", 'You ask the guard "Where is the king?"'),
    ("whisper: come here", 'You whisper "Come here."'),
    ('shout "help!"', 'You shout "Help!"'),
    ("hello\nworld", 'You say "Hello world."'),
    ("", ""),
    ('""', ""),
]


@pytest.mark.parametrize(("typed", "line"), [case for case in DO if case[1] is not None])
def test_do(typed: str, line: str) -> None:
    assert act(Kind.DO, typed) == line


@pytest.mark.parametrize(("typed", "line"), SAY)
def test_say(typed: str, line: str) -> None:
    assert act(Kind.SAY, typed) == line


@pytest.mark.parametrize("kind", [Kind.DO, Kind.SAY])
def test_a_line_typed_again_is_itself(kind: Kind) -> None:
    for _, line in DO if kind is Kind.DO else SAY:
        if line:
            assert act(kind if line.startswith("You say") else Kind.DO, line) == line


def test_the_pronoun_at_ten_in_the_morning() -> None:
    typed = "I open the door and am hit by a rock at 10 am"
    assert act(Kind.DO, typed) == "You open the door and are hit by a rock at 10 am."


def test_story_is_kept_as_it_is() -> None:
    assert act(Kind.STORY, "\nI open my door. \n\nIt rains\n") == "I open my door. \n\nIt rains"
    assert act(Kind.REPLY, "I am > here") == "I am > here"


def test_a_leading_mark_overrides_the_mode() -> None:
    assert interpret(Kind.DO, "!It rains.") == (Kind.STORY, "It rains.")
    assert interpret(Kind.SAY, "!!") == (Kind.SAY, "!!")
    assert interpret(Kind.DO, '"Hello there') == (Kind.SAY, '"Hello there')
    assert interpret(Kind.DO, '"Hello" I say') == (Kind.DO, '"Hello" I say')
    assert interpret(Kind.DO, "open the door") == (Kind.DO, "open the door")


def test_quoted_speech_keeps_its_person() -> None:
    assert second_person('I tell her "I love my dog" and my cat') == (
        'you tell her "I love my dog" and your cat'.replace("you tell", "You tell")
    )
    assert second_person("I say “I am I” to my mirror") == "You say “I am I” to your mirror"


WORDS = st.sampled_from(
    [
        "I",
        "i",
        "me",
        "my",
        "mine",
        "am",
        "was",
        "you",
        "the",
        "a",
        "door",
        "Bob",
        "guard",
        "open",
        "opens",
        "go",
        "n",
        "x",
        "say",
        "ask",
        "to",
        "and",
        "then",
        "with",
        '"',
        '"',
        ".",
        "!",
        "?",
        ",",
        ":",
        "…",
        "“",
        "”",
        "'",
        "don't",
        "I'm",
        '"Hi"',
        "hello",
        "10",
        "north",
        "quickly",
        ">",
        "*",
        "(",
        ")",
        "where",
        "do",
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60), st.sampled_from(list(Kind))
)
def test_any_input_gives_one_clean_line(typed: str, kind: Kind) -> None:
    line = act(kind, typed)
    assert line == line.strip()
    if kind in {Kind.DO, Kind.SAY}:
        assert "\n" not in line
        assert line.count('"') % 2 == 0
        assert act(kind, typed) == line


@pytest.mark.parametrize("typed", ["'" * 20000, "' x" * 20000, '" i ' * 20000, "i mine. " * 9000])
def test_hostile_lengths_take_no_time(typed: str) -> None:
    start = time.perf_counter()
    act(Kind.DO, typed)
    act(Kind.SAY, typed)
    assert time.perf_counter() - start < 5
