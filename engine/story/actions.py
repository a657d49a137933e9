"""What the player types as the line that stands in the story: Do, Say and Story.

``act`` is pure and, for Do and Say, idempotent, so its result can be typed again (a suggestion, an
action with the outcome of a die). A passage keeps what was typed; the line is made when the window
or the page is built.
"""

from __future__ import annotations

import re

from engine.sentences import CLOSERS, split_sentences
from engine.story import commands
from engine.story.node import Kind
from engine.story.person import second_person, segments
from engine.story.words import (
    AUXILIARIES,
    DETERMINERS,
    DIRECTIONS,
    EXCLAMATIONS,
    GREETINGS,
    PATHS,
    PLEAS,
    PREPOSITIONS,
    QUESTIONS,
    SPEECH_VERBS,
    SUBJECTS,
    SUBORDINATORS,
    VERBS,
    base_verb,
    is_gerund,
    word_set,
)

_QUOTES = '"“”'
_CURLY_TO_STRAIGHT = str.maketrans({"“": '"', "”": '"'})
_PROMPT = re.compile(r"^(?:\s*>)+\s*")
_FILLER = re.compile(
    r"^(?:(?:and\s+then|ok(?:ay)?|please|then|and|now|so|well|let's|let’s|let\s+us|let\s+me|just)\b,?\s+)+",
    re.IGNORECASE,
)
_CAN_I = re.compile(
    r"^(?:can|could|may)\s+i\s+(?:please\s+)?(?:try\s+to\s+)?(\w.*)$", re.IGNORECASE
)
_TAG = re.compile(r"^\"([^\"]*)\"\s*,?\s*(?:I|i|You|you)\s+(\w+)\b\s*(.*)$", re.DOTALL)
_TO_SOMEONE = re.compile(r"^\"([^\"]*)\"\s+((?:to|at|into)\s+[^\"]+)$")
_LEAD = re.compile(r"^(?:you\s+|i\s+)?(\w+)\s*(.*)$", re.IGNORECASE | re.DOTALL)
_SPEECH_WITH_QUOTES = re.compile(
    r"^(?:(?:you|i)\s+)?(?P<verb>\w+)(?P<whom>(?:\s+(?!\")[\w'.-]+){0,4}?)\s*[,:]?\s*\"(?P<words>[^\"]*)\"?"
    r"(?P<rest>[^\"]*)$",
    re.IGNORECASE | re.DOTALL,
)
_SPEECH_WITH_COLON = re.compile(
    r"^(?:(?:you|i)\s+)?(?P<verb>\w+)(?P<whom>(?:\s+[\w'.-]+){0,2}?)\s*:\s+(?P<words>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_TO_COLON = re.compile(
    r"^\(?(?P<whom>to\s+[\w'. -]{1,40}?)(?:\)|:)\s*(?P<words>\S.*)$", re.IGNORECASE | re.DOTALL
)
_SAID_TO = re.compile(
    r"^(?:say|tell)\s+(?P<words>.+?)\s+(?P<whom>to\s+[\w'. -]{1,40})$", re.IGNORECASE
)
_SINGLE_QUOTED = re.compile(
    r"^((?:(?:i|you)\s+)?(?:\w+\s+)?)'([^'\"]+(?:\w'\w[^'\"]*)*)'$", re.IGNORECASE
)
_WITH_ME = re.compile(
    r"^(?:wait\s+for|(?:come|play|dance|stay|go|run)\s+with|(?:listen|talk|speak|sing|come)\s+to)"
    r"\s+(?:me|us)\b",
    re.IGNORECASE,
)
_AND_VERB = re.compile(r"(\b(?:and|then|but)\s+(?:then\s+)?)([a-z]+s)\b")
_ASKING = re.compile(
    r"^(?:(?:who|what|where|when|why|how|which|whose)(?:'s|\s+(?:\w+\s+){0,2}?"
    r"(?:am|is|are|was|were|do|does|did|can|could|will|would|should|shall|have|has|may)\b)"
    r"|(?:is|are|was|were|do|does|did|can|could|will|would|should|shall|have|has|may)\s+"
    r"(?:i|you|he|she|it|we|they|the|there|that|this|your|my|anybody|anyone|somebody)\b)[^.!?,]*$",
    re.IGNORECASE,
)
_DO_IT = re.compile(r"^(?:do|have)\s+(?:it|the|that|this|your|my)\b", re.IGNORECASE)  # a command
_PLEASANTRIES = word_set(
    """
    hello hi hey goodbye bye thanks thank you sorry yes no please good morning evening night day
    welcome farewell i am love
    """
)
_NO_SAY = word_set(
    """
    it that what something nothing anything your the when who why a my so
    """
)


def act(kind: Kind, text: str) -> str:
    """The line that a passage of ``kind`` with the typed ``text`` becomes; "" if nothing was typed.

    Do: one good sentence in the second person. Say: ``You say "..."``. Everything else is kept but
    for the white space around it.
    """
    if kind is Kind.DO:
        return _do(text)
    if kind is Kind.SAY:
        return _say(text)
    return text.strip()


def interpret(kind: Kind, text: str) -> tuple[Kind, str]:
    """What a typed line is meant as: ``!text`` is story, ``"text`` is speech, whatever the mode."""
    stripped = text.strip()
    if stripped.startswith("!") and len(stripped) > 1 and stripped[1] not in "!?":
        return Kind.STORY, stripped[1:].strip()
    if kind is Kind.DO and stripped[:1] in {'"', "“"}:
        body = stripped.translate(_CURLY_TO_STRAIGHT)
        if body.count('"') == 1 or body.find('"', 1) == len(body) - 1:
            return Kind.SAY, stripped
    return kind, text


def _clean(text: str) -> str:
    """One line without the marks of a prompt or of role play around it."""
    text = " ".join(_PROMPT.sub("", text).split())
    while len(text) > 1 and text[0] == "*" == text[-1]:
        text = text[1:-1].strip()
    return text.translate(_CURLY_TO_STRAIGHT)


def _capital(text: str) -> str:
    """``text`` with its first letter a capital, unless its first word has one inside (iPad)."""
    if re.match(r"\W*[a-z]+[A-Z]", text):
        return text
    for at, character in enumerate(text):
        if character.isalpha():
            return text[:at] + character.upper() + text[at + 1 :]
        if character.isdigit():
            break
    return text


def _ended(text: str) -> str:
    """``text`` with a final punctuation mark, inside a closing quotation mark."""
    text = text.rstrip()
    if text.count('"') % 2:
        text += '"'
    body = text.rstrip(CLOSERS)
    if body and body[-1] in ".!?…":
        return text
    if body and body[-1] in ",;:-–—":
        shorter = body.rstrip(",;:-–— ")
        if shorter:
            return shorter + "." + text[len(body) :]
    return text + "."  # 'You read "Moby Dick".'


# -- Do


def _do(text: str) -> str:
    text = _clean(text).lstrip(" .!?…,;:-–—")
    if not any(character.isalnum() for character in text):
        return ""
    letters = [character for character in text if character.isalpha()]
    if len(letters) > 1 and text.isupper():
        text = text.lower()
    single = _SINGLE_QUOTED.match(text)
    if single and (not single[1] or single[1].split()[-1].lower() in SPEECH_VERBS):
        text = f'{single[1]}"{single[2]}"'
    spoken = _quoted_speech(text)
    if spoken:
        return spoken
    parts = [text] if '"' in text else split_sentences(text) or [text]
    lines = [_sentence(part, first=not at) for at, part in enumerate(parts)]
    return " ".join(line for line in lines if line)


def _sentence(text: str, *, first: bool) -> str:
    """One typed sentence in the second person, with its subject and its full stop."""
    stripped = text.rstrip(" .!?…,;:")
    marks = text[len(stripped) :].strip().rstrip(",;:")
    if not stripped:
        return ""
    asked = "?" in marks
    if first and not asked and _ASKING.match(stripped) and not _DO_IT.match(stripped):
        asked, marks = True, "?"
    phrase = _FILLER.sub("", stripped) if first else stripped
    ability = _CAN_I.match(phrase)
    if ability:
        phrase, marks, asked = f"try to {ability[1]}", marks.replace("?", ""), False
    expanded = commands.expand(phrase)
    words = (expanded or phrase).split()
    low = words[0].lower().rstrip(",").replace("’", "'")
    if first and _is_speech(phrase):
        return _spoken("say", "", stripped + marks, "")
    plea = low in PLEAS and words[1:2] in (["me"], ["us"])
    if first and (plea or _WITH_ME.match(phrase) or _calls_someone(words)):
        return _spoken("say", "", phrase + marks, "")
    if first and asked and low in QUESTIONS:
        if {"you", "your"} & {word.lower() for word in words}:
            return _spoken("say", "", stripped + marks, "")
        return _spoken("wonder", "", stripped + marks, "")
    if expanded or _needs_subject(words, low, first=first):
        body = _predicate(expanded or phrase, low)
        marks = marks.replace("?", "")
    else:
        body = phrase
    line = _ended(_capital(second_person(body)) + marks)
    return re.sub(r"^(You \w+(?: at)?) you([.!?…]*)$", r"\1 yourself\2", line)


def _predicate(phrase: str, low: str) -> str:
    """A phrase that lacks its subject, with "You" before it and its verb in agreement."""
    words = phrase.split()
    if low == "be":
        return " ".join(["You are", *words[1:]])
    if low not in VERBS and (low in PATHS or low in DIRECTIONS):
        return f"You go {_lower_first(phrase)}"
    if low in {"the", "a", "an", "my", "his", "her"}:
        return f"You look at {_lower_first(phrase)}"
    stem = base_verb(low)
    if stem:
        return _AND_VERB.sub(_agree, " ".join(["You", stem, *words[1:]]))
    if low in PREPOSITIONS | SUBORDINATORS and "," in phrase:
        before, _, rest = phrase.partition(",")
        if rest.split() and rest.split()[0].lower() in VERBS:
            return f"{before}, you {rest.strip()}"
    if len(words) == 1 and low.endswith("ly"):
        return f"You go on {low}"
    if is_gerund(low):
        return f"You are {_lower_first(phrase)}"
    return f"You {_lower_first(phrase)}"


def _agree(match: re.Match[str]) -> str:
    """The second verb of "opens the door and goes in"."""
    return match[1] + (base_verb(match[2]) or match[2])


def _lower_first(phrase: str) -> str:
    """``phrase`` with a small first letter, unless its first word is a name or an abbreviation."""
    first = phrase.split(maxsplit=1)[0]
    if first[:1].isupper() and (len(first) == 1 or not first[1:].isupper()) and first != "I":
        return phrase[0].lower() + phrase[1:]
    return phrase


def _needs_subject(words: list[str], low: str, *, first: bool) -> bool:
    """Whether a sentence is a command, so that "You" belongs before it."""
    if low in {"i", "i'm", "i've", "i'll", "i'd", "im", "ive"} or low.startswith("you"):
        return False
    following = words[1].lower() if len(words) > 1 else ""
    if following == "and" and len(words) > 2 and words[2].lower() in {"i", "you", "me"}:
        return False  # "Mark and I go"
    if low in VERBS or low == "be":
        return True
    if not first:
        return False
    if low in {"the", "a", "an", "my", "his", "her"}:
        return len(words) <= 2 and following != "end"  # "the door" alone: nothing happens in it
    if low in SUBJECTS or low == "me":
        return False
    if len(words) > 2 and words[0][:1].isupper() and following != words[1] and words[1].isalpha():
        return False  # "King Henry leaves"
    if low in SUBORDINATORS | PREPOSITIONS - PATHS or low.endswith("ly") or is_gerund(low):
        named = {re.split(r"['’,.]", word.lower())[0] for word in words}
        return not named & {"i", "you", "he", "she", "they", "it", "we", "im", "ive"}
    if low in PATHS or low in DIRECTIONS:
        return not {re.split(r"['’,.]", word.lower())[0] for word in words} & {"i", "you"}
    subject = following in AUXILIARIES or base_verb(following) is not None
    return not subject or low in DETERMINERS


def _calls_someone(words: list[str]) -> bool:
    """Whether a command is spoken to somebody: "Bob, run"."""
    name = words[0]
    if not (name.endswith(",") and name[:1].isupper() and len(words) > 1):
        return False
    low = name[:-1].lower()
    known = VERBS | SUBORDINATORS | PREPOSITIONS | SUBJECTS | {"i", "you", "me"} | set(DIRECTIONS)
    return words[1].lower() in VERBS and low not in known and not low.endswith(("ly", "ing"))


def _is_speech(phrase: str) -> bool:
    """Whether something typed as an action is really a greeting or an answer."""
    words = re.findall(r"[\w']+", phrase.lower())[:2]
    if words[:1] and words[0] in EXCLAMATIONS and words[1:] != ["one"]:
        return True
    if words == ["thank", "you"]:
        return True
    return " ".join(phrase.lower().split(", ")[:1]).strip() in GREETINGS and len(phrase) < 40


# -- Say


def _fix_i(text: str) -> str:
    """Speech with the pronoun ``I`` as a capital."""
    text = re.sub(r"(?<![\w'’.-])i(?=(?:['’](?:m|ve|ll|d))?(?![\w.'’-]))", "I", text)
    return re.sub(r"(?<![\w'’.-])i(?=['’](?:m|ve|ll|d)\b)", "I", text)


def _spoken(verb: str, whom: str, words: str, rest: str) -> str:
    """``You say "Hello."`` or ``You ask the guard "Where?"``, with anything that follows the words."""
    words = " ".join(words.replace('"', "'").split()).strip()
    verb = (base_verb(verb.lower()) or verb).lower()
    rest = " ".join(rest.split())
    whom = second_person(whom.strip())
    if verb == "say" and re.match(r"(?:the|a|an|my|your|his|her|[A-Z]\w*)\b", whom):
        whom = f"to {whom}"
    head = f"You {verb} {whom}".rstrip()
    if not any(character.isalnum() for character in words):
        return f'{head} "{words}"' if words else ""  # "..." is an answer too
    words = _capital(_fix_i(words))
    if _ASKING.match(words):
        words += "?"
    tail = rest.rstrip(" .")
    if tail and tail[0] not in ",;.":
        return _ended(f'{head} "{words}" {second_person(tail)}{rest[len(tail) :]}')
    return f'{head} "{_ended(words)}"' + (_ended(second_person(tail)) if tail else "")


def _quoted_speech(text: str) -> str:
    """The line for typed speech that has quotation marks or a colon; "" if ``text`` has none."""
    tag = _TAG.match(text)
    if tag and (tag[2].lower() in SPEECH_VERBS):
        return _spoken(tag[2], "", tag[1].rstrip(","), tag[3])
    to_someone = _TO_SOMEONE.match(text)
    if to_someone:
        return _spoken("say", "", to_someone[1], to_someone[2])
    if text.startswith('"') and text.find('"', 1) in {-1, len(text) - 1}:
        return _spoken("say", "", text.strip('"'), "")
    for pattern in (_SPEECH_WITH_QUOTES, _SPEECH_WITH_COLON):
        match = pattern.match(text)
        if match and ":" in text and len(match["whom"].split()) > 2:
            continue  # "You tell them the house rule: ..."
        if match and (base_verb(match["verb"].lower()) or match["verb"].lower()) in SPEECH_VERBS:
            whom = match["whom"].strip()
            if " and " in f" {whom} ":  # "say nothing and read": more than a person
                continue
            rest = match.groupdict().get("rest") or ""
            return _spoken(match["verb"], whom, match["words"], rest.strip(" "))
    return ""


def _say(text: str) -> str:
    text = _clean(text)
    if not any(character.isalnum() for character in text):
        words = text.strip(" " + _QUOTES).replace('"', "'")
        return f'You say "{words}"' if words else ""
    spoken = _quoted_speech(text)
    if spoken:
        return spoken
    to_colon = _TO_COLON.match(text)
    if to_colon:
        return _spoken("say", "", to_colon["words"], to_colon["whom"])
    said_to = _SAID_TO.match(text)
    if said_to and set(re.findall(r"\w+", said_to["words"].lower())) <= _PLEASANTRIES:
        return _spoken("say", "", said_to["words"], said_to["whom"])
    lead = _LEAD.match(text)
    if lead and lead[1] == "say" and lead[2]:
        following = re.findall(r"[\w']+", lead[2].lower())[:1]
        if following and following[0] not in _NO_SAY and not text.startswith("Say"):
            text = lead[2].lstrip(" ,")
    return _spoken("say", "", text, "")


def quoted_parts(text: str) -> list[str]:
    """The stretches of ``text`` that are quoted speech, quotation marks included."""
    return [piece for piece, quoted in segments(text) if quoted]
